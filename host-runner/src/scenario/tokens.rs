//! The keys and tokens of a scenario file: resolved when it is loaded, minted when a case runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use serde_saphyr::Spanned;

use super::model::{FileModel, KeyModel, Tamper, TokenModel};
use super::template::{Names, unknown};
use crate::token::{SigningKey, TimeOffset, mint, resolve_times, tamper_payload, tamper_signature};
use crate::yaml::{Document, Location, YamlError};

/// Everything needed to mint the tokens of one file at any time.
#[derive(Debug, Default)]
pub(super) struct TokenBook {
    tokens: BTreeMap<String, TokenSource>,
    jwks: Arc<BTreeMap<String, Value>>,
    // All tokens by the instant they were minted at: signing takes milliseconds, and a file has many steps a second.
    minted: Mutex<BTreeMap<i64, BTreeMap<String, String>>>,
}

#[derive(Debug, Clone)]
enum TokenSource {
    Minted(Recipe),
    Text(String),
}

#[derive(Debug, Clone)]
struct Recipe {
    key: SigningKey,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    tamper: Option<Tamper>,
}

/// The named keys of a file while it is loaded.
struct Keys<'a> {
    document: Document<'a>,
    keys: BTreeMap<String, SigningKey>,
}

// === impl TokenBook ===

impl TokenBook {
    /// Reads the keys and resolves the tokens of a file.
    pub(super) fn load(
        document: Document<'_>,
        model: &FileModel,
        directory: &Path,
    ) -> Result<Self, YamlError> {
        let keys = Keys::load(document, &model.keys, directory)?;
        let mut tokens = BTreeMap::new();
        for (name, token) in &model.tokens {
            tokens.insert(name.clone(), keys.resolve(token, &model.tokens)?);
        }
        Ok(Self {
            tokens,
            jwks: Arc::new(keys.jwks(model)?),
            minted: Mutex::default(),
        })
    }

    /// The names of a step on a listener whose filters see the time `now`.
    pub(super) fn names(&self, listener: String, now: i64) -> anyhow::Result<Names> {
        Ok(Names {
            listener,
            now,
            tokens: self.mint(now)?,
            keys: Arc::clone(&self.jwks),
        })
    }

    fn mint(&self, now: i64) -> anyhow::Result<BTreeMap<String, String>> {
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = minted.get(&now) {
            return Ok(tokens.clone());
        }
        let tokens = self.tokens.iter();
        let tokens: BTreeMap<_, _> = tokens
            .map(|(name, token)| Ok((name.clone(), token.mint(now)?)))
            .collect::<anyhow::Result<_>>()?;
        minted.insert(now, tokens.clone());
        Ok(tokens)
    }

    /// Names that fill every placeholder, to find the ones that lead nowhere.
    pub(super) fn sample_names(&self) -> Names {
        Names {
            tokens: self
                .tokens
                .keys()
                .map(|name| (name.clone(), "a.b.c".to_owned()))
                .collect(),
            keys: Arc::clone(&self.jwks),
            ..Names::default()
        }
    }

    /// The times in claims, as they are written.
    pub(super) fn times(&self) -> Vec<(String, TimeOffset)> {
        let mut times = Vec::new();
        for token in self.tokens.values() {
            if let TokenSource::Minted(recipe) = token {
                recipe
                    .claims
                    .values()
                    .for_each(|claim| collect_times(claim, &mut times));
            }
        }
        times
    }
}

fn collect_times(claim: &Value, times: &mut Vec<(String, TimeOffset)>) {
    match claim {
        Value::String(text) => times.extend(text.parse().ok().map(|offset| (text.clone(), offset))),
        Value::Array(items) => items.iter().for_each(|item| collect_times(item, times)),
        Value::Object(members) => members
            .values()
            .for_each(|member| collect_times(member, times)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

// === impl TokenSource ===

impl TokenSource {
    fn mint(&self, now: i64) -> anyhow::Result<String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Minted(recipe) => recipe.mint(now),
        }
    }
}

// === impl Recipe ===

impl Recipe {
    fn mint(&self, now: i64) -> anyhow::Result<String> {
        let claims =
            resolve_times(&Value::Object(self.claims.clone()), now).map_err(anyhow::Error::msg)?;
        let token = mint(
            &self.key,
            &self.header,
            claims.as_object().unwrap_or(&self.claims),
        )?;
        Ok(match self.tamper {
            None => token,
            Some(Tamper::Payload) => tamper_payload(&token),
            Some(Tamper::Signature) => tamper_signature(&token),
        })
    }
}

// === impl Keys ===

impl<'a> Keys<'a> {
    fn load(
        document: Document<'a>,
        models: &BTreeMap<String, Spanned<KeyModel>>,
        directory: &Path,
    ) -> Result<Self, YamlError> {
        let mut keys = BTreeMap::new();
        for (name, model) in models {
            let key = match &model.value {
                KeyModel::Pem(path) => SigningKey::read_pem(&directory.join(path)),
                KeyModel::Secret(secret) => SigningKey::from_secret(secret),
            };
            keys.insert(
                name.clone(),
                key.map_err(|error| document.error(model.referenced, format!("{error:#}")))?,
            );
        }
        Ok(Self { document, keys })
    }

    fn jwks(&self, model: &FileModel) -> Result<BTreeMap<String, Value>, YamlError> {
        let mut jwks = BTreeMap::new();
        for (name, key) in &self.keys {
            let place = model
                .keys
                .get(name)
                .map_or(Location::UNKNOWN, |key| key.referenced);
            let jwk = key
                .to_jwk(name)
                .map_err(|error| self.document.error(place, format!("{error:#}")))?;
            jwks.insert(name.clone(), jwk);
        }
        Ok(jwks)
    }

    fn resolve(
        &self,
        token: &Spanned<TokenModel>,
        all: &BTreeMap<String, Spanned<TokenModel>>,
    ) -> Result<TokenSource, YamlError> {
        let refuse = |message| Err(self.document.error(token.referenced, message));
        let model = &token.value;
        let signs = model.key.is_some() || model.claims.is_some();
        let decorates = model.alg.is_some() || model.kid.is_some() || model.header.is_some();
        let derives = model.signed_by.is_some() || model.tamper.is_some();
        match (&model.text, &model.from) {
            (Some(text), None) if !signs && !decorates && !derives => {
                Ok(TokenSource::Text(text.clone()))
            }
            (None, Some(from)) if !signs && !decorates && derives => self.derive(model, from, all),
            (None, None) if !derives => self.sign(model, token.referenced).map(TokenSource::Minted),
            _ => refuse(
                "expected `key` and `claims` (with `alg`, `kid`, `header`), or `from` with `signedBy` or `tamper`, or `text`",
            ),
        }
    }

    // A token of `key` and `claims`.
    fn sign(&self, model: &TokenModel, place: Location) -> Result<Recipe, YamlError> {
        let (Some(key), Some(claims)) = (&model.key, &model.claims) else {
            return Err(self
                .document
                .error(place, "expected `key` and `claims`, or `from`, or `text`"));
        };
        resolve_times(&Value::Object(claims.value.clone()), 0)
            .map_err(|message| self.document.error(claims.referenced, message))?;
        let mut header = Map::new();
        let signing_key = self.with_algorithm(key, model.alg.as_ref(), &mut header)?;
        header.extend(
            model
                .kid
                .iter()
                .map(|kid| ("kid".to_owned(), kid.as_str().into())),
        );
        header.extend(model.header.clone().unwrap_or_default());
        Ok(Recipe {
            key: signing_key,
            header,
            claims: claims.value.clone(),
            tamper: None,
        })
    }

    fn with_algorithm(
        &self,
        name: &Spanned<String>,
        algorithm: Option<&Spanned<String>>,
        header: &mut Map<String, Value>,
    ) -> Result<SigningKey, YamlError> {
        let key = self.get(name)?;
        let (algorithm, key) = match algorithm {
            None => (key.algorithm_name(), key.clone()),
            Some(algorithm) if algorithm.value == "none" => ("none".to_owned(), key.clone()),
            Some(algorithm) => {
                let error = |error: anyhow::Error| {
                    self.document.error(algorithm.referenced, error.to_string())
                };
                (
                    algorithm.value.clone(),
                    key.with_algorithm(&algorithm.value).map_err(error)?,
                )
            }
        };
        header.insert("alg".to_owned(), algorithm.into());
        Ok(key)
    }

    // The same header and claims, signed by another key, tampered with, or both.
    fn derive(
        &self,
        model: &TokenModel,
        from: &Spanned<String>,
        all: &BTreeMap<String, Spanned<TokenModel>>,
    ) -> Result<TokenSource, YamlError> {
        let refuse = |message| self.document.error(from.referenced, message);
        let original = all
            .get(&from.value)
            .ok_or_else(|| refuse(unknown("token", &from.value, all.keys())))?;
        if original.value.key.is_none() {
            return Err(refuse(format!(
                "the token `{}` has no `key` and `claims` to start from",
                from.value
            )));
        }
        let mut recipe = self.sign(&original.value, original.referenced)?;
        if let Some(signer) = &model.signed_by {
            let (signer, algorithm) = (self.get(signer)?, recipe.key.algorithm_name());
            // A key of another family signs with its own algorithm while the header keeps the old one.
            recipe.key = signer
                .with_algorithm(&algorithm)
                .unwrap_or_else(|_| signer.clone());
        }
        recipe.tamper = model.tamper;
        Ok(TokenSource::Minted(recipe))
    }

    fn get(&self, name: &Spanned<String>) -> Result<&SigningKey, YamlError> {
        let key = self.keys.get(&name.value);
        key.ok_or_else(|| {
            self.document.error(
                name.referenced,
                unknown("key", &name.value, self.keys.keys()),
            )
        })
    }
}
