//! From a stream that was seen to the text of a case, or the reason why it cannot be one.

use std::fmt::Write as _;

use http::HeaderName;

use super::secrets;
use super::tape::{Headers, Message, Seen};
use super::text::{quoted, scalar, template};
use crate::scenario::agree::LEFT_OUT;
use crate::scenario::client::{Protocol, parse_path};

/// A case.
#[derive(Debug)]
pub(super) struct Case {
    method: String,
    path: String,
    pub(super) status: u16,
    /// Everything but its name.
    steps: String,
}

/// What each connection, or each sender, makes for itself: never sent again as it was, never expected.
const FRAMING: [&str; 11] = [
    "connection",
    "content-length",
    "date",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
    "x-envoy-upstream-service-time",
];

/// Words that YAML takes for something else than text.
const NOT_TEXT: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

// === impl Case ===

impl Case {
    /// The case, unless it cannot be said in a scenario or has secrets that nobody asked for.
    pub(super) fn of(seen: &Seen, with_secrets: bool) -> Result<Self, String> {
        check(seen)?;
        if let Some(secret) = secrets::found(seen).filter(|_| !with_secrets) {
            return Err(format!("{secret} is a secret; `--with-secrets` records it"));
        }
        let status = status(&seen.response).ok_or("the client got no response")?;
        let mut steps = String::new();
        request(&mut steps, seen)?;
        if seen.cluster.is_some() {
            answer(&mut steps, &seen.answer)?;
        }
        expectations(&mut steps, seen, status);
        Ok(Self {
            method: seen.method.clone(),
            path: seen.path.clone(),
            status,
            steps,
        })
    }

    /// As an entry of `cases`; the number makes its name unlike any other.
    pub(super) fn yaml(&self, number: usize) -> String {
        let Self {
            method,
            path,
            status,
            steps,
        } = self;
        let name = format!("{number}: {method} {path} is answered {status}");
        format!("- name: {}\n{steps}", quoted(&name))
    }
}

fn check(seen: &Seen) -> Result<(), String> {
    if let Some(trouble) = seen.trouble {
        return Err(trouble.to_owned());
    }
    if !seen.whole {
        return Err("the client did not get all of a response".to_owned());
    }
    let has = |name: &str| seen.request.get(name).is_some();
    if seen.method == "CONNECT" || has("upgrade") {
        return Err("a scenario has no tunnels".to_owned());
    }
    if !seen.path.starts_with('/') {
        return Err("a scenario has no such path".to_owned());
    }
    parse_path(&seen.path).map_err(|error| error.to_string())?;
    if seen.protocol == Protocol::Http1 && !seen.request.trailers.is_empty() {
        return Err("a scenario has no HTTP/1 trailers".to_owned());
    }
    if !seen.answer.trailers.is_empty() || !seen.response.trailers.is_empty() {
        return Err("a scenario has no trailers of responses".to_owned());
    }
    Ok(())
}

fn status(message: &Message) -> Option<u16> {
    std::str::from_utf8(message.get(":status")?)
        .ok()?
        .parse()
        .ok()
}

fn request(text: &mut String, seen: &Seen) -> Result<(), String> {
    let authority = std::str::from_utf8(&seen.authority);
    let authority = authority.ok().filter(|it| !it.is_empty());
    let authority = authority.ok_or("a scenario needs an authority that is text")?;
    let _ = writeln!(text, "  request:");
    let _ = writeln!(text, "    method: {}", quoted(&seen.method));
    line(text, 4, "path", seen.path.as_bytes());
    line(text, 4, "authority", authority.as_bytes());
    if seen.protocol == Protocol::Http2 {
        let _ = writeln!(text, "    protocol: http2");
    }
    headers(text, 4, "headers", &sent_again(&seen.request.headers));
    if !seen.request.body.is_empty() {
        line(text, 4, "body", &seen.request.body);
    }
    headers(text, 4, "trailers", &seen.request.trailers);
    Ok(())
}

// A body is always written: without one, the upstream of a scenario answers what it received.
fn answer(text: &mut String, answer: &Message) -> Result<(), String> {
    let status = status(answer).ok_or("the upstream did not answer")?;
    if !(200..600).contains(&status) {
        return Err(format!("a scenario has no upstream that answers {status}"));
    }
    let _ = writeln!(text, "  upstream:\n    status: {status}");
    headers(text, 4, "headers", &sent_again(&answer.headers));
    line(text, 4, "body", &answer.body);
    Ok(())
}

fn expectations(text: &mut String, seen: &Seen, status: u16) {
    let _ = writeln!(text, "  expect:\n    status: {status}");
    headers(text, 4, "headers", &expected(&seen.response.headers));
    line(text, 4, "body", &seen.response.body);
    let Some(cluster) = &seen.cluster else {
        let _ = writeln!(text, "    upstream: none");
        return;
    };
    let _ = writeln!(text, "    upstream:\n      cluster: {}", quoted(cluster));
    for name in ["method", "path", "authority"] {
        if let Some(value) = seen.sent.get(&format!(":{name}")) {
            line(text, 6, name, value);
        }
    }
    headers(text, 6, "headers", &expected(&seen.sent.headers));
    removed(text, seen);
    line(text, 6, "body", &seen.sent.body);
}

// What the client sent and a filter took away.
fn removed(text: &mut String, seen: &Seen) {
    let sent = expected(&seen.request.headers);
    let mut names: Vec<&String> = sent.iter().map(|(name, _)| name).collect();
    names.retain(|name| seen.sent.get(name).is_none());
    names.sort();
    names.dedup();
    if expected(&seen.sent.headers).is_empty() && !names.is_empty() {
        let _ = writeln!(text, "      headers:");
    }
    for name in names {
        let _ = writeln!(text, "        {}: null", key(name));
    }
}

fn sent_again(headers: &Headers) -> Headers {
    kept(headers, |name| !FRAMING.contains(&name))
}

// Without what each proxy makes for itself.
fn expected(headers: &Headers) -> Headers {
    let of_proxies = |name: &str| {
        name.starts_with("x-envoy-")
            || name.starts_with("x-forwarded-")
            || LEFT_OUT.iter().any(|(left_out, _)| *left_out == name)
    };
    kept(headers, |name| {
        !FRAMING.contains(&name) && !of_proxies(name)
    })
}

// Those whose names are header names, which pseudo headers have not.
fn kept(headers: &Headers, keep: impl Fn(&str) -> bool) -> Headers {
    let kept = headers
        .iter()
        .filter(|(name, _)| HeaderName::from_bytes(name.as_bytes()).is_ok() && keep(name));
    kept.cloned().collect()
}

// === YAML ===

// The values of one name are together, in their order.
fn headers(text: &mut String, indent: usize, field: &str, headers: &Headers) {
    if headers.is_empty() {
        return;
    }
    let _ = writeln!(text, "{:indent$}{field}:", "");
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in headers {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let values = headers.iter().filter(|(known, _)| known == name);
        let values: Vec<String> = values.map(|(_, value)| quoted(&template(value))).collect();
        let values = match values.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let _ = writeln!(text, "{:indent$}  {}: {values}", "", key(name));
    }
}

fn line(text: &mut String, indent: usize, field: &str, bytes: &[u8]) {
    let scalar = scalar(&template(bytes), indent + 2);
    let _ = writeln!(text, "{:indent$}{field}: {scalar}", "");
}

fn key(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-');
    match plain && !NOT_TEXT.contains(&name) {
        true => name.to_owned(),
        false => quoted(name),
    }
}
