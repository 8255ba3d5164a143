//! The cases of a scenario file: each made of steps, each name in them resolved before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::Spanned;

use super::client::parse_path;
use super::expect::{ExpectModel, LogExpectation, UpstreamExpectation};
use super::group::{Case, Opening, PluginName, Step};
use super::model::{AnswerModel, CaseModel, ConnectionModel, Protocol, RequestModel, StepModel};
use super::template::{Names, Template, render_json, unknown};
use crate::listener::Listener;
use crate::yaml::{Document, Location, YamlError};

/// What the names in a case may lead to.
pub(super) struct Scope<'a> {
    pub(super) document: Document<'a>,
    pub(super) listener: &'a Listener,
    pub(super) plugins: &'a [PluginName],
    pub(super) names: &'a Names,
}

/// The cases of a document.
pub(super) fn read(
    document: Document<'_>,
    models: Vec<Spanned<CaseModel>>,
) -> Result<Vec<Case>, YamlError> {
    if models.is_empty() {
        return Err(document.error_at_start("expected at least one case"));
    }
    let mut seen = BTreeSet::new();
    let mut cases = Vec::new();
    for model in models {
        let name = &model.value.name;
        if !seen.insert(name.value.clone()) {
            return Err(document.error(
                name.referenced,
                format!("there is another case named `{}`", name.value),
            ));
        }
        cases.push(case(document, cases.len(), model)?);
    }
    Ok(cases)
}

fn case(
    document: Document<'_>,
    index: usize,
    model: Spanned<CaseModel>,
) -> Result<Case, YamlError> {
    let place = model.referenced;
    let (file, line) = (document.source().name(), document.line_of(place));
    Ok(Case {
        name: model.value.name.value.clone(),
        place: format!("{file}:{line}"),
        index,
        in_steps: model.value.steps.is_some(),
        budget: model.value.budget,
        delivery_matters: model.value.delivery_matters,
        steps: steps(model.value).map_err(|message| document.error(place, message))?,
    })
}

fn steps(model: CaseModel) -> Result<Vec<Step>, &'static str> {
    const EXPECTED: &str =
        "expected `request` or `connection` and `expect`, or `steps` that have them";
    let has_opening = model.request.is_some() || model.connection.is_some();
    match (model.steps, model.expect) {
        (None, Some(expect)) => {
            let opening = opening(model.request, model.connection).ok_or(EXPECTED)?;
            Ok(vec![Step {
                opening,
                answer: model.upstream.unwrap_or_default(),
                calls: model.calls,
                expect,
            }])
        }
        (Some(steps), None)
            if !has_opening
                && model.upstream.is_none()
                && model.calls.is_empty()
                && !steps.is_empty() =>
        {
            let steps = steps.into_iter().map(step);
            steps.collect::<Option<_>>().ok_or(EXPECTED)
        }
        _ => Err(EXPECTED),
    }
}

fn step(model: StepModel) -> Option<Step> {
    Some(Step {
        opening: opening(model.request, model.connection)?,
        answer: model.upstream,
        calls: model.calls,
        expect: model.expect,
    })
}

fn opening(request: Option<RequestModel>, connection: Option<ConnectionModel>) -> Option<Opening> {
    match (request, connection) {
        (Some(request), None) => Some(Opening::Request(Box::new(request))),
        (None, Some(connection)) => Some(Opening::Connection(connection)),
        _ => None,
    }
}

/// Whether the cases of a file make connections, not requests; one of the other kind is refused.
pub(super) fn are_connections(document: Document<'_>, cases: &[Case]) -> Result<bool, YamlError> {
    let steps = || cases.iter().flat_map(|case| &case.steps);
    let is_connection = |step: &Step| matches!(step.opening, Opening::Connection(_));
    match (steps().all(is_connection), steps().any(is_connection)) {
        (false, true) => Err(document.error_at_start(
            "a file has cases with `request` or cases with `connection`, not both: a listener is for one of them",
        )),
        (all, _) => Ok(all),
    }
}

// === impl Scope ===

impl Scope<'_> {
    /// Refuses a case that names what is not there, or that cannot be sent.
    pub(super) fn check(&self, case: &Case) -> Result<(), YamlError> {
        case.steps.iter().try_for_each(|step| {
            match &step.opening {
                Opening::Request(request) => self.check_request(request)?,
                Opening::Connection(connection) => {
                    self.check_templates(&connection.templates())?;
                    self.check_conversation(&step.expect)?;
                }
            }
            self.check_templates(&step.answer.templates())?;
            self.check_calls(&step.calls)?;
            self.check_expectations(&step.expect)
        })
    }

    fn check_calls(&self, calls: &BTreeMap<String, Spanned<AnswerModel>>) -> Result<(), YamlError> {
        calls.iter().try_for_each(|(cluster, answer)| {
            self.check_templates(&answer.value.templates())?;
            let mut routes = self.listener.routes.iter();
            match routes.any(|route| route.cluster == *cluster) {
                true => self.refuse(
                    answer.referenced,
                    format!("routes lead to `{cluster}`; let filters call another cluster"),
                ),
                false => Ok(()),
            }
        })
    }

    fn check_conversation(&self, expect: &ExpectModel) -> Result<(), YamlError> {
        match expect.status.is_none() && expect.headers.pairs.is_empty() {
            true => Ok(()),
            false => Err(self.document.error_at_start(
                "a connection has no status and no headers: expect `body`, `upstream`, `calls` or `logs` of it",
            )),
        }
    }

    fn check_request(&self, request: &RequestModel) -> Result<(), YamlError> {
        self.check_templates(&request.templates())?;
        if let Some(token) = &request.token
            && !self.names.tokens.contains_key(&token.value)
        {
            return self.refuse(
                token.referenced,
                unknown("token", &token.value, self.names.tokens.keys()),
            );
        }
        self.check_path(request)?;
        match &request.trailers {
            Some(trailers) if request.protocol == Protocol::Http1 => {
                self.refuse(trailers.referenced, "trailers need `protocol: http2`")
            }
            _ => Ok(()),
        }
    }

    fn check_path(&self, request: &RequestModel) -> Result<(), YamlError> {
        let Some(path) = &request.path else {
            return Ok(());
        };
        let rendered = path.value.0.render_text(self.names);
        let parsed = rendered.and_then(|path| parse_path(&path).map_err(|error| error.to_string()));
        match parsed {
            Ok(_) => Ok(()),
            Err(message) => self.refuse(path.referenced, message),
        }
    }

    fn check_expectations(&self, expect: &ExpectModel) -> Result<(), YamlError> {
        self.check_templates(&expect.templates())?;
        for (place, json) in expect.json() {
            render_json(json, self.names).map_err(|message| self.document.error(place, message))?;
        }
        self.check_cluster(expect.upstream.as_ref())?;
        for (cluster, expected) in &expect.calls {
            self.check_known_cluster(cluster, expected.referenced)?;
        }
        let mut logs = expect.logs.iter().chain(&expect.no_logs);
        logs.try_for_each(|log| self.check_plugin(log))
    }

    fn check_templates(&self, templates: &[(Location, &Template)]) -> Result<(), YamlError> {
        templates
            .iter()
            .try_for_each(|(place, template)| match template.render(self.names) {
                Ok(_) => Ok(()),
                Err(message) => self.refuse(*place, message),
            })
    }

    fn check_cluster(&self, upstream: Option<&UpstreamExpectation>) -> Result<(), YamlError> {
        let Some(UpstreamExpectation::Request(request)) = upstream else {
            return Ok(());
        };
        let Some(cluster) = &request.cluster else {
            return Ok(());
        };
        self.check_known_cluster(&cluster.value, cluster.referenced)
    }

    fn check_known_cluster(&self, cluster: &str, place: Location) -> Result<(), YamlError> {
        let mut known = self.listener.clusters.iter().map(|known| &known.name);
        match known.clone().any(|known| *known == cluster) {
            true => Ok(()),
            false => self.refuse(place, unknown("cluster", cluster, &mut known)),
        }
    }

    fn check_plugin(&self, log: &LogExpectation) -> Result<(), YamlError> {
        let Some(plugin) = &log.plugin else {
            return Ok(());
        };
        let mut known = self.plugins.iter().map(|known| &known.short);
        match known.clone().any(|known| *known == plugin.value) {
            true => Ok(()),
            false => self.refuse(
                plugin.referenced,
                unknown("plugin", &plugin.value, &mut known),
            ),
        }
    }

    fn refuse(&self, place: Location, message: impl Into<String>) -> Result<(), YamlError> {
        Err(self.document.error(place, message))
    }
}
