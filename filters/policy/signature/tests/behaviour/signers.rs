//! Pairs of a key and whoever signs for it, with the crates that others sign with.

use std::sync::LazyLock;

use ecdsa::hazmat::sign_prehashed_rfc6979;
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit, Mac};
use p256::NistP256;
use p256::elliptic_curve::sec1::ToSec1Point;
use p384::NistP384;
use p521::NistP521;
use policy_signature::{Curve, Hash, Key, Scheme};
use rsa::traits::{PublicKeyParts, SignatureScheme};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};
use sha2::{Digest, Sha256, Sha384, Sha512};

pub(crate) const HASHES: [Hash; 3] = [Hash::Sha256, Hash::Sha384, Hash::Sha512];

/// A signer, the key that verifies what it signs, and how it signs.
pub(crate) struct Pair {
    pub(crate) key: Key,
    pub(crate) scheme: Scheme,
    signer: Signer,
}

enum Signer {
    Rsa(&'static rsa::PrivateKey),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
    Hmac(&'static [u8]),
}

/// Every scheme with every key that it is for.
pub(crate) static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let hashed = HASHES.into_iter().flat_map(|hash| {
        let schemes = [Scheme::RsaPkcs1(hash), Scheme::RsaPss(hash)].into_iter();
        schemes
            .flat_map(|scheme| [rsa(&RSA_2048, scheme), rsa(&RSA_1041, scheme)])
            .chain([p256(hash), p384(hash), p521(hash), hmac(hash)])
    });
    hashed.chain([ed25519()]).collect()
});

static RSA_2048: LazyLock<rsa::PrivateKey> = LazyLock::new(|| {
    private_key(
        "fdd54f13729d49b0acb6bf6f94d3f278e9018c6e34329e6364336067e669b9b5bbcb585fd811f3f52fff9a5a91e9e0c7f916f69c2e121b6ec3c058e5dc7e439c0807a3c7406e237bfe923f30f928fc0bb0d10f78ee1646187be2a0d59c8860a8a6c62e8d2f967ad2734e1d15c3b4eaa77f0eb251e3329c28578b946be93e80ab",
        "f9b5ffeeea0c852b8bbb569885a01e5586fa02f7ab4034e2794c08cae2cafd3f9deaead15e0ec294902eaf549cbf23791a156834815baed0ae617baa0488d264c33c5dbba68703bd791ad851329284893060fb885cb87bab7fb96ce1afa6501c3b2530cdae549c304d0f9a591fa1b16175043793f5865eb6f6533b60968b9fb3",
        65537,
    )
});

/// One bit more than whole bytes, where an encoding for PSS is a byte shorter than the signature; as small as PSS with
/// SHA-512 allows; and with the other exponent.
static RSA_1041: LazyLock<rsa::PrivateKey> = LazyLock::new(|| {
    private_key(
        "19b1e0c905176467c5f601d00ffb87b764b7d2bd05a02568ca9fbe250fac4cc4214127e811ff76e4e8d3b5cb21d45ffc568337a129a5b2b3df82237658f690f5845",
        "c38a6e29462d9d620f1293c211a8624a65a7793872b3eee11b874bdea5bafef6392b0b6497be663127391248b2fca34a53370cd6330b13b11b9e3b108f6911525d",
        3,
    )
});

macro_rules! sign_ecdsa {
    ($curve:ty, $key:expr, $hash:expr, $text:expr) => {{
        let digest = digest($hash, $text);
        let scalar = $key.to_nonzero_scalar();
        let (signature, _) = sign_prehashed_rfc6979::<$curve, Sha256>(&scalar, &digest, &[]);
        signature.to_bytes().to_vec()
    }};
}

// === impl Pair ===

impl Pair {
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match (&self.signer, self.scheme) {
            (Signer::Rsa(key), scheme) => sign_rsa(key, scheme, text),
            (Signer::P256(key), Scheme::Ecdsa(hash)) => sign_ecdsa!(NistP256, key, hash, text),
            (Signer::P384(key), Scheme::Ecdsa(hash)) => sign_ecdsa!(NistP384, key, hash, text),
            (Signer::P521(key), Scheme::Ecdsa(hash)) => sign_ecdsa!(NistP521, key, hash, text),
            (Signer::Ed25519(key), _) => key.sign(text).to_bytes().to_vec(),
            (Signer::Hmac(secret), Scheme::Hmac(hash)) => tag(secret, hash, text),
            _ => Vec::new(),
        }
    }
}

fn digest(hash: Hash, text: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => Sha256::digest(text).to_vec(),
        Hash::Sha384 => Sha384::digest(text).to_vec(),
        Hash::Sha512 => Sha512::digest(text).to_vec(),
    }
}

fn tag(secret: &[u8], hash: Hash, text: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => tag_by::<Hmac<Sha256>>(secret, text),
        Hash::Sha384 => tag_by::<Hmac<Sha384>>(secret, text),
        Hash::Sha512 => tag_by::<Hmac<Sha512>>(secret, text),
    }
}

fn tag_by<M: Mac + KeyInit>(secret: &[u8], text: &[u8]) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret).unwrap();
    mac.chain_update(text).finalize().into_bytes().to_vec()
}

fn sign_rsa(key: &rsa::PrivateKey, scheme: Scheme, text: &[u8]) -> Vec<u8> {
    match scheme {
        Scheme::RsaPkcs1(Hash::Sha256) => {
            padded::<Sha256>(key, Pkcs1v15Sign::new::<Sha256>(), text)
        }
        Scheme::RsaPkcs1(Hash::Sha384) => {
            padded::<Sha384>(key, Pkcs1v15Sign::new::<Sha384>(), text)
        }
        Scheme::RsaPkcs1(_) => padded::<Sha512>(key, Pkcs1v15Sign::new::<Sha512>(), text),
        Scheme::RsaPss(Hash::Sha256) => padded::<Sha256>(key, Pss::<Sha256>::new(), text),
        Scheme::RsaPss(Hash::Sha384) => padded::<Sha384>(key, Pss::<Sha384>::new(), text),
        _ => padded::<Sha512>(key, Pss::<Sha512>::new(), text),
    }
}

fn padded<D: Digest>(key: &rsa::PrivateKey, scheme: impl SignatureScheme, text: &[u8]) -> Vec<u8> {
    key.sign(scheme, &D::digest(text)).unwrap()
}

fn private_key(p: &str, q: &str, exponent: u32) -> rsa::PrivateKey {
    let prime = |hex: &str| BoxedUint::from_str_radix_vartime(hex, 16).unwrap();
    rsa::PrivateKey::from_p_q(prime(p), prime(q), exponent.into()).unwrap()
}

fn rsa(private: &'static rsa::PrivateKey, scheme: Scheme) -> Pair {
    let public = private.to_public_key();
    Pair {
        key: Key::rsa(&public.n_bytes(), &public.e_bytes()).unwrap(),
        scheme,
        signer: Signer::Rsa(private),
    }
}

fn p256(hash: Hash) -> Pair {
    let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
    ec(
        Curve::P256,
        secret.public_key().to_sec1_point(false).as_bytes(),
        hash,
        Signer::P256(secret),
    )
}

fn p384(hash: Hash) -> Pair {
    let secret = p384::SecretKey::from_slice(&[7; 48]).unwrap();
    ec(
        Curve::P384,
        secret.public_key().to_sec1_point(false).as_bytes(),
        hash,
        Signer::P384(secret),
    )
}

fn p521(hash: Hash) -> Pair {
    let scalar = [&[0; 2][..], &[7; 64]].concat();
    let secret = p521::SecretKey::from_slice(&scalar).unwrap();
    ec(
        Curve::P521,
        secret.public_key().to_sec1_point(false).as_bytes(),
        hash,
        Signer::P521(secret),
    )
}

fn ec(curve: Curve, sec1: &[u8], hash: Hash, signer: Signer) -> Pair {
    let (x, y) = sec1[1..].split_at(curve.width());
    Pair {
        key: Key::ec(curve, x, y).unwrap(),
        scheme: Scheme::Ecdsa(hash),
        signer,
    }
}

fn ed25519() -> Pair {
    let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    Pair {
        key: Key::ed25519(signer.verifying_key().as_bytes()).unwrap(),
        scheme: Scheme::EdDsa,
        signer: Signer::Ed25519(signer),
    }
}

fn hmac(hash: Hash) -> Pair {
    let secret = b"a secret that is longer than the block of SHA-256, which HMAC hashes first";
    Pair {
        key: Key::hmac(secret).unwrap(),
        scheme: Scheme::Hmac(hash),
        signer: Signer::Hmac(secret),
    }
}
