//! The registered claims of RFC 7519 section 4.1: their types, and the checks that need no key.
//!
//! Types are checked when a token is parsed (rule J26); issuer, time and audience when a rule looks at it (J27-J29).

use serde_json::Value;

use crate::claim_text;
use crate::failure::Failure;
use crate::json::Object;

/// 2^64, the first number that is no `uint64` any more.
const TWO_POW_64: f64 = 18_446_744_073_709_551_616.0;

/// The payload of a token.
#[derive(Debug)]
pub(crate) struct Claims {
    issuer: Option<String>,
    audiences: Vec<String>,
    issued: Option<u64>,
    not_before: Option<u64>,
    expires: Option<u64>,
    members: Object,
}

// === impl Claims ===

impl Claims {
    /// Checks in Envoy's order, so that a token with two faults gets the same answer.
    pub(crate) fn parse(members: Object) -> Result<Self, Failure> {
        let issuer = string(&members, "iss", Failure::IssType)?;
        string(&members, "sub", Failure::SubType)?;
        let issued = number(&members, "iat", Failure::IatType, Failure::IatRange)?;
        let not_before = number(&members, "nbf", Failure::NbfType, Failure::NbfRange)?;
        let expires = number(&members, "exp", Failure::ExpType, Failure::ExpRange)?;
        string(&members, "jti", Failure::JtiType)?;
        Ok(Self {
            issuer,
            audiences: strings(&members, "aud").ok_or(Failure::AudType)?,
            issued,
            not_before,
            expires,
            members,
        })
    }

    /// Every member of the payload.
    pub(crate) fn members(&self) -> &Object {
        &self.members
    }

    /// Exact, byte by byte; an empty `expected` takes any (rule J29).
    pub(crate) fn check_issuer(&self, expected: &str) -> Result<(), Failure> {
        if expected.is_empty() || self.issuer.as_deref() == Some(expected) {
            return Ok(());
        }
        Err(Failure::UnknownIssuer)
    }

    /// `now` in seconds since 1970 (rule J27). To Envoy 0 is no `exp` at all (rule X8); `is_strict` takes it at its word.
    pub(crate) fn check_time(&self, now: u64, leeway: u64, is_strict: bool) -> Result<(), Failure> {
        if self
            .not_before
            .is_some_and(|start| now.saturating_add(leeway) < start)
        {
            return Err(Failure::NotYetValid);
        }
        let expires = self.expires.filter(|end| is_strict || *end != 0);
        match expires.is_some_and(|end| now > end.saturating_add(leeway)) {
            true => Err(Failure::Expired),
            false => Ok(()),
        }
    }

    pub(crate) fn check_has_expiry(&self) -> Result<(), Failure> {
        self.expires.map(drop).ok_or(Failure::NoExpiry)
    }

    /// Issued at most `age` seconds ago and not in the future. A token that does not say when is too old.
    pub(crate) fn check_age(&self, now: u64, age: u64, leeway: u64) -> Result<(), Failure> {
        let issued = self.issued.ok_or(Failure::TooOld)?;
        if issued > now.saturating_add(leeway) {
            return Err(Failure::NotYetValid);
        }
        match now > issued.saturating_add(age).saturating_add(leeway) {
            true => Err(Failure::TooOld),
            false => Ok(()),
        }
    }

    /// A claim that is there and not null.
    pub(crate) fn check_has(&self, path: &[String]) -> Result<(), Failure> {
        match claim_text::at_path(&self.members, path) {
            None | Some(Value::Null) => Err(Failure::MissingClaim),
            Some(_) => Ok(()),
        }
    }

    /// One audience in common with `allowed`, which holds [`bare_audience`] forms; an empty list allows all (rule J29).
    pub(crate) fn check_audience(&self, allowed: &[String]) -> Result<(), Failure> {
        let is_allowed =
            |audience: &String| allowed.iter().any(|one| one == bare_audience(audience));
        if allowed.is_empty() || self.audiences.iter().any(is_allowed) {
            return Ok(());
        }
        Err(Failure::BadAudience)
    }
}

/// An audience without a leading `http://` or `https://` and without one trailing `/` (rule J29).
pub(crate) fn bare_audience(audience: &str) -> &str {
    let bare = audience
        .strip_prefix("http://")
        .or_else(|| audience.strip_prefix("https://"))
        .unwrap_or(audience);
    bare.strip_suffix('/').unwrap_or(bare)
}

fn string(members: &Object, name: &str, wrong_type: Failure) -> Result<Option<String>, Failure> {
    match members.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong_type),
    }
}

fn strings(members: &Object, name: &str) -> Option<Vec<String>> {
    match members.get(name) {
        None => Some(Vec::new()),
        Some(Value::String(text)) => Some(vec![text.clone()]),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        Some(_) => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "fractions are cut off (rule J26) and the range was checked"
)]
fn number(
    members: &Object,
    name: &str,
    wrong_type: Failure,
    wrong_range: Failure,
) -> Result<Option<u64>, Failure> {
    let Some(value) = members.get(name) else {
        return Ok(None);
    };
    // Envoy holds every number as a double.
    let seconds = value.as_f64().ok_or(wrong_type)?;
    if (0.0..TWO_POW_64).contains(&seconds) {
        return Ok(Some(seconds as u64));
    }
    Err(wrong_range)
}
