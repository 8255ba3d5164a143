//! What we do otherwise than native Envoy on purpose, each as narrowly as it can be said. Everything else is a bug.

mod keys;
mod outputs;
mod query;
mod rules;

use super::case::{Request, Setup};
use super::outcome::{Answer, Outcome};

/// A difference that is meant.
pub struct Deviation {
    /// The rule.
    pub id: &'static str,
    /// Why it is meant.
    pub reason: &'static str,
    /// Whether it explains all of a difference.
    pub explains: fn(&Compared<'_>) -> bool,
}

/// A case that differs.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The configuration.
    pub setup: &'a Setup,
    /// The request.
    pub request: &'a Request,
    /// What native Envoy made of it.
    pub native: &'a Outcome,
    /// What ours did, on Envoy or on host-runner.
    pub ours: &'a Outcome,
}

/// All of them.
pub const DEVIATIONS: [Deviation; 5] = [
    Deviation {
        id: "J18",
        reason: "a token is cut out of the query byte for byte; Envoy decodes the other parameters and sorts them, so that \
                 `%26x` becomes a parameter of its own",
        explains: query::is_rewritten,
    },
    Deviation {
        id: "J33",
        reason: "each rule judges the request as it came; in Envoy a rule that refuses has already removed the tokens that it \
                 found good and written their outputs, so that what it refused may pass the next one",
        explains: rules::left_traces,
    },
    Deviation {
        id: "J46",
        reason: "the members of an object in a header are in the order of their names; in Envoy in that of a hash table, \
                 another one in each run",
        explains: outputs::are_in_another_order,
    },
    Deviation {
        id: "J48",
        reason: "an output header that is also where tokens are looked for is refused; Envoy removes it before it looks, so \
                 that every request passes without a token",
        explains: outputs::are_token_headers,
    },
    Deviation {
        id: "1.10",
        reason: "a request has so many signatures checked as 32 keys of RSA with 2048 bits cost, and a key set has 1000 keys",
        explains: keys::are_too_many,
    },
];

/// The deviation that explains a difference.
#[must_use]
pub fn explaining(compared: &Compared<'_>) -> Option<&'static Deviation> {
    let mut deviations = DEVIATIONS.iter();
    deviations.find(|deviation| (deviation.explains)(compared))
}

// === impl Compared ===

impl Compared<'_> {
    // What both answered, if they did.
    fn answers(&self) -> Option<(&Answer, &Answer)> {
        Some((self.native.answer()?, self.ours.answer()?))
    }
}

impl std::fmt::Debug for Deviation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Deviation").field(&self.id).finish()
    }
}
