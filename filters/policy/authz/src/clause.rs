//! A predicate or its negation, and how the two spellings of a field (`x`, `notX`) become a list of them.
//! `notX` is the negation of the whole list: none of the values (rule A4).

use meshwright_core::ConfigError;

use crate::answer::Answer;
use crate::predicate::Predicate;
use crate::request::Request;

/// One thing a rule asks for.
#[derive(Debug)]
pub(crate) enum Clause {
    /// One of the values.
    AnyOf(Predicate),
    /// None of the values.
    NoneOf(Predicate),
}

/// Clauses that must all hold, as they are collected from the fields of one source, operation or condition.
#[derive(Debug, Default)]
pub(crate) struct Clauses(Vec<Clause>);

// === impl Clause ===

impl Clause {
    pub(crate) fn answer(&self, request: &Request<'_>) -> Answer {
        match self {
            Self::AnyOf(predicate) => predicate.answer(request),
            Self::NoneOf(predicate) => !predicate.answer(request),
        }
    }

    pub(crate) fn predicate(&self) -> &Predicate {
        match self {
            Self::AnyOf(predicate) | Self::NoneOf(predicate) => predicate,
        }
    }
}

// === impl Clauses ===

impl Clauses {
    /// Adds a field whose values are alternatives; a field without values asks for nothing.
    pub(crate) fn any_of(
        self,
        field: &str,
        values: &[String],
        compile: impl FnOnce(&[String]) -> Result<Predicate, ConfigError>,
    ) -> Result<Self, ConfigError> {
        self.add(field, values, compile, Clause::AnyOf)
    }

    /// Adds a field none of whose values may be there.
    pub(crate) fn none_of(
        self,
        field: &str,
        values: &[String],
        compile: impl FnOnce(&[String]) -> Result<Predicate, ConfigError>,
    ) -> Result<Self, ConfigError> {
        self.add(field, values, compile, Clause::NoneOf)
    }

    /// The clauses, of which there must be one: a part of a rule that asks for nothing is most likely a mistake, and
    /// Istio's admission refuses it too.
    pub(crate) fn or_refuse(self, message: &str) -> Result<Vec<Clause>, ConfigError> {
        if self.0.is_empty() {
            return Err(ConfigError::new("", message));
        }
        Ok(self.0)
    }

    fn add(
        mut self,
        field: &str,
        values: &[String],
        compile: impl FnOnce(&[String]) -> Result<Predicate, ConfigError>,
        clause: fn(Predicate) -> Clause,
    ) -> Result<Self, ConfigError> {
        if !values.is_empty() {
            let predicate = compile(values).map_err(|error| error.under(&format!("/{field}")))?;
            self.0.push(clause(predicate));
        }
        Ok(self)
    }
}
