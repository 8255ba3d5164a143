//! Judges a request by all rules together: the first rule whose tokens are all good decides (rules J2, J30-J34).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use meshwright_core::{ConfigError, Effects, HeaderEdit, Reason, RequestHead, Verdict, state};

use crate::check::check;
use crate::config::{Compat, Config, JwtRule};
use crate::edits;
use crate::explain::{Explanation, RuleExplanation};
use crate::failure::Failure;
use crate::keys::KeySet;
use crate::location::Location;
use crate::remote::Remote;
use crate::rule::{Accepted, Judgement, Rule, Source};
use crate::verify::Budget;
use crate::world::{Need, Outcome, World};

/// Request authentication, ready to judge: the rules with their inline keys parsed.
#[derive(Debug)]
pub struct Authenticator {
    rules: Vec<Rule>,
    remotes: Vec<Remote>,
    compat: Compat,
    report_only: bool,
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
        let mut remotes = Vec::new();
        for (index, rule) in config.jwt_rules.iter().enumerate() {
            let at = |error: ConfigError| error.under(&format!("/jwtRules/{index}"));
            let name: Arc<str> = format!("jwtRules[{index}]").into();
            let keys = source(&name, rule, config.compat, &mut remotes).map_err(at)?;
            rules.push(Rule::compile((index, name), rule, keys, config.compat));
        }
        let output_headers = rules.iter().flat_map(|rule| rule.outputs().header_names());
        let output_headers = output_headers.map(str::to_owned).collect();
        Ok(Self {
            rules,
            remotes,
            compat: config.compat,
            report_only: config.report_only,
            output_headers,
        })
    }

    /// The key sets that are not in the configuration. A [`Need`] names one by its index.
    #[must_use]
    pub fn remotes(&self) -> &[Remote] {
        &self.remotes
    }

    /// Whom this configuration follows where Envoy and the standards differ: how to read a fetched key set.
    #[must_use]
    pub fn compat(&self) -> Compat {
        self.compat
    }

    /// Decides whether the request may go on and what its tokens leave behind. A request without a token may (rule J2).
    ///
    /// The outcome depends on nothing but the arguments, so the same ones may be given again at any time.
    pub fn authenticate(&self, head: &RequestHead, now: SystemTime, world: &dyn World) -> Outcome {
        if is_cors_preflight(head) {
            return Outcome::Decided(self.pass(head, "jwt.cors_preflight"));
        }
        if !head.path().is_some_and(|path| path.starts_with(b"/")) {
            return Outcome::Decided(self.pass(head, "jwt.no_path"));
        }
        match self.judge(head, seconds(now), world) {
            Ok(Verdict::Deny { reason, .. }) if self.report_only => Outcome::Reported {
                refusal: reason,
                verdict: self.pass(head, "jwt.report_only"),
            },
            Ok(verdict) => Outcome::Decided(verdict),
            Err(need) => Outcome::NeedsKeys(need),
        }
    }

    /// Why [`authenticate`](Self::authenticate) decides as it does: its outcome, and every check of every rule, also of those
    /// that it had no need to ask. Takes longer, and is for people.
    #[must_use]
    pub fn explain(&self, head: &RequestHead, now: SystemTime, world: &dyn World) -> Explanation {
        let mut budget = Budget::of_a_request();
        let mut rules: Vec<RuleExplanation> = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            let is_asked =
                self.compat != Compat::Envoy || !rules.iter().any(RuleExplanation::accepts);
            let explained = rule.explain(head, seconds(now), world, &mut budget);
            rules.push(RuleExplanation {
                is_asked,
                ..explained
            });
        }
        Explanation {
            outcome: self.authenticate(head, now, world),
            rules,
        }
    }

    /// Where each rule looks for tokens, in the order of the configuration and of Envoy (rules J8, J16).
    pub fn locations(&self) -> impl Iterator<Item = &[Location]> {
        self.rules.iter().map(Rule::locations)
    }

    /// In Envoy the first rule that accepts decides, and what the others think of other tokens does not matter (rule J32).
    /// Strictly, each token must be accepted by some rule.
    fn judge(&self, head: &RequestHead, now: u64, world: &dyn World) -> Result<Verdict, Need> {
        let mut accepted = Vec::new();
        let mut refused = Vec::new();
        let mut budget = Budget::of_a_request();
        for rule in &self.rules {
            match rule.judge(head, now, world, &mut budget)? {
                Judgement::Missing => {}
                Judgement::Refused(failure) => refused.push((rule, failure)),
                Judgement::Accepted(tokens) if self.compat == Compat::Envoy => {
                    return Ok(self.accept(head, rule, &tokens));
                }
                Judgement::Accepted(tokens) => accepted.push((rule, tokens)),
            }
        }
        refused.retain(|(rule, _)| !rule.finds_only(head, &accepted));
        Ok(match (decisive(&refused), accepted.first()) {
            (Some((rule, failure)), _) => failure.deny(head, rule.name()),
            (None, Some((rule, tokens))) => self.accept(head, rule, tokens),
            (None, None) => self.pass(head, "jwt.missing_allowed"),
        })
    }

    /// Only what this rule does counts, and each rule judges the request as it came. Envoy takes a token out, and writes its
    /// outputs, as soon as it is found good: when its rule then refuses another token, the next one no longer sees it, and
    /// what it should have refused may pass (rules J30, J33). Not copied, because the order of tokens would decide.
    fn accept(&self, head: &RequestHead, rule: &Rule, accepted: &[Accepted<'_>]) -> Verdict {
        // Each token overwrites the state, so the one verified last remains (rule J16).
        let payload = accepted
            .last()
            .map(|accepted| accepted.verified.state.clone());
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

fn source(
    name: &Arc<str>,
    rule: &JwtRule,
    compat: Compat,
    remotes: &mut Vec<Remote>,
) -> Result<Source, ConfigError> {
    if let Some(jwks) = &rule.jwks {
        let keys = KeySet::parse(jwks.as_bytes(), compat);
        return Ok(Source::Inline(
            keys.map_err(|message| ConfigError::new("/jwks", message))?,
        ));
    }
    remotes.push(Remote::compile(name, rule)?);
    Ok(Source::Remote(remotes.len() - 1))
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

fn seconds(now: SystemTime) -> u64 {
    let since = now.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The CORS protocol sends no credentials in a preflight request (rule J19).
fn is_cors_preflight(head: &RequestHead) -> bool {
    let has = |name| head.header(name).is_some_and(|value| !value.is_empty());
    head.method() == Some(b"OPTIONS") && has("origin") && has("access-control-request-method")
}
