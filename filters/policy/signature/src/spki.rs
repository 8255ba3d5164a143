//! Keys and signatures in DER, for hosts that verify by themselves.

use spki::der::asn1::{AnyRef, BitStringRef, UintRef};
use spki::der::{Encode, Result};
use spki::{AlgorithmIdentifierRef, ObjectIdentifier, SubjectPublicKeyInfoRef};

/// SubjectPublicKeyInfo of `key`, which is for `algorithm` with `parameters`.
pub(crate) fn subject_public_key_info(
    algorithm: ObjectIdentifier,
    parameters: AnyRef<'_>,
    key: &[u8],
) -> Result<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef {
            oid: algorithm,
            parameters: Some(parameters),
        },
        subject_public_key: BitStringRef::from_bytes(key)?,
    }
    .to_der()
}

/// A sequence of two integers: RSAPublicKey (RFC 8017 appendix A.1.1), or ECDSA-Sig-Value (RFC 3279 section 2.2.3).
pub(crate) fn two_integers(first: &[u8], second: &[u8]) -> Result<Vec<u8>> {
    [UintRef::new(first)?, UintRef::new(second)?].to_der()
}
