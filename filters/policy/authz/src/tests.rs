//! What the crate promises, as claims about whole policies; one file per chapter of the rules.
//! A request is built in one line, and starts as a plaintext `GET /` from 10.0.0.1 without a token.

use std::net::IpAddr;

use meshwright_core::{RequestHead, Verdict};
use serde_json::{Value, json};

use crate::{Authorizer, Connection, Request};

mod conditions;
mod configuration;
mod operations;
mod policies;
mod properties;
mod sources;

/// A request under construction.
#[derive(Debug, Clone)]
struct Ask {
    head: Vec<(String, Vec<u8>)>,
    claims: Option<Value>,
    connection: Connection,
}

fn ask(method: &str, path: &str) -> Ask {
    let connection = Connection {
        source_ip: Some(ip("10.0.0.1")),
        remote_ip: Some(ip("203.0.113.7")),
        destination_ip: Some(ip("10.0.0.9")),
        destination_port: Some(8080),
        principals: Some(Vec::new()),
        ..Connection::default()
    };
    let bare = Ask {
        head: Vec::new(),
        claims: None,
        connection,
    };
    bare.header(":method", method).header(":path", path)
}

fn get() -> Ask {
    ask("GET", "/")
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// An authorizer with one policy `ns[default]-policy[p]` of this action and rule.
fn policy(action: &str, rule: &Value) -> Authorizer {
    policies(&json!([{"name": "p", "namespace": "default", "action": action, "rules": [rule]}]))
}

fn policies(policies: &Value) -> Authorizer {
    Authorizer::from_json(json!({"policies": policies}).to_string().as_bytes()).unwrap()
}

fn allow(rule: &Value) -> Authorizer {
    policy("ALLOW", rule)
}

fn source(source: &Value) -> Authorizer {
    allow(&json!({"from": [{"source": source}]}))
}

fn operation(operation: &Value) -> Authorizer {
    allow(&json!({"to": [{"operation": operation}]}))
}

fn when(condition: &Value) -> Authorizer {
    allow(&json!({"when": [condition]}))
}

// === impl Ask ===

impl Ask {
    fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.head.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    fn host(self, host: &str) -> Self {
        self.header(":authority", host)
    }

    fn claims(mut self, claims: Value) -> Self {
        self.claims = Some(claims);
        self
    }

    fn peer(mut self, identity: &str) -> Self {
        let names = self.connection.principals.get_or_insert_default();
        names.push(identity.to_owned());
        self
    }

    fn on(mut self, change: impl FnOnce(&mut Connection)) -> Self {
        change(&mut self.connection);
        self
    }

    fn judged_by(&self, authorizer: &Authorizer) -> Verdict {
        let head: RequestHead = self
            .head
            .iter()
            .map(|(name, value)| (name, value))
            .collect();
        authorizer.evaluate(&Request {
            head: &head,
            claims: self.claims.as_ref(),
            connection: &self.connection,
        })
    }

    fn passes(&self, authorizer: &Authorizer) -> bool {
        matches!(self.judged_by(authorizer), Verdict::Continue { .. })
    }

    fn reason(&self, authorizer: &Authorizer) -> String {
        self.judged_by(authorizer).reason().to_string()
    }
}
