//! Sets a field of the JSON object in a request's body.

use meshwright::prelude::*;
use serde_json::{Map, Value};

const LIMIT: usize = 64 * 1024;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RewriteJson {
    field: String,
    value: Value,
}

impl OnRequest for RewriteJson {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        if request
            .header("content-type")?
            .is_none_or(|kind| kind != "application/json")
        {
            return Ok(Flow::Continue);
        }
        let mut body = request.edit_body(LIMIT).await?;
        let Ok(mut object) = serde_json::from_slice::<Map<_, _>>(&body) else {
            return Ok(Flow::reply(400, "this is no JSON object"));
        };
        object.insert(self.field.clone(), self.value.clone());
        body.replace(Value::Object(object).to_string())?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(RewriteJson: OnRequest, RequestBody);

#[cfg(test)]
mod tests {
    use meshwright::testing::{ClientRequest, Exchange, Host};
    use serde_json::json;

    use super::*;

    fn send(host: &Host, body: &str) -> Exchange {
        let host = host
            .clone()
            .configuration(json!({"field": "seen", "value": true}));
        host.send(ClientRequest::post("/", body).header("content-type", "application/json"))
    }

    #[meshwright::test(RewriteJson, envoy)]
    fn the_field_is_set_and_the_length_fits(host: Host) {
        let exchange = send(&host, r#"{"a": 1}"#);
        assert_eq!(exchange.upstream().body, r#"{"a":1,"seen":true}"#);
        assert_eq!(exchange.upstream().header("content-length"), None);
    }

    #[meshwright::test(RewriteJson, envoy)]
    fn what_is_no_object_is_refused(host: Host) {
        for body in ["[]", "{", "\u{1F600}"] {
            let exchange = send(&host, body);
            assert_eq!(exchange.response.status, 400, "{body}");
            assert!(exchange.upstream.is_empty());
        }
    }

    #[meshwright::test(RewriteJson, envoy)]
    fn a_body_over_the_limit_is_denied(host: Host) {
        let exchange = send(&host, &" ".repeat(LIMIT + 1));
        assert_eq!(exchange.response.status, 413);
        assert!(exchange.logged("more than 65536 bytes"));
    }

    #[meshwright::test(RewriteJson, envoy)]
    fn other_bodies_pass(host: Host) {
        let host = host.configuration(json!({"field": "seen", "value": true}));
        let exchange = host.send(ClientRequest::post("/", "text"));
        assert_eq!(exchange.upstream().body, "text");
        assert_eq!(exchange.upstream().header("content-length"), Some("4"));
    }
}
