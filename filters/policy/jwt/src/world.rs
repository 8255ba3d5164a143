//! What a decision needs from outside: the keys of remote key sets, and somebody who checks signatures.
//!
//! The decision itself stays a pure, synchronous function. When it lacks keys it says so ([`Outcome::NeedsKeys`]) and leaves
//! nothing behind; whoever called fetches them and asks again.

use std::rc::Rc;

use meshwright_core::{Reason, Verdict};

use crate::keys::KeySet;
use crate::signature::SignatureCheck;

/// What has become of a request.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is decided.
    Decided(Verdict),
    /// It would have been refused for this reason, but `reportOnly` lets it go on, without claims.
    Reported {
        /// Why it would have been refused.
        refusal: Reason,
        /// What to do instead: always [`Verdict::Continue`].
        verdict: Verdict,
    },
    /// Keys are missing: answer [`World::keys`] with something else than [`Keys::Unknown`] and ask again.
    NeedsKeys(Need),
}

/// Keys that a decision waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Need {
    /// Which key set: an index into [`Authenticator::remotes`](crate::Authenticator::remotes).
    pub remote: usize,
    /// Why.
    pub cause: Cause,
}

/// Why keys are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A token is to be verified.
    Token,
    /// The keys known so far have none for the token's `kid`, newer ones may. Asked only with `refetchUnknownKid`, and
    /// caused by tokens that anybody can make up: limit how often you fetch for it, and answer with what is known else.
    UnknownKid,
}

/// What is known of a remote key set.
#[derive(Debug, Clone)]
pub enum Keys {
    /// Its keys; for [`Cause::UnknownKid`], the newest that can be had, which may be those that were known before.
    Known(Rc<KeySet>),
    /// They cannot be had: the token is refused with `Jwks remote fetch is failed` (rule J54).
    Failed,
    /// Not yet: the outcome is [`Outcome::NeedsKeys`].
    Unknown,
}

/// The surroundings of a decision.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
/// use policy_jwt::{Authenticator, KeySet, Keys, Need, Outcome, SignatureCheck, World};
/// use meshwright_core::RequestHead;
///
/// struct Cache(RefCell<Keys>);
///
/// impl World for Cache {
///     fn keys(&self, _: Need) -> Keys {
///         self.0.borrow().clone()
///     }
///
///     // Where the proxy has a faster implementation, ask it first.
///     fn verify(&self, check: &SignatureCheck<'_>) -> bool {
///         check.verify()
///     }
/// }
///
/// let authenticator = Authenticator::from_json(br#"{
///     "jwtRules": [{"issuer": "joe", "jwksUri": "https://joe.example/keys"}]
/// }"#)?;
/// // {"alg":"EdDSA"}.{"iss":"joe"}
/// let head = RequestHead::from_iter([
///     (":path", "/"), ("authorization", "Bearer eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJqb2UifQ.AAAA"),
/// ]);
/// let now = std::time::UNIX_EPOCH;
/// let cache = Cache(RefCell::new(Keys::Unknown));
///
/// let Outcome::NeedsKeys(need) = authenticator.authenticate(&head, now, &cache) else { panic!() };
/// let remote = &authenticator.remotes()[need.remote];
/// assert_eq!(remote.cluster(remote.uri()), "outbound|443||joe.example");
///
/// let fetched = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// *cache.0.borrow_mut() = match KeySet::parse(fetched, authenticator.compat()) {
///     Ok(keys) => Keys::Known(Rc::new(keys)),
///     Err(_) => Keys::Failed,
/// };
/// let Outcome::Decided(verdict) = authenticator.authenticate(&head, now, &cache) else { panic!() };
/// assert_eq!(verdict.reason().code, "jwt.bad_ed25519_length");
/// # Ok::<(), meshwright_core::ConfigError>(())
/// ```
pub trait World {
    /// The keys of a remote set. Must answer the same within one decision.
    fn keys(&self, need: Need) -> Keys;

    /// Whether the signature is good. The place for a proxy's own cryptography and for a cache of verified signatures;
    /// [`SignatureCheck::verify`] is always an answer.
    fn verify(&self, check: &SignatureCheck<'_>) -> bool {
        check.verify()
    }
}

/// The world of a configuration whose keys are all inline: remote ones cannot be had.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

// === impl Inline ===

impl World for Inline {
    fn keys(&self, _: Need) -> Keys {
        Keys::Failed
    }
}
