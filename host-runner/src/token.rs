//! Mints JWTs for demonstrations and tests: signed, forged or tampered with, at times relative to a clock.
//! Nothing here verifies; that is what the filters under test are for.

mod claims;
mod key;
mod key_file;
mod material;
mod public;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

pub use self::claims::{TimeOffset, resolve_times};
pub use self::key::SigningKey;
pub(crate) use self::key_file::KeyFile;
pub use self::public::PublicKey;

/// The compact serialization of a JWT (RFC 7515 section 3.1) with `header` and `claims` as they are, signed by `key`
/// with its algorithm. The header member `alg` is added when it is missing, and `typ` too; `alg: none` makes an
/// unsigned token (RFC 7519 section 6).
///
/// # Errors
/// When the key cannot sign.
pub fn mint(
    key: &SigningKey,
    header: &Map<String, Value>,
    claims: &Map<String, Value>,
) -> anyhow::Result<String> {
    let mut header = header.clone();
    header.entry("typ").or_insert_with(|| "JWT".into());
    let algorithm = header
        .entry("alg")
        .or_insert_with(|| key.algorithm_name().into());
    let unsigned = algorithm == "none";
    let message = format!("{}.{}", encode_object(&header)?, encode_object(claims)?);
    let signature = if unsigned {
        String::new()
    } else {
        key.sign(message.as_bytes())?
    };
    Ok(format!("{message}.{signature}"))
}

/// The payload segment of a token, still in base64url; empty when there is none.
#[must_use]
pub fn payload_segment(token: &str) -> &str {
    token.split('.').nth(1).unwrap_or_default()
}

/// The same token with one more claim, `tampered`, and the signature of the old claims.
#[must_use]
pub fn tamper_payload(token: &str) -> String {
    let payload = BASE64_URL_SAFE_NO_PAD
        .decode(payload_segment(token))
        .unwrap_or_default();
    let mut claims = serde_json::from_slice::<Map<String, Value>>(&payload).unwrap_or_default();
    claims.insert("tampered".to_owned(), Value::Bool(true));
    let changed = BASE64_URL_SAFE_NO_PAD.encode(Value::Object(claims).to_string());
    replace_segment(token, 1, &changed)
}

/// The same token with one bit of its signature flipped.
#[must_use]
pub fn tamper_signature(token: &str) -> String {
    let segment = token.split('.').nth(2).unwrap_or_default();
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(segment).unwrap_or_default();
    match signature.first_mut() {
        Some(byte) => *byte ^= 1,
        None => signature.push(0),
    }
    replace_segment(token, 2, &BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn replace_segment(token: &str, index: usize, segment: &str) -> String {
    let segments = token
        .split('.')
        .enumerate()
        .map(|(i, old)| if i == index { segment } else { old });
    segments.collect::<Vec<_>>().join(".")
}

fn encode_object(object: &Map<String, Value>) -> anyhow::Result<String> {
    Ok(BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(object)?))
}

#[cfg(test)]
mod tests;
