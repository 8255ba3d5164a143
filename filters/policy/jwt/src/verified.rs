//! A token that was found good, in the form that judging it again is cheapest.

use std::rc::Rc;

use crate::jws::Jws;
use crate::keys::KeySet;
use crate::outputs::Outputs;

/// A token and the keys that it was verified with.
#[derive(Debug)]
pub struct Verified {
    pub(crate) token: Jws,
    /// For later filters (rule W3).
    pub(crate) state: Vec<u8>,
    /// The remote keys; those of the configuration are always the same.
    keys: Option<Rc<KeySet>>,
}

/// Beside the texts of a token: its claims as values, and what a map needs for an entry, roughly.
const OVERHEAD: usize = 1024;

// === impl Verified ===

impl Verified {
    pub(crate) fn new(token: Jws, outputs: &Outputs, keys: Option<Rc<KeySet>>) -> Self {
        Self {
            state: outputs.state(&token),
            token: Jws {
                // Nobody asks for these once they are good.
                signing_input: Vec::new(),
                signature: Vec::new(),
                ..token
            },
            keys,
        }
    }

    /// Whether these are the keys that it was verified with. Others may no longer have the one that counts.
    pub(crate) fn is_of(&self, keys: Option<&Rc<KeySet>>) -> bool {
        match (&self.keys, keys) {
            (Some(before), Some(now)) => Rc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        }
    }

    /// About how many bytes it takes, for who keeps it.
    #[must_use]
    pub fn size(&self) -> usize {
        let Jws {
            payload,
            payload_text,
            ..
        } = &self.token;
        // Claims as values take about three times their text.
        payload_text.len() + self.state.len() + 4 * payload.len() + OVERHEAD
    }
}
