//! From a request as hyper read it to the header map that filters see, as Envoy's connection manager makes it.

use std::net::IpAddr;

use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderValue, Method, Version, header};
use meshwright_core::path::normalize;

use super::hop_by_hop::{HopByHop, takes_trailers};
use super::refused::Refused;
use crate::host::header_map::HeaderMap;

/// Envoy's default for `max_request_headers_kb`.
const MAX_HEADER_BYTES: usize = 60 * 1024;

/// The methods that Envoy's HTTP/1 codec knows; HTTP/2 takes any.
const METHODS: [&str; 34] = [
    "ACL",
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MOVE",
    "MSEARCH",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REBIND",
    "REPORT",
    "SEARCH",
    "SOURCE",
    "SUBSCRIBE",
    "TRACE",
    "UNBIND",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// What only a proxy inside the mesh may say; from a client outside it is removed.
const FROM_INSIDE_ONLY: [&str; 23] = [
    "x-envoy-decorator-operation",
    "x-envoy-downstream-service-cluster",
    "x-envoy-downstream-service-node",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-force-trace",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-internal",
    "x-envoy-ip-tags",
    "x-envoy-max-retries",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-envoy-original-url",
    "x-envoy-retriable-header-names",
    "x-envoy-retriable-status-codes",
    "x-envoy-retry-grpc-on",
    "x-envoy-retry-on",
    "x-envoy-upstream-alt-stat-name",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-upstream-rq-timeout-alt-response",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-stream-duration-ms",
    "x-forwarded-client-cert",
];

/// Builds the header map: pseudo headers first, then the headers in order (rule H4), then what the proxy adds.
///
/// The client is treated as being outside the mesh, as at a gateway (`use_remote_address`): its address is appended to
/// `x-forwarded-for`, its `x-forwarded-proto` and `x-request-id` are replaced, and what only a proxy may say is removed.
pub(crate) fn header_map(
    parts: &Parts,
    peer: IpAddr,
    own_address: IpAddr,
) -> Result<HeaderMap, Refused> {
    check(parts)?;
    let hop_by_hop = HopByHop::of_request(&parts.headers)?;
    if hop_by_hop.contains("host") {
        return Err(Refused::NO_HOST);
    }
    let mut map = HeaderMap::request();
    pseudo_headers(parts, &mut map)?;
    let cookie = joined_cookies(parts);
    for (name, value) in &parts.headers {
        if name == header::TE && takes_trailers(&parts.headers) {
            map.set(b"te", b"trailers");
        } else if (cookie.is_none() || name != header::COOKIE)
            && !hop_by_hop.contains(name.as_str())
            && !is_dropped(name.as_str(), value.as_bytes())
        {
            map.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    if let Some(cookie) = cookie {
        map.add(b"cookie", &cookie);
    }
    append_forwarded_for(
        &mut map,
        if peer.is_loopback() {
            own_address
        } else {
            peer
        },
    );
    map.set(b"x-forwarded-proto", b"http");
    map.add(b"x-envoy-external-address", peer.to_string().as_bytes());
    map.set(b"x-request-id", request_id().as_bytes());
    Ok(map)
}

// HTTP/2 clients may split them, and Envoy's codec puts them together again (RFC 9113 section 8.2.3).
fn joined_cookies(parts: &Parts) -> Option<Vec<u8>> {
    let cookies = parts.headers.get_all(header::COOKIE).iter();
    let cookies: Vec<_> = cookies.map(HeaderValue::as_bytes).collect();
    (parts.version == Version::HTTP_2 && !cookies.is_empty()).then(|| cookies.join(&b"; "[..]))
}

/// What is left of a request that the connection manager refuses: the headers as the codec passed them on (rule P1).
pub(crate) fn refused_map(parts: &Parts) -> HeaderMap {
    let hop_by_hop = HopByHop::of_request(&parts.headers).unwrap_or_default();
    let mut map = HeaderMap::request();
    let host = parts.headers.get(header::HOST);
    if let Some(host) = host.filter(|_| !hop_by_hop.contains("host")) {
        map.add(b":authority", host.as_bytes());
    }
    if let Some(path) = parts.uri.path_and_query() {
        map.add(b":path", path.as_str().as_bytes());
    }
    map.add(b":method", parts.method.as_str().as_bytes());
    for (name, value) in &parts.headers {
        if name != header::HOST && !hop_by_hop.contains(name.as_str()) {
            map.add(name.as_str().as_bytes(), value.as_bytes());
        }
    }
    map
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

fn check(parts: &Parts) -> Result<(), Refused> {
    let size: usize = parts
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let codings = parts.headers.get_all(header::TRANSFER_ENCODING);
    match parts.version {
        Version::HTTP_09 | Version::HTTP_10 => Err(Refused::OLD_PROTOCOL),
        _ if size > MAX_HEADER_BYTES => Err(Refused::TOO_LARGE),
        Version::HTTP_11 if !METHODS.contains(&parts.method.as_str()) => Err(Refused::MALFORMED),
        _ if codings.iter().any(|coding| coding != "chunked") => Err(Refused::TRANSFER_CODING),
        _ => Ok(()),
    }
}

// In the order in which each codec inserts them, HTTP/2 as clients usually send them.
fn pseudo_headers(parts: &Parts, map: &mut HeaderMap) -> Result<(), Refused> {
    let authority = authority(parts)?;
    let path = parts.uri.path_and_query();
    if path.is_none() && parts.method != Method::CONNECT {
        return Err(Refused::MALFORMED);
    }
    let path = path
        .map(|path| path_header(parts, path.as_str()))
        .transpose()?;
    let (method, scheme) = (
        (&b":method"[..], parts.method.as_str().as_bytes()),
        (&b":scheme"[..], &b"http"[..]),
    );
    let (authority, path) = (
        (&b":authority"[..], authority.as_slice()),
        path.as_ref().map(|path| (&b":path"[..], path.as_slice())),
    );
    let ordered = match parts.version {
        Version::HTTP_2 => [Some(method), Some(scheme), Some(authority), path],
        _ => [Some(authority), path, Some(method), Some(scheme)],
    };
    for (name, value) in ordered.into_iter().flatten() {
        map.add(name, value);
    }
    Ok(())
}

// An absolute-form target overrides Host, without its user information (RFC 9112 section 3.2.2); two Host headers are
// joined (rule A18).
fn authority(parts: &Parts) -> Result<Vec<u8>, Refused> {
    let hosts: Vec<&[u8]> = parts
        .headers
        .get_all(header::HOST)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let authority = match parts.uri.authority().map(http::uri::Authority::as_str) {
        Some(target) => target
            .rsplit_once('@')
            .map_or(target, |(_, host)| host)
            .into(),
        None if hosts.is_empty() => return Err(Refused::NO_HOST),
        None => hosts.join(&b','),
    };
    match authority.iter().all(|byte| may_stand_in_authority(*byte)) {
        true => Ok(authority),
        false => Err(Refused::AUTHORITY),
    }
}

fn path_header(parts: &Parts, path: &str) -> Result<Vec<u8>, Refused> {
    let scheme = parts
        .uri
        .scheme()
        .filter(|_| parts.version == Version::HTTP_11);
    match scheme {
        Some(scheme) if *scheme == Scheme::HTTPS => return Err(Refused::SCHEME),
        Some(scheme) if *scheme != Scheme::HTTP => return Err(Refused::MALFORMED),
        _ => {}
    }
    // `http://host?query` has a path without a slash, which no route matches; `*` is for OPTIONS.
    let target = path.starts_with('/') || scheme.is_some() || parts.method == Method::OPTIONS;
    if !target || !path.is_ascii() {
        return Err(Refused::MALFORMED);
    }
    normalize(path.as_bytes()).ok_or(Refused::PATH)
}

// RFC 3986 section 3.2, without looking at the structure.
fn may_stand_in_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@[]%".contains(&byte)
}

fn is_dropped(name: &str, value: &[u8]) -> bool {
    match name {
        "host" => true,
        // The server has answered it already.
        "expect" => value.eq_ignore_ascii_case(b"100-continue"),
        name => FROM_INSIDE_ONLY.contains(&name),
    }
}

fn append_forwarded_for(map: &mut HeaderMap, address: IpAddr) {
    let address = address.to_string();
    match map.get(b"x-forwarded-for") {
        Some(b"") => map.set(b"x-forwarded-for", address.as_bytes()),
        _ => map.add(b"x-forwarded-for", address.as_bytes()),
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
