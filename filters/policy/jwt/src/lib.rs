//! Istio's `RequestAuthentication` as a pure function: a request in, a verdict out.
//!
//! ```
//! use std::time::{Duration, UNIX_EPOCH};
//! use meshwright_core::{RequestHead, Verdict};
//! use policy_jwt::{Authenticator, Inline, Outcome};
//!
//! let authenticator = Authenticator::from_json(br#"{
//!     "jwtRules": [{
//!         "issuer": "joe",
//!         "jwks": "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
//!     }]
//! }"#)?;
//! let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
//!
//! let without_token = RequestHead::from_iter([(":method", "GET"), (":path", "/")]);
//! let Outcome::Decided(verdict) = authenticator.authenticate(&without_token, now, &Inline) else { panic!() };
//! assert_eq!(verdict.reason().code, "jwt.missing_allowed");
//!
//! let with_junk = RequestHead::from_iter([(":path", "/"), ("authorization", "Bearer junk")]);
//! let outcome = authenticator.authenticate(&with_junk, now, &Inline);
//! let Outcome::Decided(Verdict::Deny { reply, reason }) = outcome else { panic!() };
//! assert_eq!(reply.status, 401);
//! assert_eq!(reason.to_string(), "jwt.bad_format by jwtRules[0]");
//! # Ok::<(), meshwright_core::ConfigError>(())
//! ```
//!
//! It behaves as Envoy 1.40's `jwt_authn` configured by Istio, down to the texts, with these intended differences, all
//! on the strict side: a key verifies only algorithms of its own family (rule J35); JSON must be JSON (J23); a token is cut
//! out of the query byte for byte (J18); a rule that fails leaves no trace; an output header may not be a token header (J48);
//! the realm of a refusal is the request's own path, whatever `x-envoy-original-path` says (J40); P-521, RSA above
//! 4096 bits and key sets of bare certificates (J50) are no usable keys.
#![doc(test(attr(deny(warnings))))]

mod algorithm;
mod authenticate;
mod base64url;
mod certificate;
mod challenge;
mod check;
mod claim_text;
mod claims;
pub mod config;
mod cookie;
mod crypto;
mod der;
mod duration;
mod edits;
mod failure;
mod json;
mod jwk;
mod jws;
mod keys;
mod location;
mod outputs;
mod protobuf_json;
mod query;
mod remote;
mod requirements;
mod rule;
mod signature;
mod verified;
mod verify;
mod world;

pub use algorithm::{Hash, Scheme};
pub use authenticate::Authenticator;
pub use config::{ClaimToHeader, Compat, Config, JwtHeader, JwtRule, TokenCache};
pub use keys::KeySet;
pub use remote::{Document, Remote};
pub use signature::SignatureCheck;
pub use verified::Verified;
pub use world::{Cause, Inline, Keys, Need, Outcome, World};
