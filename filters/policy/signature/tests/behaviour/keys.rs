//! Which keys there are, and which are refused.

use policy_signature::{Curve, Hash, Key, KeyError, Scheme};

use crate::signers::PAIRS;

const F4: [u8; 3] = [1, 0, 1];

/// The base point of P-256.
const X: [u8; 32] = [
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
];
const Y: [u8; 32] = [
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
];

fn rsa(bytes: usize, exponent: &[u8]) -> Result<Key, KeyError> {
    Key::rsa(&vec![0xff; bytes], exponent)
}

#[test]
fn rsa_keys_have_512_to_16384_bits() {
    assert!(rsa(64, &F4).is_ok());
    assert!(rsa(2048, &F4).is_ok());
    assert_eq!(rsa(63, &F4).unwrap_err(), KeyError::ModulusSize(504));
    assert_eq!(rsa(2049, &F4).unwrap_err(), KeyError::ModulusSize(16392));
    assert_eq!(rsa(0, &F4).unwrap_err(), KeyError::ModulusSize(0));
}

#[test]
fn leading_zeros_of_an_rsa_key_do_not_count() {
    let modulus = [&[0; 2][..], &[0x7f; 63]].concat();
    let error = Key::rsa(&modulus, &F4).unwrap_err();
    assert_eq!(error, KeyError::ModulusSize(503));
    assert!(Key::rsa(&[0xff; 64], &[0, 1, 0, 1]).is_ok());
}

#[test]
fn rsa_keys_have_3_or_65537_as_exponent() {
    assert!(rsa(256, &[3]).is_ok());
    for exponent in [&[][..], &[0], &[1], &[2], &[17], &[1, 0, 0], &[1, 0, 1, 0]] {
        assert_eq!(rsa(256, exponent).unwrap_err(), KeyError::Exponent);
    }
}

#[test]
fn rsa_moduli_are_odd() {
    let error = Key::rsa(&[0xfe; 256], &F4).unwrap_err();
    assert_eq!(error, KeyError::EvenModulus);
}

/// A key as small as it can be; the signature is one of openssl.
#[test]
fn rsa_keys_of_512_bits_verify_what_fits_into_them() {
    let key = Key::rsa(
        b"\xc0\x1d\x7c\x94\x73\x52\x29\xc7\x65\x37\x30\x17\xe7\x5b\x7b\x71\xc6\x88\x64\x0c\xf3\x17\xd9\xdd\x8f\xa0\x1e\xd7\xc2\x08\xbd\x9c\xc8\x06\x8d\x65\x7d\xe2\xf8\xc7\xbf\xa1\x48\xe3\x54\x3b\xe4\xb4\xdb\x8e\xd3\x0f\x23\x1a\x4c\x59\xe7\xc9\x85\xd9\xe9\x21\x1c\x5f",
        &F4,
    )
    .unwrap();
    let signature = b"\x2c\xa2\x68\x30\x18\xb7\x4a\x95\x19\x28\x15\xca\xe9\xb3\x20\xa1\xbb\x8c\xda\xc9\x46\x42\xd1\x96\x72\xf4\xb5\x25\x25\x00\xe4\x21\x3c\x83\xc1\xb7\x71\x4a\x71\x71\x92\x58\x4c\x50\x72\x07\xfe\x3e\x9b\xa9\xe5\xe2\x26\x5d\x75\xef\xb4\x53\xf7\x0e\xf0\xce\x92\x76";
    assert!(
        key.verify(Scheme::RsaPkcs1(Hash::Sha256), b"text", signature)
            .is_ok()
    );
    for scheme in [
        Scheme::RsaPkcs1(Hash::Sha512),
        Scheme::RsaPss(Hash::Sha256),
        Scheme::RsaPss(Hash::Sha512),
    ] {
        assert!(key.verify(scheme, b"text", signature).is_err());
    }
}

#[test]
fn ec_keys_are_on_their_curve() {
    assert!(Key::ec(Curve::P256, &X, &Y).is_ok());
    for (curve, x, y) in [
        (Curve::P256, &Y, &X),
        (Curve::P256, &[0; 32], &[0; 32]),
        (Curve::P256, &[0xff; 32], &Y),
        (Curve::P384, &X, &Y),
        (Curve::P521, &X, &Y),
    ] {
        assert_eq!(Key::ec(curve, x, y).unwrap_err(), KeyError::NotOnCurve);
    }
}

#[test]
fn coordinates_may_have_leading_zeros() {
    let longer = [&[0; 9][..], &X].concat();
    let key = Key::ec(Curve::P256, &longer, &Y).unwrap();
    let same = Key::ec(Curve::P256, &X, &Y).unwrap();
    assert_eq!(
        key.subject_public_key_info(),
        same.subject_public_key_info()
    );
    assert!(Key::ec(Curve::P256, &[&X[..], &[0]].concat(), &Y).is_err());
}

#[test]
fn ed25519_keys_are_points_of_large_order() {
    // RFC 8032 section 5.1.4: the neutral element is (0, 1).
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert_eq!(Key::ed25519(&neutral).unwrap_err(), KeyError::WeakPoint);
    // y = 2 has no x.
    neutral[0] = 2;
    assert_eq!(Key::ed25519(&neutral).unwrap_err(), KeyError::NotOnCurve);
}

#[test]
fn secrets_have_at_least_one_byte() {
    assert_eq!(Key::hmac(b"").unwrap_err(), KeyError::EmptySecret);
    assert!(Key::hmac(b"x").is_ok());
}

#[test]
fn a_key_in_a_log_shows_nothing_of_itself() {
    let key = Key::hmac(b"secret").unwrap();
    assert_eq!(format!("{key:?}"), "Key(HMAC)");
}

#[test]
fn a_key_may_be_shared_by_threads() {
    let pair = &PAIRS[0];
    let signature = pair.sign(b"text");
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(pair.key.verify(pair.scheme, b"text", &signature).is_ok()));
    });
}
