//! Judging one request: DENY before ALLOW, and no doubt in favour of the request (rules A1, A3).
//! A plain walk over the compiled rules, which is also the reference for anything faster.

use meshwright_core::{LocalReply, Reason, Verdict};

use crate::answer::Answer;
use crate::authorizer::Authorizer;
use crate::reason;
use crate::request::Request;
use crate::rule::Rule;

// === impl Authorizer ===

impl Authorizer {
    /// The verdict on a request, with the deciding rule as its reason.
    pub fn evaluate(&self, request: &Request<'_>) -> Verdict {
        match first_match(&self.deny, request) {
            Some((rule, Answer::Yes)) => {
                return deny(&rule.id, of_rule(reason::DENIED_BY_RULE, rule));
            }
            Some((rule, _)) => return deny(&rule.id, of_rule(reason::CANNOT_EVALUATE, rule)),
            None => {}
        }
        if !self.has_allow_policy {
            return Verdict::proceed(reason::NO_POLICY);
        }
        match first_match(&self.allow, request) {
            Some((rule, Answer::Yes)) => Verdict::proceed(of_rule(reason::ALLOWED, rule)),
            Some((rule, _)) => deny("none", of_rule(reason::CANNOT_EVALUATE, rule)),
            None => deny("none", reason::NO_ALLOW_RULE.into()),
        }
    }
}

// The first rule that matches; failing that, the first of which nobody can tell.
fn first_match<'a>(rules: &'a [Rule], request: &Request<'_>) -> Option<(&'a Rule, Answer)> {
    let mut undecided = None;
    for rule in rules {
        match rule.answer(request) {
            Answer::Yes => return Some((rule, Answer::Yes)),
            Answer::Unknown => undecided = undecided.or(Some((rule, Answer::Unknown))),
            Answer::No => {}
        }
    }
    undecided
}

fn of_rule(code: &'static str, rule: &Rule) -> Reason {
    Reason::of_rule(code, rule.id.clone())
}

// Rule A7: exactly what Envoy's RBAC filter answers.
fn deny(matched: &str, reason: Reason) -> Verdict {
    let details = format!("rbac_access_denied_matched_policy[{matched}]");
    Verdict::deny(
        LocalReply::new(403, "RBAC: access denied").with_details(details),
        reason,
    )
}
