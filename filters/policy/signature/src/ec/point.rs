//! A public key as a point of its curve, and ECDSA verification with it (FIPS 186-5 section 6.4.2).

use std::sync::OnceLock;

use ecdsa::{EcdsaCurve, Signature, hazmat};
use primeorder::elliptic_curve::ops::{Invert, MulByGeneratorVartime, Reduce};
use primeorder::elliptic_curve::point::AffineCoordinates;
use primeorder::elliptic_curve::sec1::{FromSec1Point, Sec1Point};
use primeorder::{AffinePoint, FieldBytes, PrimeCurveParams, ProjectivePoint, Scalar};

use super::table::Table;
use crate::Invalid;

/// The table makes a verification two to three times as fast, costs as much as one or two, and takes 25 (P-256) to 115 kB
/// (P-521). It is made when the key has verified its first signature: one that never does costs neither, however many
/// forgeries are tried on it.
pub(super) struct Point<C: PrimeCurveParams> {
    point: ProjectivePoint<C>,
    table: OnceLock<Table<C>>,
}

// === impl Point ===

impl<C: PrimeCurveParams + EcdsaCurve> Point<C> {
    /// From SEC 1 section 2.3.4; `None` when it is not on the curve.
    pub(super) fn parse(sec1: &[u8]) -> Option<Self> {
        let encoded = Sec1Point::<C>::from_bytes(sec1).ok()?;
        let point = AffinePoint::<C>::from_sec1_point(&encoded).into_option()?;
        Some(Self {
            point: point.into(),
            table: OnceLock::new(),
        })
    }

    pub(super) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Invalid> {
        // Steps 1 and 2: r and s from 1 to n - 1, of exact length.
        let signature = Signature::<C>::from_slice(signature).map_err(|_| Invalid)?;
        match self.table.get() {
            Some(table) => verify_with(table, digest, &signature),
            None => self.verify_first(digest, &signature),
        }
    }

    fn verify_first(&self, digest: &[u8], signature: &Signature<C>) -> Result<(), Invalid> {
        hazmat::verify_prehashed(&self.point, digest, signature).map_err(|_| Invalid)?;
        self.table.get_or_init(|| Table::of_multiples(self.point));
        Ok(())
    }
}

// What `hazmat::verify_prehashed` does, with the key's multiples taken from the table. Steps as in FIPS 186-5.
fn verify_with<C: PrimeCurveParams + EcdsaCurve>(
    table: &Table<C>,
    digest: &[u8],
    signature: &Signature<C>,
) -> Result<(), Invalid> {
    let (r, s) = signature.split_scalars();
    let s_inverse = *s.invert_vartime(); // 4
    let u = leftmost_bytes::<C>(digest) * s_inverse; // 3 and 5
    let v = *r * s_inverse;
    let point = ProjectivePoint::<C>::mul_by_generator_vartime(&u) + table.multiply(&v); // 6
    let x = Scalar::<C>::reduce(&point.to_affine().x()); // 7 and 8
    (x == *r).then_some(()).ok_or(Invalid) // 9
}

/// As many bytes of the digest as the order has: its bits are a multiple of eight, or more than a digest has.
fn leftmost_bytes<C: PrimeCurveParams>(digest: &[u8]) -> Scalar<C> {
    let mut bytes = FieldBytes::<C>::default();
    let used = digest.len().min(bytes.len());
    let unused = bytes.len() - used;
    let padded = bytes.iter_mut().skip(unused);
    padded.zip(digest).for_each(|(to, from)| *to = *from);
    Scalar::<C>::reduce(&bytes)
}
