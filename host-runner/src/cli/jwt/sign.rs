//! `host-runner jwt sign`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use policy_jwt::Algorithm;
use serde_json::{Map, Value, json};

use super::super::Outcome;
use super::{is_stream, unix_time};
use crate::token::{KeyFile, TimeOffset, mint, resolve_times};

/// Print a signed token. Times in claims may be relative: `now`, `now+1h`, `now-10m`.
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The private key in PEM, or a secret in base64url.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How to sign; RS256, HS256, EdDSA, or what the key's curve is for, unless you say otherwise.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(Algorithm::NAMES))]
    algorithm: Option<String>,
    /// The header `kid`, which names the key in a key set.
    #[arg(long)]
    kid: Option<String>,
    /// Claims as a JSON object: a file, `-` for standard input, or the text itself.
    #[arg(long, value_name = "JSON")]
    claims: Option<String>,
    /// One more claim; the value is JSON, or else text. May be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    claim: Vec<String>,
    /// The claim `iss`.
    #[arg(long)]
    issuer: Option<String>,
    /// The claim `sub`.
    #[arg(long)]
    subject: Option<String>,
    /// The claim `aud`. May be given several times.
    #[arg(long)]
    audience: Vec<String>,
    /// The claim `exp`, such as 90s, 10m, 1h, -1h or 30d from now, or `never`; 1h unless the claims have an `exp`.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    expires_in: Option<String>,
}

// === impl Sign ===

impl Sign {
    pub(super) fn run(&self) -> anyhow::Result<Outcome> {
        let key = KeyFile::read(&self.key)?.signing_key()?;
        let key = match &self.algorithm {
            Some(algorithm) => key.with_algorithm(algorithm).context("`--algorithm`")?,
            None => key,
        };
        let kid = self.kid.iter();
        let header = kid.map(|kid| ("kid".to_owned(), kid.as_str().into()));
        let token = mint(&key, &header.collect(), &self.all_claims(unix_time())?)?;
        std::io::stdout().write_all(format!("{token}\n").as_bytes())?;
        Ok(Outcome::Fine)
    }

    // What is more particular comes later, and wins.
    fn all_claims(&self, now: i64) -> anyhow::Result<Map<String, Value>> {
        let mut claims = Map::from_iter([("iat".to_owned(), now.into())]);
        claims.extend(self.given_claims(now)?);
        for claim in &self.claim {
            let (name, value) = named(claim)?;
            let value = resolve_times(&value, now).map_err(anyhow::Error::msg);
            claims.insert(name, value.with_context(|| format!("`--claim {claim}`"))?);
        }
        let texts = [("iss", &self.issuer), ("sub", &self.subject)];
        for (name, text) in texts {
            let text = text.as_deref();
            claims.extend(text.map(|text| (name.to_owned(), text.into())));
        }
        match self.audience.as_slice() {
            [] => {}
            [one] => drop(claims.insert("aud".to_owned(), one.as_str().into())),
            several => drop(claims.insert("aud".to_owned(), json!(several))),
        }
        self.expire(&mut claims, now)?;
        Ok(claims)
    }

    fn given_claims(&self, now: i64) -> anyhow::Result<Map<String, Value>> {
        let Some(given) = &self.claims else {
            return Ok(Map::new());
        };
        let (name, text) = read(given)?;
        let claims: Map<String, Value> = serde_json::from_str(&text)
            .with_context(|| format!("{name}: expected claims as a JSON object"))?;
        match resolve_times(&Value::Object(claims), now) {
            Ok(Value::Object(claims)) => Ok(claims),
            Ok(_) => Ok(Map::new()),
            Err(message) => bail!("{name}: {message}"),
        }
    }

    fn expire(&self, claims: &mut Map<String, Value>, now: i64) -> anyhow::Result<()> {
        let after = match self.expires_in.as_deref() {
            Some("never") => {
                claims.remove("exp");
                return Ok(());
            }
            None if claims.contains_key("exp") => return Ok(()),
            after => after.unwrap_or("1h"),
        };
        let sign = if after.starts_with('-') { "" } else { "+" };
        let Ok(offset) = format!("now{sign}{after}").parse::<TimeOffset>() else {
            bail!(
                "`--expires-in {after}`: expected a time such as `90s`, `10m`, `1h`, `-1h` or `30d`"
            );
        };
        claims.insert("exp".to_owned(), offset.at(now).into());
        Ok(())
    }
}

fn named(claim: &str) -> anyhow::Result<(String, Value)> {
    let (name, value) = claim
        .split_once('=')
        .with_context(|| format!("`--claim {claim}`: expected `name=value`"))?;
    let json = serde_json::from_str(value);
    Ok((name.to_owned(), json.unwrap_or_else(|_| value.into())))
}

// The text, and what to call it in errors.
fn read(given: &str) -> anyhow::Result<(String, String)> {
    if given.trim_start().starts_with('{') {
        return Ok(("`--claims`".to_owned(), given.to_owned()));
    }
    let path = Path::new(given);
    let text = match is_stream(path) {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(path),
    };
    let name = match is_stream(path) {
        true => "the claims on standard input".to_owned(),
        false => format!("the claims `{given}`"),
    };
    Ok((
        name.clone(),
        text.with_context(|| format!("cannot read {name}"))?,
    ))
}
