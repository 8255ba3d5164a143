//! AuthorizationPolicy as a Proxy-Wasm filter: reads what the policies ask for, asks `policy_authz`, enacts the verdict.
//!
//! The policies themselves (what matches, what denies, why) are in `filters/policy/authz`; here is only where each
//! input comes from. Claims come from jwt-auth through stream state, never from a header (rule W3).

use std::net::IpAddr;

use meshwright::core::state;
use meshwright::prelude::*;
use meshwright::properties::{
    CONNECTION_DNS_SAN_PEER_CERTIFICATE, CONNECTION_MTLS, CONNECTION_PEER_CERTIFICATE_VALID,
    CONNECTION_REQUESTED_SERVER_NAME, CONNECTION_SUBJECT_PEER_CERTIFICATE,
    CONNECTION_URI_SAN_PEER_CERTIFICATE, DESTINATION_ADDRESS, DESTINATION_PORT, SOURCE_ADDRESS,
    SOURCE_PORT,
};
use policy_authz::{Authorizer, Config, Connection, Needs, Request as Judged};
use serde_json::Value as Json;

struct Authz {
    authorizer: Authorizer,
}

impl Filter for Authz {
    type Config = Config;

    fn new(config: Config) -> Result<Self, ConfigError> {
        let authorizer = Authorizer::new(&config)?;
        Ok(Self { authorizer })
    }
}

impl OnRequest for Authz {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let needs = self.authorizer.needs();
        let claims = if needs.claims {
            claims(&request)?
        } else {
            None
        };
        request.enact(self.authorizer.evaluate(&Judged {
            head: &request.head()?,
            claims: claims.as_ref(),
            connection: &connection(&request, needs)?,
        }))
    }
}

meshwright::main!(Authz: OnRequest);

// A payload that is no JSON cannot come from jwt-auth; as `null` it makes every rule on claims unjudgeable, hence denied.
fn claims(request: &Request<Authz>) -> Result<Option<Json>, Error> {
    let payload = request.state(state::JWT_PAYLOAD)?;
    Ok(payload.map(|json| serde_json::from_slice(&json).unwrap_or(Json::Null)))
}

fn connection(request: &Request<Authz>, needs: Needs) -> Result<Connection, Error> {
    let mut connection = Connection::default();
    if needs.remote_ip {
        connection.remote_ip = request.get(SOURCE_ADDRESS)?.map(|it| it.ip());
    }
    if needs.source_ip {
        connection.source_ip = direct_peer(request)?;
    }
    if needs.destination_ip {
        connection.destination_ip = request.get(DESTINATION_ADDRESS)?.map(|it| it.ip());
    }
    if needs.destination_port {
        connection.destination_port = request.get(DESTINATION_PORT)?;
    }
    if needs.principals {
        connection.principals = principals(request)?;
    }
    if needs.sni {
        let sni = request.get(CONNECTION_REQUESTED_SERVER_NAME)?;
        connection.sni = sni.map(Value::into_bytes);
    }
    Ok(connection)
}

// Envoy shows one address: the peer's own, or one from `x-forwarded-for`, which has port 0. Then the peer is unknown
// (rule M4).
fn direct_peer(request: &Request<Authz>) -> Result<Option<IpAddr>, Error> {
    match request.get(SOURCE_PORT)? {
        None | Some(0) => Ok(None),
        Some(_) => Ok(request.get(SOURCE_ADDRESS)?.map(|it| it.ip())),
    }
}

// Plaintext has no names. A certificate names somebody only when the proxy says that it validated it (Envoy 1.39 and
// newer, rule M3); otherwise nobody can tell who the peer is. Envoy shows the first SAN of each kind (rule M4).
fn principals(request: &Request<Authz>) -> Result<Option<Vec<String>>, Error> {
    if request.get(CONNECTION_MTLS)? == Some(false) {
        return Ok(Some(Vec::new()));
    }
    if request.get(CONNECTION_PEER_CERTIFICATE_VALID)? != Some(true) {
        return Ok(None);
    }
    let names = [
        CONNECTION_URI_SAN_PEER_CERTIFICATE,
        CONNECTION_DNS_SAN_PEER_CERTIFICATE,
        CONNECTION_SUBJECT_PEER_CERTIFICATE,
    ];
    let mut principals = Vec::new();
    for name in names {
        let san = request.get(name)?;
        principals.extend(san.and_then(|san| String::from_utf8(san.into_bytes()).ok()));
    }
    Ok(Some(principals))
}
