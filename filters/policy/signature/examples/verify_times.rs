//! What a verification costs, ours against `jsonwebtoken`'s with the same keys, signatures and VM:
//!
//! ```text
//! cargo build --profile wasm --target wasm32-wasip1 -p policy-signature --example verify_times
//! node filters/policy/signature/examples/wasi.mjs target/wasm32-wasip1/wasm/examples/verify_times.wasm
//! ```
//!
//! Rounds alternate between all rows, and the best round of each counts: noise only adds.
#![expect(
    clippy::unwrap_used,
    reason = "a program that cannot sign has nothing to measure"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ecdsa::signature::Signer;
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, DecodingKey};
use policy_signature::{Curve, Hash, Key, Scheme};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pss};
use sha2::{Digest, Sha256};

/// As long as the header and claims of a token are.
const TEXT: &[u8] = &[b'x'; 400];
const ROUNDS: usize = 20;
const REPETITIONS: u32 = 10;

type Verify = Box<dyn Fn()>;

struct Row {
    name: &'static str,
    ours: Timed,
    theirs: Option<Timed>,
}

struct Timed {
    verify: Verify,
    best: Duration,
}

fn main() {
    let mut rows = rows();
    for _ in 0..ROUNDS {
        for row in &mut rows {
            row.ours.round();
            row.theirs.iter_mut().for_each(Timed::round);
        }
    }
    println!(
        "{:16} {:>9} {:>12} {:>6}",
        "us", "ours", "jsonwebtoken", "ratio"
    );
    rows.iter().for_each(Row::print);
}

fn rows() -> Vec<Row> {
    let mut rows = rsa();
    rows.extend([es256(), es384(), es512(), eddsa(), hs256()]);
    rows.extend([
        rsa_of_bits("RSA 4096", 4096),
        rsa_of_bits("RSA 16384", 16384),
    ]);
    rows.extend(keys());
    rows
}

// === impl Row ===

impl Row {
    fn new(
        name: &'static str,
        (key, scheme): (Key, Scheme),
        theirs: Option<(DecodingKey, Algorithm)>,
        signature: Vec<u8>,
    ) -> Self {
        let theirs = theirs.map(|(key, algorithm)| {
            let signature = signature.clone();
            Timed::new(move || {
                let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key).unwrap();
                verifier.verify(TEXT, &signature).unwrap();
            })
        });
        let ours = Timed::new(move || key.verify(scheme, TEXT, &signature).unwrap());
        Self { name, ours, theirs }
    }

    fn alone(name: &'static str, run: impl Fn() + 'static) -> Self {
        Self {
            name,
            ours: Timed::new(run),
            theirs: None,
        }
    }

    fn print(&self) {
        let ours = self.ours.microseconds();
        match self.theirs.as_ref().map(Timed::microseconds) {
            Some(theirs) => println!(
                "{:16} {ours:9.1} {theirs:12.1} {:6.3}",
                self.name,
                ours / theirs
            ),
            None => println!("{:16} {ours:9.1}", self.name),
        }
    }
}

// === impl Timed ===

impl Timed {
    fn new(verify: impl Fn() + 'static) -> Self {
        Self {
            verify: Box::new(verify),
            best: Duration::MAX,
        }
    }

    fn round(&mut self) {
        let start = Instant::now();
        (0..REPETITIONS).for_each(|_| (self.verify)());
        self.best = self.best.min(start.elapsed() / REPETITIONS);
    }

    fn microseconds(&self) -> f64 {
        self.best.as_secs_f64() * 1e6
    }
}

fn rsa() -> Vec<Row> {
    let private = private_key();
    let (n, e) = (private.n_bytes(), private.e_bytes());
    let key = || Key::rsa(&n, &e).unwrap();
    let theirs = || DecodingKey::from_rsa_raw_components(&n, &e);
    let digest = Sha256::digest(TEXT);
    let pkcs1 = private
        .sign(Pkcs1v15Sign::new::<Sha256>(), &digest)
        .unwrap();
    let pss = private.sign(Pss::<Sha256>::new(), &digest).unwrap();
    vec![
        Row::new(
            "RS256, 2048 bits",
            (key(), Scheme::RsaPkcs1(Hash::Sha256)),
            Some((theirs(), Algorithm::RS256)),
            pkcs1,
        ),
        Row::new(
            "PS256, 2048 bits",
            (key(), Scheme::RsaPss(Hash::Sha256)),
            Some((theirs(), Algorithm::PS256)),
            pss,
        ),
    ]
}

fn private_key() -> rsa::PrivateKey {
    let prime = |hex: &str| BoxedUint::from_str_radix_vartime(hex, 16).unwrap();
    rsa::PrivateKey::from_p_q(prime("fdd54f13729d49b0acb6bf6f94d3f278e9018c6e34329e6364336067e669b9b5bbcb585fd811f3f52fff9a5a91e9e0c7f916f69c2e121b6ec3c058e5dc7e439c0807a3c7406e237bfe923f30f928fc0bb0d10f78ee1646187be2a0d59c8860a8a6c62e8d2f967ad2734e1d15c3b4eaa77f0eb251e3329c28578b946be93e80ab"), prime("f9b5ffeeea0c852b8bbb569885a01e5586fa02f7ab4034e2794c08cae2cafd3f9deaead15e0ec294902eaf549cbf23791a156834815baed0ae617baa0488d264c33c5dbba68703bd791ad851329284893060fb885cb87bab7fb96ce1afa6501c3b2530cdae549c304d0f9a591fa1b16175043793f5865eb6f6533b60968b9fb3"), 65537_u32.into()).unwrap()
}

/// A forgery costs what a signature does.
fn rsa_of_bits(name: &'static str, bits: usize) -> Row {
    let key = Key::rsa(&vec![0xff; bits / 8], &[1, 0, 1]).unwrap();
    let forgery = vec![0x55; bits / 8];
    let scheme = Scheme::RsaPkcs1(Hash::Sha256);
    Row::alone(name, move || {
        key.verify(scheme, TEXT, &forgery).unwrap_err();
    })
}

fn es256() -> Row {
    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: p256::ecdsa::Signature = signer.sign(TEXT);
    let sec1 = signer
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    Row::new(
        "ES256",
        (ec(Curve::P256, &sec1), Scheme::Ecdsa(Hash::Sha256)),
        Some((DecodingKey::from_ec_der(&sec1), Algorithm::ES256)),
        signature.to_bytes().to_vec(),
    )
}

fn es384() -> Row {
    let signer = p384::ecdsa::SigningKey::from_slice(&[7; 48]).unwrap();
    let signature: p384::ecdsa::Signature = signer.sign(TEXT);
    let sec1 = signer
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    Row::new(
        "ES384",
        (ec(Curve::P384, &sec1), Scheme::Ecdsa(Hash::Sha384)),
        Some((DecodingKey::from_ec_der(&sec1), Algorithm::ES384)),
        signature.to_bytes().to_vec(),
    )
}

/// `jsonwebtoken` has no ES512.
fn es512() -> Row {
    let scalar = [&[0; 2][..], &[7; 64]].concat();
    let signer = p521::ecdsa::SigningKey::from_slice(&scalar).unwrap();
    let signature: p521::ecdsa::Signature = signer.sign(TEXT);
    let sec1 = signer
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    Row::new(
        "ES512",
        (ec(Curve::P521, &sec1), Scheme::Ecdsa(Hash::Sha512)),
        None,
        signature.to_bytes().to_vec(),
    )
}

fn ec(curve: Curve, sec1: &[u8]) -> Key {
    let (x, y) = coordinates(sec1);
    Key::ec(curve, x, y).unwrap()
}

fn coordinates(sec1: &[u8]) -> (&[u8], &[u8]) {
    let (_, coordinates) = sec1.split_first().unwrap();
    coordinates.split_at(coordinates.len() / 2)
}

fn eddsa() -> Row {
    let signer = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = signer.verifying_key();
    Row::new(
        "EdDSA",
        (Key::ed25519(public.as_bytes()).unwrap(), Scheme::EdDsa),
        Some((
            DecodingKey::from_ed_der(public.as_bytes()),
            Algorithm::EdDSA,
        )),
        signer.sign(TEXT).to_bytes().to_vec(),
    )
}

fn hs256() -> Row {
    let secret = [7; 32];
    let signer = (DEFAULT_PROVIDER.signer_factory)(
        &Algorithm::HS256,
        &jsonwebtoken::EncodingKey::from_secret(&secret),
    );
    Row::new(
        "HS256",
        (Key::hmac(&secret).unwrap(), Scheme::Hmac(Hash::Sha256)),
        Some((DecodingKey::from_secret(&secret), Algorithm::HS256)),
        signer.unwrap().sign(TEXT),
    )
}

/// Building keys, and the first signature of an EC key, which builds its table.
fn keys() -> [Row; 3] {
    let private = private_key();
    let (n, e) = (private.n_bytes(), private.e_bytes());
    let signer = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    let signature: p256::ecdsa::Signature = signer.sign(TEXT);
    let signature = signature.to_bytes();
    let sec1 = signer
        .verifying_key()
        .to_sec1_point(false)
        .as_bytes()
        .to_vec();
    let point = sec1.clone();
    [
        Row::alone("RSA key, 2048", move || {
            black_box(Key::rsa(&n, &e).unwrap());
        }),
        Row::alone("P-256 key", move || {
            black_box(ec(Curve::P256, &point));
        }),
        Row::alone("P-256, first", move || {
            let key = ec(Curve::P256, &sec1);
            key.verify(Scheme::Ecdsa(Hash::Sha256), TEXT, &signature)
                .unwrap();
        }),
    ]
}
