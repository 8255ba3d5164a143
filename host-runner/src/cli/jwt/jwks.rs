//! `host-runner jwt jwks`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::super::Outcome;
use crate::token::{KeyFile, PublicKey};

/// Print a JSON Web Key Set of public keys, to be `jwks` of a rule or to be served at its `jwksUri`.
#[derive(Debug, Args)]
pub(super) struct Jwks {
    /// Private keys (of which only the public half comes out), public keys or certificates, in PEM.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Name keys by their thumbprint (RFC 7638) instead of their file.
    #[arg(long)]
    thumbprint: bool,
    /// Print shared secrets too, with which whoever sees them can sign.
    #[arg(long)]
    secret: bool,
}

// === impl Jwks ===

impl Jwks {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let mut jwks: Vec<Value> = Vec::new();
        let mut names = BTreeSet::new();
        for path in &self.files {
            for (index, key) in self.keys(path)?.iter().enumerate() {
                let name = self.name(path, index, key);
                jwks.push(key.to_jwk(&name));
                if !names.insert(name.clone()) {
                    bail!(
                        "`{}`: a second key with the `kid` `{name}`; `--thumbprint` names each key by itself",
                        path.display()
                    );
                }
            }
        }
        let set = serde_json::to_string_pretty(&json!({ "keys": jwks }))?;
        std::io::stdout().write_all(format!("{set}\n").as_bytes())?;
        Ok(Outcome::Fine)
    }

    fn keys(&self, path: &Path) -> anyhow::Result<Vec<PublicKey>> {
        let file = KeyFile::read(path)?;
        match file.secret() {
            None => file.public_keys(),
            Some(secret) if self.secret => Ok(vec![secret.verifying_key()?]),
            Some(_) => bail!(
                "in the key file `{}`: a shared secret, which has no public half; `--secret` prints it, and whoever sees it can sign",
                path.display()
            ),
        }
    }

    // Later keys of one file are numbered from 2.
    fn name(&self, path: &Path, index: usize, key: &PublicKey) -> String {
        if self.thumbprint {
            return key.thumbprint();
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        match index {
            0 => stem.into_owned(),
            _ => format!("{stem}-{}", index + 1),
        }
    }
}
