//! The host: VMs, the streams that run through their filters, and what both share.
//!
//! A `worker` owns one VM per plugin and is single-threaded, as in Envoy; an `exchange` is one HTTP exchange on it.
//! Nothing here knows HTTP connections or sockets: [`crate::front`] drives it.

pub(crate) mod clock;
pub(crate) mod exchange;
pub(crate) mod header_map;
pub(crate) mod inline;
pub(crate) mod log_store;
pub(crate) mod properties;
pub(crate) mod reply;
pub(crate) mod stream;
pub(crate) mod vm;
pub(crate) mod worker;
