//! Judges a request by all rules together: the first rule whose tokens are all good decides (rules J2, J30-J34).

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use meshwright_core::{ConfigError, Effects, HeaderEdit, Reason, RequestHead, Verdict, state};

use crate::check::check;
use crate::config::Config;
use crate::edits;
use crate::failure::Failure;
use crate::rule::{Accepted, Judgement, Rule};
use crate::verify::Budget;

/// Request authentication, ready to judge: the rules with their keys parsed.
#[derive(Debug)]
pub struct Authenticator {
    rules: Vec<Rule>,
    /// Every header that a rule may write.
    output_headers: BTreeSet<String>,
}

// === impl Authenticator ===

impl Authenticator {
    /// Reads and compiles a plugin configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] with the JSON pointer of what cannot be used, keys included (rule J52).
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::from_config(&Config::from_json(json)?)
    }

    /// Compiles a configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] with the JSON pointer of what cannot be used, keys included (rule J52).
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        check(config)?;
        let mut rules = Vec::with_capacity(config.jwt_rules.len());
        for (index, rule) in config.jwt_rules.iter().enumerate() {
            let at = |error: ConfigError| error.under(&format!("/jwtRules/{index}"));
            rules.push(Rule::compile(index, rule).map_err(at)?);
        }
        let output_headers = rules.iter().flat_map(|rule| rule.outputs().header_names());
        let output_headers = output_headers.map(str::to_owned).collect();
        Ok(Self {
            rules,
            output_headers,
        })
    }

    /// Decides whether the request may go on and what its tokens leave behind. A request without a token may (rule J2).
    pub fn authenticate(&self, head: &RequestHead, now: SystemTime) -> Verdict {
        if is_cors_preflight(head) {
            return self.pass(head, "jwt.cors_preflight");
        }
        if !head.path().is_some_and(|path| path.starts_with(b"/")) {
            return self.pass(head, "jwt.no_path");
        }
        self.judge(
            head,
            now.duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }

    fn judge(&self, head: &RequestHead, now: u64) -> Verdict {
        let mut refused = Vec::new();
        let mut budget = Budget::of_a_request();
        for rule in &self.rules {
            match rule.judge(head, now, &mut budget) {
                Judgement::Missing => {}
                Judgement::Refused(failure) => refused.push((rule, failure)),
                Judgement::Accepted(accepted) => return self.accept(head, rule, &accepted),
            }
        }
        match decisive(&refused) {
            Some((rule, failure)) => failure.deny(head, rule.name()),
            None => self.pass(head, "jwt.missing_allowed"),
        }
    }

    /// Only what this rule does counts, and each rule judges the request as it came. Envoy takes a token out, and writes its
    /// outputs, as soon as it is found good: when its rule then refuses another token, the next one no longer sees it, and
    /// what it should have refused may pass (rules J30, J33). Not copied, because the order of tokens would decide.
    fn accept(&self, head: &RequestHead, rule: &Rule, accepted: &[Accepted<'_>]) -> Verdict {
        // Each token overwrites the state, so the one verified last remains (rule J16).
        let payload = accepted
            .last()
            .map(|accepted| rule.outputs().state(&accepted.token));
        let effects = Effects {
            headers: edits::outputs(&self.output_headers, rule, accepted, head),
            state: payload
                .into_iter()
                .map(|payload| (state::JWT_PAYLOAD, payload))
                .collect(),
            clear_route_cache: false,
        };
        Verdict::proceed_with(effects, Reason::of_rule("jwt.valid", rule.name().clone()))
    }

    fn pass(&self, head: &RequestHead, reason: &'static str) -> Verdict {
        let headers: Vec<HeaderEdit> = edits::sanitise(&self.output_headers, head);
        let effects = Effects {
            headers,
            ..Effects::default()
        };
        Verdict::proceed_with(effects, reason)
    }
}

/// The failure to report when no rule accepts. Envoy asks each rule twice, once in its own right and once in "all of them,
/// missing tokens forgiven", where the first to fail speaks; an unknown issuer gives way to anything else (rule J31).
fn decisive<'a>(refused: &[(&'a Rule, Failure)]) -> Option<(&'a Rule, Failure)> {
    let first = refused.first()?;
    let is_informative = |(_, failure): &&(&Rule, Failure)| *failure != Failure::UnknownIssuer;
    if is_informative(&first) {
        return Some(*first);
    }
    Some(*refused.iter().rfind(is_informative).unwrap_or(first))
}

/// The CORS protocol sends no credentials in a preflight request (rule J19).
fn is_cors_preflight(head: &RequestHead) -> bool {
    let has = |name| head.header(name).is_some_and(|value| !value.is_empty());
    head.method() == Some(b"OPTIONS") && has("origin") && has("access-control-request-method")
}
