//! Carrying a verdict out on a host.

use meshwright_core::{Effects, HeaderEdit, LocalReply, Reason, Verdict};

use crate::host::{Host, HostError, Status};

/// Whether the stream goes on after a verdict was enacted.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on to the next filter.
    Continue,
    /// It ends here: a local reply was sent, or not even that was possible.
    Stopped,
}

/// Enacts a verdict. What cannot be judged (`Err`), and what was judged but cannot be carried out, is denied.
pub fn enact(host: &dyn Host, verdict: Result<Verdict, HostError>) -> Outcome {
    let outcome = verdict.and_then(|verdict| carry_out(host, verdict));
    let outcome = outcome.or_else(|error| {
        reply(
            host,
            &not_judged(&error),
            &Reason::from("filter.hostcall_failed"),
        )
    });
    outcome.unwrap_or_else(|error| {
        log::error!("the request stays paused, because it could not even be denied: {error}");
        Outcome::Stopped
    })
}

fn carry_out(host: &dyn Host, verdict: Verdict) -> Result<Outcome, HostError> {
    match verdict {
        Verdict::Continue { effects, .. } => apply(host, &effects).map(|()| Outcome::Continue),
        Verdict::Deny {
            reply: local,
            reason,
        } => reply(host, &local, &reason),
    }
}

fn apply(host: &dyn Host, effects: &Effects) -> Result<(), HostError> {
    for edit in &effects.headers {
        match edit {
            HeaderEdit::Set(name, value) => host.set_request_header(name, value)?,
            HeaderEdit::Append(name, value) => host.add_request_header(name, value)?,
            HeaderEdit::Remove(name) => host.remove_request_header(name)?,
        }
    }
    for (name, value) in &effects.state {
        host.set_state(name, value)?;
    }
    if effects.clear_route_cache {
        clear_route_cache(host)?;
    }
    Ok(())
}

// Without the foreign function (rule W1) the state just set would choose no route: that is an error, not a warning,
// because the request would silently go where no rule sent it.
fn clear_route_cache(host: &dyn Host) -> Result<(), HostError> {
    host.call_foreign("clear_route_cache", &[]).map(|_| ())
}

fn reply(host: &dyn Host, local: &LocalReply, reason: &Reason) -> Result<Outcome, HostError> {
    log::debug!("replied {}: {reason}", local.status);
    host.send_local_reply(local).map(|()| Outcome::Stopped)
}

fn not_judged(error: &HostError) -> LocalReply {
    log::error!("the request is denied, because it could not be judged: {error}");
    let Status(status) = error.status;
    LocalReply::new(500, "the request could not be judged").with_details(format!(
        "meshwright_hostcall_failed{{{}_{status}}}",
        error.call
    ))
}

#[cfg(test)]
mod tests;
