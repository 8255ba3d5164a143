//! A real token, of about the size that identity providers issue.

use std::time::{SystemTime, UNIX_EPOCH};

use host_runner::token::{SigningKey, mint as sign};
use serde_json::json;

pub(crate) const ISSUER: &str = "https://issuer.example";

pub(crate) const KEY_ID: &str = "bench";

/// A token that is good for a day, and other than those of other numbers.
pub(crate) fn mint(key: &SigningKey, number: usize) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({"kid": KEY_ID});
    let claims = json!({
        "iss": ISSUER, "sub": "jason", "jti": number.to_string(), "aud": ["reviews", "ratings"], "iat": now, "exp": now + 86_400,
        "scope": "read write", "email": "jason@example.com", "groups": ["readers", "writers"],
    });
    sign(
        key,
        header.as_object().unwrap_or(&Default::default()),
        claims.as_object().unwrap_or(&Default::default()),
    )
}
