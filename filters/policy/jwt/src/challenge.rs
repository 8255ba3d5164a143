//! The `www-authenticate` value of a refusal (RFC 6750 section 3, rule J40).
//!
//! The realm is the request's URI as Envoy writes it: path and query cut to 256 bytes, nothing escaped.

use meshwright_core::RequestHead;

/// Envoy's `MaximumUriLength`, which it applies to `:path` alone.
const MAX_PATH: usize = 256;

pub(crate) fn challenge(head: &RequestHead) -> Vec<u8> {
    let path = head.path_and_query().unwrap_or_default();
    let path = path.get(..MAX_PATH).unwrap_or(path);
    let authority = head.authority().unwrap_or_default();
    [
        b"Bearer realm=\"",
        scheme(head),
        b"://",
        authority,
        path,
        b"\", error=\"invalid_token\"",
    ]
    .concat()
}

// Envoy trusts `x-forwarded-proto`, which its connection manager has set or checked.
fn scheme(head: &RequestHead) -> &[u8] {
    head.header("x-forwarded-proto")
        .or_else(|| head.scheme())
        .unwrap_or_default()
}
