//! Key sets that are not in the configuration: where they are, and how a filter reaches them (rules J53, J54).

use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use meshwright_core::ConfigError;

use crate::config::{Compat, JwtRule};
use crate::json;

/// OpenID Connect Discovery 1.0 section 4.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// Istio's limit (rule J5).
const MAX_URI: usize = 2048;

/// Istio's default (rule J54).
const TIMEOUT: Duration = Duration::from_secs(5);

/// A key set to fetch.
#[derive(Debug, Clone)]
pub struct Remote {
    rule: Arc<str>,
    issuer: String,
    document: Document,
    uri: Uri,
    cluster: Option<String>,
    timeout: Duration,
}

/// What is at [`Remote::uri`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A key set, for [`KeySet::parse`](crate::KeySet::parse).
    KeySet,
    /// The issuer's OpenID configuration, which says where the key set is: for [`Remote::discovered`].
    Discovery,
}

// === impl Remote ===

impl Remote {
    /// The remote set of `rule`, which has no inline one.
    pub(crate) fn compile(name: &Arc<str>, rule: &JwtRule) -> Result<Self, ConfigError> {
        let (document, uri) = locate(rule)?;
        Ok(Self {
            rule: Arc::clone(name),
            issuer: rule.issuer.clone(),
            document,
            uri,
            cluster: rule.jwks_cluster.clone(),
            timeout: rule.timeout.unwrap_or(TIMEOUT),
        })
    }

    /// The rule whose keys these are, as reasons name it: `jwtRules[0]`.
    #[must_use]
    pub fn rule(&self) -> &Arc<str> {
        &self.rule
    }

    /// What to expect at [`uri`](Self::uri).
    #[must_use]
    pub fn document(&self) -> Document {
        self.document
    }

    /// Where to start: absolute, `http` or `https`.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The cluster through which to reach `uri`: that of the configuration, else the one that Istio makes for its host.
    #[must_use]
    pub fn cluster(&self, uri: &Uri) -> String {
        if let Some(cluster) = &self.cluster {
            return cluster.clone();
        }
        let is_plain = uri.scheme_str() == Some("http");
        let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        format!("outbound|{port}||{host}")
    }

    /// How long to wait for one answer.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Where the key set is, according to an OpenID configuration: its `jwks_uri`.
    ///
    /// # Errors
    /// A sentence that says why it does not tell. In [`Compat::Strict`] also when it is that of another issuer, which
    /// OpenID Connect Discovery 1.0 section 4.3 forbids and Istio does not check.
    pub fn discovered(&self, document: &[u8], compat: Compat) -> Result<Uri, String> {
        let members = json::object(document, compat)
            .ok_or("the OpenID configuration is not a JSON object")?;
        let text = |name: &str| members.get(name).and_then(serde_json::Value::as_str);
        if compat == Compat::Strict && text("issuer") != Some(self.issuer.as_str()) {
            return Err("the OpenID configuration is that of another issuer".to_owned());
        }
        parse_uri(text("jwks_uri").ok_or("the OpenID configuration has no `jwks_uri`")?)
    }
}

fn locate(rule: &JwtRule) -> Result<(Document, Uri), ConfigError> {
    if let Some(uri) = &rule.jwks_uri {
        let uri = parse_uri(uri).map_err(|message| ConfigError::new("/jwksUri", message))?;
        return Ok((Document::KeySet, uri));
    }
    if rule.issuer.is_empty() {
        let message = "no keys: one of `jwks`, `jwksUri` and `issuer` is required";
        return Err(ConfigError::new("", message));
    }
    let issuer = rule.issuer.strip_suffix('/').unwrap_or(&rule.issuer);
    let uri = parse_uri(&format!("{issuer}{WELL_KNOWN}")).map_err(|message| {
        ConfigError::new(
            "/issuer",
            format!("no `jwks` nor `jwksUri`, and the issuer cannot be asked: {message}"),
        )
    })?;
    Ok((Document::Discovery, uri))
}

fn parse_uri(text: &str) -> Result<Uri, String> {
    if text.len() > MAX_URI {
        return Err(format!("the URI is longer than {MAX_URI} characters"));
    }
    let uri: Uri = text
        .parse()
        .map_err(|error| format!("`{text}` is not a URI: {error}"))?;
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    if !has_host || !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(format!("`{text}` is not an absolute http or https URI"));
    }
    // RFC 9110 section 4.2.4: it would be sent in the clear, as part of `:authority`.
    if uri
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err("a URI with a user name or password is not fetched".to_owned());
    }
    Ok(uri)
}
