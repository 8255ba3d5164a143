//! A token before it is signed: its parts as text, and what is done to them.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::keyring::{Key, Keyring, base64url};
use super::template::{Names, now};

/// A token. Every member has a default, by which it is a good token of [`ISSUER`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Draft {
    /// The key that signs it.
    pub key: Option<String>,
    /// The header's `alg`; by default the key's usual one.
    pub alg: Option<String>,
    /// The header's `kid`.
    pub kid: Option<String>,
    /// The whole header, as text.
    pub header: Option<String>,
    /// Members of the payload beside the default ones; null takes one out.
    pub claims: Map<String, Value>,
    /// The whole payload, as text.
    pub payload: Option<String>,
    /// The algorithm that it is really signed with.
    pub sign: Option<String>,
    /// Changes of the signature, in order.
    pub change: Vec<Change>,
    /// The first part from `<<h>>`, before signing.
    pub h: Option<String>,
    /// The second part from `<<p>>`, before signing.
    pub p: Option<String>,
    /// The whole token from `<<h>>`, `<<p>>` and `<<s>>`, after signing.
    pub compact: Option<String>,
}

/// A change of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Change {
    /// One bit of the first byte.
    FlipFirst,
    /// One bit of the last byte.
    FlipLast,
    /// The last byte gone.
    Truncate,
    /// A zero byte at the end.
    Append,
    /// A zero byte at the start.
    Prepend,
    /// A zero byte before each half.
    PadHalves,
    /// The halves in the other order.
    SwapHalves,
    /// The halves in DER (RFC 3279 section 2.2.3).
    Der,
    /// Nothing but zeros.
    Zero,
    /// The second half subtracted from the order of P-256.
    HighS,
}

/// The issuer of tokens that do not say otherwise.
pub const ISSUER: &str = "https://issuer.example";

/// The key of tokens that do not say otherwise.
const KEY: &str = "p256";

/// The order of P-256 (SEC 2 section 2.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

// === impl Draft ===

impl Draft {
    /// The token as it is sent.
    ///
    /// # Errors
    /// When a key or a name in a template is missing.
    pub fn token(&self, keys: &Keyring) -> anyhow::Result<Vec<u8>> {
        let key = keys.get(self.key.as_deref().unwrap_or(KEY))?;
        let names = Names::default();
        let h = base64url(&names.fill(&self.header_text(key))?);
        let p = base64url(&names.fill(&self.payload_text()?)?);
        let h = part(self.h.as_deref(), "h", &h)?;
        let p = part(self.p.as_deref(), "p", &p)?;
        let message = [h.as_slice(), p.as_slice()].join(&b'.');
        let algorithm = self.algorithm(key);
        let signature = key.sign(self.sign.as_deref().unwrap_or(algorithm), &message);
        let mut signature = signature.context("cannot sign")?;
        for change in &self.change {
            signature = change.of(signature);
        }
        let names = names
            .with("h", h)
            .with("p", p)
            .with("s", base64url(&signature));
        names.fill(self.compact.as_deref().unwrap_or("<<h>>.<<p>>.<<s>>"))
    }

    fn algorithm<'a>(&'a self, key: &'a Key) -> &'a str {
        self.alg.as_deref().unwrap_or_else(|| key.algorithm())
    }

    fn header_text(&self, key: &Key) -> String {
        let mut header = json!({"alg": self.algorithm(key), "typ": "JWT"});
        if let (Some(kid), Some(members)) = (&self.kid, header.as_object_mut()) {
            members.insert("kid".to_owned(), json!(kid));
        }
        self.header.clone().unwrap_or_else(|| header.to_string())
    }

    fn payload_text(&self) -> anyhow::Result<String> {
        if let Some(payload) = &self.payload {
            return Ok(payload.clone());
        }
        let mut payload = Map::new();
        payload.insert("iss".to_owned(), json!(ISSUER));
        payload.insert("sub".to_owned(), json!("jason"));
        payload.insert("exp".to_owned(), json!(now().saturating_add(3600)));
        payload.extend(self.claims.clone());
        payload.retain(|_, value| !value.is_null());
        Ok(serde_json::to_string(&payload)?)
    }
}

fn part(template: Option<&str>, name: &str, value: &str) -> anyhow::Result<Vec<u8>> {
    match template {
        Some(template) => Names::default().with(name, value).fill(template),
        None => Ok(value.as_bytes().to_vec()),
    }
}

// === impl Change ===

impl Change {
    fn of(self, mut signature: Vec<u8>) -> Vec<u8> {
        let (r, s) = signature.split_at(signature.len() / 2);
        match self {
            Self::FlipFirst => {
                signature
                    .first_mut()
                    .iter_mut()
                    .for_each(|byte| **byte ^= 1);
                signature
            }
            Self::FlipLast => {
                signature.last_mut().iter_mut().for_each(|byte| **byte ^= 1);
                signature
            }
            Self::Truncate => {
                signature.pop();
                signature
            }
            Self::Append => [&signature, &[0][..]].concat(),
            Self::Prepend => [&[0][..], &signature].concat(),
            Self::PadHalves => [&[0][..], r, &[0], s].concat(),
            Self::SwapHalves => [s, r].concat(),
            Self::Der => der(r, s),
            Self::Zero => vec![0; signature.len()],
            Self::HighS => [r, &order_minus(s)].concat(),
        }
    }
}

fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integers = [der_integer(r), der_integer(s)].concat();
    tagged(0x30, &integers)
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0);
    let number = start.and_then(|start| number.get(start..)).unwrap_or(&[0]);
    let sign: &[u8] = if number.first().is_some_and(|first| *first >= 0x80) {
        &[0]
    } else {
        &[]
    };
    tagged(2, &[sign, number].concat())
}

// No content here is longer than the 127 bytes that one byte of length can say, but for RSA, where it is nonsense anyway.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content].concat()
}

fn order_minus(s: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut result: Vec<u8> = ORDER
        .iter()
        .rev()
        .zip(s.iter().rev())
        .map(|(order, digit)| {
            let difference = i16::from(*order) - i16::from(*digit) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap_or_default()
        })
        .collect();
    result.reverse();
    result
}
