//! What a policy returns: go on with some effects, or reply; and why.

use std::sync::Arc;

use crate::reply::LocalReply;

/// The outcome of judging one request. Every verdict names its reason.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The request goes on to the next filter after these effects.
    Continue {
        /// What to change first.
        effects: Effects,
        /// Why it may go on.
        reason: Reason,
    },
    /// The request ends here with this reply.
    Deny {
        /// What the client gets.
        reply: LocalReply,
        /// Why it was refused.
        reason: Reason,
    },
}

/// Why a verdict was reached: a stable code and, where there is one, the rule that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable, dotted, lower case: `jwt.expired`, `authz.no_allow_rule`.
    pub code: &'static str,
    /// The deciding rule, named as in the configuration: `ns[default]-policy[allow-get]-rule[0]`.
    pub rule: Option<Arc<str>>,
}

/// Changes to the stream that a [`Verdict::Continue`] asks for, enacted in the order of the fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Request header changes, in order.
    pub headers: Vec<HeaderEdit>,
    /// Stream state for later filters, access logs and route matching, by name (see [`crate::state`]). A client
    /// cannot write it (rule W3).
    pub state: Vec<(&'static str, Vec<u8>)>,
    /// Whether the proxy must pick the route again (rule W1).
    pub clear_route_cache: bool,
}

/// One change to the request headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderEdit {
    /// Replace every value of the header with this one, or add it.
    Set(String, Vec<u8>),
    /// Add one more value.
    Append(String, Vec<u8>),
    /// Remove every value.
    Remove(String),
}

// === impl Verdict ===

impl Verdict {
    /// Continue without effects.
    pub fn proceed(reason: impl Into<Reason>) -> Self {
        Self::proceed_with(Effects::default(), reason)
    }

    /// Continue after `effects`.
    pub fn proceed_with(effects: Effects, reason: impl Into<Reason>) -> Self {
        Self::Continue {
            effects,
            reason: reason.into(),
        }
    }

    /// End the request with `reply`.
    pub fn deny(reply: LocalReply, reason: impl Into<Reason>) -> Self {
        Self::Deny {
            reply,
            reason: reason.into(),
        }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Continue { reason, .. } | Self::Deny { reason, .. } => reason,
        }
    }
}

// === impl Reason ===

impl Reason {
    /// A reason that names the deciding rule.
    #[must_use]
    pub fn of_rule(code: &'static str, rule: impl Into<Arc<str>>) -> Self {
        Self {
            code,
            rule: Some(rule.into()),
        }
    }
}

impl From<&'static str> for Reason {
    fn from(code: &'static str) -> Self {
        Self { code, rule: None }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{} by {rule}", self.code),
            None => f.write_str(self.code),
        }
    }
}

// === impl Effects ===

impl Effects {
    /// The same effects with one more header change.
    #[must_use]
    pub fn edit(mut self, edit: HeaderEdit) -> Self {
        self.headers.push(edit);
        self
    }

    /// Whether there is nothing to enact.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.state.is_empty() && !self.clear_route_cache
    }
}
