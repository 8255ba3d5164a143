//! A JSON Web Key Set (RFC 7517 section 5): the keys of one rule.
//!
//! Entries that cannot be used are skipped one by one; a set without any usable one is an error (rules J50, J52).

use std::collections::BTreeSet;

use serde_json::Value;

use crate::certificate;
use crate::config::Compat;
use crate::json::{self, Object};
use crate::jwk::Key;
use crate::jws::Jws;

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
    pub fn parse(jwks: &[u8], compat: Compat) -> Result<Self, String> {
        if jwks.len() > MAX_BYTES {
            return Err(format!("the key set is larger than {MAX_BYTES} bytes"));
        }
        let document = json::object(jwks, compat).ok_or("the key set is not a JSON object")?;
        match document.get("keys") {
            Some(Value::Array(entries)) => Self::of_entries(entries, compat),
            None if compat == Compat::Envoy && holds_certificates(&document) => {
                Self::of_certificates(&document)
            }
            _ => Err("the key set has no list `keys` (RFC 7517 section 5)".to_owned()),
        }
    }

    fn of_entries(entries: &[Value], compat: Compat) -> Result<Self, String> {
        check_count(entries.len())?;
        let keys: Vec<Key> = entries
            .iter()
            .filter_map(|entry| Key::parse(entry, compat))
            .collect();
        if compat == Compat::Strict {
            check_ambiguity(&keys)?;
        }
        if keys.is_empty() {
            return Err("the key set has no usable public key: expected RSA of 512 to 16384 bits, EC on P-256, P-384 or P-521, OKP on Ed25519, or oct".to_owned());
        }
        Ok(Self { keys })
    }

    /// Envoy's other form, not in RFC 7517: each member is a certificate by its `kid` (rule J50). One bad one spoils all.
    fn of_certificates(document: &Object) -> Result<Self, String> {
        check_count(document.len())?;
        let key =
            |(id, certificate): (&String, &Value)| Key::of_certificate(id, certificate.as_str()?);
        let keys: Option<Vec<Key>> = document.iter().map(key).collect();
        Ok(Self {
            keys: keys.ok_or("the key set has a certificate without a usable RSA key")?,
        })
    }

    /// All of them, in their order.
    pub(crate) fn all(&self) -> &[Key] {
        &self.keys
    }

    /// The keys that may have signed `token`, in the order of the set.
    pub(crate) fn candidates(&self, token: &Jws) -> impl Iterator<Item = &Key> {
        self.keys
            .iter()
            .filter(|key| key.is_candidate(token.key_id.as_deref(), token.algorithm))
    }

    pub(crate) fn has_candidate(&self, token: &Jws) -> bool {
        self.candidates(token).next().is_some()
    }
}

fn holds_certificates(document: &Object) -> bool {
    let is_certificate = |(id, text): (&String, &Value)| {
        !id.is_empty() && text.as_str().is_some_and(certificate::is_certificate)
    };
    !document.is_empty() && document.iter().all(is_certificate)
}

fn check_count(keys: usize) -> Result<(), String> {
    match keys > MAX_KEYS {
        true => Err(format!("the key set has more than {MAX_KEYS} keys")),
        false => Ok(()),
    }
}

/// Rule X10: which key is meant must be clear. A secret beside public keys invites taking one for the other (RFC 8725
/// section 3.1), and an id that two keys have tells nothing (RFC 7517 section 4.5).
fn check_ambiguity(keys: &[Key]) -> Result<(), String> {
    let secrets = keys.iter().filter(|key| key.is_secret()).count();
    if secrets != 0 && secrets != keys.len() {
        return Err("the key set has both secrets and public keys".to_owned());
    }
    let mut ids = BTreeSet::new();
    match keys.iter().filter_map(Key::id).find(|id| !ids.insert(*id)) {
        Some(id) => Err(format!("the key set has two keys with the `kid` `{id}`")),
        None => Ok(()),
    }
}
