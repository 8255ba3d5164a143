//! The RSA key of an X.509 certificate (RFC 5280), for Envoy's other form of key sets (rule J50).
//!
//! The certificate only carries the key: neither its dates nor who signed it are looked at, in Envoy either.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----\n";
const END: &str = "\n-----END CERTIFICATE-----\n";

/// RFC 8017 appendix C.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Modulus and exponent, big endian, without leading zeros.
pub(crate) type RsaKey = (Vec<u8>, Vec<u8>);

/// Whether `text` looks like a certificate to Envoy: its first and last lines, and what ends them, are exactly these.
pub(crate) fn is_certificate(text: &str) -> bool {
    base64_of(text).is_some()
}

/// The key, when it is one for RSA.
pub(crate) fn rsa_key(text: &str) -> Option<RsaKey> {
    let base64: Vec<u8> = base64_of(text)?
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let certificate = Certificate::from_der(&STANDARD.decode(base64).ok()?).ok()?;
    let key = certificate.tbs_certificate.subject_public_key_info;
    if key.algorithm.oid != RSA_ENCRYPTION {
        return None;
    }
    two_integers(key.subject_public_key.as_bytes()?)
}

fn base64_of(text: &str) -> Option<&str> {
    text.strip_prefix(BEGIN)?.strip_suffix(END)
}

/// `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn two_integers(der: &[u8]) -> Option<RsaKey> {
    let mut reader = SliceReader::new(der).ok()?;
    let key = reader.sequence(|key| {
        let modulus = UintRef::decode(key)?.as_bytes().to_vec();
        Ok((modulus, UintRef::decode(key)?.as_bytes().to_vec()))
    });
    key.ok()
}
