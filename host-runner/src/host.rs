//! The host: VMs, the streams that run through their filters, and what both share.
//!
//! A `worker` owns the VMs of a chain and its streams, and is single-threaded, as in Envoy; its `traffic` is the streams
//! on their way through the VMs, `chain` how their messages pass from filter to filter. Nothing here knows connections or sockets: a driver tells a worker what arrived
//! and does the `effect`s that come of it.

pub(crate) mod callbacks;
pub(crate) mod callout;
pub(crate) mod chain;
pub(crate) mod clock;
pub(crate) mod cost_store;
pub(crate) mod dns;
pub(crate) mod effect;
pub(crate) mod faults;
pub(crate) mod filter_state;
pub(crate) mod grpc;
pub(crate) mod header_map;
pub(crate) mod header_syntax;
pub(crate) mod inline;
pub(crate) mod log_store;
pub(crate) mod properties;
pub(crate) mod reply;
pub(crate) mod roots;
pub(crate) mod stores;
pub(crate) mod stream;
pub(crate) mod tcp;
pub(crate) mod traffic;
pub(crate) mod usage;
pub(crate) mod vm;
pub(crate) mod vm_state;
pub(crate) mod vms;
pub(crate) mod worker;
pub(crate) mod world;
