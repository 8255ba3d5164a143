//! A JSON Web Key Set (RFC 7517 section 5): the keys of one rule.
//!
//! Entries that cannot be used are skipped one by one; a set without any usable one is an error (rules J50, J52).

use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::config::Compat;
use crate::json;
use crate::jwk::Key;

/// Far above what issuers publish (a few kB), low enough to parse in one go.
const MAX_BYTES: usize = 1 << 20;

/// Without a `kid` every key is tried, so the number of keys multiplies the cost of a forged token.
const MAX_KEYS: usize = 1000;

/// The keys of one issuer: at least one.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Key>,
}

// === impl KeySet ===

impl KeySet {
    /// Reads a JSON Web Key Set of at most 1 MiB and 1000 keys; those that cannot be used are left out (rule J50).
    ///
    /// # Errors
    /// A sentence that says why there is no key in it.
    pub fn parse(jwks: &[u8], _: Compat) -> Result<Self, String> {
        if jwks.len() > MAX_BYTES {
            return Err(format!("the key set is larger than {MAX_BYTES} bytes"));
        }
        let document = json::object(jwks).ok_or("the key set is not a JSON object")?;
        let entries = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("the key set has no list `keys` (RFC 7517 section 5)")?;
        if entries.len() > MAX_KEYS {
            return Err(format!("the key set has more than {MAX_KEYS} keys"));
        }
        Self::of_entries(entries)
    }

    fn of_entries(entries: &[Value]) -> Result<Self, String> {
        let keys: Vec<Key> = entries.iter().filter_map(Key::parse).collect();
        if keys.is_empty() {
            return Err("the key set has no usable public key: expected RSA of 512 to 4096 bits, EC on P-256 or P-384, OKP on Ed25519, or oct".to_owned());
        }
        Ok(Self { keys })
    }

    /// The keys that may have signed a token with this header, in the order of the set.
    pub(crate) fn candidates(
        &self,
        key_id: Option<&str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &Key> {
        self.keys
            .iter()
            .filter(move |key| key.is_candidate(key_id, algorithm))
    }
}
