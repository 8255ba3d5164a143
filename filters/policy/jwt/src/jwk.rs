//! One JSON Web Key (RFC 7517 section 4) to one key that can verify.
//!
//! What Envoy refuses is refused (rule J51), and so is what the crypto library cannot use: RSA above 4096 bits, P-521.

use serde_json::Value;

use crate::algorithm::{Algorithm, Scheme};
use crate::base64url;
use crate::crypto::{Curve, Kind, VerifyingKey};

/// Envoy takes 512 to 16384 bits (rule J51); the crypto library stops at 4096, which bounds the work of a request too.
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=4096;

/// The public exponents Envoy takes, big endian.
const RSA_EXPONENTS: [&[u8]; 2] = [&[3], &[1, 0, 1]];

/// A key and the tokens it is for.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    purpose: Purpose,
    material: VerifyingKey,
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

    /// How a token of this algorithm must be signed to be verified by this key; none when it cannot be.
    pub(crate) fn scheme(&self, algorithm: Algorithm) -> Option<Scheme> {
        match (self.material.kind(), algorithm) {
            (Kind::Rsa { .. }, Algorithm::Rs(hash)) => Some(Scheme::RsaPkcs1(hash)),
            (Kind::Rsa { .. }, Algorithm::Ps(hash)) => Some(Scheme::RsaPss(hash)),
            (Kind::Ec(_), Algorithm::Es(hash)) => Some(Scheme::Ecdsa(hash)),
            (Kind::Ed25519, Algorithm::EdDsa) => Some(Scheme::Ed25519),
            (Kind::Secret { .. }, Algorithm::Hs(hash)) => Some(Scheme::Hmac(hash)),
            _ => None,
        }
    }

    pub(crate) fn material(&self) -> &VerifyingKey {
        &self.material
    }
}

// === impl Purpose ===

impl Purpose {
    fn of(algorithm: &str) -> Self {
        match algorithm {
            "" => Self::Any,
            name => Algorithm::named(name).map_or(Self::Unknown, Self::Only),
        }
    }
}

fn rsa(jwk: &Value) -> Option<VerifyingKey> {
    let modulus = integer(jwk, "n")?;
    let exponent = integer(jwk, "e")?;
    let is_odd = modulus.last()? & 1 == 1;
    let is_good = is_odd && RSA_EXPONENTS.contains(&exponent.as_slice());
    let fits = text(jwk, "alg").is_none_or(|alg| alg.starts_with("RS") || alg.starts_with("PS"));
    let key = (is_good && fits).then(|| VerifyingKey::rsa(&modulus, &exponent))?;
    let Kind::Rsa { modulus_bits } = key.kind() else {
        return None;
    };
    RSA_BITS.contains(&modulus_bits).then_some(key)
}

/// The curve defaults to that of `alg`, else to P-256; the two must not contradict each other (rule J51).
fn elliptic_curve(jwk: &Value) -> Option<VerifyingKey> {
    let curve = match (text(jwk, "crv").unwrap_or_default(), text(jwk, "alg")) {
        ("P-256", None | Some("ES256")) | ("", None | Some("ES256")) => Curve::P256,
        ("P-384", None | Some("ES384")) | ("", Some("ES384")) => Curve::P384,
        _ => return None,
    };
    let x = fixed_width(&integer(jwk, "x")?, curve.width())?;
    let y = fixed_width(&integer(jwk, "y")?, curve.width())?;
    VerifyingKey::ec(curve, &x, &y)
}

fn symmetric(jwk: &Value) -> Option<VerifyingKey> {
    let fits = text(jwk, "alg").is_none_or(|alg| matches!(alg, "HS256" | "HS384" | "HS512"));
    let secret = base64url::decode(text(jwk, "k")?.as_bytes())?;
    (fits && !secret.is_empty()).then(|| VerifyingKey::secret(&secret))
}

fn edwards(jwk: &Value) -> Option<VerifyingKey> {
    let fits =
        text(jwk, "crv") == Some("Ed25519") && text(jwk, "alg").is_none_or(|alg| alg == "EdDSA");
    let point = base64url::decode(text(jwk, "x")?.as_bytes())?;
    let point: &[u8; 32] = point.as_slice().try_into().ok()?;
    if !fits {
        return None;
    }
    VerifyingKey::ed25519(point)
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

// Members of another type read as absent, as Envoy's do (rule J36).
fn text<'a>(jwk: &'a Value, member: &str) -> Option<&'a str> {
    jwk.get(member)?.as_str()
}

fn integer(jwk: &Value, member: &str) -> Option<Vec<u8>> {
    let bytes = base64url::decode(text(jwk, member)?.as_bytes())?;
    Some(significant(&bytes).to_vec())
}
