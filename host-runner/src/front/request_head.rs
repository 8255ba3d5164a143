//! From a request as a codec read it to the header map that filters see, as Envoy's connection manager makes it.

use std::net::IpAddr;

use http::uri::Scheme;
use http::{Method, Uri, Version, request};
use meshwright_core::path::normalize;

use super::hop_by_hop::{HopByHop, takes_trailers};
use super::refused::{Refusal, Refused};
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
const FROM_INSIDE_ONLY: [&[u8]; 23] = [
    b"x-envoy-decorator-operation",
    b"x-envoy-downstream-service-cluster",
    b"x-envoy-downstream-service-node",
    b"x-envoy-expected-rq-timeout-ms",
    b"x-envoy-external-address",
    b"x-envoy-force-trace",
    b"x-envoy-hedge-on-per-try-timeout",
    b"x-envoy-internal",
    b"x-envoy-ip-tags",
    b"x-envoy-max-retries",
    b"x-envoy-original-host",
    b"x-envoy-original-path",
    b"x-envoy-original-url",
    b"x-envoy-retriable-header-names",
    b"x-envoy-retriable-status-codes",
    b"x-envoy-retry-grpc-on",
    b"x-envoy-retry-on",
    b"x-envoy-upstream-alt-stat-name",
    b"x-envoy-upstream-rq-per-try-timeout-ms",
    b"x-envoy-upstream-rq-timeout-alt-response",
    b"x-envoy-upstream-rq-timeout-ms",
    b"x-envoy-upstream-stream-duration-ms",
    b"x-forwarded-client-cert",
];

/// The head of a request, as a codec read it.
#[derive(Debug, Clone)]
pub(crate) struct RequestHead {
    pub(crate) version: Version,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// In order, names in lower case, repeats separate.
    pub(crate) headers: HeaderMap,
}

/// Builds the header map: pseudo headers first, then the headers in order (rule H4), then what the proxy adds.
///
/// The client is treated as being outside the mesh, as at a gateway (`use_remote_address`): its address is appended to
/// `x-forwarded-for`, its `x-forwarded-proto` and `x-request-id` are replaced, and what only a proxy may say is removed.
pub(crate) fn header_map(
    head: &RequestHead,
    peer: IpAddr,
    own_address: IpAddr,
) -> Result<HeaderMap, Refusal> {
    match passed_on(head, peer, own_address) {
        Ok(map) if map.get(b"upgrade").is_some() => Err(Refusal {
            why: Refused::UPGRADE,
            headers: Some(map),
        }),
        Ok(map) => Ok(map),
        Err(why) => Err(Refusal {
            why,
            headers: why.comes_to_manager().then(|| refused_map(head)),
        }),
    }
}

fn passed_on(head: &RequestHead, peer: IpAddr, own_address: IpAddr) -> Result<HeaderMap, Refused> {
    check(head)?;
    let hop_by_hop = HopByHop::of_request(&head.headers)?;
    if hop_by_hop.contains(b"host") {
        return Err(Refused::NO_HOST);
    }
    let mut map = HeaderMap::request();
    pseudo_headers(head, &mut map)?;
    let cookie = joined_cookies(head);
    for (name, value) in head.headers.iter() {
        if name == b"te" && takes_trailers(&head.headers) {
            map.set(b"te", b"trailers");
        } else if (cookie.is_none() || name != b"cookie")
            && !hop_by_hop.contains(name)
            && !is_dropped(name, value)
        {
            map.add(name, value);
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
fn joined_cookies(head: &RequestHead) -> Option<Vec<u8>> {
    let cookies: Vec<_> = head.headers.get_all(b"cookie").collect();
    (head.version == Version::HTTP_2 && !cookies.is_empty()).then(|| cookies.join(&b"; "[..]))
}

/// What is left of a request that the connection manager refuses: the headers as the codec passed them on (rule P1).
pub(crate) fn refused_map(head: &RequestHead) -> HeaderMap {
    let hop_by_hop = HopByHop::of_request(&head.headers).unwrap_or_default();
    let mut map = HeaderMap::request();
    let host = head.headers.get(b"host");
    if let Some(host) = host.filter(|_| !hop_by_hop.contains(b"host")) {
        map.add(b":authority", host);
    }
    if let Some(path) = head.uri.path_and_query() {
        map.add(b":path", path.as_str().as_bytes());
    }
    map.add(b":method", head.method.as_str().as_bytes());
    for (name, value) in head.headers.iter() {
        if name != b"host" && !hop_by_hop.contains(name) {
            map.add(name, value);
        }
    }
    map
}

// === impl RequestHead ===

impl From<&request::Parts> for RequestHead {
    fn from(parts: &request::Parts) -> Self {
        let mut headers = HeaderMap::default();
        for (name, value) in &parts.headers {
            headers.add(name.as_str().as_bytes(), value.as_bytes());
        }
        Self {
            version: parts.version,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            headers,
        }
    }
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

fn check(head: &RequestHead) -> Result<(), Refused> {
    let codings: Vec<_> = head.headers.get_all(b"transfer-encoding").collect();
    let chunked = codings.is_empty() || codings.join(&b',').eq_ignore_ascii_case(b"chunked");
    match head.version {
        Version::HTTP_09 | Version::HTTP_10 => Err(Refused::OLD_PROTOCOL),
        _ if head.headers.byte_size() > MAX_HEADER_BYTES => Err(Refused::TOO_LARGE),
        Version::HTTP_11 if !METHODS.contains(&head.method.as_str()) => Err(Refused::MALFORMED),
        _ if !chunked => Err(Refused::TRANSFER_CODING),
        Version::HTTP_11 if head.method == Method::CONNECT && !is_host_and_port(&head.uri) => {
            Err(Refused::URL)
        }
        Version::HTTP_11 if has_bad_port(&head.uri) => Err(Refused::URL),
        _ => Ok(()),
    }
}

fn has_bad_port(target: &Uri) -> bool {
    target.authority().is_some_and(|authority| {
        let whole = authority.as_str();
        let host = whole
            .rsplit_once(['@', ']'])
            .map_or(whole, |(_, after)| after);
        host.contains(':') && authority.port_u16().is_none()
    })
}

// The target of CONNECT (RFC 9112 section 3.2.3).
fn is_host_and_port(target: &Uri) -> bool {
    let port = target.authority().and_then(http::uri::Authority::port_u16);
    port.is_some() && target.path_and_query().is_none()
}

// In the order in which each codec inserts them, HTTP/2 as clients usually send them.
fn pseudo_headers(head: &RequestHead, map: &mut HeaderMap) -> Result<(), Refused> {
    let authority = authority(head)?;
    let path = head.uri.path_and_query();
    if path.is_none() && head.method != Method::CONNECT {
        return Err(Refused::MALFORMED);
    }
    let path = path
        .map(|path| path_header(head, path.as_str()))
        .transpose()?;
    let (method, scheme) = (
        (&b":method"[..], head.method.as_str().as_bytes()),
        (&b":scheme"[..], &b"http"[..]),
    );
    let (authority, path) = (
        (&b":authority"[..], authority.as_slice()),
        path.as_ref().map(|path| (&b":path"[..], path.as_slice())),
    );
    let ordered = match head.version {
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
fn authority(head: &RequestHead) -> Result<Vec<u8>, Refused> {
    let hosts: Vec<&[u8]> = head.headers.get_all(b"host").collect();
    let authority = match head.uri.authority().map(http::uri::Authority::as_str) {
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

fn path_header(head: &RequestHead, path: &str) -> Result<Vec<u8>, Refused> {
    let scheme = head.uri.scheme();
    let scheme = scheme.filter(|_| head.version == Version::HTTP_11);
    match scheme {
        Some(scheme) if *scheme == Scheme::HTTPS => return Err(Refused::SCHEME),
        Some(scheme) if *scheme != Scheme::HTTP => return Err(Refused::OTHER_SCHEME),
        _ => {}
    }
    match path {
        "*" if head.method == Method::OPTIONS => return Err(Refused::NO_PATH),
        "*" if head.version == Version::HTTP_11 => return Err(Refused::URL),
        _ => {}
    }
    // `http://host?query` has a path without a slash, which no route matches.
    let target = path.starts_with('/') || scheme.is_some();
    if !target || !path.is_ascii() {
        return Err(Refused::MALFORMED);
    }
    normalize(path.as_bytes()).ok_or(Refused::PATH)
}

// RFC 3986 section 3.2, without looking at the structure.
fn may_stand_in_authority(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@[]%".contains(&byte)
}

fn is_dropped(name: &[u8], value: &[u8]) -> bool {
    match name {
        b"host" => true,
        // The server has answered it already.
        b"expect" => value.eq_ignore_ascii_case(b"100-continue"),
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
