//! Starts plugins with nothing around them, to see whether they take their configuration.

use std::sync::Arc;

use anyhow::bail;

use crate::engine::{Engine, EngineOptions};
use crate::host::vm_state::Shared;
use crate::host::worker::{StartError, Worker};
use crate::listener::{Listener, Plugin};
use crate::subject::LogLine;
use crate::trace::Recorder;

/// What came of a start.
#[derive(Debug)]
pub(crate) struct Checked {
    /// What the plugin logged, without why it refused.
    pub(crate) logs: Vec<LogLine>,
    /// A sentence for each call that it made.
    pub(crate) calls: Vec<String>,
    /// Why it did not start, in its own words.
    pub(crate) refusal: Option<String>,
}

/// Starts one of a listener's plugins.
///
/// # Errors
/// When its module does not load.
pub(crate) fn check(
    listener: &Listener,
    plugin: &Plugin,
    options: &EngineOptions,
) -> anyhow::Result<Checked> {
    let engine = Engine::new(&EngineOptions {
        metering: true,
        ..options.clone()
    })?;
    let recorder = Recorder::default();
    let shared = Shared {
        trace: Some(recorder.clone()),
        ..Shared::default()
    };
    let refusal = match Worker::start_alone(&Arc::new(engine), listener, plugin, &shared) {
        Ok(()) => None,
        Err(StartError::Refused { said, .. }) => Some(said),
        Err(error @ StartError::Load { .. }) => bail!(error),
    };
    let mut logs = shared.logs.of(&plugin.name);
    let last = logs
        .iter()
        .rposition(|line| refusal.as_ref() == Some(&line.message));
    if let Some(last) = last {
        logs.remove(last);
    }
    let events = recorder.take();
    let calls = events.iter().filter_map(|event| event.what.as_call());
    Ok(Checked {
        logs,
        calls: calls.map(|(target, why)| call(&target, why)).collect(),
        refusal,
    })
}

fn call(target: &str, why: Option<&str>) -> String {
    match why {
        None => format!("it calls `{target}` when it starts, which nobody answers here"),
        Some(why) => format!(
            "it calls `{target}` when it starts, which is refused: {why}; `--cluster NAME` says which clusters there are"
        ),
    }
}
