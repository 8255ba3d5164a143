//! A real token, of about the size that identity providers issue.

use std::time::{SystemTime, UNIX_EPOCH};

use host_runner::token::{SigningKey, mint as sign};
use serde_json::json;

pub(crate) const ISSUER: &str = "https://issuer.example";

/// A token that is good for a day.
pub(crate) fn mint(key: &SigningKey) -> anyhow::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({"kid": "bench"});
    let claims = json!({
        "iss": ISSUER, "sub": "jason", "aud": ["reviews", "ratings"], "iat": now, "exp": now + 86_400,
        "scope": "read write", "email": "jason@example.com", "groups": ["readers", "writers"],
    });
    sign(
        key,
        header.as_object().unwrap_or(&Default::default()),
        claims.as_object().unwrap_or(&Default::default()),
    )
}
