//! One JSON Web Key (RFC 7517 section 4) to one key that can verify.
//!
//! What Envoy refuses is refused (rule J51).

use serde_json::Value;

use policy_signature::{Curve, Hash, Scheme};

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::certificate;
use crate::config::Compat;
use crate::crypto::{Kind, VerifyingKey, hash_of};

/// RFC 7518 section 3.3.
const STRICT_RSA_BITS: usize = 2048;

/// A key and the tokens it is for.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    purpose: Purpose,
    material: VerifyingKey,
    compat: Compat,
}

/// What the member `alg` of a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Any,
    Only(Algorithm),
    /// Named, but no algorithm that a token could have, such as `RSXYZ` (rule J51).
    Unknown,
}

/// The members of a key.
#[derive(Clone, Copy)]
struct Jwk<'a> {
    members: &'a Value,
    compat: Compat,
}

// === impl Key ===

impl Key {
    /// Envoy ignores `use` and `key_ops`, and both ignore `x5c` and private members (rules J36, X6).
    pub(crate) fn parse(entry: &Value, compat: Compat) -> Option<Self> {
        let jwk = Jwk {
            members: entry,
            compat,
        };
        if compat == Compat::Strict && !jwk.is_to_verify() {
            return None;
        }
        let material = match jwk.text("kty")? {
            "RSA" => rsa(jwk),
            "EC" => elliptic_curve(jwk),
            "oct" => symmetric(jwk),
            "OKP" => edwards(jwk),
            _ => None,
        }?;
        Some(Self {
            id: jwk.text("kid").map(str::to_owned),
            purpose: jwk.text("alg").map_or(Purpose::Any, Purpose::of),
            material,
            compat,
        })
    }

    /// The key of a certificate (rule J50), for tokens with this `kid` and with none.
    pub(crate) fn of_certificate(id: &str, certificate: &str) -> Option<Self> {
        let (modulus, exponent) = certificate::rsa_key(certificate)?;
        Some(Self {
            id: Some(id.to_owned()),
            purpose: Purpose::Any,
            material: rsa_key(&modulus, &exponent, Compat::Envoy)?,
            compat: Compat::Envoy,
        })
    }

    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    pub(crate) fn is_secret(&self) -> bool {
        matches!(self.material.kind(), Kind::Secret { .. })
    }

    /// Whether a token with this header may have been signed by this key (rule J35): ids equal or one of them missing, and
    /// no other algorithm prescribed.
    pub(crate) fn is_candidate(&self, key_id: Option<&str>, algorithm: Algorithm) -> bool {
        self.is_meant_by(key_id) && self.is_for(algorithm)
    }

    pub(crate) fn is_meant_by(&self, key_id: Option<&str>) -> bool {
        self.id()
            .is_none_or(|own| key_id.is_none_or(|other| own == other))
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        [Purpose::Any, Purpose::Only(algorithm)].contains(&self.purpose)
    }

    /// How a token of this algorithm must be signed to be verified by this key; none when it cannot be.
    pub(crate) fn scheme(&self, algorithm: Algorithm) -> Option<Scheme> {
        match self.compat {
            Compat::Envoy => self.scheme_in_envoy(algorithm),
            Compat::Strict => self.scheme_by_rfc_7518(algorithm),
        }
    }

    /// Rules J35 and X4: but for RSA the key alone says how, and the algorithm at most with which hash.
    fn scheme_in_envoy(&self, algorithm: Algorithm) -> Option<Scheme> {
        match (self.material.kind(), algorithm) {
            (Kind::Rsa { .. }, Algorithm::Rs(hash)) => Some(Scheme::RsaPkcs1(hash)),
            (Kind::Rsa { .. }, Algorithm::Ps(hash)) => Some(Scheme::RsaPss(hash)),
            (Kind::Rsa { .. }, _) => None,
            (Kind::Ec(_), Algorithm::Es(hash)) => Some(Scheme::Ecdsa(hash)),
            (Kind::Ec(_), _) => Some(Scheme::Ecdsa(Hash::Sha256)),
            (Kind::Secret { .. }, Algorithm::Hs(hash)) => Some(Scheme::Hmac(hash)),
            (Kind::Secret { .. }, _) => Some(Scheme::Hmac(Hash::Sha256)),
            (Kind::Ed25519, _) => Some(Scheme::EdDsa),
        }
    }

    /// RFC 7518 sections 3.2 to 3.5, RFC 8037 section 3.1: an algorithm is for one type of key, curve included, and a
    /// secret at least as long as the hash (rule X7).
    fn scheme_by_rfc_7518(&self, algorithm: Algorithm) -> Option<Scheme> {
        match (self.material.kind(), algorithm) {
            (Kind::Rsa { .. }, Algorithm::Rs(hash)) => Some(Scheme::RsaPkcs1(hash)),
            (Kind::Rsa { .. }, Algorithm::Ps(hash)) => Some(Scheme::RsaPss(hash)),
            (Kind::Ec(curve), Algorithm::Es(hash)) if hash_of(curve) == hash => {
                Some(Scheme::Ecdsa(hash))
            }
            (Kind::Secret { bytes }, Algorithm::Hs(hash)) if 8 * bytes >= hash.bits() => {
                Some(Scheme::Hmac(hash))
            }
            (Kind::Ed25519, Algorithm::EdDsa) => Some(Scheme::EdDsa),
            _ => None,
        }
    }

    pub(crate) fn material(&self) -> &VerifyingKey {
        &self.material
    }

    pub(crate) fn compat(&self) -> Compat {
        self.compat
    }
}

// === impl Purpose ===

impl Purpose {
    fn of(algorithm: &str) -> Self {
        Algorithm::named(algorithm).map_or(Self::Unknown, Self::Only)
    }
}

// === impl Jwk ===

impl<'a> Jwk<'a> {
    /// A member that is a string. Empty ones, and those of another type, read as absent, as Envoy's do (rule J36).
    fn text(self, member: &str) -> Option<&'a str> {
        let text = self.members.get(member)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    fn bytes(self, member: &str) -> Option<Vec<u8>> {
        base64url::decode(self.text(member)?.as_bytes(), self.compat)
    }

    /// A number, big endian, without leading zeros.
    fn integer(self, member: &str) -> Option<Vec<u8>> {
        Some(significant(&self.bytes(member)?).to_vec())
    }

    /// RFC 7518 section 6.2.1.2 wants a coordinate as wide as the curve, leading zeros included; Envoy takes any width.
    fn coordinate(self, member: &str, width: usize) -> Option<Vec<u8>> {
        let bytes = self.bytes(member)?;
        (self.compat == Compat::Envoy || bytes.len() == width).then_some(bytes)
    }

    /// RFC 7517 sections 4.2 to 4.5: meant for signatures, and its members of the right type.
    fn is_to_verify(self) -> bool {
        let is_text = |name| self.members.get(name).is_none_or(Value::is_string);
        let purpose = self
            .members
            .get("use")
            .is_none_or(|purpose| purpose == "sig");
        let operations = self.members.get("key_ops").is_none_or(|operations| {
            let operations = operations.as_array();
            operations.is_some_and(|list| list.iter().any(|operation| operation == "verify"))
        });
        purpose && operations && is_text("kid") && is_text("alg")
    }
}

fn rsa(jwk: Jwk<'_>) -> Option<VerifyingKey> {
    let fits = |alg: &str| alg.starts_with("RS") || alg.starts_with("PS");
    if !jwk.text("alg").is_none_or(fits) {
        return None;
    }
    rsa_key(&jwk.integer("n")?, &jwk.integer("e")?, jwk.compat)
}

/// A key from a modulus and an exponent without leading zeros, when both are fit for use (rules J51, X7).
fn rsa_key(modulus: &[u8], exponent: &[u8], compat: Compat) -> Option<VerifyingKey> {
    let key = VerifyingKey::rsa(modulus, exponent)?;
    let Kind::Rsa { modulus_bits } = key.kind() else {
        return None;
    };
    let is_strong = compat == Compat::Envoy || modulus_bits >= STRICT_RSA_BITS;
    is_strong.then_some(key)
}

/// The curve defaults to that of `alg`, else to P-256; the two must not contradict each other (rule J51).
fn elliptic_curve(jwk: Jwk<'_>) -> Option<VerifyingKey> {
    if jwk
        .members
        .get("crv")
        .is_some_and(|curve| !curve.is_string())
    {
        return None;
    }
    let curve = match (jwk.text("crv"), jwk.text("alg")) {
        (None | Some("P-256"), None | Some("ES256")) => Curve::P256,
        (Some("P-384"), None) | (None | Some("P-384"), Some("ES384")) => Curve::P384,
        (Some("P-521"), None) | (None | Some("P-521"), Some("ES512")) => Curve::P521,
        _ => return None,
    };
    let x = jwk.coordinate("x", curve.width())?;
    let y = jwk.coordinate("y", curve.width())?;
    VerifyingKey::ec(curve, &x, &y)
}

fn symmetric(jwk: Jwk<'_>) -> Option<VerifyingKey> {
    let fits = |alg| matches!(alg, "HS256" | "HS384" | "HS512");
    if !jwk.text("alg").is_none_or(fits) {
        return None;
    }
    let secret = jwk.bytes("k")?;
    let is_long = jwk.compat == Compat::Envoy || 8 * secret.len() >= Hash::Sha256.bits();
    is_long.then(|| VerifyingKey::secret(&secret))?
}

fn edwards(jwk: Jwk<'_>) -> Option<VerifyingKey> {
    let fits =
        jwk.text("crv") == Some("Ed25519") && jwk.text("alg").is_none_or(|alg| alg == "EdDSA");
    if !fits {
        return None;
    }
    VerifyingKey::ed25519(jwk.bytes("x")?.as_slice().try_into().ok()?)
}

fn significant(number: &[u8]) -> &[u8] {
    let start = number
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}
