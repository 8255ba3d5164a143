//! DER (ITU-T X.690) for what a proxy's cryptography takes: public keys as `SubjectPublicKeyInfo`, ECDSA signatures as a
//! sequence of two integers.

use crate::crypto::Curve;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const NULL: &[u8] = &[0x05, 0];
const SEQUENCE: u8 = 0x30;

// Object identifiers, encoded: RFC 8017 appendix C, RFC 5480 section 2.1.1, RFC 8410 section 3.
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
];
const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const SECP256R1: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const SECP384R1: &[u8] = &[0x06, 5, 0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x06, 3, 0x2b, 0x65, 0x70];

/// RFC 8017 appendix A.1.1 in RFC 3279 section 2.3.1.
pub(crate) fn rsa_public_key_info(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = two_integers(modulus, exponent);
    public_key_info(&[RSA_ENCRYPTION, NULL].concat(), &key)
}

/// RFC 5480 section 2.
pub(crate) fn ec_public_key_info(curve: Curve, point: &[u8]) -> Vec<u8> {
    let curve = match curve {
        Curve::P256 => SECP256R1,
        Curve::P384 => SECP384R1,
    };
    public_key_info(&[EC_PUBLIC_KEY, curve].concat(), point)
}

/// RFC 8410 section 4.
pub(crate) fn ed25519_public_key_info(point: &[u8]) -> Vec<u8> {
    public_key_info(ED25519, point)
}

/// `ECDSA-Sig-Value` (RFC 3279 section 2.2.3) and `RSAPublicKey`: both are a sequence of two unsigned integers.
pub(crate) fn two_integers(first: &[u8], second: &[u8]) -> Vec<u8> {
    tagged(SEQUENCE, &[integer(first), integer(second)].concat())
}

fn public_key_info(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    // No unused bits.
    let key = tagged(BIT_STRING, &[&[0], key].concat());
    tagged(
        SEQUENCE,
        &[tagged(SEQUENCE, algorithm).as_slice(), &key].concat(),
    )
}

fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = number.get(zeros..).unwrap_or_default();
    // A set first bit would make it negative; no byte at all is no integer.
    let needs_zero = digits.first().is_none_or(|first| *first >= 0x80);
    let sign: &[u8] = if needs_zero { &[0] } else { &[] };
    tagged(INTEGER, &[sign, digits].concat())
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let digits = length.get(zeros..).unwrap_or_default();
    let mut encoded = vec![tag];
    match (content.len(), u8::try_from(digits.len())) {
        (0..0x80, _) => encoded.push(digits.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            encoded.push(0x80 | count);
            encoded.extend_from_slice(digits);
        }
        (_, Err(_)) => {}
    }
    encoded.extend_from_slice(content);
    encoded
}
