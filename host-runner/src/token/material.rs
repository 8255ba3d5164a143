//! Private keys and secrets as the cryptographic libraries have them: made, read, written, and signing.

use anyhow::bail;
use hmac::digest::{DynDigest, KeyInit};
use hmac::{Hmac, Mac};
use p256::ecdsa::signature::Signer;
use policy_jwt::{Algorithm, Hash};
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rsa::pss::Pss;
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::digest::const_oid::AssociatedOid;
use sha2::{Digest, Sha256, Sha384, Sha512};
use zeroize::ZeroizeOnDrop;

use super::public::{Curve, PublicKey};

/// The least that RFC 7518 section 3.3 allows, and what most issuers have.
const RSA_BITS: usize = 2048;

/// A private key, or a secret that both sides share.
#[derive(Clone)]
pub(super) enum Material {
    Rsa(Box<RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    P521(p521::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
    Secret(Secret),
}

/// The bytes of a shared secret, wiped when it is dropped, as the libraries do with private keys.
#[derive(Clone, ZeroizeOnDrop)]
pub(super) struct Secret(Vec<u8>);

// === impl Secret ===

impl Secret {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

// === impl Material ===

impl Material {
    /// A new one for that algorithm, from the randomness of the operating system.
    pub(super) fn generate(algorithm: Algorithm) -> anyhow::Result<Self> {
        Ok(match algorithm {
            Algorithm::Rs(_) | Algorithm::Ps(_) => {
                Self::Rsa(Box::new(RsaPrivateKey::new(&mut OsRng, RSA_BITS)?))
            }
            Algorithm::Es(Hash::Sha256) => Self::P256(p256::SecretKey::random(&mut OsRng)),
            Algorithm::Es(Hash::Sha384) => Self::P384(p384::SecretKey::random(&mut OsRng)),
            Algorithm::Es(Hash::Sha512) => Self::P521(p521::SecretKey::random(&mut OsRng)),
            // RFC 7518 section 3.2: at least as long as the hash.
            Algorithm::Hs(hash) => Self::Secret(Secret::new(random(vec![0; hash.bits() / 8])?)),
            Algorithm::EdDsa => Self::Ed25519(Box::new((&random([0; 32])?).into())),
        })
    }

    /// The private key in a block of PEM with that label, if it is one.
    pub(super) fn from_der(label: &str, der: &[u8]) -> Option<Self> {
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(der),
            "RSA PRIVATE KEY" => RsaPrivateKey::from_pkcs1_der(der).ok().map(Self::of_rsa),
            "EC PRIVATE KEY" => Self::from_sec1(der),
            _ => None,
        }
    }

    // Each reader takes keys of its own algorithm and curve only.
    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let rsa = || RsaPrivateKey::from_pkcs8_der(der).ok().map(Self::of_rsa);
        let p256 = || p256::SecretKey::from_pkcs8_der(der).ok().map(Self::P256);
        let p384 = || p384::SecretKey::from_pkcs8_der(der).ok().map(Self::P384);
        let p521 = || p521::SecretKey::from_pkcs8_der(der).ok().map(Self::P521);
        let ed25519 = || ed25519_dalek::SigningKey::from_pkcs8_der(der).ok();
        rsa()
            .or_else(p256)
            .or_else(p384)
            .or_else(p521)
            .or_else(|| ed25519().map(Box::new).map(Self::Ed25519))
    }

    fn from_sec1(der: &[u8]) -> Option<Self> {
        let p256 = || p256::SecretKey::from_sec1_der(der).ok().map(Self::P256);
        let p384 = || p384::SecretKey::from_sec1_der(der).ok().map(Self::P384);
        let p521 = || p521::SecretKey::from_sec1_der(der).ok().map(Self::P521);
        p256().or_else(p384).or_else(p521)
    }

    fn of_rsa(key: RsaPrivateKey) -> Self {
        Self::Rsa(Box::new(key))
    }

    /// PKCS#8 in PEM (RFC 5958, RFC 7468); none of a secret.
    pub(super) fn to_pem(&self) -> anyhow::Result<Option<String>> {
        let pem = match self {
            Self::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::P521(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::Ed25519(key) => ed25519_dalek::pkcs8::KeypairBytes {
                secret_key: key.to_bytes(),
                // With it, older OpenSSL cannot read the file (RFC 8410 section 7).
                public_key: None,
            }
            .to_pkcs8_pem(LineEnding::LF),
            Self::Secret(_) => return Ok(None),
        };
        Ok(Some(pem?.to_string()))
    }

    /// The public half; none of a secret.
    pub(super) fn public(&self) -> anyhow::Result<Option<PublicKey>> {
        let key = match self {
            Self::Rsa(key) => PublicKey::rsa(RsaPublicKey::from(&**key).to_pkcs1_der()?.as_bytes()),
            Self::P256(key) => PublicKey::ec(Curve::P256, &key.public_key().to_sec1_bytes()),
            Self::P384(key) => PublicKey::ec(Curve::P384, &key.public_key().to_sec1_bytes()),
            Self::P521(key) => PublicKey::ec(Curve::P521, &key.public_key().to_sec1_bytes()),
            Self::Ed25519(key) => Some(PublicKey::ed25519(key.verifying_key().as_bytes())),
            Self::Secret(_) => None,
        };
        Ok(key)
    }

    /// What it signs when nobody says otherwise.
    pub(super) fn default_algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs(Hash::Sha256),
            Self::P256(_) => Algorithm::Es(Hash::Sha256),
            Self::P384(_) => Algorithm::Es(Hash::Sha384),
            Self::P521(_) => Algorithm::Es(Hash::Sha512),
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::Secret(_) => Algorithm::Hs(Hash::Sha256),
        }
    }

    /// Whether RFC 7518 section 3 has it sign so.
    pub(super) fn signs(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa(_) => matches!(algorithm, Algorithm::Rs(_) | Algorithm::Ps(_)),
            Self::Secret(_) => matches!(algorithm, Algorithm::Hs(_)),
            _ => self.default_algorithm() == algorithm,
        }
    }

    /// The signature in the form of RFC 7518 section 3; `algorithm` must be one that it [signs](Self::signs).
    pub(super) fn sign(&self, algorithm: Algorithm, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(match self {
            Self::Rsa(key) => rsa(key, algorithm, text)?,
            Self::P256(key) => {
                ecdsa::<_, p256::ecdsa::Signature>(&p256::ecdsa::SigningKey::from(key), text)?
                    .to_vec()
            }
            Self::P384(key) => {
                ecdsa::<_, p384::ecdsa::Signature>(&p384::ecdsa::SigningKey::from(key), text)?
                    .to_vec()
            }
            Self::P521(key) => ecdsa::<_, p521::ecdsa::Signature>(
                &p521::ecdsa::SigningKey::from_bytes(&key.to_bytes())?,
                text,
            )?
            .to_vec(),
            Self::Ed25519(key) => key.sign(text).to_vec(),
            Self::Secret(secret) => hmac(secret.bytes(), algorithm, text)?,
        })
    }
}

fn ecdsa<K: Signer<S>, S>(key: &K, text: &[u8]) -> anyhow::Result<S> {
    Ok(key.try_sign(text)?)
}

fn rsa(key: &RsaPrivateKey, algorithm: Algorithm, text: &[u8]) -> anyhow::Result<Vec<u8>> {
    Ok(match algorithm {
        Algorithm::Rs(Hash::Sha256) => pkcs1::<Sha256>(key, text)?,
        Algorithm::Rs(Hash::Sha384) => pkcs1::<Sha384>(key, text)?,
        Algorithm::Rs(Hash::Sha512) => pkcs1::<Sha512>(key, text)?,
        Algorithm::Ps(Hash::Sha256) => pss::<Sha256>(key, text)?,
        Algorithm::Ps(Hash::Sha384) => pss::<Sha384>(key, text)?,
        Algorithm::Ps(Hash::Sha512) => pss::<Sha512>(key, text)?,
        Algorithm::Es(_) | Algorithm::Hs(_) | Algorithm::EdDsa => bail!(misfit(algorithm)),
    })
}

fn pkcs1<D: Digest + AssociatedOid>(key: &RsaPrivateKey, text: &[u8]) -> rsa::Result<Vec<u8>> {
    key.sign_with_rng(&mut OsRng, Pkcs1v15Sign::new::<D>(), &D::digest(text))
}

// RFC 7518 section 3.5: the salt is as long as the hash.
fn pss<D>(key: &RsaPrivateKey, text: &[u8]) -> rsa::Result<Vec<u8>>
where
    D: 'static + Digest + DynDigest + Send + Sync,
{
    key.sign_with_rng(&mut OsRng, Pss::new::<D>(), &D::digest(text))
}

fn hmac(secret: &[u8], algorithm: Algorithm, text: &[u8]) -> anyhow::Result<Vec<u8>> {
    Ok(match algorithm {
        Algorithm::Hs(Hash::Sha256) => mac::<Hmac<Sha256>>(secret, text)?,
        Algorithm::Hs(Hash::Sha384) => mac::<Hmac<Sha384>>(secret, text)?,
        Algorithm::Hs(Hash::Sha512) => mac::<Hmac<Sha512>>(secret, text)?,
        _ => bail!(misfit(algorithm)),
    })
}

fn mac<M: Mac + KeyInit>(secret: &[u8], text: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mac = <M as Mac>::new_from_slice(secret)?;
    Ok(mac.chain_update(text).finalize().into_bytes().to_vec())
}

fn misfit(algorithm: Algorithm) -> String {
    format!("the key does not sign {algorithm}")
}

fn random<B: AsMut<[u8]>>(mut bytes: B) -> anyhow::Result<B> {
    getrandom::fill(bytes.as_mut()).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}
