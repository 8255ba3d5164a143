//! A key that signs JWTs: from a PEM file or a shared secret.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::rust_crypto;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use serde_json::{Value, json};

/// A private or shared key and the algorithm it signs with.
#[derive(Clone)]
pub struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
}

// === impl SigningKey ===

impl SigningKey {
    /// A private key in PEM (RSA, EC or Ed25519; PKCS#8, or PKCS#1 for RSA). It signs RS256, ES256 or EdDSA.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn from_pem(pem: &[u8]) -> anyhow::Result<Self> {
        let readers = [
            EncodingKey::from_rsa_pem,
            EncodingKey::from_ec_pem,
            EncodingKey::from_ed_pem,
        ];
        let key = readers.into_iter().find_map(|read| read(pem).ok());
        Ok(Self::new(key.context(
            "expected a private key in PEM: RSA, EC (PKCS#8) or Ed25519",
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
        Ok(Self::new(EncodingKey::from_secret(&secret)))
    }

    /// The same key, signing with another algorithm of its family, such as `RS512`.
    ///
    /// # Errors
    /// When there is no such algorithm, or the key is not made for it.
    pub fn with_algorithm(&self, name: &str) -> anyhow::Result<Self> {
        let algorithm = name.parse::<Algorithm>().ok();
        let algorithm = algorithm.with_context(|| format!("unknown algorithm `{name}`"))?;
        if algorithm.family() != self.key.family() {
            bail!("the key signs {}, not `{name}`", self.algorithm_name());
        }
        Ok(Self {
            key: self.key.clone(),
            algorithm,
        })
    }

    /// The `alg` of what it signs.
    #[must_use]
    pub fn algorithm_name(&self) -> String {
        format!("{:?}", self.algorithm)
    }

    /// The public key (the secret itself for HMAC) as a JWK named `kid`.
    ///
    /// # Errors
    /// When the key has no such form.
    pub fn to_jwk(&self, kid: &str) -> anyhow::Result<Value> {
        install_crypto();
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm)?;
        jwk.common.key_id = Some(kid.to_owned());
        Ok(json!(jwk))
    }

    // The signature in base64url.
    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<String> {
        install_crypto();
        Ok(jsonwebtoken::crypto::sign(
            message,
            &self.key,
            self.algorithm,
        )?)
    }

    fn new(key: EncodingKey) -> Self {
        let algorithm = match key.family() {
            AlgorithmFamily::Hmac => Algorithm::HS256,
            AlgorithmFamily::Rsa => Algorithm::RS256,
            AlgorithmFamily::Ec => Algorithm::ES256,
            AlgorithmFamily::Ed => Algorithm::EdDSA,
        };
        Self { key, algorithm }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:?})", self.algorithm)
    }
}

// `Err` means that a provider is installed already, which is as good.
fn install_crypto() {
    let _ = rust_crypto::DEFAULT_PROVIDER.install_default();
}
