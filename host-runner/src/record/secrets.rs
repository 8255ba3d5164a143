//! What must not lie in a file by accident: credentials.

use super::tape::{Headers, Seen};

/// Headers that are credentials, whatever is in them.
const SECRET: [&str; 5] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
];

/// How each JSON Web Token begins: `{"` in base64url (RFC 7515 section 3.1).
const TOKEN: &[u8] = b"eyJ";

/// Where a stream has a credential, if it has one.
pub(super) fn found(seen: &Seen) -> Option<String> {
    let messages = [&seen.request, &seen.sent, &seen.answer, &seen.response];
    let in_header = messages.iter().find_map(|it| in_headers(&it.headers));
    let in_path = || has_token(seen.path.as_bytes()).then(|| "a token in its path".to_owned());
    let in_body = || {
        let mut bodies = messages.iter().map(|it| &it.body);
        let found = bodies.any(|body| has_token(body));
        found.then(|| "a token in a body".to_owned())
    };
    in_header.or_else(in_path).or_else(in_body)
}

fn in_headers(headers: &Headers) -> Option<String> {
    let secret = |name: &str, value: &[u8]| SECRET.contains(&name) || has_token(value);
    let mut headers = headers.iter();
    let found = headers.find(|(name, value)| secret(name, value));
    found.map(|(name, _)| format!("`{name}`"))
}

// Three parts of base64url with dots between them, the first of which is that of a JSON object.
fn has_token(bytes: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let words = bytes.split(|byte| !is_part(byte) && *byte != b'.');
    let mut words = words.filter(|word| word.starts_with(TOKEN));
    words.any(|word| word.iter().filter(|byte| **byte == b'.').count() >= 2)
}
