//! HTTP/1.1 on the wire, with clients and with upstreams, as Envoy's codec has it.

mod client;
mod decode;
mod encode;
mod head;
mod lines;
mod response;
mod send;
mod server;
mod wire;

pub(super) use client::{Client, Incoming};
pub(super) use server::serve;
pub(super) use wire::speaks_http2;
