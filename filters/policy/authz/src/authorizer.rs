//! The compiled form of all policies of one workload: DENY rules, ALLOW rules, and what they read.
//! Compiled once at configuration time; [`Authorizer::evaluate`] then parses nothing.

use std::collections::BTreeSet;

use meshwright_core::{ConfigError, config as core_config};

use crate::config::{Action, Config, Policy};
use crate::request::Needs;
use crate::rule::Rule;
use crate::values::compile_each;

/// AuthorizationPolicies, ready to judge requests.
#[derive(Debug)]
pub struct Authorizer {
    pub(crate) deny: Vec<Rule>,
    pub(crate) allow: Vec<Rule>,
    // Not the same as `!allow.is_empty()`: an ALLOW policy without rules allows nothing (rule A3).
    pub(crate) has_allow_policy: bool,
    needs: Needs,
}

// === impl Authorizer ===

impl Authorizer {
    /// Reads and compiles a configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the place of the first value that cannot be used.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Self::new(&core_config::from_json(json)?)
    }

    /// Compiles a configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the place of the first value that cannot be used.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        refuse_duplicates(&config.policies)?;
        let deny = rules_of(config, Action::Deny)?;
        let allow = rules_of(config, Action::Allow)?;
        Ok(Self {
            needs: needs_of(deny.iter().chain(&allow)),
            has_allow_policy: config
                .policies
                .iter()
                .any(|policy| policy.action == Action::Allow),
            deny,
            allow,
        })
    }

    /// Which inputs some rule can ask for beside the request head, so that the caller reads only those.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.needs
    }
}

// In the order of their ids, as Envoy keeps them (`std::map` in source/extensions/filters/common/rbac/engine_impl.h):
// the first that matches is the one that is reported (rule A6).
fn rules_of(config: &Config, action: Action) -> Result<Vec<Rule>, ConfigError> {
    let compile = |policy: &Policy| {
        if policy.action == action {
            compile_policy(policy)
        } else {
            Ok(Vec::new())
        }
    };
    let rules =
        compile_each(&config.policies, compile).map_err(|error| error.under("/policies"))?;
    let mut rules: Vec<_> = rules.into_iter().flatten().collect();
    rules.sort_by(|left, right| left.id.cmp(&right.id));
    Ok(rules)
}

fn compile_policy(policy: &Policy) -> Result<Vec<Rule>, ConfigError> {
    if policy.action == Action::Deny && policy.rules.is_empty() {
        let message = "a DENY policy without rules denies nothing; add the empty rule `{}` to deny everything";
        return Err(ConfigError::new("/rules", message));
    }
    let Policy {
        namespace, name, ..
    } = policy;
    let indexed: Vec<_> = policy.rules.iter().enumerate().collect();
    let id = |index| format!("ns[{namespace}]-policy[{name}]-rule[{index}]");
    compile_each(&indexed, |(index, rule)| Rule::compile(id(*index), rule))
        .map_err(|error| error.under("/rules"))
}

// Two policies of one name would share their rule ids, and a reason could not be told from another.
fn refuse_duplicates(policies: &[Policy]) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for (
        index,
        Policy {
            namespace, name, ..
        },
    ) in policies.iter().enumerate()
    {
        if !seen.insert((namespace, name)) {
            let message = format!("policy `{name}` in namespace `{namespace}` occurs twice");
            return Err(ConfigError::new(format!("/policies/{index}"), message));
        }
    }
    Ok(())
}

fn needs_of<'a>(rules: impl Iterator<Item = &'a Rule>) -> Needs {
    let mut needs = Needs::default();
    for clause in rules.flat_map(Rule::clauses) {
        clause.predicate().add_needs(&mut needs);
    }
    needs
}
