//! What a verified token leaves behind: headers for the upstream, stream state for later filters (rules J44-J46).

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::claim_text;
use crate::config::JwtRule;
use crate::json::Object;
use crate::jws::Jws;

/// The claims that Istio always reads as lists (rule J3).
const SPACE_DELIMITED: [&str; 2] = ["scope", "permission"];

/// The outputs of one rule.
#[derive(Debug)]
pub(crate) struct Outputs {
    payload_header: Option<String>,
    claim_headers: Vec<(String, Vec<String>)>,
    space_delimited: Vec<String>,
}

// === impl Outputs ===

impl Outputs {
    pub(crate) fn new(rule: &JwtRule) -> Self {
        let claim_headers = rule.output_claim_to_headers.iter().map(|output| {
            let path = output.claim.split('.').map(str::to_owned).collect();
            (output.header.to_ascii_lowercase(), path)
        });
        let fixed = SPACE_DELIMITED.iter().map(|name| (*name).to_owned());
        Self {
            payload_header: rule
                .output_payload_to_header
                .as_deref()
                .map(str::to_ascii_lowercase),
            claim_headers: claim_headers.collect(),
            space_delimited: fixed
                .chain(rule.space_delimited_claims.iter().cloned())
                .collect(),
        }
    }

    /// Every header that this rule may write, whether or not it does: none may come from a client (rule J48).
    pub(crate) fn header_names(&self) -> impl Iterator<Item = &str> {
        let claims = self.claim_headers.iter().map(|(header, _)| header.as_str());
        self.payload_header.as_deref().into_iter().chain(claims)
    }

    /// The headers that `token` gives, in order; a name may come twice.
    pub(crate) fn headers(&self, token: &Jws) -> Vec<(String, Vec<u8>)> {
        let payload = self
            .payload_header
            .iter()
            .map(|name| (name.clone(), token.payload_text.clone()));
        let claims = self.claim_headers.iter().filter_map(|(name, path)| {
            let claim = claim_text::at_path(token.claims.members(), path)?;
            Some((name.clone(), claim_text::header_value(claim)?))
        });
        payload.chain(claims).collect()
    }

    /// The payload for [`meshwright_core::state::JWT_PAYLOAD`], space-delimited claims turned into lists (rule J44). A
    /// payload that has none stays as it was, byte for byte.
    pub(crate) fn state(&self, token: &Jws) -> Vec<u8> {
        let lists: Object = self
            .space_delimited
            .iter()
            .filter_map(|name| list_of(token, name))
            .collect();
        if lists.is_empty() {
            return token.payload.clone();
        }
        let claims = WithLists {
            members: token.claims.members(),
            lists: &lists,
        };
        serde_json::to_vec(&claims).unwrap_or_default()
    }
}

/// Claims, some of which became lists.
struct WithLists<'a> {
    members: &'a Object,
    lists: &'a Object,
}

impl Serialize for WithLists<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.members.iter();
        serializer
            .collect_map(members.map(|(name, value)| (name, self.lists.get(name).unwrap_or(value))))
    }
}

/// The claim `name` as a list, when it is a string with a word in it; blank ones stay strings, as in Envoy.
fn list_of(token: &Jws, name: &str) -> Option<(String, Value)> {
    let text = token.claims.members().get(name)?.as_str()?;
    let words: Vec<Value> = text
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(Value::from)
        .collect();
    (!words.is_empty()).then(|| (name.to_owned(), Value::Array(words)))
}
