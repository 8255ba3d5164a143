//! Istio VirtualService routing as a pure function: [`Router::assign`] takes a request head and a random number,
//! and returns the cluster the request belongs to, with the rule that said so.
//!
//! ```
//! use meshwright_core::{RequestHead, Verdict, state};
//! use policy_routing::Router;
//!
//! let router = Router::from_json(br#"{"virtualServices": [{
//!   "name": "reviews", "namespace": "default", "hosts": ["reviews"],
//!   "http": [
//!     {"match": [{"headers": {"end-user": {"exact": "jason"}}}],
//!      "route": [{"destination": {"host": "reviews", "subset": "v2"}}]},
//!     {"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}
//!   ]}]}"#)?;
//!
//! let head: RequestHead = [(":authority", "reviews"), (":path", "/"), ("end-user", "jason")].into_iter().collect();
//! let verdict = router.assign(&head, 0);
//! assert_eq!(verdict.reason().to_string(), "routing.matched by ns[default]-virtualservice[reviews]-http[0]");
//! let Verdict::Continue { effects, .. } = verdict else { unreachable!() };
//! assert_eq!(effects.state, [(state::DESTINATION, b"outbound||v2|reviews".to_vec())]);
//! # Ok::<(), meshwright_core::ConfigError>(())
//! ```
//!
//! Where to read on: [`config`] has what a configuration may say; `router` finds the rule, by `domains` and then
//! `rule`, `http_match` and `header_match` in order; `destinations` picks by weight.

pub mod config;
mod destinations;
mod domains;
mod header_match;
mod http_match;
mod query;
mod router;
mod rule;

pub use config::Config;
pub use router::{MATCHED, NO_MATCH, Router};
