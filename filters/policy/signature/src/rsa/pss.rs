//! EMSA-PSS-VERIFY (RFC 8017 section 9.1.2), step by step; the `rsa` crate has it only together with its own
//! exponentiation.

use crate::{Hash, Invalid};

/// The last byte of an encoded message.
const TRAILER: u8 = 0xbc;

/// Whether `message`, which is as long as a modulus of `modulus_bits`, is an encoding of `text` with a salt as long as the
/// hash.
pub(super) fn verify(
    hash: Hash,
    text: &[u8],
    message: &[u8],
    modulus_bits: usize,
) -> Result<(), Invalid> {
    consistent(hash, text, message, modulus_bits)
        .filter(|consistent| *consistent)
        .map(|_| ())
        .ok_or(Invalid)
}

// The steps are those of RFC 8017; step 1, on texts of 2^61 bytes, never applies.
fn consistent(hash: Hash, text: &[u8], message: &[u8], modulus_bits: usize) -> Option<bool> {
    let digest = hash.digest(&[text]); // 2
    let message = without_first_zero(message, modulus_bits)?;
    let unused = (message.len() * 8).checked_sub(modulus_bits - 1)?; // bits, from 0 to 7
    let (message, trailer) = message.split_at_checked(message.len().checked_sub(1)?)?;
    let block = message.len().checked_sub(digest.len())?;
    let (masked_block, seed) = message.split_at_checked(block)?; // 5
    let padding = masked_block.len().checked_sub(digest.len() + 1)?; // 3
    if trailer != [TRAILER] || masked_block.first()? & !(0xff >> unused) != 0 {
        return Some(false); // 4 and 6
    }
    let mut block = mask(hash, seed, masked_block); // 7 and 8
    *block.first_mut()? &= 0xff >> unused; // 9
    let (zeros, one_and_salt) = block.split_at_checked(padding)?;
    let (one, salt) = one_and_salt.split_first()?; // 11
    let is_padded = zeros.iter().all(|byte| *byte == 0) && *one == 1; // 10
    let again = hash.digest(&[&[0; 8], &digest, salt]); // 12 and 13
    Some(is_padded && again == seed) // 14
}

/// When the modulus has one bit more than whole bytes, the encoded message has one byte less (RFC 8017 section 8.1.2
/// step 2c).
fn without_first_zero(message: &[u8], modulus_bits: usize) -> Option<&[u8]> {
    if modulus_bits % 8 != 1 {
        return Some(message);
    }
    match message.split_first()? {
        (0, rest) => Some(rest),
        _ => None,
    }
}

/// `block` with MGF1 of `seed` on it (RFC 8017 appendix B.2.1).
fn mask(hash: Hash, seed: &[u8], block: &[u8]) -> Vec<u8> {
    let mask = (0_u32..).flat_map(|counter| hash.digest(&[seed, &counter.to_be_bytes()]));
    block
        .iter()
        .zip(mask)
        .map(|(byte, mask)| byte ^ mask)
        .collect()
}
