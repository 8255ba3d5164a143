//! One `jwtRules` entry, compiled: finds its tokens in a request and judges them all.

use std::sync::Arc;

use meshwright_core::RequestHead;

use crate::claims::bare_audience;
use crate::config::JwtRule;
use crate::failure::Failure;
use crate::jws::Jws;
use crate::keys::KeySet;
use crate::location::{self, Found, Location};
use crate::outputs::Outputs;
use crate::verify::{Budget, verify};
use crate::world::{Cause, Keys, Need, World};

/// A rule that can judge.
#[derive(Debug)]
pub(crate) struct Rule {
    name: Arc<str>,
    issuer: String,
    audiences: Vec<String>,
    keys: Source,
    locations: Vec<Location>,
    forward: bool,
    outputs: Outputs,
}

/// Where a rule has its keys from.
#[derive(Debug)]
pub(crate) enum Source {
    /// The configuration.
    Inline(KeySet),
    /// The remote set of this index.
    Remote(usize),
}

/// Why a token was not accepted.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is bad.
    Refused(Failure),
    /// It cannot be judged without these keys.
    NeedsKeys(Need),
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
    /// Compiles an entry whose form has been checked.
    pub(crate) fn compile(name: Arc<str>, rule: &JwtRule, keys: Source) -> Self {
        Self {
            name,
            issuer: rule.issuer.clone(),
            audiences: rule
                .audiences
                .iter()
                .map(|audience| bare_audience(audience).to_owned())
                .collect(),
            keys,
            locations: location::locations(rule),
            forward: rule.forward_original_token,
            outputs: Outputs::new(rule),
        }
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
        world: &dyn World,
        budget: &mut Budget,
    ) -> Result<Judgement<'a>, Need> {
        let found = location::find(&self.locations, head);
        if found.is_empty() {
            return Ok(Judgement::Missing);
        }
        let accepted: Result<Vec<_>, _> = found
            .iter()
            .rev()
            .map(|found| self.accept(found, now, world, budget))
            .collect();
        match accepted {
            Ok(accepted) => Ok(Judgement::Accepted(accepted)),
            Err(Stop::Refused(failure)) => Ok(Judgement::Refused(failure)),
            Err(Stop::NeedsKeys(need)) => Err(need),
        }
    }

    /// Envoy's order (rule J28): the signature last, so a forged token can learn which check it failed.
    fn accept<'a>(
        &self,
        found: &Found<'a>,
        now: u64,
        world: &dyn World,
        budget: &mut Budget,
    ) -> Result<Accepted<'a>, Stop> {
        let token = Jws::parse(&found.token)?;
        token.claims.check_issuer(&self.issuer)?;
        token.claims.check_time(now)?;
        token.claims.check_audience(&self.audiences)?;
        self.verify(&token, world, budget)?;
        Ok(Accepted {
            token,
            location: found.location,
        })
    }

    fn verify(&self, token: &Jws, world: &dyn World, budget: &mut Budget) -> Result<(), Stop> {
        let remote = match &self.keys {
            Source::Inline(keys) => return Ok(verify(token, keys, world, budget)?),
            Source::Remote(remote) => *remote,
        };
        let need = Need {
            remote,
            cause: Cause::Token,
        };
        match world.keys(need) {
            Keys::Known(keys) => Ok(verify(token, &keys, world, budget)?),
            Keys::Failed => Err(Stop::Refused(Failure::NoKeys)),
            Keys::Unknown => Err(Stop::NeedsKeys(need)),
        }
    }
}

// === impl Stop ===

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}
