//! The keys that tokens are signed with, and their JWKs. A key signs with any hash, whatever its `alg` would be.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use hmac::{Hmac, Mac as _};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::traits::PublicKeyParts as _;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// All keys, by name.
#[derive(Debug)]
pub struct Keyring {
    keys: BTreeMap<&'static str, Key>,
    certificate: String,
}

/// A private or shared key.
#[derive(Debug)]
pub enum Key {
    /// RSA, of any size.
    Rsa(Box<RsaPrivateKey>),
    /// P-256.
    P256(p256::SecretKey),
    /// P-384.
    P384(p384::SecretKey),
    /// P-521.
    P521(p521::SecretKey),
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// HMAC.
    Secret(Vec<u8>),
}

#[derive(Debug, Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// RSA keys that have files.
const RSA: [&str; 6] = [
    "rsa",
    "rsa-other",
    "rsa-1024",
    "rsa-4096",
    "rsa-8192",
    "rsa-e3",
];

// === impl Keyring ===

impl Keyring {
    /// Reads the keys of `folder` and makes the others.
    ///
    /// # Errors
    /// When a file is missing or holds no key.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut keys = BTreeMap::new();
        for name in RSA {
            let path = folder.join(format!("{name}.pem"));
            let pem = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read `{}`", path.display()))?;
            keys.insert(
                name,
                Key::Rsa(Box::new(RsaPrivateKey::from_pkcs8_pem(&pem)?)),
            );
        }
        keys.extend([
            ("p256", Key::P256(p256::SecretKey::from_slice(&[1; 32])?)),
            (
                "p256-other",
                Key::P256(p256::SecretKey::from_slice(&[2; 32])?),
            ),
            ("p384", Key::P384(p384::SecretKey::from_slice(&[3; 48])?)),
            (
                "p521",
                Key::P521(p521::SecretKey::from_slice(&scalar_of_p521())?),
            ),
            ("ed25519", Key::Ed25519(Box::new([5; 32].into()))),
            ("ed25519-other", Key::Ed25519(Box::new([6; 32].into()))),
            ("secret", Key::Secret(vec![7; 64])),
            ("secret-other", Key::Secret(vec![8; 64])),
            ("secret-short", Key::Secret(b"k".to_vec())),
        ]);
        let certificate = std::fs::read_to_string(folder.join("rsa.crt"));
        let certificate = certificate.context("cannot read the certificate `rsa.crt`")?;
        // As it stands in a JSON string.
        let certificate = certificate.replace('\n', "\\n");
        Ok(Self { keys, certificate })
    }

    /// The key of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn get(&self, name: &str) -> anyhow::Result<&Key> {
        let key = self.keys.get(name);
        key.with_context(|| format!("there is no key `{name}`"))
    }

    /// A certificate of the key `rsa` in PEM, its line ends as `\n`.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }
}

// Below the order of the curve, whose topmost byte is 1.
fn scalar_of_p521() -> [u8; 66] {
    let mut scalar = [4; 66];
    if let Some(first) = scalar.first_mut() {
        *first = 0;
    }
    scalar
}

// === impl Key ===

impl Key {
    /// The `alg` that such a key usually has.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::P521(_) => "ES512",
            Self::Ed25519(_) => "EdDSA",
            Self::Secret(_) => "HS256",
        }
    }

    /// The key that verifies, as a JWK with no member that is not needed.
    #[must_use]
    pub fn jwk(&self) -> Value {
        match self {
            Self::Rsa(key) => {
                json!({"kty": "RSA", "n": base64url(&key.n().to_bytes_be()), "e": base64url(&key.e().to_bytes_be())})
            }
            Self::P256(key) => ec("P-256", key.public_key().to_sec1_bytes().as_ref()),
            Self::P384(key) => ec("P-384", key.public_key().to_sec1_bytes().as_ref()),
            Self::P521(key) => ec("P-521", key.public_key().to_sec1_bytes().as_ref()),
            Self::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64url(key.verifying_key().as_bytes())})
            }
            Self::Secret(secret) => json!({"kty": "oct", "k": base64url(secret)}),
        }
    }

    /// Signs as the algorithm of that name does: its hash, SHA-256 where it names none, and PSS where it is PS.
    ///
    /// # Errors
    /// When the key is too small for it.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let hash = Hash::of(algorithm);
        Ok(match self {
            Self::Rsa(key) if algorithm.starts_with("PS") => {
                key.sign_with_rng(&mut OsRng, hash.pss(), &hash.digest(message))?
            }
            Self::Rsa(key) => key.sign(hash.pkcs1(), &hash.digest(message))?,
            Self::P256(key) => {
                let key = p256::ecdsa::SigningKey::from(key);
                let signature: p256::ecdsa::Signature = key.sign_prehash(&hash.digest(message))?;
                signature.to_vec()
            }
            Self::P384(key) => {
                let key = p384::ecdsa::SigningKey::from(key);
                let digest = for_field(48, hash.digest(message));
                let signature: p384::ecdsa::Signature = key.sign_prehash(&digest)?;
                signature.to_vec()
            }
            Self::P521(key) => {
                let key = p521::ecdsa::SigningKey::from_slice(&key.to_bytes())?;
                let digest = for_field(66, hash.digest(message));
                let signature: p521::ecdsa::Signature = key.sign_prehash(&digest)?;
                signature.to_vec()
            }
            Self::Ed25519(key) => key.sign(message).to_vec(),
            Self::Secret(secret) => hash.hmac(secret, message)?,
        })
    }
}

/// Base64url without padding.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

// A digest that is shorter than the field is the same number with zeros in front; the library wants it long enough.
fn for_field(bytes: usize, digest: Vec<u8>) -> Vec<u8> {
    let mut padded = vec![0; bytes.saturating_sub(digest.len())];
    padded.extend(digest);
    padded
}

// From an uncompressed point (SEC 1 section 2.3.3).
fn ec(curve: &str, point: &[u8]) -> Value {
    let coordinates = point.get(1..).unwrap_or_default();
    let (x, y) = coordinates.split_at(coordinates.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y)})
}

// === impl Hash ===

impl Hash {
    fn of(algorithm: &str) -> Self {
        match algorithm.get(2..) {
            Some("384") => Self::Sha384,
            Some("512") => Self::Sha512,
            _ => Self::Sha256,
        }
    }

    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }

    fn pkcs1(self) -> Pkcs1v15Sign {
        match self {
            Self::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
            Self::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
            Self::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
        }
    }

    fn pss(self) -> Pss {
        match self {
            Self::Sha256 => Pss::new::<Sha256>(),
            Self::Sha384 => Pss::new::<Sha384>(),
            Self::Sha512 => Pss::new::<Sha512>(),
        }
    }

    fn hmac(self, secret: &[u8], message: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Sha256 => {
                let mac = Hmac::<Sha256>::new_from_slice(secret)?.chain_update(message);
                mac.finalize().into_bytes().to_vec()
            }
            Self::Sha384 => {
                let mac = Hmac::<Sha384>::new_from_slice(secret)?.chain_update(message);
                mac.finalize().into_bytes().to_vec()
            }
            Self::Sha512 => {
                let mac = Hmac::<Sha512>::new_from_slice(secret)?.chain_update(message);
                mac.finalize().into_bytes().to_vec()
            }
        })
    }
}
