//! ECDSA public keys on the curves of RFC 7518 section 6.2.1.1.

mod curve;
mod point;
mod table;

pub use curve::{Curve, ecdsa_der};

use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use spki::ObjectIdentifier;

use crate::spki::subject_public_key_info;
use crate::{Hash, Invalid, KeyError};
use curve::fixed_width;
use point::Point;

/// `id-ecPublicKey`, RFC 5480 section 2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

pub(crate) struct PublicKey {
    point: OnCurve,
    subject_public_key_info: Vec<u8>,
}

enum OnCurve {
    P256(Point<NistP256>),
    P384(Point<NistP384>),
    P521(Point<NistP521>),
}

// === impl PublicKey ===

impl PublicKey {
    pub(crate) fn new(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyError> {
        Self::of_coordinates(curve, x, y).ok_or(KeyError::NotOnCurve)
    }

    fn of_coordinates(curve: Curve, x: &[u8], y: &[u8]) -> Option<Self> {
        let x = fixed_width(x, curve.width())?;
        let y = fixed_width(y, curve.width())?;
        let point = match curve {
            Curve::P256 => Point::parse(&x, &y).map(OnCurve::P256),
            Curve::P384 => Point::parse(&x, &y).map(OnCurve::P384),
            Curve::P521 => Point::parse(&x, &y).map(OnCurve::P521),
        };
        Some(Self {
            point: point?,
            subject_public_key_info: to_der(curve, &x, &y)?,
        })
    }

    pub(crate) fn verify(&self, hash: Hash, text: &[u8], signature: &[u8]) -> Result<(), Invalid> {
        let digest = hash.digest(&[text]);
        match &self.point {
            OnCurve::P256(point) => point.verify(&digest, signature),
            OnCurve::P384(point) => point.verify(&digest, signature),
            OnCurve::P521(point) => point.verify(&digest, signature),
        }
    }

    pub(crate) fn subject_public_key_info(&self) -> &[u8] {
        &self.subject_public_key_info
    }

    pub(crate) fn curve(&self) -> Curve {
        match &self.point {
            OnCurve::P256(_) => Curve::P256,
            OnCurve::P384(_) => Curve::P384,
            OnCurve::P521(_) => Curve::P521,
        }
    }
}

/// With the point in its uncompressed form (SEC 1 section 2.3.3).
fn to_der(curve: Curve, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let curve = curve.identifier();
    subject_public_key_info(EC_PUBLIC_KEY, (&curve).into(), &[&[4], x, y].concat()).ok()
}
