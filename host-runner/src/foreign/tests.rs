use prost::Message as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};

use super::messages::{SignArguments, SignResult, VerifySignatureArguments, VerifySignatureResult};
use super::*;
use crate::abi::Status;

const RSA: &str = include_str!("../../../tests/keys/rsa.pem");
const P256: &str = include_str!("../../../tests/keys/p256.pem");
const ED25519: &str = include_str!("../../../tests/keys/ed25519.pem");

fn signed(pem: &str, hash: &str) -> SignResult {
    let arguments = SignArguments {
        hash_function: hash.to_owned(),
        text: b"text".to_vec(),
        private_key_pem: pem.to_owned(),
        ..SignArguments::default()
    };
    SignResult::decode(&*sign(&arguments.encode_to_vec()).unwrap()).unwrap()
}

fn verified(public_key_pem: String, hash: &str, signature: Vec<u8>) -> VerifySignatureResult {
    let arguments = VerifySignatureArguments {
        hash_function: hash.to_owned(),
        signature,
        text: b"text".to_vec(),
        public_key_pem,
        ..VerifySignatureArguments::default()
    };
    let result = verify_signature(&arguments.encode_to_vec()).unwrap();
    VerifySignatureResult::decode(&*result).unwrap()
}

fn rsa_public() -> String {
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(RSA).unwrap();
    let key = key.to_public_key();
    key.to_public_key_pem(LineEnding::LF).unwrap()
}

fn p256_public() -> String {
    let key = p256::SecretKey::from_pkcs8_pem(P256).unwrap();
    key.public_key().to_public_key_pem(LineEnding::LF).unwrap()
}

#[test]
fn what_is_signed_here_is_verified_here() {
    for (private, public) in [(RSA, rsa_public()), (P256, p256_public())] {
        for hash in ["sha1", "sha224", "SHA256", "sha384", "sha512"] {
            let made = signed(private, hash);
            assert!(made.result, "{}", made.error);
            assert!(verified(public.clone(), hash, made.signature).result);
        }
    }
}

#[test]
fn a_signature_over_another_hash_is_wrong() {
    let made = signed(RSA, "sha256");
    let result = verified(rsa_public(), "sha512", made.signature);
    assert_eq!(result.error, "Failed to verify digest. Error code: 0");
}

#[test]
fn keys_and_hashes_that_cannot_be_used_are_named() {
    assert_eq!(signed(RSA, "md5").error, "md5 is not supported.");
    assert_eq!(
        signed(ED25519, "sha256").error,
        "Invalid private key: key data is corrupted or malformed."
    );
    assert_eq!(
        signed(&rsa_public(), "sha256").error,
        "Invalid key type: private key required for signing operation."
    );
    assert_eq!(
        verified("no key".to_owned(), "sha256", Vec::new()).error,
        "Failed to initialize digest verify."
    );
}

#[test]
fn no_key_and_two_keys_are_bad_arguments() {
    let both = VerifySignatureArguments {
        public_key: b"a".to_vec(),
        public_key_pem: "b".to_owned(),
        ..VerifySignatureArguments::default()
    };
    assert_eq!(
        verify_signature(&both.encode_to_vec()),
        Err(Status::BAD_ARGUMENT)
    );
    assert_eq!(sign(&[]), Err(Status::BAD_ARGUMENT));
}

#[test]
fn what_is_compressed_comes_back_and_what_is_cut_does_not() {
    let packed = compress(b"hello").unwrap();
    assert_eq!(uncompress(&packed), Ok(b"hello".to_vec()));
    let (_, cut) = packed.split_last().unwrap();
    assert_eq!(uncompress(cut), Err(Status::SERIALIZATION_FAILURE));
    assert_eq!(uncompress(&[]), Err(Status::SERIALIZATION_FAILURE));
}

#[test]
fn a_function_that_does_not_exist_uses_up_a_token() {
    let mut expressions = Expressions::default();
    assert_eq!(expressions.create(b"1"), Ok(0));
    assert_eq!(expressions.create(b"1 +"), Err(None));
    assert_eq!(expressions.create(b"nope(1)"), Err(None));
    assert_eq!(expressions.create(b"2"), Ok(2));
}

#[test]
fn what_would_be_answered_differently_is_refused() {
    let mut expressions = Expressions::default();
    for source in [
        "bool('true')",
        "duration('1.5s').getMilliseconds()",
        "request.headers == {}",
        "has(metadata.filter_metadata)",
        "Foo{a: 1}",
    ] {
        let created = expressions.create(source.as_bytes());
        assert!(matches!(created, Err(Some(_))), "{source}: {created:?}");
    }
}
