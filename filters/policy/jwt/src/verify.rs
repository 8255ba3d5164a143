//! Whether a token was signed by one of a rule's keys (rules J35-J38).
//!
//! A key verifies only algorithms of its own family (RFC 8725 section 3.1). Envoy does not insist on that for EC, oct and
//! OKP keys: a documented deviation.

use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};

use crate::failure::Failure;
use crate::jwk::fixed_width;
use crate::jws::Jws;
use crate::keys::KeySet;

/// RFC 8032 section 5.1.6.
const ED25519_SIGNATURE: usize = 64;

/// Signature checks that one request may cost: each takes a millisecond or two in Wasm, and neither the number of tokens
/// in a repeated header nor that of keys a token without `kid` can mean is bounded otherwise.
const SIGNATURE_CHECKS: u32 = 32;

/// What a request may still cost.
#[derive(Debug)]
pub(crate) struct Budget(u32);

// === impl Budget ===

impl Budget {
    pub(crate) fn of_a_request() -> Self {
        Self(SIGNATURE_CHECKS)
    }

    fn spend(&mut self) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(1).ok_or(Failure::TooMuchWork)?;
        Ok(())
    }
}

/// The first key that verifies the token wins.
pub(crate) fn verify(token: &Jws, keys: &KeySet, budget: &mut Budget) -> Result<(), Failure> {
    let mut failure = Failure::NoMatchingKey;
    for key in keys.candidates(token) {
        budget.spend()?;
        match verify_with(token, key.material()) {
            Err(Failure::BadSignature) => failure = Failure::BadSignature,
            outcome => return outcome,
        }
    }
    Err(failure)
}

fn verify_with(token: &Jws, key: &DecodingKey) -> Result<(), Failure> {
    if key.family() != token.algorithm.family() {
        return Err(Failure::BadSignature);
    }
    let signature = canonical_signature(token, key)?;
    let verifier = (DEFAULT_PROVIDER.verifier_factory)(&token.algorithm, key)
        .map_err(|_| Failure::BadSignature)?;
    verifier
        .verify(&token.signing_input, &signature)
        .map_err(|_| Failure::BadSignature)
}

/// The signature in the one form the provider takes.
fn canonical_signature(token: &Jws, key: &DecodingKey) -> Result<Vec<u8>, Failure> {
    let signature = token.signature.as_slice();
    match key.family() {
        AlgorithmFamily::Hmac => Ok(signature.to_vec()),
        AlgorithmFamily::Rsa => below_modulus(signature, key).ok_or(Failure::BadSignature),
        AlgorithmFamily::Ec => two_halves(signature, token.algorithm).ok_or(Failure::BadSignature),
        AlgorithmFamily::Ed if signature.len() == ED25519_SIGNATURE => Ok(signature.to_vec()),
        // Envoy stops here and does not try the remaining keys (rule J37).
        AlgorithmFamily::Ed => Err(Failure::Ed25519Length),
    }
}

/// RFC 8017 section 5.2.2 step 1: as long as the modulus, and below it. The provider does not check the latter for PSS.
fn below_modulus(signature: &[u8], key: &DecodingKey) -> Option<Vec<u8>> {
    let DecodingKeyKind::RsaModulusExponent { n, .. } = key.kind() else {
        return None;
    };
    let is_below = signature.len() == n.len() && signature < n.as_slice();
    is_below.then(|| signature.to_vec())
}

/// r and s as Envoy reads them: halves of any length, an odd last byte ignored (rule J37).
fn two_halves(signature: &[u8], algorithm: Algorithm) -> Option<Vec<u8>> {
    let width = if algorithm == Algorithm::ES384 {
        48
    } else {
        32
    };
    let half = signature.len() / 2;
    let (r, rest) = signature.split_at_checked(half)?;
    let s = rest.get(..half)?;
    Some([fixed_width(r, width)?, fixed_width(s, width)?].concat())
}

#[cfg(test)]
mod tests;
