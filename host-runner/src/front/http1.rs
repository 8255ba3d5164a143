//! HTTP/1.1 with clients, on the wire as Envoy's codec has it.

mod decode;
mod encode;
mod head;
mod server;
mod wire;

pub(super) use server::serve;
pub(super) use wire::speaks_http2;
