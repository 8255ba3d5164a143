//! A loaded scenario file: one listener, its recording upstreams, and the cases to run on it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde_saphyr::{Location, Spanned};
use tokio::net::TcpSocket;

use super::budget::Budget;
use super::expect::ExpectModel;
use super::model::{AnswerModel, ConnectionModel, FaultModel, RequestModel};
use super::template::Template;
use super::tokens::TokenBook;
use crate::listener::{Listener, Protocol};
use crate::token::TimeOffset;
use crate::upstream::{Recording, Talking, Upstream};

/// The cases of one file. They run one at a time, because they share the upstreams.
#[derive(Debug)]
pub(super) struct Group {
    /// Path below the given folder, without `.yaml`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) listener: Listener,
    pub(super) plugins: Vec<PluginName>,
    pub(super) clock: Option<SystemTime>,
    pub(super) tokens: TokenBook,
    pub(super) times: Vec<(String, TimeOffset)>,
    pub(super) cases: Vec<Arc<Case>>,
    pub(super) recording: Arc<Recording>,
    pub(super) upstreams: Vec<Upstream>,
    /// The upstream of a TCP listener.
    pub(super) talking: Option<Arc<Talking>>,
    /// Where nobody listens, so that connections are refused.
    pub(super) refusing: Vec<TcpSocket>,
    pub(super) turn: Mutex<()>,
}

/// A plugin as the file calls it and as it is called among all listeners.
#[derive(Debug, Clone)]
pub(super) struct PluginName {
    pub(super) short: String,
    pub(super) full: String,
}

/// A named sequence of steps.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// `file:line`.
    pub(super) place: String,
    /// Its place among the cases.
    pub(super) index: usize,
    /// Whether its steps are written as such.
    pub(super) in_steps: bool,
    pub(super) steps: Vec<Step>,
    pub(super) budget: Option<Budget>,
    /// Whether it comes out otherwise when messages are delivered in other pieces.
    pub(super) delivery_matters: bool,
}

/// One request or connection, and what is expected of it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) opening: Opening,
    pub(super) answer: AnswerModel,
    /// What clusters answer to calls of filters.
    pub(super) calls: BTreeMap<String, Spanned<AnswerModel>>,
    pub(super) expect: ExpectModel,
}

/// What a client begins with.
#[derive(Debug)]
pub(super) enum Opening {
    Request(Box<RequestModel>),
    Connection(ConnectionModel),
}

// === impl Group ===

impl Group {
    /// Whether filters call that cluster, which no route leads to.
    pub(super) fn is_called(&self, cluster: &str) -> bool {
        let routes = &self.listener.routes;
        routes.iter().all(|route| route.cluster != cluster)
    }

    /// Whether its listener passes on connections, not requests.
    pub(super) fn is_tcp(&self) -> bool {
        self.listener.protocol == Protocol::Tcp
    }

    /// The clusters that filters call.
    pub(super) fn callees(&self) -> impl Iterator<Item = &str> {
        let clusters = self
            .listener
            .clusters
            .iter()
            .map(|cluster| cluster.name.as_str());
        clusters.filter(|cluster| self.is_called(cluster))
    }

    /// Whether connections to that cluster are refused.
    pub(super) fn refuses(&self, cluster: &str) -> bool {
        let steps = self.cases.iter().flat_map(|case| &case.steps);
        let mut answers = steps.filter_map(|step| step.calls.get(cluster));
        answers.any(|answer| answer.value.fault == Some(FaultModel::Refused))
    }
}

// === impl Case ===

impl Case {
    /// The keys and indices that lead to what a step expects.
    pub(super) fn path_of_step(&self, number: usize) -> Vec<String> {
        let step = match self.in_steps {
            true => vec!["steps".to_owned(), number.to_string()],
            false => Vec::new(),
        };
        let case = ["cases".to_owned(), self.index.to_string()];
        [&case[..], &step, &["expect".to_owned()]].concat()
    }
}

// === impl Opening ===

impl Opening {
    /// Every text that may hold placeholders, with its place.
    pub(super) fn templates(&self) -> Vec<(Location, &Template)> {
        match self {
            Self::Request(request) => request.templates(),
            Self::Connection(connection) => connection.templates(),
        }
    }
}

/// The same name in letters, digits, `-`, `_` and `.` only.
pub(super) fn sanitised(name: &str) -> String {
    let allowed = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    name.chars().map(allowed).collect()
}
