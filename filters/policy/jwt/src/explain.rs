//! Why a request is judged as it is: what [`Authenticator::explain`](crate::Authenticator::explain) says, for people.
//!
//! Nothing here decides. The checks are those that decide, asked one by one, and all of them rather than the first that fails.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::location::Location;
use crate::world::{Need, Outcome};

/// What becomes of a request, and what each rule makes of it.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What [`authenticate`](crate::Authenticator::authenticate) says of the same request.
    pub outcome: Outcome,
    /// All rules, in the order of the configuration.
    pub rules: Vec<RuleExplanation>,
}

/// What one rule makes of a request.
#[derive(Debug, Clone)]
pub struct RuleExplanation {
    /// The rule, as reasons name it: `jwtRules[0]`.
    pub rule: Arc<str>,
    /// Whether its word counts: in Envoy that of a rule after one that accepts does not (rule J32).
    pub is_asked: bool,
    /// Its tokens, in the order of verification (rule J16); none when it finds none, which it forgives (rule J2).
    pub tokens: Vec<TokenExplanation>,
}

/// What a rule makes of one token.
#[derive(Debug, Clone)]
pub struct TokenExplanation {
    /// Where it was found.
    pub location: Location,
    /// What is in it; none when it has not three parts.
    pub parts: Option<Parts>,
    /// The checks, in the order in which they are made (rule J28): the first that is not good decides. Later ones are said
    /// as far as they can be made.
    pub steps: Vec<Step>,
    /// The rule's keys, as far as it got to them.
    pub keys: Vec<KeyExplanation>,
}

/// The parts of a token (RFC 7515 section 7.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// The header; none when it is no JSON object in base64url.
    pub header: Option<Map<String, Value>>,
    /// The payload; none when it is no JSON object in base64url.
    pub claims: Option<Map<String, Value>>,
    /// How long the signature is; none when it is no base64url.
    pub signature_bytes: Option<usize>,
}

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was asked.
    pub check: Check,
    /// The answer.
    pub finding: Finding,
}

/// What a rule asks of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Check {
    /// Three parts, and what must be in them (rules J21-J26).
    Form,
    /// This `iss`; empty accepts any (rule J29).
    Issuer(String),
    /// An `exp`, if it is required.
    Expiry {
        /// Whether it is.
        required: bool,
    },
    /// `nbf` before and `exp` after now (rule J27).
    Time {
        /// How far clocks may differ.
        leeway: Duration,
    },
    /// One of these audiences, without scheme and last slash; none accepts any (rule J29).
    Audience(Vec<String>),
    /// This header `typ`, as a media type.
    Type(Option<String>),
    /// These claims, by their paths.
    Claims(Vec<String>),
    /// An `iat` that is not longer ago.
    Age {
        /// How long it may be ago; none asks for no `iat`.
        longest: Option<Duration>,
        /// How far clocks may differ.
        leeway: Duration,
    },
    /// A signature by one of the rule's keys (rules J35-J38).
    Signature,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Good,
    /// It does not.
    Refused(Refusal),
    /// Nobody knows without these keys.
    NeedsKeys(Need),
}

/// Why a token is not good, as the reply and the reason say it (rules J39, J43).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the reason, such as `jwt.expired`.
    pub code: &'static str,
    /// The body of the reply.
    pub text: &'static str,
    /// The status of the reply.
    pub status: u16,
}

/// A key of a rule, and whether it verifies a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyExplanation {
    /// Its `kid`.
    pub id: Option<String>,
    /// What it is, such as `RSA of 2048 bits`.
    pub kind: String,
    /// Whether it verifies.
    pub trial: Trial,
}

/// Whether a key verifies a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    /// The token names another `kid`.
    OtherKeyId,
    /// The key's `alg` is not that of the token.
    OtherAlgorithm,
    /// Keys of its type or curve do not sign so.
    OtherType,
    /// A key before it decided.
    NotTried,
    /// It does.
    Verified,
    /// It does not.
    Refused(Refusal),
}

// === impl RuleExplanation ===

impl RuleExplanation {
    /// Whether it found a token, and all that it found are good (rule J30).
    #[must_use]
    pub fn accepts(&self) -> bool {
        !self.tokens.is_empty() && self.tokens.iter().all(TokenExplanation::is_good)
    }
}

// === impl TokenExplanation ===

impl TokenExplanation {
    /// The first step that is not good.
    #[must_use]
    pub fn decisive(&self) -> Option<&Step> {
        let mut steps = self.steps.iter();
        steps.find(|step| step.finding != Finding::Good)
    }

    fn is_good(&self) -> bool {
        self.decisive().is_none()
    }
}
