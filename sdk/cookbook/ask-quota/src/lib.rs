//! Asks a gRPC service whether the tenant has quota left, and answers 429 when it has none. Without an answer requests pass:
//! a broken quota service is no reason for an outage.

use std::time::Duration;

use meshwright::prelude::*;
use prost::Message as _;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AskQuota {
    cluster: String,
}

/// `message TakeRequest { string tenant = 1; uint32 amount = 2; }`
#[derive(prost::Message)]
struct TakeRequest {
    #[prost(string, tag = "1")]
    tenant: String,
    #[prost(uint32, tag = "2")]
    amount: u32,
}

/// `message TakeResponse { uint32 left = 1; }`
#[derive(prost::Message)]
struct TakeResponse {
    #[prost(uint32, tag = "1")]
    left: u32,
}

/// The status of what there is no more of, `RESOURCE_EXHAUSTED`.
const EXHAUSTED: u32 = 8;

impl OnRequest for AskQuota {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let tenant = request.header("x-tenant")?.unwrap_or_default();
        let tenant = tenant.to_str().unwrap_or_default().to_owned();
        let take = TakeRequest { tenant, amount: 1 }.encode_to_vec();
        let call = GrpcCall::new(&self.cluster, "quota.v1.Quota", "Take", take);
        match request.grpc(call.timeout(Duration::from_millis(500))).await {
            Ok(taken) => {
                let left = TakeResponse::decode(&*taken).map_err(Error::other)?.left;
                request.set_header("x-quota-left", left.to_string())?;
                Ok(Flow::Continue)
            }
            Err(Error::Grpc(status)) if status.code == EXHAUSTED => {
                Ok(Flow::reply(429, "come back tomorrow"))
            }
            Err(Error::Grpc(_)) => Ok(Flow::Continue),
            Err(error) => Err(error),
        }
    }
}

meshwright::main!(AskQuota: OnRequest, Grpc);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Fault, Host, Reply};

    use super::*;

    fn ask(host: Host, reply: Reply) -> Exchange {
        let configuration = serde_json::json!({"cluster": "quota"});
        let host = host.configuration(configuration).cluster("quota", reply);
        host.send(ClientRequest::post("/books", "a body").header("x-tenant", "acme"))
    }

    #[meshwright::test(AskQuota, envoy)]
    fn who_has_quota_left_passes(host: Host) {
        let exchange = ask(host, Reply::grpc(TakeResponse { left: 41 }.encode_to_vec()));
        assert_eq!(exchange.response.status, 200);
        assert_eq!(exchange.upstream().header("x-quota-left"), Some("41"));
        assert_eq!(exchange.upstream().body, "a body");
        let [call] = exchange.calls.as_slice() else {
            panic!("one call: {exchange:#?}");
        };
        assert_eq!(call.path, "/quota.v1.Quota/Take");
        let asked = TakeRequest::decode(&*call.messages[0]).unwrap();
        assert_eq!((asked.tenant.as_str(), asked.amount), ("acme", 1));
    }

    #[meshwright::test(AskQuota, envoy)]
    fn who_has_none_left_does_not(host: Host) {
        let exchange = ask(host, Reply::grpc_status(8, "used up"));
        assert_eq!(exchange.response.status, 429);
        assert_eq!(exchange.response.body, "come back tomorrow");
        assert!(exchange.upstream.is_empty());
    }

    #[meshwright::test(AskQuota, envoy)]
    fn without_an_answer_everybody_passes(host: Host) {
        for reply in [
            Reply::grpc_status(14, "try again"),
            Reply::grpc([]).after(Duration::from_secs(2)),
            Reply::fault(Fault::Reset),
        ] {
            let exchange = ask(host.clone(), reply.clone());
            assert_eq!(exchange.response.status, 200, "{reply:?}");
            assert_eq!(exchange.upstream().header("x-quota-left"), None);
        }
    }

    #[meshwright::test(AskQuota, envoy)]
    fn an_answer_that_is_none_denies(host: Host) {
        let exchange = ask(host, Reply::grpc([0xff]));
        assert_eq!(exchange.response.status, 500);
        assert!(exchange.upstream.is_empty());
    }
}
