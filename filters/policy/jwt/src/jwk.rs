//! One JSON Web Key (RFC 7517 section 4) to one key that can verify.
//!
//! What Envoy refuses is refused (rule J51), and so is what the crypto provider cannot use: RSA above 4096 bits, P-521.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use crate::base64url;

/// Envoy takes 512 to 16384 bits (rule J51); the crypto provider stops at 4096, which bounds the work of a request too.
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=4096;

/// The public exponents Envoy takes, big endian.
const RSA_EXPONENTS: [&[u8]; 2] = [&[3], &[1, 0, 1]];

/// A key and the tokens it is for.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    purpose: Purpose,
    material: DecodingKey,
}

/// What the member `alg` of a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Any,
    Only(Algorithm),
    /// Named, but no algorithm that a token could have, such as `RSXYZ` (rule J51).
    Unknown,
}

// === impl Key ===

impl Key {
    /// `use`, `key_ops`, `x5c` and private members are ignored, as Envoy does (rule J36).
    pub(crate) fn parse(jwk: &Value) -> Option<Self> {
        let material = match text(jwk, "kty")? {
            "RSA" => rsa(jwk),
            "EC" => elliptic_curve(jwk),
            "oct" => symmetric(jwk),
            "OKP" => edwards(jwk),
            _ => None,
        }?;
        Some(Self {
            id: text(jwk, "kid")
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
            purpose: text(jwk, "alg").map_or(Purpose::Any, Purpose::of),
            material,
        })
    }

    /// Whether a token with this header may have been signed by this key (rule J35): ids equal or one of them missing, and
    /// no other algorithm prescribed.
    pub(crate) fn is_candidate(&self, key_id: Option<&str>, algorithm: Algorithm) -> bool {
        let same_id = self
            .id
            .as_deref()
            .is_none_or(|own| key_id.is_none_or(|other| own == other));
        same_id && [Purpose::Any, Purpose::Only(algorithm)].contains(&self.purpose)
    }

    pub(crate) fn material(&self) -> &DecodingKey {
        &self.material
    }
}

// === impl Purpose ===

impl Purpose {
    fn of(algorithm: &str) -> Self {
        match algorithm {
            "" => Self::Any,
            name => name.parse().map_or(Self::Unknown, Self::Only),
        }
    }
}

fn rsa(jwk: &Value) -> Option<DecodingKey> {
    let modulus = integer(jwk, "n")?;
    let exponent = integer(jwk, "e")?;
    let is_odd = modulus.last()? & 1 == 1;
    let is_good = is_odd
        && RSA_BITS.contains(&bits(&modulus))
        && RSA_EXPONENTS.contains(&exponent.as_slice());
    let fits = text(jwk, "alg").is_none_or(|alg| alg.starts_with("RS") || alg.starts_with("PS"));
    (is_good && fits).then(|| DecodingKey::from_rsa_raw_components(&modulus, &exponent))
}

/// The curve defaults to that of `alg`, else to P-256; the two must not contradict each other (rule J51).
fn elliptic_curve(jwk: &Value) -> Option<DecodingKey> {
    let (curve, width) = match (text(jwk, "crv").unwrap_or_default(), text(jwk, "alg")) {
        ("P-256", None | Some("ES256")) | ("", None | Some("ES256")) => (Algorithm::ES256, 32),
        ("P-384", None | Some("ES384")) | ("", Some("ES384")) => (Algorithm::ES384, 48),
        _ => return None,
    };
    let x = fixed_width(&integer(jwk, "x")?, width)?;
    let y = fixed_width(&integer(jwk, "y")?, width)?;
    // SEC 1 section 2.3.3: an uncompressed point.
    usable(
        DecodingKey::from_ec_der(&[&[4][..], &x, &y].concat()),
        curve,
    )
}

fn symmetric(jwk: &Value) -> Option<DecodingKey> {
    let fits = text(jwk, "alg").is_none_or(|alg| matches!(alg, "HS256" | "HS384" | "HS512"));
    let secret = base64url::decode(text(jwk, "k")?.as_bytes())?;
    (fits && !secret.is_empty()).then(|| DecodingKey::from_secret(&secret))
}

fn edwards(jwk: &Value) -> Option<DecodingKey> {
    let fits =
        text(jwk, "crv") == Some("Ed25519") && text(jwk, "alg").is_none_or(|alg| alg == "EdDSA");
    let point = base64url::decode(text(jwk, "x")?.as_bytes())?;
    // The length must be checked here: the provider slices the point without looking.
    let key = (fits && point.len() == 32).then(|| DecodingKey::from_ed_der(&point))?;
    usable(key, Algorithm::EdDSA)
}

/// The key, when its point lies on the curve (RFC 8725 section 3.4).
fn usable(key: DecodingKey, algorithm: Algorithm) -> Option<DecodingKey> {
    (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key)
        .is_ok()
        .then_some(key)
}

/// `number`, big endian, without its leading zeros and then with as many as make `width` bytes; `None` when it is longer.
pub(crate) fn fixed_width(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let digits = significant(number);
    let mut padded = vec![0; width.checked_sub(digits.len())?];
    padded.extend_from_slice(digits);
    Some(padded)
}

fn significant(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(unused as usize)
}

// Members of another type read as absent, as Envoy's do (rule J36).
fn text<'a>(jwk: &'a Value, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}

fn integer(jwk: &Value, member: &str) -> Option<Vec<u8>> {
    let bytes = base64url::decode(text(jwk, member)?.as_bytes())?;
    Some(significant(&bytes).to_vec())
}
