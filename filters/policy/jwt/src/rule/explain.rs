//! What a rule makes of a request, check by check, by the functions that judge.

use std::sync::Arc;

use meshwright_core::RequestHead;

use super::{Rule, Stop};
use crate::explain::{
    Check, Finding, KeyExplanation, RuleExplanation, Step, TokenExplanation, Trial,
};
use crate::failure::Failure;
use crate::jwk::Key;
use crate::jws::{self, Jws};
use crate::keys::KeySet;
use crate::location::{self, Found};
use crate::requirements::Requirement;
use crate::verify::{Budget, first_decisive, verify_with};
use crate::world::World;

/// What trying the keys in turn came to, and which were tried.
type Trials<'k> = Vec<(&'k Key, Result<(), Failure>)>;

// === impl Rule ===

impl Rule {
    /// What a verdict does not depend on leaves `budget` alone.
    pub(crate) fn explain(
        &self,
        head: &RequestHead,
        now: u64,
        world: &dyn World,
        budget: &mut Budget,
    ) -> RuleExplanation {
        let mut tokens: Vec<TokenExplanation> = Vec::new();
        let found = location::find(&self.locations, head, self.compat);
        for found in found.iter().rev() {
            let is_refused = tokens.iter().any(|token| token.decisive().is_some());
            let mut spare = Budget::of_a_request();
            let budget = if is_refused { &mut spare } else { &mut *budget };
            tokens.push(self.explain_token(found, now, world, budget));
        }
        RuleExplanation {
            rule: Arc::clone(&self.name),
            is_asked: true,
            tokens,
        }
    }

    fn explain_token(
        &self,
        found: &Found<'_>,
        now: u64,
        world: &dyn World,
        budget: &mut Budget,
    ) -> TokenExplanation {
        let mut explained = TokenExplanation {
            location: found.location.clone(),
            parts: jws::parts(&found.token, self.compat),
            steps: Vec::new(),
            keys: Vec::new(),
        };
        let token = Jws::parse(&found.token, self.compat);
        let form = token.as_ref().map(drop).map_err(|failure| *failure);
        explained.push(Check::Form, form);
        let Ok(token) = token else {
            return explained;
        };
        for requirement in Requirement::IN_ORDER {
            let finding = self.requirements.check_one(requirement, &token, now);
            explained.push(self.requirements.describe(requirement), finding);
        }
        let mut spare = Budget::of_a_request();
        let is_refused = explained.decisive().is_some();
        let budget = if is_refused { &mut spare } else { budget };
        self.explain_signature(&token, world, budget, &mut explained);
        explained
    }

    fn explain_signature(
        &self,
        token: &Jws,
        world: &dyn World,
        budget: &mut Budget,
        explained: &mut TokenExplanation,
    ) {
        let fetched = match self.fetched(token, world) {
            Ok(fetched) => fetched,
            Err(stop) => return explained.push(Check::Signature, Err(stop)),
        };
        let keys = match self.keys(fetched.as_ref()) {
            Ok(keys) => keys,
            Err(failure) => return explained.push(Check::Signature, Err(failure)),
        };
        let mut trials = Trials::new();
        let candidates = keys.candidates(token);
        let outcome = first_decisive(candidates.map(|key| {
            let outcome = verify_with(token, key, world, budget);
            trials.push((key, outcome));
            outcome
        }));
        explained.keys = describe(keys, token, &trials);
        explained.push(Check::Signature, outcome);
    }
}

// === impl TokenExplanation ===

impl TokenExplanation {
    fn push(&mut self, check: Check, outcome: Result<(), impl Into<Stop>>) {
        let finding = match outcome.map_err(Into::into) {
            Ok(()) => Finding::Good,
            Err(Stop::Refused(failure)) => Finding::Refused(failure.refusal()),
            Err(Stop::NeedsKeys(need)) => Finding::NeedsKeys(need),
        };
        self.steps.push(Step { check, finding });
    }
}

fn describe(keys: &KeySet, token: &Jws, trials: &Trials<'_>) -> Vec<KeyExplanation> {
    let keys = keys.all().iter();
    keys.map(|key| KeyExplanation {
        id: key.id().map(str::to_owned),
        kind: key.material().kind().to_string(),
        trial: trial(key, token, trials),
    })
    .collect()
}

fn trial(key: &Key, token: &Jws, trials: &Trials<'_>) -> Trial {
    let id = token.key_id.as_deref();
    let mut tried = trials.iter();
    match tried.find(|(tried, _)| std::ptr::eq(*tried, key)) {
        Some((_, Ok(()))) => Trial::Verified,
        Some(_) if key.scheme(token.algorithm).is_none() => Trial::OtherType,
        Some((_, Err(failure))) => Trial::Refused(failure.refusal()),
        None if !key.is_meant_by(id) => Trial::OtherKeyId,
        None if !key.is_candidate(id, token.algorithm) => Trial::OtherAlgorithm,
        None => Trial::NotTried,
    }
}
