//! The configuration as Istio spells it (rule J5): the one place that knows JSON names.
//!
//! Members that Istio does not have say so: "An addition". All are off unless they are given.

use std::time::Duration;

use meshwright_core::config::{ConfigError, from_json};
use serde::{Deserialize, Serialize};

use crate::duration;

/// The rules of one plugin: those of every `RequestAuthentication` that selects the workload, in order (rule J1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// `jwtRules`; without any, every request goes on. Required, so that a forgotten configuration is an error and not
    /// authentication turned off.
    pub jwt_rules: Vec<JwtRule>,
    /// An addition: whom to follow where Envoy and the standards differ.
    #[serde(default, skip_serializing_if = "Compat::is_envoy")]
    pub compat: Compat,
    /// An addition: let a request with a bad token go on, without claims, and only report it. To try a policy out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub report_only: bool,
    /// An addition: how many tokens that were found good are remembered, in each VM.
    #[serde(default, skip_serializing_if = "TokenCache::is_default")]
    pub token_cache: TokenCache,
}

/// Bounds of the memory for good tokens; the one that was not seen for the longest time makes room for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenCache {
    /// So many tokens; 0 remembers none.
    pub tokens: usize,
    /// So many bytes, about.
    pub bytes: usize,
}

/// Whom to follow where Envoy and the standards differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Compat {
    /// Envoy 1.40, so that the same requests pass.
    #[default]
    Envoy,
    /// The standards: RFC 7515, 7517, 7518, 7519, 8725. Refuses what Envoy lets pass (rules X1 to X12): empty parts; padding,
    /// white space and set trailing bits in base64url; `crit` and `b64`; an algorithm that is not that of the key's type and
    /// curve; ECDSA signatures of another length; keys not meant for signatures; RSA below 2048 bits and secrets shorter than
    /// the hash; `exp` of 0 or none; JSON that is none; key sets with two keys of one `kid` or with secrets beside public
    /// keys or that are of certificates; a prefix that is not at the start, though its case does not matter. Beyond that, every
    /// token of a request must be good to some rule (rule J32).
    Strict,
}

/// One entry of `jwtRules`: who issues the tokens, with which keys, where they are, and what to do with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JwtRule {
    /// The `iss` to insist on; empty accepts any (rule J29).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// The audiences of which a token must name one; empty accepts any (rule J29).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
    /// The public keys: a JSON Web Key Set (RFC 7517) as a string (rules J50-J52). Without it and without `jwks_uri`, the
    /// issuer is asked where its keys are (OpenID Connect Discovery 1.0 section 4, rule J53).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<String>,
    /// Where the public keys are: an `http` or `https` URI of at most 2048 characters (rule J5).
    #[serde(default, alias = "jwks_uri", skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// An addition: the cluster through which a filter reaches the keys; by default `outbound|<port>||<host>`, as Istio names
    /// that of a service or ServiceEntry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_cluster: Option<String>,
    /// How long to wait for the keys; by default 5 s.
    #[serde(default, with = "duration", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// Headers that may hold a token; with `from_params` and `from_cookies` replaces the default locations (rule J8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_headers: Vec<JwtHeader>,
    /// Query parameters that may hold a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_params: Vec<String>,
    /// Cookies that may hold a token; they are never removed (rules J15, J17).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from_cookies: Vec<String>,
    /// Whether the upstream gets the token too; by default it is taken out of the request (rule J17).
    #[serde(default, skip_serializing_if = "is_false")]
    pub forward_original_token: bool,
    /// The request header that gets the payload as it was in the token, base64url (rule J45).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_payload_to_header: Option<String>,
    /// The request headers that get single claims (rule J46).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output_claim_to_headers: Vec<ClaimToHeader>,
    /// String claims to read as lists, besides `scope` and `permission` (rules J3, J44).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub space_delimited_claims: Vec<String>,
    /// An addition: claims that a token must have, not null; dots lead into nested objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_claims: Vec<String>,
    /// An addition: what the header `typ` must say, such as `at+jwt` (RFC 8725 section 3.11, RFC 9068).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_type: Option<String>,
    /// An addition: how long ago a token may have been issued, by its `iat`, which it must then have and which may not
    /// lie in the future.
    #[serde(default, with = "duration", skip_serializing_if = "Option::is_none")]
    pub max_token_age: Option<Duration>,
    /// An addition: how far clocks may differ; by default 60 s, as in Envoy (rule J27).
    #[serde(default, with = "duration", skip_serializing_if = "Option::is_none")]
    pub leeway: Option<Duration>,
    /// An addition: fetch the keys again when a token names a `kid` that they do not have; by default only in `strict`.
    /// Envoy waits until its keys grow old (rule J56).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refetch_unknown_kid: Option<bool>,
}

/// A header that may hold a token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JwtHeader {
    /// The header's name.
    pub name: String,
    /// What comes before the token, such as `Bearer ` with its space; empty when the value is the token (rule J13).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// A claim to copy into a request header.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClaimToHeader {
    /// The header's name.
    pub header: String,
    /// The claim's name; dots lead into nested objects.
    pub claim: String,
}

// === impl TokenCache ===

impl TokenCache {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for TokenCache {
    fn default() -> Self {
        Self {
            tokens: 1000,
            bytes: 4 << 20,
        }
    }
}

// === impl Config ===

impl Config {
    /// Reads the plugin configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the first place that does not fit.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        from_json(json)
    }
}

// === impl JwtRule ===

impl JwtRule {
    /// Whether it names no location of its own (rule J8).
    pub(crate) fn has_default_locations(&self) -> bool {
        self.from_headers.is_empty() && self.from_params.is_empty() && self.from_cookies.is_empty()
    }
}

// === impl Compat ===

impl Compat {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde asks for"
    )]
    fn is_envoy(&self) -> bool {
        *self == Self::Envoy
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !value
}
