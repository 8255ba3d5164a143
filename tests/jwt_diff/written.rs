//! Cases by rule, as the files of `cases` have them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use host_runner::yaml::Source;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::case::{Case, Request, Setup};
use super::keyring::Keyring;
use super::template::Names;
use super::token::{Draft, ISSUER};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "description")]
    _description: String,
    #[serde(default)]
    tokens: BTreeMap<String, Draft>,
    setups: Vec<SetupEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetupEntry {
    name: String,
    // A rule without issuer has [`ISSUER`], one without keys that of tokens that do not say otherwise.
    #[serde(default)]
    rules: Vec<Map<String, Value>>,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    cases: Vec<CaseEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseEntry {
    rule: String,
    is: String,
    #[serde(default)]
    token: Option<Draft>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    authority: Option<String>,
    // `name: value`; without any, and without a token in the path, the token is a bearer token.
    #[serde(default)]
    headers: Option<Vec<String>>,
    #[serde(default)]
    grpc: bool,
}

/// Reads all files of a folder, in the order of their names.
///
/// # Errors
/// When one cannot be read, or names what there is not.
pub fn read(folder: &Path, keys: &Keyring) -> anyhow::Result<Vec<Setup>> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    let mut setups = Vec::new();
    for path in paths {
        let file: File = Source::read(&path)?.parse_only()?;
        let named = file.setups(keys);
        setups.extend(named.with_context(|| format!("in `{}`", path.display()))?);
    }
    Ok(setups)
}

/// A rule's `jwks` as a string: of keys by name, `{key: rsa, kid: a, use: null}` being one with members changed, `times` so
/// many of them; or a template in which `<<certificate>>` is that of the key `rsa`, and
/// `<<cut certificate>>` the same without its last line end.
///
/// # Errors
/// When there is no such key.
pub fn jwks(value: &Value, keys: &Keyring) -> anyhow::Result<String> {
    let Value::Array(entries) = value else {
        let text = value.as_str().context("`jwks` is a text or a list")?;
        let whole = keys.certificate();
        let cut = whole.trim_end_matches("\\n");
        let names = Names::default()
            .with("certificate", whole)
            .with("cut certificate", cut);
        return Ok(String::from_utf8(names.fill(text)?)?);
    };
    let mut jwks = Vec::new();
    for entry in entries {
        let times = entry.get("times").and_then(Value::as_u64).unwrap_or(1);
        let jwk = jwk(entry, keys)?;
        jwks.extend((0..times).map(|_| jwk.clone()));
    }
    Ok(json!({ "keys": jwks }).to_string())
}

fn jwk(entry: &Value, keys: &Keyring) -> anyhow::Result<Value> {
    if let Some(name) = entry.as_str() {
        return Ok(keys.get(name)?.jwk());
    }
    let mut members = entry
        .as_object()
        .context("a key is a name or an object")?
        .clone();
    let name = members.remove("key");
    members.remove("times");
    let mut jwk = match name.as_ref().and_then(Value::as_str) {
        Some(name) => keys.get(name)?.jwk(),
        None => json!({}),
    };
    let own = jwk.as_object_mut().context("a JWK is an object")?;
    own.extend(members);
    own.retain(|_, value| !value.is_null());
    Ok(jwk)
}

// === impl File ===

impl File {
    fn setups(&self, keys: &Keyring) -> anyhow::Result<Vec<Setup>> {
        let mut names = Names::default();
        for (name, draft) in &self.tokens {
            names = names.with(name, draft.token(keys)?);
        }
        let setups = self.setups.iter().map(|entry| {
            let setup = entry.setup(&names, keys);
            setup.with_context(|| format!("in `{}`", entry.name))
        });
        setups.collect()
    }
}

// === impl SetupEntry ===

impl SetupEntry {
    fn setup(&self, names: &Names, keys: &Keyring) -> anyhow::Result<Setup> {
        let mut rules = Vec::new();
        for rule in &self.rules {
            let mut rule = rule.clone();
            let given = rule.get("jwks").cloned().unwrap_or_else(|| json!(["p256"]));
            rule.insert("jwks".to_owned(), jwks(&given, keys)?.into());
            rule.entry("issuer").or_insert_with(|| json!(ISSUER));
            rules.push(Value::Object(rule));
        }
        let cases = self.cases.iter().map(|case| {
            let read = case.case(names, keys);
            read.with_context(|| format!("in `{}`", case.is))
        });
        Ok(Setup {
            refused: self.refused,
            cases: cases.collect::<anyhow::Result<_>>()?,
            ..Setup::new(&self.name, rules)
        })
    }
}

// === impl CaseEntry ===

impl CaseEntry {
    fn case(&self, names: &Names, keys: &Keyring) -> anyhow::Result<Case> {
        let token = self.token.clone().unwrap_or_default().token(keys)?;
        let names = names.clone().with("token", token);
        let path = self.path.as_deref().unwrap_or("/");
        let is_in_path = path.contains("<<");
        let bearer = || match is_in_path {
            true => Vec::new(),
            false => vec!["authorization: Bearer <<token>>".to_owned()],
        };
        let mut request = Request {
            path: names.fill(path)?,
            ..Request::default()
        };
        for line in self.headers.clone().unwrap_or_else(bearer) {
            let (name, value) = line.split_once(':').context("a header is `name: value`")?;
            request = request.header(name, names.fill(value.trim_start())?);
        }
        if self.grpc {
            request.method = "POST".to_owned();
            request = request.header("content-type", "application/grpc");
            request = request.header("content-length", "0");
        }
        request.method = self.method.clone().unwrap_or(request.method);
        request.authority = self.authority.clone().unwrap_or(request.authority);
        Ok(Case {
            rule: self.rule.clone(),
            name: self.is.clone(),
            request,
        })
    }
}
