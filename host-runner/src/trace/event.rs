//! One thing that happened between a module and its host.

use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::decode::Value;
use super::table::{Returns, Signature};
use super::verdicts::{self, Call};
use crate::host::vm_state::VmState;

/// Where, and what.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Event {
    pub(crate) worker: u64,
    pub(crate) vm: usize,
    pub(crate) context: u32,
    pub(crate) plugin: String,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// See [`Event`].
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "camelCase")]
pub(crate) enum What {
    Callback {
        name: &'static str,
        #[serde(serialize_with = "as_map")]
        arguments: Vec<Argument>,
    },
    Hostcall {
        name: &'static str,
        #[serde(serialize_with = "as_map")]
        arguments: Vec<Argument>,
        #[serde(serialize_with = "as_map")]
        results: Vec<Argument>,
        status: Option<String>,
        bytes: usize,
        /// The context it acted on, where that is another one; 0 is none.
        effective: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    Note {
        text: String,
    },
    Return {
        name: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<String>,
        fuel: u64,
        micros: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        trap: Option<String>,
    },
}

/// A named value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
}

fn as_map<S: Serializer>(arguments: &[Argument], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(arguments.len()))?;
    for argument in arguments {
        map.serialize_entry(argument.name, &argument.value)?;
    }
    map.end()
}

/// The parameters of callbacks after the context.
const PARAMETERS: [(&str, &[&str]); 23] = [
    ("envoy_on_resolve_dns", &["token", "size"]),
    ("proxy_on_context_create", &["parent"]),
    ("proxy_on_vm_start", &["configuration_size"]),
    ("proxy_on_configure", &["configuration_size"]),
    ("proxy_on_request_headers", &["headers", "end_of_stream"]),
    ("proxy_on_response_headers", &["headers", "end_of_stream"]),
    ("proxy_on_request_body", &["size", "end_of_stream"]),
    ("proxy_on_response_body", &["size", "end_of_stream"]),
    ("proxy_on_request_trailers", &["trailers"]),
    ("proxy_on_response_trailers", &["trailers"]),
    ("proxy_on_downstream_data", &["size", "end_of_stream"]),
    ("proxy_on_upstream_data", &["size", "end_of_stream"]),
    ("proxy_on_downstream_connection_close", &["who"]),
    ("proxy_on_upstream_connection_close", &["who"]),
    (
        "proxy_on_http_call_response",
        &["token", "headers", "body_size", "trailers"],
    ),
    (
        "proxy_on_grpc_receive_initial_metadata",
        &["token", "headers"],
    ),
    ("proxy_on_grpc_receive", &["token", "size"]),
    (
        "proxy_on_grpc_receive_trailing_metadata",
        &["token", "trailers"],
    ),
    ("proxy_on_grpc_close", &["token", "status"]),
    ("proxy_on_queue_ready", &["token"]),
    ("proxy_on_tick", &[]),
    ("proxy_on_done", &[]),
    ("proxy_on_new_connection", &[]),
];

const STATUSES: [&str; 13] = [
    "Ok",
    "NotFound",
    "BadArgument",
    "SerializationFailure",
    "ParseFailure",
    "BadExpression",
    "InvalidMemoryAccess",
    "Empty",
    "CasMismatch",
    "ResultMismatch",
    "InternalFailure",
    "BrokenConnection",
    "Unimplemented",
];
const HEADERS: [&str; 5] = [
    "Continue",
    "StopIteration",
    "ContinueAndEndStream",
    "StopAllIterationAndBuffer",
    "StopAllIterationAndWatermark",
];
const DATA: [&str; 4] = [
    "Continue",
    "StopIterationAndBuffer",
    "StopIterationAndWatermark",
    "StopIterationNoBuffer",
];

/// The event of a hostcall that has returned.
pub(super) fn hostcall(
    signature: &Signature,
    (arguments, results): (Vec<Argument>, Vec<Argument>),
    status: Option<u32>,
    state: &VmState,
) -> What {
    let call = Call {
        name: signature.name,
        arguments: &arguments,
        callback: state.callback,
    };
    let failed = status.filter(|it| *it != 0 && signature.returns == Returns::Status);
    let values = arguments.iter().chain(&results);
    What::Hostcall {
        name: signature.name,
        bytes: values.map(|it| it.value.size()).sum(),
        status: status.map(|it| status_name(signature.returns, it)),
        effective: 0,
        why: failed.map(|status| verdicts::why(&call, status)),
        arguments,
        results,
    }
}

fn status_name(returns: Returns, status: u32) -> String {
    let known = STATUSES
        .get(status as usize)
        .filter(|_| returns == Returns::Status);
    match (known, returns, status) {
        (Some(name), ..) => (*name).to_owned(),
        (None, Returns::Errno, 0) => "Success".to_owned(),
        (None, Returns::Errno, _) => format!("errno {status}"),
        (None, ..) => status.to_string(),
    }
}

// What a callback's number asks for.
fn action(callback: &str, number: u32) -> String {
    let names: &[&str] = match callback {
        "proxy_on_request_headers" | "proxy_on_response_headers" => &HEADERS,
        "proxy_on_request_body" | "proxy_on_response_body" => &DATA,
        "proxy_on_vm_start" | "proxy_on_configure" | "proxy_on_done" => &["false", "true"],
        _ if callback.starts_with("proxy_on_") => &["Continue", "StopIteration"],
        _ => &[],
    };
    let name = names.get(number as usize);
    name.map_or_else(|| number.to_string(), |name| (*name).to_owned())
}

// === impl What ===

impl What {
    pub(super) fn callback(name: &'static str, words: &[u32]) -> Self {
        let known = PARAMETERS.iter().find(|(known, _)| *known == name);
        let names = known.map_or::<&[&str], _>(&[], |(_, names)| names);
        let values = words.iter().skip(1);
        let argument = |(name, value): (&&'static str, &u32)| Argument {
            name,
            value: Value::Number(i64::from(*value)),
        };
        Self::Callback {
            name,
            arguments: names.iter().zip(values).map(argument).collect(),
        }
    }

    pub(super) fn end(
        name: &'static str,
        result: Result<Vec<u32>, &wasmtime::Error>,
        (took, fuel): (Duration, u64),
    ) -> Self {
        let returned = result.as_ref().ok().and_then(|words| words.first());
        Self::Return {
            name,
            result: returned.map(|number| action(name, *number)),
            fuel,
            micros: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            trap: result.err().map(|error| format!("{error:?}")),
        }
    }

    /// Whom a call of the module was to reach, and why it was refused, if it was.
    pub(crate) fn as_call(&self) -> Option<(String, Option<&str>)> {
        let Self::Hostcall {
            name: "proxy_http_call" | "proxy_grpc_call" | "proxy_grpc_stream",
            arguments,
            why,
            ..
        } = self
        else {
            return None;
        };
        let target = match &arguments.first()?.value {
            Value::Bytes(bytes) => bytes.escape_ascii().to_string(),
            _ => String::new(),
        };
        Some((target, why.as_deref()))
    }

    pub(super) fn with_effective(mut self, context: u32) -> Self {
        if let Self::Hostcall { effective, .. } = &mut self {
            *effective = context;
        }
        self
    }
}
