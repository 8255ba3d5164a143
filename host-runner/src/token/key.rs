//! A key that signs JWTs: from a PEM file or a shared secret, or a new one.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use policy_jwt::Algorithm;
use serde_json::Value;

use super::material::{Material, Secret};
use super::public::PublicKey;

/// A private or shared key and the algorithm it signs with.
#[derive(Clone)]
pub struct SigningKey {
    material: Material,
    algorithm: Algorithm,
}

// === impl SigningKey ===

impl SigningKey {
    /// A new key for an algorithm, from the randomness of the operating system: RSA of 2048 bits, a secret as long as its hash.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn generate(algorithm: Algorithm) -> anyhow::Result<Self> {
        let material = Material::generate(algorithm)?;
        Ok(Self {
            material,
            algorithm,
        })
    }

    /// A private key in PEM: PKCS#8 of RSA, EC on P-256, P-384 or P-521, or Ed25519; PKCS#1 of RSA; SEC 1 of EC. It signs
    /// RS256, ES256, ES384 or ES512 by its curve, or EdDSA.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn from_pem(pem: &[u8]) -> anyhow::Result<Self> {
        let blocks = pem::parse_many(pem).unwrap_or_default();
        let mut keys = blocks
            .iter()
            .filter_map(|block| Material::from_der(block.tag(), block.contents()));
        Ok(Self::new(keys.next().context(
            "expected a private key in PEM: RSA, EC (P-256, P-384, P-521) or Ed25519",
        )?))
    }

    /// The private key in a PEM file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no such key.
    pub fn read_pem(path: &Path) -> anyhow::Result<Self> {
        let pem = std::fs::read(path)
            .with_context(|| format!("cannot read the key `{}`", path.display()))?;
        Self::from_pem(&pem).with_context(|| format!("in the key file `{}`", path.display()))
    }

    /// A shared secret in base64url, as the member `k` of a JWK has it (RFC 7518 section 6.4.1). It signs HS256.
    ///
    /// # Errors
    /// When it is not base64url.
    pub fn from_secret(secret: &str) -> anyhow::Result<Self> {
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret.trim_end_matches('='));
        let secret = secret.context("expected a secret in base64url")?;
        Ok(Self::new(Material::Secret(Secret::new(secret))))
    }

    /// The same key, signing with another algorithm of its family, such as `RS512`.
    ///
    /// # Errors
    /// When there is no such algorithm, or the key is not made for it.
    pub fn with_algorithm(&self, name: &str) -> anyhow::Result<Self> {
        let algorithm =
            Algorithm::named(name).with_context(|| format!("unknown algorithm `{name}`"))?;
        if !self.material.signs(algorithm) {
            bail!("the key signs {}, not `{name}`", self.algorithm_name());
        }
        Ok(Self {
            material: self.material.clone(),
            algorithm,
        })
    }

    /// The `alg` of what it signs.
    #[must_use]
    pub fn algorithm_name(&self) -> String {
        self.algorithm.to_string()
    }

    /// The public key (the secret itself for HMAC) as a JWK named `kid`, for the algorithm that this key signs with.
    ///
    /// # Errors
    /// When the key has no such form.
    pub fn to_jwk(&self, kid: &str) -> anyhow::Result<Value> {
        let key = self.verifying_key()?;
        Ok(Value::Object(key.members_with(kid, Some(self.algorithm))))
    }

    /// What verifies its signatures: the public half, or the secret itself.
    pub(crate) fn verifying_key(&self) -> anyhow::Result<PublicKey> {
        match &self.material {
            Material::Secret(secret) => Ok(PublicKey::secret(secret.bytes())),
            key => key.public()?.context("the key has no public half"),
        }
    }

    /// As a file has it: PKCS#8 in PEM, or the secret in base64url.
    pub(crate) fn to_text(&self) -> anyhow::Result<String> {
        match (&self.material, self.material.to_pem()?) {
            (Material::Secret(secret), _) => {
                Ok(BASE64_URL_SAFE_NO_PAD.encode(secret.bytes()) + "\n")
            }
            (_, pem) => pem.context("the key has no PEM"),
        }
    }

    // The signature in base64url.
    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<String> {
        let signature = self.material.sign(self.algorithm, message)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn new(material: Material) -> Self {
        Self {
            algorithm: material.default_algorithm(),
            material,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.algorithm)
    }
}
