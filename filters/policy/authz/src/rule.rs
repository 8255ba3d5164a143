//! One compiled rule: some source, and some operation, and every condition (rule A4).
//! What is absent asks for nothing, so the empty rule matches every request (rule A3).

use std::sync::Arc;

use meshwright_core::ConfigError;

use crate::answer::Answer;
use crate::clause::Clause;
use crate::request::Request;
use crate::values::compile_each;
use crate::{condition, config, operation, source};

/// A rule and the name it goes by in reasons: `ns[default]-policy[allow-get]-rule[0]` (rule A6).
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: Arc<str>,
    from: Option<Alternatives>,
    to: Option<Alternatives>,
    when: Vec<Clause>,
}

/// The entries of `from` or `to`: all clauses of one of them must hold.
#[derive(Debug)]
struct Alternatives(Vec<Vec<Clause>>);

// === impl Rule ===

impl Rule {
    pub(crate) fn compile(id: String, rule: &config::Rule) -> Result<Self, ConfigError> {
        let source = |from: &config::RuleFrom| {
            source::compile(&from.source).map_err(|error| error.under("/source"))
        };
        let operation = |to: &config::RuleTo| {
            operation::compile(&to.operation).map_err(|error| error.under("/operation"))
        };
        let when =
            compile_each(&rule.when, condition::compile).map_err(|error| error.under("/when"))?;
        Ok(Self {
            id: id.into(),
            from: Alternatives::compile("/from", rule.from.as_deref(), source)?,
            to: Alternatives::compile("/to", rule.to.as_deref(), operation)?,
            when: when.into_iter().flatten().collect(),
        })
    }

    /// Whether the rule matches.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Answer {
        // `to` first: the request head is the cheapest to look at.
        let entries = self
            .to
            .iter()
            .chain(&self.from)
            .map(|entries| entries.answer(request));
        let conditions = self.when.iter().map(|clause| clause.answer(request));
        Answer::all(entries.chain(conditions))
    }

    pub(crate) fn clauses(&self) -> impl Iterator<Item = &Clause> {
        let entries = self.to.iter().chain(&self.from);
        entries
            .flat_map(|entries| entries.0.iter().flatten())
            .chain(&self.when)
    }
}

// === impl Alternatives ===

impl Alternatives {
    // An empty list is refused, as by Istio's admission: it could be read as "anyone" or as "no one".
    fn compile<T>(
        field: &str,
        entries: Option<&[T]>,
        compile: impl Fn(&T) -> Result<Vec<Clause>, ConfigError>,
    ) -> Result<Option<Self>, ConfigError> {
        let Some(entries) = entries else {
            return Ok(None);
        };
        if entries.is_empty() {
            return Err(ConfigError::new(
                field,
                "an empty list is ambiguous; remove the field to match anything",
            ));
        }
        let compiled = compile_each(entries, compile).map_err(|error| error.under(field))?;
        Ok(Some(Self(compiled)))
    }

    fn answer(&self, request: &Request<'_>) -> Answer {
        Answer::any(self.0.iter().map(|clauses| all_hold(clauses, request)))
    }
}

fn all_hold(clauses: &[Clause], request: &Request<'_>) -> Answer {
    Answer::all(clauses.iter().map(|clause| clause.answer(request)))
}
