//! What a rule wants of a token besides a signature, in the order in which it is looked at (rule J28).

use std::time::Duration;

use crate::claims::bare_audience;
use crate::config::{Compat, JwtRule};
use crate::explain::Check;
use crate::failure::Failure;
use crate::jws::Jws;

/// How far clocks may differ; Istio leaves Envoy's default (rule J27).
const LEEWAY: Duration = Duration::from_secs(60);

/// The checks of one rule that need no key.
#[derive(Debug)]
pub(crate) struct Requirements {
    issuer: String,
    audiences: Vec<String>,
    /// Seconds.
    leeway: u64,
    needs_expiry: bool,
    kind: Option<String>,
    claims: Vec<Vec<String>>,
    /// Seconds.
    max_age: Option<u64>,
}

/// One of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Requirement {
    Issuer,
    Expiry,
    Time,
    Audience,
    Kind,
    Claims,
    Age,
}

// === impl Requirement ===

impl Requirement {
    /// The first that does not hold decides (rule J28).
    pub(crate) const IN_ORDER: [Self; 7] = [
        Self::Issuer,
        Self::Expiry,
        Self::Time,
        Self::Audience,
        Self::Kind,
        Self::Claims,
        Self::Age,
    ];
}

// === impl Requirements ===

impl Requirements {
    pub(crate) fn new(rule: &JwtRule, compat: Compat) -> Self {
        let audiences = rule
            .audiences
            .iter()
            .map(|name| bare_audience(name).to_owned());
        let claims = rule
            .required_claims
            .iter()
            .map(|claim| claim.split('.').map(str::to_owned).collect());
        Self {
            issuer: rule.issuer.clone(),
            audiences: audiences.collect(),
            leeway: rule.leeway.unwrap_or(LEEWAY).as_secs(),
            needs_expiry: compat == Compat::Strict,
            kind: rule.required_type.as_deref().map(media_type),
            claims: claims.collect(),
            max_age: rule.max_token_age.map(|age| age.as_secs()),
        }
    }

    /// `now` in seconds since 1970.
    pub(crate) fn check(&self, token: &Jws, now: u64) -> Result<(), Failure> {
        let mut requirements = Requirement::IN_ORDER.into_iter();
        requirements.try_for_each(|requirement| self.check_one(requirement, token, now))
    }

    pub(crate) fn check_one(
        &self,
        requirement: Requirement,
        token: &Jws,
        now: u64,
    ) -> Result<(), Failure> {
        let claims = &token.claims;
        match requirement {
            Requirement::Issuer => claims.check_issuer(&self.issuer),
            Requirement::Expiry if self.needs_expiry => claims.check_has_expiry(),
            Requirement::Expiry => Ok(()),
            Requirement::Time => claims.check_time(now, self.leeway, self.needs_expiry),
            Requirement::Audience => claims.check_audience(&self.audiences),
            Requirement::Kind => self.check_kind(token),
            Requirement::Claims => {
                let mut paths = self.claims.iter();
                paths.try_for_each(|path| claims.check_has(path))
            }
            Requirement::Age => self
                .max_age
                .map_or(Ok(()), |age| claims.check_age(now, age, self.leeway)),
        }
    }

    /// What a requirement asks for, for people.
    pub(crate) fn describe(&self, requirement: Requirement) -> Check {
        let leeway = Duration::from_secs(self.leeway);
        match requirement {
            Requirement::Issuer => Check::Issuer(self.issuer.clone()),
            Requirement::Expiry => Check::Expiry {
                required: self.needs_expiry,
            },
            Requirement::Time => Check::Time { leeway },
            Requirement::Audience => Check::Audience(self.audiences.clone()),
            Requirement::Kind => Check::Type(self.kind.clone()),
            Requirement::Claims => {
                Check::Claims(self.claims.iter().map(|path| path.join(".")).collect())
            }
            Requirement::Age => Check::Age {
                longest: self.max_age.map(Duration::from_secs),
                leeway,
            },
        }
    }

    fn check_kind(&self, token: &Jws) -> Result<(), Failure> {
        let Some(required) = &self.kind else {
            return Ok(());
        };
        match token.kind.as_deref().map(media_type).as_ref() == Some(required) {
            true => Ok(()),
            false => Err(Failure::BadKind),
        }
    }
}

/// RFC 7515 section 4.1.9: `at+jwt` is short for `application/at+jwt`, and case does not matter.
fn media_type(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    match kind.contains('/') {
        true => kind,
        false => format!("application/{kind}"),
    }
}
