//! Whether a token was signed by one of a rule's keys (rules J35-J38).

use crate::config::Compat;
use crate::crypto::Kind;
use crate::failure::Failure;
use crate::jwk::Key;
use crate::jws::Jws;
use crate::keys::KeySet;
use crate::signature::SignatureCheck;
use crate::world::World;

/// RFC 8032 section 5.1.6.
const ED25519_SIGNATURE: usize = 64;

/// Signature checks that one request may cost, in those of RSA with 2048 bits: neither the number of tokens in a repeated
/// header nor that of keys a token without `kid` can mean is bounded otherwise.
const SIGNATURE_CHECKS: usize = 32;

/// What a request may still cost.
#[derive(Debug)]
pub(crate) struct Budget(usize);

// === impl Budget ===

impl Budget {
    pub(crate) fn of_a_request() -> Self {
        Self(SIGNATURE_CHECKS)
    }

    /// A check may take more than what is left, or else a large key would never verify.
    fn spend(&mut self, cost: usize) -> Result<(), Failure> {
        if self.0 == 0 {
            return Err(Failure::TooMuchWork);
        }
        self.0 = self.0.saturating_sub(cost);
        Ok(())
    }
}

/// The first key that verifies the token wins.
pub(crate) fn verify(
    token: &Jws,
    keys: &KeySet,
    world: &dyn World,
    budget: &mut Budget,
) -> Result<(), Failure> {
    let candidates = keys.candidates(token);
    first_decisive(candidates.map(|key| verify_with(token, key, world, budget)))
}

/// What the candidates come to, none of them looked at after the one that decides.
pub(crate) fn first_decisive(
    trials: impl Iterator<Item = Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut failure = Failure::NoMatchingKey;
    for trial in trials {
        match trial {
            Err(Failure::BadSignature) => failure = Failure::BadSignature,
            outcome => return outcome,
        }
    }
    Err(failure)
}

/// Whether that key does. What cannot be a signature of it costs nothing.
pub(crate) fn verify_with(
    token: &Jws,
    key: &Key,
    world: &dyn World,
    budget: &mut Budget,
) -> Result<(), Failure> {
    let scheme = key.scheme(token.algorithm).ok_or(Failure::BadSignature)?;
    let check = SignatureCheck {
        key: key.material(),
        scheme,
        text: &token.signing_input,
        signature: &canonical_signature(&token.signature, key)?,
    };
    budget.spend(key.material().cost())?;
    match world.verify(&check) {
        true => Ok(()),
        false => Err(Failure::BadSignature),
    }
}

/// The signature in the one form that a verifier takes.
fn canonical_signature(signature: &[u8], key: &Key) -> Result<Vec<u8>, Failure> {
    let signature = match key.material().kind() {
        Kind::Rsa { modulus_bits } if signature.len() != modulus_bits.div_ceil(8) => None,
        Kind::Rsa { .. } | Kind::Secret { .. } => Some(signature.to_vec()),
        // Halves of any length, an odd last byte ignored (rules J37, X5).
        Kind::Ec(curve) if key.compat() == Compat::Envoy => curve.canonical_signature(signature),
        Kind::Ec(curve) => (signature.len() == 2 * curve.width()).then(|| signature.to_vec()),
        Kind::Ed25519 if signature.len() == ED25519_SIGNATURE => Some(signature.to_vec()),
        // Envoy stops here and does not try the remaining keys (rule J37).
        Kind::Ed25519 => return Err(Failure::Ed25519Length),
    };
    signature.ok_or(Failure::BadSignature)
}

#[cfg(test)]
mod tests;
