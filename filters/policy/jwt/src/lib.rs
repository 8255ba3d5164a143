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
//! Nothing is fetched here and no clock is read: what the decision needs comes in as values and as a [`World`], which also
//! shows how a request waits for keys that are not in the configuration.
//!
//! # Whom it follows
//!
//! By default Envoy 1.40's `jwt_authn` as Istio configures it, down to the texts, also where Envoy is laxer than the
//! standards; with [`Compat::Strict`] the standards. In both it differs from Envoy on purpose:
//!
//! | rule | Envoy | here | why |
//! |---|---|---|---|
//! | J18 | removing a query token decodes and sorts the rest of the query | the token is cut out, the rest stays byte for byte | decoding injects parameters |
//! | J30, J33 | a rule that refuses has already removed the tokens it found good and written their outputs | each rule judges the request as it came | a bad token could pass, depending on order |
//! | J40 | the realm takes `x-envoy-original-path`, even one that the client sent | the request's own path | a client must not choose it |
//! | J46 | the members of an object in a header are in the order of a hash table, another one in each run | in that of their names | the same request, the same header |
//! | J48 | an output header that is also a token header is stripped first, so every request passes without a token | the configuration is refused | it would turn authentication off |
//! | J53 | an issuer that cannot be asked for its keys refuses every token | the configuration is refused | it can never work |
//! | 1.10 | a request costs as many signature checks as it has tokens and keys | at most 32 of RSA with 2048 bits, then 401 | bounded work |
//! | 1.10 | a token may fill the header, a key set be of any size | at most 64 KiB; 1 MiB and 1000 keys | bounded work |
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
mod duration;
mod edits;
pub mod explain;
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

pub use algorithm::Algorithm;
pub use authenticate::Authenticator;
pub use config::{ClaimToHeader, Compat, Config, JwtHeader, JwtRule, TokenCache};
pub use keys::KeySet;
pub use location::Location;
pub use policy_signature::{Hash, Scheme};
pub use remote::{Document, Remote};
pub use signature::SignatureCheck;
pub use verified::Verified;
pub use world::{Cause, Inline, Keys, Need, Outcome, World};
