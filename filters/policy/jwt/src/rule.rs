//! One `jwtRules` entry, compiled: finds its tokens in a request and judges them all.

use std::sync::Arc;

use meshwright_core::{ConfigError, RequestHead};

use crate::claims::bare_audience;
use crate::config::JwtRule;
use crate::failure::Failure;
use crate::jws::Jws;
use crate::keys::KeySet;
use crate::location::{self, Found, Location};
use crate::outputs::Outputs;
use crate::verify::{Budget, verify};

/// A rule that can judge.
#[derive(Debug)]
pub(crate) struct Rule {
    name: Arc<str>,
    issuer: String,
    audiences: Vec<String>,
    keys: KeySet,
    locations: Vec<Location>,
    forward: bool,
    outputs: Outputs,
}

/// What a rule makes of a request.
#[derive(Debug)]
pub(crate) enum Judgement<'a> {
    /// No token at any of its locations.
    Missing,
    /// Every token is good; in the order of verification.
    Accepted(Vec<Accepted<'a>>),
    /// One token is not.
    Refused(Failure),
}

/// A verified token and where it was.
#[derive(Debug)]
pub(crate) struct Accepted<'a> {
    pub(crate) token: Jws,
    pub(crate) location: &'a Location,
}

// === impl Rule ===

impl Rule {
    /// Compiles the entry at `index`; its form has been checked.
    pub(crate) fn compile(index: usize, rule: &JwtRule) -> Result<Self, ConfigError> {
        let jwks = rule.jwks.as_deref().ok_or_else(|| {
            ConfigError::new("", "missing field `jwks`: keys must be given inline, fetching them is not supported yet")
        })?;
        Ok(Self {
            name: format!("jwtRules[{index}]").into(),
            issuer: rule.issuer.clone(),
            audiences: rule
                .audiences
                .iter()
                .map(|audience| bare_audience(audience).to_owned())
                .collect(),
            keys: KeySet::parse(jwks).map_err(|message| ConfigError::new("/jwks", message))?,
            locations: location::locations(rule),
            forward: rule.forward_original_token,
            outputs: Outputs::new(rule),
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Whether the upstream gets the token too.
    pub(crate) fn forwards_token(&self) -> bool {
        self.forward
    }

    /// Every token must be good (rule J30); they are looked at last to first (rule J16).
    pub(crate) fn judge<'a>(
        &'a self,
        head: &'a RequestHead,
        now: u64,
        budget: &mut Budget,
    ) -> Judgement<'a> {
        let found = location::find(&self.locations, head);
        if found.is_empty() {
            return Judgement::Missing;
        }
        let accepted: Result<Vec<_>, _> = found
            .iter()
            .rev()
            .map(|found| self.accept(found, now, budget))
            .collect();
        match accepted {
            Ok(accepted) => Judgement::Accepted(accepted),
            Err(failure) => Judgement::Refused(failure),
        }
    }

    /// Envoy's order (rule J28): the signature last, so a forged token can learn which check it failed.
    fn accept<'a>(
        &self,
        found: &Found<'a>,
        now: u64,
        budget: &mut Budget,
    ) -> Result<Accepted<'a>, Failure> {
        let token = Jws::parse(&found.token)?;
        token.claims.check_issuer(&self.issuer)?;
        token.claims.check_time(now)?;
        token.claims.check_audience(&self.audiences)?;
        verify(&token, &self.keys, budget)?;
        Ok(Accepted {
            token,
            location: found.location,
        })
    }
}
