//! AuthorizationPolicy as a Proxy-Wasm filter: reads what the policies ask for, asks `policy_authz`, enacts the verdict.
//!
//! The policies themselves (what matches, what denies, why) are in `filters/policy/authz`; here is only where each
//! input comes from. Claims come from jwt-auth through stream state, never from a header (rule W3).

use std::net::IpAddr;

use meshwright::core::state;
use meshwright::prelude::*;
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
        connection.remote_ip = request.property_address(&["source", "address"])?;
    }
    if needs.source_ip {
        connection.source_ip = direct_peer(request)?;
    }
    if needs.destination_ip {
        connection.destination_ip = request.property_address(&["destination", "address"])?;
    }
    if needs.destination_port {
        let port = request.property_integer(&["destination", "port"])?;
        connection.destination_port = port.and_then(|port| u16::try_from(port).ok());
    }
    if needs.principals {
        connection.principals = principals(request)?;
    }
    if needs.sni {
        let sni = request.property(&["connection", "requested_server_name"])?;
        connection.sni = sni.map(Value::into_bytes);
    }
    Ok(connection)
}

// Envoy shows one address: the peer's own, or one from `x-forwarded-for`, which has port 0. Then the peer is unknown
// (rule M4).
fn direct_peer(request: &Request<Authz>) -> Result<Option<IpAddr>, Error> {
    match request.property_integer(&["source", "port"])? {
        Some(port) if port != 0 => request.property_address(&["source", "address"]),
        _ => Ok(None),
    }
}

// Plaintext has no names. A certificate names somebody only when the proxy says that it validated it (Envoy 1.39 and
// newer, rule M3); otherwise nobody can tell who the peer is. Envoy shows the first SAN of each kind (rule M4).
fn principals(request: &Request<Authz>) -> Result<Option<Vec<String>>, Error> {
    if request.property(&["connection", "mtls"])?.as_deref() == Some(&[0]) {
        return Ok(Some(Vec::new()));
    }
    let valid = request.property(&["connection", "peer_certificate_valid"])?;
    if valid.as_deref() != Some(&[1]) {
        return Ok(None);
    }
    let sans = [
        "uri_san_peer_certificate",
        "dns_san_peer_certificate",
        "subject_peer_certificate",
    ];
    let mut principals = Vec::new();
    for name in sans {
        let san = request.property(&["connection", name])?;
        principals.extend(san.and_then(|san| String::from_utf8(san.into_bytes()).ok()));
    }
    Ok(Some(principals))
}
