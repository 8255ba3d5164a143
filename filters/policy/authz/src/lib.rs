//! Istio AuthorizationPolicy as a pure function: policies and a request in, a verdict with its reason out.
//!
//! ```
//! use meshwright_core::{RequestHead, Verdict};
//! use policy_authz::{Authorizer, Connection, Request};
//!
//! let authorizer = Authorizer::from_json(br#"{"policies": [{
//!     "name": "allow-get", "namespace": "default", "action": "ALLOW",
//!     "rules": [{
//!         "from": [{"source": {"requestPrincipals": ["https://issuer.example/*"]}}],
//!         "to": [{"operation": {"methods": ["GET"], "paths": ["/reviews/*"]}}]
//!     }]
//! }]}"#)?;
//!
//! let claims = serde_json::json!({"iss": "https://issuer.example", "sub": "jason"});
//! let connection = Connection::default();
//! let judge = |method: &str| {
//!     let head = RequestHead::from_iter([(":method", method), (":path", "/reviews/1?full")]);
//!     authorizer.evaluate(&Request { head: &head, claims: Some(&claims), connection: &connection })
//! };
//!
//! let allowed = judge("GET");
//! assert_eq!(allowed.reason().to_string(), "authz.allowed by ns[default]-policy[allow-get]-rule[0]");
//!
//! let Verdict::Deny { reply, reason } = judge("POST") else { panic!("POST is not in the policy") };
//! assert_eq!((reply.status, &reply.body[..]), (403, &b"RBAC: access denied"[..]));
//! assert_eq!(reason.code, policy_authz::reason::NO_ALLOW_RULE);
//! # Ok::<(), meshwright_core::ConfigError>(())
//! ```
//!
//! | step | where |
//! |---|---|
//! | JSON becomes types, Istio's field names | [`config`] |
//! | types become rules made of clauses, each a predicate on one attribute | `rule`, `source`, `operation`, `condition` |
//! | the caller learns what to read | [`Authorizer::needs`] |
//! | DENY rules, then ALLOW rules, become a verdict | [`Authorizer::evaluate`] |

#![doc(test(attr(deny(warnings))))]

mod answer;
mod authorizer;
mod clause;
mod condition;
pub mod config;
mod evaluate;
mod operation;
mod predicate;
pub mod reason;
mod request;
mod rule;
mod source;
#[cfg(test)]
mod tests;
mod values;

pub use authorizer::Authorizer;
pub use config::Config;
pub use request::{Connection, Needs, Request};
