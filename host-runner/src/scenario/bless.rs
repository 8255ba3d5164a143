//! `host-runner test --bless`: expectations that do not hold are rewritten by what happened, each in its place.
//!
//! A case is blessed as a whole or left as it is: who reads the file afterwards must not take a half for the truth.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;

use super::agree::{replace_all, replacements};
use super::check::{log_failures, values_mismatch};
use super::expect::{
    ExpectModel, HeaderExpectation, HeaderExpectations, ReceivedExpectation, UpstreamExpectation,
};
use super::group::{Case, Group};
use super::matcher::Matcher;
use super::run::Outcome;
use super::template::{Names, Template};
use crate::record::text::template;
use crate::upstream::Received;
use crate::yaml::Source;
use crate::yaml::edit::{Edit, NewValue};

/// What is to be rewritten, by file.
#[derive(Debug, Default)]
pub(crate) struct Blessing {
    files: Mutex<BTreeMap<PathBuf, Blessed>>,
}

#[derive(Debug)]
struct Blessed {
    source: Source,
    changes: Vec<String>,
}

/// What one step on one subject would have rewritten, and what it cannot have.
struct Rewriting<'a> {
    names: &'a Names,
    step: Vec<String>,
    edits: Vec<Edit>,
    left: Vec<String>,
}

// === impl Blessing ===

impl Blessing {
    /// Rewrites what does not hold in a case, or says why that cannot be. There is a run for each subject.
    pub(super) fn case(
        &self,
        group: &Group,
        case: &Case,
        runs: &[Vec<Outcome>],
    ) -> Result<(), Vec<String>> {
        let mut wanted = runs.iter().map(|outcomes| edits(case, outcomes));
        let edits = wanted.next().unwrap_or_else(|| Ok(Vec::new()))?;
        for others in wanted {
            if others? != edits {
                return Err(vec![
                    "the subjects differ in what would be written".to_owned(),
                ]);
            }
        }
        let mut files = self.lock();
        let blessed = match files.remove(&group.path) {
            Some(blessed) => blessed,
            None => Blessed::read(group).map_err(|error| vec![error])?,
        };
        let rewritten = blessed.with(&edits, case);
        let (blessed, result) = match rewritten {
            Ok(rewritten) => (rewritten, Ok(())),
            Err((as_it_was, why)) => (as_it_was, Err(vec![why])),
        };
        files.insert(group.path.clone(), blessed);
        result
    }

    /// Writes the files that have changed; what changed in them, line by line.
    pub(crate) fn write(&self) -> anyhow::Result<Vec<String>> {
        let mut changes = Vec::new();
        for (path, blessed) in &mut *self.lock() {
            if !blessed.changes.is_empty() {
                let written = blessed.write(path);
                written.with_context(|| format!("cannot write `{}`", path.display()))?;
                changes.append(&mut blessed.changes);
            }
        }
        Ok(changes)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Blessed>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Blessed ===

impl Blessed {
    fn read(group: &Group) -> Result<Self, String> {
        let source = Source::read(&group.path).map_err(|error| error.to_string())?;
        Ok(Self {
            source,
            changes: Vec::new(),
        })
    }

    // All edits, or none and why.
    fn with(self, edits: &[Edit], case: &Case) -> Result<Self, (Self, String)> {
        let mut source = self.source.clone();
        let mut changes = Vec::new();
        for edit in edits {
            match source.with(edit) {
                Ok((edited, change)) => {
                    changes.push(format!(
                        "{}:{}: {}: {}: {} -> {}",
                        edited.name(),
                        change.line,
                        case.name,
                        edit.path.join("."),
                        change.old,
                        change.new
                    ));
                    source = edited;
                }
                Err(why) => return Err((self, why)),
            }
        }
        Ok(Self {
            source,
            changes: [self.changes, changes].concat(),
        })
    }

    // Whole or not at all, with the rights that it had.
    fn write(&self, path: &std::path::Path) -> anyhow::Result<()> {
        let folder = path.parent().context("it has no folder")?;
        let mut draft = tempfile::NamedTempFile::new_in(folder)?;
        draft.write_all(self.source.text().as_bytes())?;
        std::fs::set_permissions(draft.path(), std::fs::metadata(path)?.permissions())?;
        draft.persist(path)?;
        Ok(())
    }
}

fn edits(case: &Case, outcomes: &[Outcome]) -> Result<Vec<Edit>, Vec<String>> {
    let (mut edits, mut left) = (Vec::new(), Vec::new());
    for (number, (step, outcome)) in case.steps.iter().zip(outcomes).enumerate() {
        let mut rewriting = Rewriting {
            names: &outcome.names,
            step: case.path_of_step(number),
            edits: Vec::new(),
            left: log_failures(&step.expect, outcome),
        };
        let over = case.budget.map(|budget| budget.failures(&outcome.costs));
        rewriting.left.extend(over.unwrap_or_default());
        rewriting.expectations(&step.expect, outcome);
        edits.append(&mut rewriting.edits);
        left.append(&mut rewriting.left);
    }
    match left.is_empty() {
        true => Ok(edits),
        false => Err(left),
    }
}

// === impl Rewriting ===

impl Rewriting<'_> {
    fn expectations(&mut self, expect: &ExpectModel, outcome: &Outcome) {
        let response = &outcome.response;
        if expect
            .status
            .is_some_and(|status| status != response.status)
        {
            self.edit(&["status"], NewValue::Number(response.status));
        }
        self.headers(&["headers"], &expect.headers, &response.headers);
        let body = expect.body.as_ref().map(|body| &body.value);
        self.text(&["body"], body, &response.body);
        if let Some(upstream) = &expect.upstream {
            self.upstream(upstream, &outcome.upstream);
        }
    }

    fn upstream(&mut self, expected: &UpstreamExpectation, received: &[Received]) {
        match (expected, received) {
            (UpstreamExpectation::Nothing, []) => {}
            (UpstreamExpectation::Nothing, [request]) => {
                let members = [
                    ("cluster", &request.cluster),
                    ("method", &request.method),
                    ("path", &request.path),
                ];
                let members = members.map(|(key, value)| (key, self.written(value.as_bytes())));
                self.edit(&["upstream"], NewValue::Mapping(members.into()));
            }
            (UpstreamExpectation::Request(_), []) => {
                self.edit(&["upstream"], NewValue::Text("none".to_owned()));
            }
            (UpstreamExpectation::Request(expected), [request]) => self.request(expected, request),
            (_, [_, _, ..]) => self
                .left
                .push("upstream: received several requests".to_owned()),
        }
    }

    fn request(&mut self, expected: &ReceivedExpectation, request: &Received) {
        if let Some(cluster) = &expected.cluster
            && cluster.value != request.cluster
        {
            let cluster = NewValue::Text(request.cluster.clone());
            self.edit(&["upstream", "cluster"], cluster);
        }
        let texts = [
            ("method", &expected.method, request.method.as_bytes()),
            ("path", &expected.path, request.path.as_bytes()),
            ("authority", &expected.authority, &request.authority),
            ("body", &expected.body, &request.body),
        ];
        for (name, expected, actual) in texts {
            let expected = expected.as_ref().map(|expected| &expected.value);
            self.text(&["upstream", name], expected, actual);
        }
        self.headers(
            &["upstream", "headers"],
            &expected.headers,
            &request.headers,
        );
    }

    fn text(&mut self, path: &[&str], expected: Option<&Matcher>, actual: &[u8]) {
        let Some(matcher) = expected else {
            return;
        };
        match (matcher.mismatch(actual, self.names), matcher) {
            (None, _) => {}
            (Some(_), Matcher::Exact(_)) => {
                let text = NewValue::Text(self.written(actual));
                self.edit(path, text);
            }
            (Some(why), _) => self.leave(path, &why),
        }
    }

    fn headers(
        &mut self,
        path: &[&str],
        expected: &HeaderExpectations,
        actual: &[(String, Vec<u8>)],
    ) {
        for (name, expected) in &expected.pairs {
            let values = actual.iter().filter(|(actual, _)| actual == name.as_str());
            let values: Vec<&[u8]> = values.map(|(_, value)| value.as_slice()).collect();
            let Some(why) = values_mismatch(&expected.value, &values, self.names) else {
                continue;
            };
            let path = [path, &[name.as_str()]].concat();
            let is_exact = match &expected.value {
                HeaderExpectation::Absent => true,
                HeaderExpectation::Present => false,
                HeaderExpectation::Values(matchers) => {
                    matchers.iter().all(|it| matches!(it, Matcher::Exact(_)))
                }
            };
            match is_exact {
                true => {
                    let values = values.into_iter().map(|value| self.written(value));
                    let new = new_value(values.collect());
                    self.edit(&path, new);
                }
                false => self.leave(&path, &why),
            }
        }
    }

    fn edit(&mut self, path: &[&str], new: NewValue) {
        let path = path.iter().map(|&segment| segment.to_owned());
        self.edits.push(Edit {
            path: self.step.iter().cloned().chain(path).collect(),
            new,
        });
    }

    fn leave(&mut self, path: &[&str], why: &str) {
        let what = path.join(".");
        self.left
            .push(format!("{what}: {why}; a condition is changed by hand"));
    }

    // As a text of the file: with the placeholders that stand for it, if they come out as the same.
    fn written(&self, bytes: &[u8]) -> String {
        let literal = template(bytes);
        let named = replace_all(&literal, &replacements(self.names, &[]));
        let rendered = named.parse().map(|it: Template| it.render(self.names));
        match rendered {
            Ok(Ok(rendered)) if rendered == bytes => named,
            _ => literal,
        }
    }
}

fn new_value(mut values: Vec<String>) -> NewValue {
    match values.len() {
        0 => NewValue::Null,
        1 => NewValue::Text(values.remove(0)),
        _ => NewValue::Texts(values),
    }
}
