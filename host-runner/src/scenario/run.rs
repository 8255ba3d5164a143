//! Runs one step of a case on one subject and gathers what happened.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde_saphyr::Spanned;

use super::client::{ClientRequest, Response};
use super::group::{Group, Opening, Step};
use super::headers::{HeaderModel, Text};
use super::model::{AnswerModel, RequestModel};
use super::template::Names;
use crate::subject::{CallbackCost, LogLine, Subject};
use crate::upstream::{Answer, GrpcAnswer, Received};

/// What one step did on one subject.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The subject's name.
    pub subject: String,
    /// What the client got.
    pub response: Response,
    /// The requests that upstreams received: none, or one, unless the proxy repeats itself.
    pub upstream: Vec<Received>,
    /// The calls of filters that clusters received, by cluster.
    pub calls: Vec<Received>,
    /// The lines that plugins logged during the step.
    pub logs: Vec<PluginLine>,
    /// What callbacks cost during the step; nothing where it is not counted.
    pub costs: Vec<PluginCost>,
    /// What placeholders stood for.
    pub names: Names,
}

/// A log line and the plugin that wrote it, by its name in the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLine {
    /// The plugin.
    pub plugin: String,
    /// What it wrote.
    pub line: LogLine,
}

/// A callback's cost and the plugin it belongs to, by its name in the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginCost {
    /// The plugin.
    pub plugin: String,
    /// The callback and its cost.
    pub cost: CallbackCost,
}

/// The authority of a request that names none.
pub(super) const DEFAULT_AUTHORITY: &str = "example.com";

/// What a client does.
pub(super) enum Sent {
    Request(SocketAddr, Box<ClientRequest>),
    /// Says these pieces over TCP.
    Talk(SocketAddr, Vec<Bytes>),
}

/// Runs `step`; `client` is who sends, which needs a runtime.
pub(super) fn run_step(
    group: &Group,
    step: &Step,
    subject: &dyn Subject,
    now: i64,
    client: impl FnOnce(Sent) -> anyhow::Result<Response>,
) -> anyhow::Result<Outcome> {
    let listener = &group.listener.name;
    let address = subject.address(listener);
    let address = address.with_context(|| {
        format!(
            "{} does not serve the listener `{listener}`",
            subject.name()
        )
    })?;
    let names = group.tokens.names(address.to_string(), now)?;
    let calls = step.calls.iter().map(|(cluster, model)| {
        let answer = answer(&model.value, &names)?;
        Ok((cluster.clone(), answer))
    });
    let calls = calls.collect::<anyhow::Result<_>>()?;
    group.recording.begin(answer(&step.answer, &names)?, calls);
    let before = group
        .plugins
        .iter()
        .map(|plugin| subject.logs(&plugin.full).len())
        .collect::<Vec<_>>();
    costs(group, subject);
    let response = match &step.opening {
        Opening::Connection(model) => {
            let pieces = model.says.iter().map(|text| bytes(text, &names));
            client(Sent::Talk(address, pieces.collect::<Result<_, _>>()?))?
        }
        Opening::Request(model) => {
            let request = request(model, &names)?;
            match subject.send(listener, &request) {
                Some(response) => response?,
                None => client(Sent::Request(address, Box::new(request)))?,
            }
        }
    };
    let received = group.recording.take().into_iter();
    let (mut calls, upstream): (Vec<_>, _) =
        received.partition(|received| group.is_called(&received.cluster));
    // Which of several comes first is up to the network; those of one cluster keep their order.
    calls.sort_by(|one, other| one.cluster.cmp(&other.cluster));
    Ok(Outcome {
        subject: subject.name().to_owned(),
        response,
        upstream,
        calls,
        logs: new_logs(group, subject, &before),
        costs: costs(group, subject),
        names,
    })
}

// Those since it was last asked.
fn costs(group: &Group, subject: &dyn Subject) -> Vec<PluginCost> {
    let costs = group.plugins.iter().flat_map(|plugin| {
        let costs = subject.take_costs(&plugin.full).into_iter();
        costs.map(|cost| PluginCost {
            plugin: plugin.short.clone(),
            cost,
        })
    });
    costs.collect()
}

fn new_logs(group: &Group, subject: &dyn Subject, before: &[usize]) -> Vec<PluginLine> {
    let plugins = group.plugins.iter().zip(before);
    let lines = plugins.flat_map(|(plugin, before)| {
        let lines = subject.logs(&plugin.full).into_iter().skip(*before);
        lines.map(|line| PluginLine {
            plugin: plugin.short.clone(),
            line,
        })
    });
    lines.collect()
}

/// The request with its placeholders filled in.
pub(super) fn request(model: &RequestModel, names: &Names) -> anyhow::Result<ClientRequest> {
    let or_default =
        |text: Option<String>, default: &str| text.unwrap_or_else(|| default.to_owned());
    let text = |model: &Option<Spanned<Text>>| {
        let text = model.as_ref().map(|text| text.value.0.render_text(names));
        text.transpose().map_err(anyhow::Error::msg)
    };
    let body = model
        .body
        .as_ref()
        .map(|body| body.value.0.render(names))
        .transpose();
    let trailers = model
        .trailers
        .as_ref()
        .map(|trailers| rendered(&trailers.value, names));
    let mut headers = rendered(&model.headers, names)?;
    if let Some(token) = &model.token {
        let value = format!(
            "Bearer {}",
            names
                .tokens
                .get(&token.value)
                .map(String::as_str)
                .unwrap_or_default()
        );
        headers.push((header::AUTHORIZATION, HeaderValue::from_str(&value)?));
    }
    Ok(ClientRequest {
        protocol: model.protocol,
        method: model.method.clone(),
        path: or_default(text(&model.path)?, "/"),
        authority: or_default(text(&model.authority)?, DEFAULT_AUTHORITY),
        headers,
        body: body.map_err(anyhow::Error::msg)?.unwrap_or_default().into(),
        trailers: trailers.transpose()?.unwrap_or_default(),
    })
}

fn answer(model: &AnswerModel, names: &Names) -> anyhow::Result<Answer> {
    let body = model.body.as_ref().map(|body| bytes(body, names));
    let greeting = model.greeting.as_ref().map(|text| bytes(text, names));
    let grpc = model.grpc.as_ref().map(|grpc| {
        let messages = grpc.messages.iter().map(|message| bytes(message, names));
        anyhow::Ok(GrpcAnswer {
            messages: messages
                .map(|it| Ok(it?.to_vec()))
                .collect::<anyhow::Result<_>>()?,
            status: grpc.status,
            text: grpc.text.clone(),
        })
    });
    Ok(Answer {
        status: model.status,
        headers: rendered(&model.headers, names)?,
        body: body.transpose()?,
        after: model.after,
        fault: model.fault.map(Into::into),
        greeting: greeting.transpose()?.unwrap_or_default(),
        grpc: grpc.transpose()?,
    })
}

fn bytes(text: &Spanned<Text>, names: &Names) -> anyhow::Result<Bytes> {
    let bytes = text.value.0.render(names).map_err(anyhow::Error::msg)?;
    Ok(bytes.into())
}

fn rendered(
    headers: &HeaderModel,
    names: &Names,
) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
    let headers = headers.iter().map(|(name, value)| {
        let value = value.render(names).map_err(anyhow::Error::msg)?;
        Ok((name.clone(), HeaderValue::from_bytes(&value)?))
    });
    headers.collect()
}
