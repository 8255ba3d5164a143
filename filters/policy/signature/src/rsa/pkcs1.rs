//! EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), which is encoded anew and compared as a whole: nothing that a forger sends is
//! parsed.

use crate::{Hash, Invalid};

/// DigestInfo up to the hash, from the notes of RFC 8017 section 9.2.
const SHA256: [u8; 19] =
    *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA384: [u8; 19] =
    *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const SHA512: [u8; 19] =
    *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// The least number of bytes `ff` in between.
const MIN_PADDING: usize = 8;

/// Whether `message` is the encoding of `text`.
pub(super) fn verify(hash: Hash, text: &[u8], message: &[u8]) -> Result<(), Invalid> {
    let expected = encode(hash, text, message.len()).ok_or(Invalid)?;
    (expected == message).then_some(()).ok_or(Invalid)
}

/// `None` when `length` bytes are too few.
fn encode(hash: Hash, text: &[u8], length: usize) -> Option<Vec<u8>> {
    let digest = hash.digest(&[text]);
    let prefix = prefix(hash);
    let padding = length.checked_sub(3 + prefix.len() + digest.len())?;
    let padding = (padding >= MIN_PADDING).then(|| vec![0xff; padding])?;
    Some([&[0, 1], padding.as_slice(), &[0], prefix, &digest].concat())
}

fn prefix(hash: Hash) -> &'static [u8] {
    match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    }
}
