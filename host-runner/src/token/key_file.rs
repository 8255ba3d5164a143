//! A file with keys: PEM of private keys, public keys and certificates, or a shared secret in base64url.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::key::SigningKey;
use super::material::Material;
use super::public::PublicKey;

/// What a file says, and where it is.
pub(crate) struct KeyFile {
    path: PathBuf,
    blocks: Vec<pem::Pem>,
    secret: Option<SigningKey>,
}

// === impl KeyFile ===

impl KeyFile {
    /// Reads it. A file without PEM is taken for a secret.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let place = || format!("in the key file `{}`", path.display());
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the key `{}`", path.display()))?;
        let mut blocks = pem::parse_many(&text).with_context(place)?;
        // What `openssl ecparam -genkey` writes before its key, which says it again.
        blocks.retain(|block| block.tag() != "EC PARAMETERS");
        let secret = match blocks.is_empty() {
            true => Some(secret(&text).with_context(place)?),
            false => None,
        };
        Ok(Self {
            path: path.to_owned(),
            blocks,
            secret,
        })
    }

    /// The key that signs.
    pub(crate) fn signing_key(&self) -> anyhow::Result<SigningKey> {
        match &self.secret {
            Some(secret) => Ok(secret.clone()),
            None => SigningKey::read_pem(&self.path),
        }
    }

    /// The shared secret, if it is one.
    pub(crate) fn secret(&self) -> Option<&SigningKey> {
        self.secret.as_ref()
    }

    /// The public keys, in their order; private ones give their public halves. A secret has none.
    pub(crate) fn public_keys(&self) -> anyhow::Result<Vec<PublicKey>> {
        let keys = self.blocks.iter().map(|block| self.public_key(block));
        keys.collect()
    }

    fn public_key(&self, block: &pem::Pem) -> anyhow::Result<PublicKey> {
        let (label, der) = (block.tag(), block.contents());
        if let Some(key) = PublicKey::from_der(label, der) {
            return Ok(key);
        }
        let private = Material::from_der(label, der).map(|key| key.public());
        match private.transpose()?.flatten() {
            Some(key) => Ok(key),
            None => bail!(
                "in the key file `{}`: `{label}` is no key of RSA, EC (P-256, P-384, P-521) or Ed25519, nor a certificate of one",
                self.path.display()
            ),
        }
    }
}

fn secret(text: &str) -> anyhow::Result<SigningKey> {
    let text = text.trim();
    if text.is_empty() {
        bail!("expected a key in PEM, or a secret in base64url");
    }
    SigningKey::from_secret(text).context("it has no PEM")
}
