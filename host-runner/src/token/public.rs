//! Public keys: out of PEM, private keys and certificates, into JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use p256::pkcs8::der::asn1::ObjectIdentifier;
use p256::pkcs8::der::{Decode as _, Encode as _};
use p256::pkcs8::spki::SubjectPublicKeyInfoRef;
use policy_jwt::{Algorithm, Hash};
use rsa::pkcs1::RsaPublicKey;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;

/// RFC 8017 appendix A.1, `rsaEncryption`.
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 section 2.1.1, `id-ecPublicKey`.
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 8410 section 3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// A curve that ECDSA signatures of tokens are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

/// A public key as a JSON Web Key has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// What RFC 7638 section 3.2 requires of its type, and nothing else.
    members: BTreeMap<&'static str, String>,
    /// The only algorithm that it is for, if there is only one.
    algorithm: Option<Algorithm>,
}

// === impl PublicKey ===

impl PublicKey {
    /// The public key in a block of PEM with that label: of a public key, of a certificate.
    pub(super) fn from_der(label: &str, der: &[u8]) -> Option<Self> {
        match label {
            "PUBLIC KEY" => Self::from_spki(der),
            "RSA PUBLIC KEY" => Self::rsa(der),
            "CERTIFICATE" => {
                let certificate = Certificate::from_der(der).ok()?.tbs_certificate;
                Self::from_spki(&certificate.subject_public_key_info.to_der().ok()?)
            }
            _ => None,
        }
    }

    // RFC 5280 section 4.1.2.7.
    fn from_spki(der: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(der).ok()?;
        let key = info.subject_public_key.raw_bytes();
        match info.algorithm.oid {
            RSA => Self::rsa(key),
            EC => Self::ec(Curve::of(info.algorithm.parameters_oid().ok()?)?, key),
            ED25519 => Some(Self::ed25519(key.try_into().ok()?)),
            _ => None,
        }
    }

    /// From `RSAPublicKey` (RFC 8017 appendix A.1.1).
    pub(super) fn rsa(der: &[u8]) -> Option<Self> {
        let key = RsaPublicKey::from_der(der).ok()?;
        let members = [
            ("n", base64url(key.modulus.as_bytes())),
            ("e", base64url(key.public_exponent.as_bytes())),
        ];
        Some(Self::new("RSA", members, None))
    }

    /// From a point as SEC 1 section 2.3.3 has it.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Option<Self> {
        let point = curve.uncompressed(point)?;
        let (_, coordinates) = point.split_first()?;
        let (x, y) = coordinates.split_at_checked(coordinates.len() / 2)?;
        let (name, hash) = curve.name_and_hash();
        let members = [
            ("crv", name.to_owned()),
            ("x", base64url(x)),
            ("y", base64url(y)),
        ];
        Some(Self::new("EC", members, Some(Algorithm::Es(hash))))
    }

    /// From the encoded point (RFC 8032 section 5.1.2).
    pub(super) fn ed25519(point: &[u8; 32]) -> Self {
        let members = [("crv", "Ed25519".to_owned()), ("x", base64url(point))];
        Self::new("OKP", members, Some(Algorithm::EdDsa))
    }

    /// A shared secret in the same form, which everybody who has it can sign with.
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self::new("oct", [("k", base64url(secret))], None)
    }

    fn new<const N: usize>(
        kind: &str,
        members: [(&'static str, String); N],
        algorithm: Option<Algorithm>,
    ) -> Self {
        let mut members = BTreeMap::from(members);
        members.insert("kty", kind.to_owned());
        Self { members, algorithm }
    }

    /// Its thumbprint with SHA-256, in base64url: the same for the same key, whoever makes it (RFC 7638 section 3).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        // In the order of their names, and no member has a character that would be escaped.
        let members = self.members.iter();
        let members: Vec<String> = members
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        base64url(&Sha256::digest(format!("{{{}}}", members.join(","))))
    }

    /// The JSON Web Key, to verify signatures with; `alg` is there where the key is for one algorithm only.
    #[must_use]
    pub fn to_jwk(&self, kid: &str) -> Value {
        let mut jwk = self.members_with(kid, self.algorithm);
        jwk.insert("use".to_owned(), "sig".into());
        Value::Object(jwk)
    }

    pub(super) fn members_with(
        &self,
        kid: &str,
        algorithm: Option<Algorithm>,
    ) -> Map<String, Value> {
        let mut jwk = Map::from_iter([("kid".to_owned(), kid.into())]);
        if let Some(algorithm) = algorithm {
            jwk.insert("alg".to_owned(), algorithm.to_string().into());
        }
        let members = self.members.iter();
        jwk.extend(members.map(|(name, value)| ((*name).to_owned(), value.as_str().into())));
        jwk
    }
}

// === impl Curve ===

impl Curve {
    /// RFC 5480 section 2.1.1.1.
    fn of(identifier: ObjectIdentifier) -> Option<Self> {
        match identifier.to_string().as_str() {
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }

    /// RFC 7518 sections 3.4 and 6.2.1.1.
    const fn name_and_hash(self) -> (&'static str, Hash) {
        match self {
            Self::P256 => ("P-256", Hash::Sha256),
            Self::P384 => ("P-384", Hash::Sha384),
            Self::P521 => ("P-521", Hash::Sha512),
        }
    }

    /// A point of the curve with both coordinates; none when it is not on it.
    fn uncompressed(self, point: &[u8]) -> Option<Vec<u8>> {
        use p256::elliptic_curve::sec1::ToEncodedPoint as _;
        Some(match self {
            Self::P256 => {
                let key = p256::PublicKey::from_sec1_bytes(point).ok()?;
                key.to_encoded_point(false).as_bytes().to_vec()
            }
            Self::P384 => {
                let key = p384::PublicKey::from_sec1_bytes(point).ok()?;
                key.to_encoded_point(false).as_bytes().to_vec()
            }
            Self::P521 => {
                let key = p521::PublicKey::from_sec1_bytes(point).ok()?;
                key.to_encoded_point(false).as_bytes().to_vec()
            }
        })
    }
}

fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
