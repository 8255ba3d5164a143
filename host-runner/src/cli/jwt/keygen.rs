//! `host-runner jwt keygen`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use policy_jwt::Algorithm;

use super::super::Outcome;
use super::file;
use crate::token::SigningKey;

/// Make a new private key in PEM, or for HS* a secret in base64url.
#[derive(Debug, Args)]
pub(super) struct Keygen {
    /// What it is to sign.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(Algorithm::NAMES)
        .try_map(|name| Algorithm::named(&name).ok_or("unknown algorithm")))]
    algorithm: Algorithm,
    /// The file to make, which only you may read; one that is there stays as it is. `-` is standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

// === impl Keygen ===

impl Keygen {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let text = SigningKey::generate(self.algorithm)?.to_text()?;
        match file(self.out.as_ref()) {
            Some(path) => {
                write_secretly(path, &text)
                    .with_context(|| format!("cannot make the key file `{}`", path.display()))?;
            }
            None => std::io::stdout().write_all(text.as_bytes())?,
        }
        eprint!("{}", self.what_next());
        Ok(Outcome::Fine)
    }

    fn what_next(&self) -> String {
        let path = file(self.out.as_ref())
            .unwrap_or(Path::new("FILE"))
            .display();
        let secret = match self.algorithm {
            Algorithm::Hs(_) => " --secret",
            _ => "",
        };
        format!(
            "a token: host-runner jwt sign --key {path} --algorithm {}\na key set: host-runner jwt jwks {path}{secret}\n",
            self.algorithm
        )
    }
}

fn write_secretly(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
