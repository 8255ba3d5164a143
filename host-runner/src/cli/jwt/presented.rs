//! A request that presents one token at a place where each rule looks for it.

use meshwright_core::RequestHead;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use policy_jwt::{Authenticator, Location};

/// A GET that has the token at the first location of each rule: each header once, so that rules that share one share the
/// token too.
pub(super) fn request(token: &str, authenticator: &Authenticator) -> RequestHead {
    let mut headers: Vec<(String, String)> = Vec::new();
    let (mut parameters, mut cookies) = (Vec::new(), Vec::new());
    let firsts = authenticator.locations().filter_map(<[_]>::first);
    for location in firsts {
        match location {
            Location::Header { name, prefix } => {
                if !headers.iter().any(|(other, _)| other == name) {
                    headers.push((name.clone(), format!("{prefix}{token}")));
                }
            }
            Location::Param(name) => {
                let (name, token) = (encoded(name), encoded(token));
                parameters.push(format!("{name}={token}"));
            }
            Location::Cookie(name) => cookies.push(format!("{name}={token}")),
        }
    }
    if !cookies.is_empty() {
        headers.push(("cookie".to_owned(), cookies.join("; ")));
    }
    let path = match parameters.as_slice() {
        [] => "/".to_owned(),
        parameters => format!("/?{}", parameters.join("&")),
    };
    let mut request = [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "example.com"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec();
    request.push((":path".to_owned(), path));
    request.append(&mut headers);
    request.into_iter().collect()
}

fn encoded(text: &str) -> String {
    percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string()
}
