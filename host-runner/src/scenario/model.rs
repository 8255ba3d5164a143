//! A scenario file as it is written, each part parsed as far as it can be on its own.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

use super::budget::Budget;
use super::expect::ExpectModel;
use super::headers::{HeaderModel, Text};
use super::template::Template;
use crate::configuration::Form;
use crate::host::faults::Fault;

/// One file: a listener and the cases that are run on it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FileModel {
    #[serde(default, rename = "description")]
    pub(super) _description: Option<String>,
    #[serde(default)]
    pub(super) plugins: Option<Vec<Spanned<PluginModel>>>,
    #[serde(default)]
    pub(super) routes: Option<Vec<RouteModel>>,
    #[serde(default)]
    pub(super) mesh: Option<Spanned<String>>,
    #[serde(default, deserialize_with = "clock")]
    pub(super) clock: Option<SystemTime>,
    #[serde(default)]
    pub(super) keys: BTreeMap<String, Spanned<KeyModel>>,
    #[serde(default)]
    pub(super) tokens: BTreeMap<String, Spanned<TokenModel>>,
    pub(super) cases: Vec<Spanned<CaseModel>>,
}

/// A configured plugin. Its name, which log expectations use, is the module's unless it is given.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct PluginModel {
    pub(super) module: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) root_id: Option<String>,
    #[serde(default)]
    pub(super) configuration: Value,
    #[serde(default)]
    pub(super) configuration_as: Form,
}

/// A route; `name` is what filters see of it, `state` is a mapping of one name to the value it must have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RouteModel {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) state: Option<Spanned<BTreeMap<String, String>>>,
    pub(super) cluster: String,
}

/// A key that signs tokens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum KeyModel {
    /// A PEM file, relative to the scenario file.
    Pem(String),
    /// A shared secret in base64url.
    Secret(String),
}

/// A token: signed, made `from` another one, or just text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct TokenModel {
    #[serde(default)]
    pub(super) key: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) alg: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) kid: Option<String>,
    #[serde(default)]
    pub(super) header: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) claims: Option<Spanned<Map<String, Value>>>,
    #[serde(default)]
    pub(super) from: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) signed_by: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) tamper: Option<Tamper>,
    #[serde(default)]
    pub(super) text: Option<String>,
}

/// Which part of a token is changed after it was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Tamper {
    Payload,
    Signature,
}

/// A case: one step written out, or several.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct CaseModel {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) request: Option<RequestModel>,
    #[serde(default)]
    pub(super) connection: Option<ConnectionModel>,
    #[serde(default)]
    pub(super) upstream: Option<AnswerModel>,
    #[serde(default)]
    pub(super) calls: BTreeMap<String, Spanned<AnswerModel>>,
    #[serde(default)]
    pub(super) expect: Option<ExpectModel>,
    #[serde(default)]
    pub(super) steps: Option<Vec<StepModel>>,
    #[serde(default)]
    pub(super) budget: Option<Budget>,
    #[serde(default)]
    pub(super) delivery_matters: bool,
}

/// A request or a connection, what the upstream answers, and what is expected.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct StepModel {
    #[serde(default)]
    pub(super) request: Option<RequestModel>,
    #[serde(default)]
    pub(super) connection: Option<ConnectionModel>,
    #[serde(default)]
    pub(super) upstream: AnswerModel,
    #[serde(default)]
    pub(super) calls: BTreeMap<String, Spanned<AnswerModel>>,
    pub(super) expect: ExpectModel,
}

/// A request to send.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RequestModel {
    #[serde(default, deserialize_with = "method")]
    pub(super) method: Method,
    #[serde(default)]
    pub(super) path: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) authority: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) protocol: Protocol,
    #[serde(default)]
    pub(super) headers: HeaderModel,
    #[serde(default)]
    pub(super) token: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) body: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) trailers: Option<Spanned<HeaderModel>>,
}

/// A TCP connection to make: the client says its pieces and ends its side.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct ConnectionModel {
    #[serde(default)]
    pub(super) says: Vec<Spanned<Text>>,
}

/// The protocol of a request; HTTP/2 is spoken with prior knowledge (RFC 9113 section 3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 without TLS.
    Http2,
}

/// What the upstream answers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct AnswerModel {
    #[serde(default, deserialize_with = "status")]
    pub(super) status: StatusCode,
    #[serde(default)]
    pub(super) headers: HeaderModel,
    #[serde(default)]
    pub(super) body: Option<Spanned<Text>>,
    #[serde(default, deserialize_with = "delay")]
    pub(super) after: Duration,
    #[serde(default)]
    pub(super) fault: Option<FaultModel>,
    #[serde(default)]
    pub(super) greeting: Option<Spanned<Text>>,
    #[serde(default)]
    pub(super) grpc: Option<GrpcModel>,
}

/// What a gRPC call or stream is answered.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GrpcModel {
    #[serde(default)]
    pub(super) messages: Vec<Spanned<Text>>,
    #[serde(default)]
    pub(super) status: u32,
    #[serde(default)]
    pub(super) text: String,
}

/// How an upstream fails to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum FaultModel {
    /// Nobody listens there; in every case of the file.
    Refused,
    /// There is no answer.
    Silent,
    /// The connection is closed before the answer.
    Reset,
    /// The connection is closed in the middle of the answer's body.
    ResetInBody,
}

// === impl RequestModel ===

impl RequestModel {
    /// Every text that may hold placeholders, with its place.
    pub(super) fn templates(&self) -> Vec<(Location, &Template)> {
        let texts = [&self.path, &self.authority, &self.body]
            .into_iter()
            .flatten();
        let texts = texts.map(|text| (text.referenced, &text.value.0));
        let trailers = self
            .trailers
            .iter()
            .flat_map(|trailers| trailers.value.templates());
        texts
            .chain(self.headers.templates())
            .chain(trailers)
            .collect()
    }
}

// === impl ConnectionModel ===

impl ConnectionModel {
    /// Every text that may hold placeholders, with its place.
    pub(super) fn templates(&self) -> Vec<(Location, &Template)> {
        let says = self.says.iter();
        says.map(|text| (text.referenced, &text.value.0)).collect()
    }
}

// === impl FaultModel ===

impl From<FaultModel> for Fault {
    fn from(model: FaultModel) -> Self {
        match model {
            FaultModel::Refused => Self::ConnectionRefused,
            FaultModel::Silent => Self::Silence,
            FaultModel::Reset => Self::Reset,
            FaultModel::ResetInBody => Self::ResetInBody,
        }
    }
}

// === impl AnswerModel ===

impl AnswerModel {
    /// Every text that may hold placeholders, with its place.
    pub(super) fn templates(&self) -> Vec<(Location, &Template)> {
        let messages = self.grpc.iter().flat_map(|grpc| &grpc.messages);
        let texts = self.body.iter().chain(&self.greeting).chain(messages);
        let texts = texts.map(|text| (text.referenced, &text.value.0));
        texts.chain(self.headers.templates()).collect()
    }
}

fn clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = |error| {
        D::Error::custom(format!(
            "expected an instant such as `2026-06-01T00:00:00Z`: {error}"
        ))
    };
    let instant = text.parse::<jiff::Timestamp>().map_err(expected)?;
    Ok(Some(instant.into()))
}

fn delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let expected = |why: &dyn std::fmt::Display| {
        D::Error::custom(format!("expected a time such as `300ms` or `2s`: {why}"))
    };
    let delay: SignedDuration = text.parse().map_err(|why| expected(&why))?;
    Duration::try_from(delay).map_err(|why| expected(&why))
}

fn method<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Method, D::Error> {
    let text = String::deserialize(deserializer)?;
    let method = Method::from_bytes(text.as_bytes());
    match method {
        Ok(Method::CONNECT) => Err(D::Error::custom("`CONNECT` is not supported here")),
        Ok(method) => Ok(method),
        Err(_) => Err(D::Error::custom(format!(
            "expected an HTTP method, found `{text}`"
        ))),
    }
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StatusCode, D::Error> {
    let number = u16::deserialize(deserializer)?;
    let status = StatusCode::from_u16(number)
        .ok()
        .filter(|_| (200..600).contains(&number));
    status.ok_or_else(|| {
        D::Error::custom(format!(
            "expected a final status from 200 to 599, found `{number}`"
        ))
    })
}
