//! From a request as hyper read it to the header map that filters see, as Envoy's connection manager makes it.

use std::net::IpAddr;

use http::request::Parts;
use meshwright_core::path::normalize;

use crate::host::header_map::HeaderMap;

/// Headers of one connection, not of the message (RFC 9110 section 7.6.1); `te: trailers` stays.
pub(crate) const HOP_BY_HOP: [&str; 6] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "te",
];

/// Why a request is refused before any filter sees it; the value is the response code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) u32);

/// Builds the header map: pseudo headers first, then the headers in order (rule H4), then what the proxy adds.
///
/// The client is treated as being outside the mesh, as at a gateway (`use_remote_address`): its address is appended to
/// `x-forwarded-for`, its `x-forwarded-proto` and `x-request-id` are replaced, and `x-envoy-*` headers are removed.
pub(crate) fn header_map(
    parts: &Parts,
    peer: IpAddr,
    own_address: IpAddr,
) -> Result<HeaderMap, Refused> {
    let mut map = HeaderMap::default();
    pseudo_headers(parts, &mut map)?;
    for (name, value) in &parts.headers {
        if !is_replaced(name.as_str(), value.as_bytes()) {
            map.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    let forwarded_for = if peer.is_loopback() {
        own_address
    } else {
        peer
    };
    map.add(b"x-forwarded-for", forwarded_for.to_string().as_bytes());
    map.add(b"x-envoy-external-address", peer.to_string().as_bytes());
    map.add(b"x-forwarded-proto", b"http");
    map.add(b"x-request-id", request_id().as_bytes());
    Ok(map)
}

/// The address that Envoy gives itself, and appends to `x-forwarded-for` in place of a loopback peer's: the first IPv4
/// address of an interface that is not the loopback one.
pub(crate) fn own_address() -> IpAddr {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let mut addresses = interfaces.iter().map(if_addrs::Interface::ip);
    addresses
        .find(|address| address.is_ipv4() && !address.is_loopback())
        .unwrap_or(IpAddr::from([127, 0, 0, 1]))
}

fn pseudo_headers(parts: &Parts, map: &mut HeaderMap) -> Result<(), Refused> {
    // An absolute-form target overrides Host (RFC 9112 section 3.2.2, rule A18).
    match parts.uri.authority() {
        Some(authority) => map.add(b":authority", authority.as_str().as_bytes()),
        None => {
            for host in parts.headers.get_all("host") {
                map.add(b":authority", host.as_bytes());
            }
        }
    }
    if map.get(b":authority").is_none() {
        return Err(Refused(400));
    }
    if let Some(path) = parts.uri.path_and_query() {
        map.add(
            b":path",
            &normalize(path.as_str().as_bytes()).ok_or(Refused(400))?,
        );
    }
    map.add(b":method", parts.method.as_str().as_bytes());
    map.add(b":scheme", b"http");
    Ok(())
}

fn is_replaced(name: &str, value: &[u8]) -> bool {
    match name {
        "te" => value != b"trailers",
        "host" | "x-forwarded-proto" | "x-request-id" => true,
        name => HOP_BY_HOP.contains(&name) || name.starts_with("x-envoy-"),
    }
}

// A random UUID (version 4, RFC 9562).
fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without entropy the id is all zeros; nothing but log correlation depends on it.
    let _ = getrandom::fill(&mut bytes);
    let value = u128::from_be_bytes(bytes) & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{value:032x}");
    let parts =
        [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| hex.get(range).unwrap_or_default());
    parts.join("-")
}
