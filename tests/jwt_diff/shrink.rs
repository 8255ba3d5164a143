//! The part of a request that makes the difference.

use super::case::Request;
use super::run::{Ran, Session, Verdict};

/// A smaller request that still differs, with what comes of it.
#[must_use]
pub fn shrink(session: &Session, ran: Ran) -> Ran {
    for request in shorter(&ran.case.request) {
        let outcomes = session.outcomes(ran.setup, &request);
        if session.verdict(ran.setup, &request, &outcomes) == Verdict::Different {
            let mut smaller = Ran { outcomes, ..ran };
            smaller.case.request = request;
            return shrink(session, smaller);
        }
    }
    ran
}

// Without one header, or one parameter of the query.
fn shorter(request: &Request) -> Vec<Request> {
    let without_header = (0..request.headers.len()).map(|at| {
        let mut shorter = request.clone();
        shorter.headers.remove(at);
        shorter
    });
    let mut all: Vec<Request> = without_header.collect();
    let mut parts = request.path.splitn(2, |byte| *byte == b'?');
    let (path, query) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let pairs: Vec<&[u8]> = query.split(|byte| *byte == b'&').collect();
    for at in 0..pairs.len() {
        let mut kept = pairs.clone();
        kept.remove(at);
        let mark: &[u8] = if kept.is_empty() { b"" } else { b"?" };
        let shorter = [path, mark, &kept.join(&b'&')].concat();
        if shorter.len() < request.path.len() {
            all.push(Request {
                path: shorter,
                ..request.clone()
            });
        }
    }
    all
}
