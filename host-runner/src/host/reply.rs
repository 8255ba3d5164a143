//! From a local reply as a filter asked for it to the response that is sent (rules Y2, Y4, Y5, Y6).

use meshwright_core::reply::{LAST_GRPC_STATUS, grpc_message, grpc_status};

use crate::host::header_map::HeaderMap;
use crate::host::stream::Stream;

/// A local reply as a guest, or the proxy itself, asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalReply {
    pub(crate) status: u32,
    pub(crate) details: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The gRPC status, where one was given.
    pub(crate) grpc_status: Option<u32>,
}

// === impl LocalReply ===

impl LocalReply {
    /// A reply of the proxy itself.
    pub(crate) fn of_proxy(status: u32, body: &str, details: &str) -> Self {
        Self {
            status,
            details: details.as_bytes().to_vec(),
            body: body.as_bytes().to_vec(),
            headers: Vec::new(),
            grpc_status: None,
        }
    }

    /// What a request gets that the router cannot send (rules H9, H10).
    pub(crate) fn of_bad_request(why: &[u8]) -> Self {
        let details = [b"filter_removed_required_request_headers{", why, b"}"];
        Self {
            body: why.to_vec(),
            details: details.concat(),
            ..Self::of_proxy(503, "", "")
        }
    }

    /// What a stream gets whose filter's VM has failed (rule T1).
    pub(crate) fn of_failed_vm() -> Self {
        Self {
            grpc_status: Some(14),
            ..Self::of_proxy(503, "", "wasm_fail_stream")
        }
    }

    /// The response code details it leaves: spaces become `_` (rule Y5).
    pub(crate) fn code_details(&self) -> Vec<u8> {
        let visible = |byte: &u8| if is_space(*byte) { b'_' } else { *byte };
        self.details.iter().map(visible).collect()
    }

    /// The response's headers and body: trailers-only where the request is gRPC (rule Y6).
    pub(crate) fn into_response(self, to_grpc: bool) -> (HeaderMap, Vec<u8>) {
        if to_grpc { grpc(&self) } else { plain(self) }
    }
}

// C's `isspace`.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b'\x0b'
}

/// Makes the reply the stream's response and returns its body, which is empty where the client must not get one.
pub(crate) fn begin(stream: &mut Stream, mut reply: LocalReply) -> Vec<u8> {
    stream.info.code = Some(reply.status);
    stream.bad_request |= reply.status == 400;
    // What the body says is no header of the answer to HEAD either.
    if stream.is_head() && stream.is_grpc() {
        reply.body.clear();
    }
    let (headers, body) = reply.into_response(stream.is_grpc());
    stream.replace_response_headers(headers);
    // The answer to HEAD says how long the body would be.
    if stream.is_head() { Vec::new() } else { body }
}

fn plain(reply: LocalReply) -> (HeaderMap, Vec<u8>) {
    let mut headers = HeaderMap::response(reply.status.to_string().as_bytes());
    let own = reply
        .headers
        .iter()
        .filter(|(name, _)| name != b":status" && name != b"content-length");
    for (name, value) in own {
        headers.add(name, value);
    }
    if reply.body.is_empty() {
        headers.remove(b"content-type");
    } else {
        headers.add(b"content-length", reply.body.len().to_string().as_bytes());
        if headers.get(b"content-type").is_none() {
            headers.add(b"content-type", b"text/plain");
        }
    }
    (headers, reply.body)
}

// Trailers-only: status 200, the outcome in `grpc-status`, the body as `grpc-message`.
fn grpc(reply: &LocalReply) -> (HeaderMap, Vec<u8>) {
    // What is no status of gRPC is as good as none.
    let given = reply
        .grpc_status
        .filter(|status| *status <= LAST_GRPC_STATUS);
    let status = given.unwrap_or_else(|| grpc_status(reply.status));
    let mut headers = HeaderMap::response(b"200");
    for (name, value) in &reply.headers {
        headers.add(name, value);
    }
    headers.set(b"content-type", b"application/grpc");
    if given.is_some() || headers.get(b"grpc-status").is_none() {
        headers.set(b"grpc-status", status.to_string().as_bytes());
    }
    if !reply.body.is_empty() {
        headers.set(b"grpc-message", &grpc_message(&reply.body));
    }
    (headers, Vec::new())
}
