//! One `jwtRules` entry, compiled: finds its tokens in a request and judges them all.

mod explain;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use meshwright_core::RequestHead;

use crate::config::{Compat, JwtRule};
use crate::failure::Failure;
use crate::jws::Jws;
use crate::keys::KeySet;
use crate::location::{self, Found, Location};
use crate::outputs::Outputs;
use crate::requirements::Requirements;
use crate::verified::Verified;
use crate::verify::{Budget, verify};
use crate::world::{Cause, Keys, Need, World};

/// A rule that can judge.
#[derive(Debug)]
pub(crate) struct Rule {
    index: usize,
    name: Arc<str>,
    requirements: Requirements,
    keys: Source,
    locations: Vec<Location>,
    forward: bool,
    refetches: bool,
    outputs: Outputs,
    compat: Compat,
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
    text: Cow<'a, [u8]>,
    pub(crate) verified: Rc<Verified>,
    pub(crate) location: &'a Location,
}

// === impl Rule ===

impl Rule {
    /// Compiles an entry whose form has been checked.
    pub(crate) fn compile(
        (index, name): (usize, Arc<str>),
        rule: &JwtRule,
        keys: Source,
        compat: Compat,
    ) -> Self {
        Self {
            index,
            name,
            requirements: Requirements::new(rule, compat),
            keys,
            locations: location::locations(rule),
            forward: rule.forward_original_token,
            refetches: rule.refetch_unknown_kid.unwrap_or(compat == Compat::Strict),
            outputs: Outputs::new(rule),
            compat,
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    pub(crate) fn locations(&self) -> &[Location] {
        &self.locations
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
        let found = location::find(&self.locations, head, self.compat);
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

    /// Whether every token that this rule finds was accepted by one of those.
    pub(crate) fn finds_only(
        &self,
        head: &RequestHead,
        accepted: &[(&Self, Vec<Accepted<'_>>)],
    ) -> bool {
        let mut found = location::find(&self.locations, head, self.compat).into_iter();
        found.all(|found| {
            let mut good = accepted.iter().flat_map(|(_, tokens)| tokens);
            good.any(|good| good.text == found.token)
        })
    }

    /// Envoy's order (rule J28): the signature last, so a forged token can learn which check it failed.
    fn accept<'a>(
        &self,
        found: &Found<'a>,
        now: u64,
        world: &dyn World,
        budget: &mut Budget,
    ) -> Result<Accepted<'a>, Stop> {
        let verified = match self.recall(found, now, world)? {
            Some(verified) => verified,
            None => self.verify(found, now, world, budget)?,
        };
        Ok(Accepted {
            text: found.token.clone(),
            verified,
            location: found.location,
        })
    }

    /// A token that was good before, if it is good now: under the same keys, and checked as if it were new.
    fn recall(
        &self,
        found: &Found<'_>,
        now: u64,
        world: &dyn World,
    ) -> Result<Option<Rc<Verified>>, Stop> {
        let Some(verified) = world.recall(self.index, &found.token) else {
            return Ok(None);
        };
        self.requirements.check(&verified.token, now)?;
        let keys = self.fetched(&verified.token, world)?;
        Ok(Some(verified).filter(|it| it.is_of(keys.as_ref())))
    }

    fn verify(
        &self,
        found: &Found<'_>,
        now: u64,
        world: &dyn World,
        budget: &mut Budget,
    ) -> Result<Rc<Verified>, Stop> {
        let token = Jws::parse(&found.token, self.compat)?;
        self.requirements.check(&token, now)?;
        let fetched = self.fetched(&token, world)?;
        verify(&token, self.keys(fetched.as_ref())?, world, budget)?;
        let verified = Rc::new(Verified::new(token, &self.outputs, fetched));
        world.keep(self.index, &found.token, &verified);
        Ok(verified)
    }

    fn keys<'k>(&'k self, fetched: Option<&'k Rc<KeySet>>) -> Result<&'k KeySet, Failure> {
        match (&self.keys, fetched) {
            (_, Some(keys)) => Ok(keys),
            (Source::Inline(keys), None) => Ok(keys),
            (Source::Remote(_), None) => Err(Failure::NoKeys),
        }
    }

    /// The remote keys, the newest if those at hand lack the one that the token names; none where they are inline.
    fn fetched(&self, token: &Jws, world: &dyn World) -> Result<Option<Rc<KeySet>>, Stop> {
        let Source::Remote(remote) = self.keys else {
            return Ok(None);
        };
        let keys = ask(world, remote, Cause::Token)?;
        let names_unknown = token.key_id.is_some() && !keys.has_candidate(token);
        match names_unknown && self.refetches {
            true => ask(world, remote, Cause::UnknownKid).map(Some),
            false => Ok(Some(keys)),
        }
    }
}

fn ask(world: &dyn World, remote: usize, cause: Cause) -> Result<Rc<KeySet>, Stop> {
    let need = Need { remote, cause };
    match world.keys(need) {
        Keys::Known(keys) => Ok(keys),
        Keys::Failed => Err(Stop::Refused(Failure::NoKeys)),
        Keys::Unknown => Err(Stop::NeedsKeys(need)),
    }
}

// === impl Stop ===

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}
