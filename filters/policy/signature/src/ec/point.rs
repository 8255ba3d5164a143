//! A public key as a point of its curve, and ECDSA verification with it (FIPS 186-5 section 6.4.2).

use std::sync::OnceLock;

use ecdsa::{EcdsaCurve, Signature};
use primeorder::elliptic_curve::ops::{Invert, Reduce};
use primeorder::elliptic_curve::point::AffineCoordinates;
use primeorder::{AffinePoint, FieldBytes, PrimeCurveParams, ProjectivePoint, Scalar};

use super::table::{BasePoint, Table};
use crate::Invalid;

/// Building the table costs three times what a verification with it does, and it takes 25 (P-256) to 115 kB (P-521). It is
/// kept once the key has verified a signature: one that never does takes no memory, however many forgeries are tried on it.
pub(super) struct Point<C: PrimeCurveParams> {
    point: ProjectivePoint<C>,
    table: OnceLock<Table<C>>,
}

// === impl Point ===

impl<C: EcdsaCurve + BasePoint> Point<C> {
    /// `None` when (`x`, `y`), each as long as the field's elements, is not on the curve.
    pub(super) fn parse(x: &[u8], y: &[u8]) -> Option<Self> {
        let point = AffinePoint::<C>::from_coordinates(&field_bytes::<C>(x), &field_bytes::<C>(y));
        Some(Self {
            point: point.into_option()?.into(),
            table: OnceLock::new(),
        })
    }

    pub(super) fn verify(&self, digest: &[u8], signature: &[u8]) -> Result<(), Invalid> {
        // Step 1: r and s from 1 to n - 1.
        let signature = Signature::from_slice(signature).map_err(|_| Invalid)?;
        if let Some(table) = self.table.get() {
            return verify_with(table, digest, &signature);
        }
        let table = Table::new(self.point);
        verify_with(&table, digest, &signature)?;
        self.table.get_or_init(|| table);
        Ok(())
    }
}

// The steps are those of FIPS 186-5, from the second on.
fn verify_with<C: EcdsaCurve + BasePoint>(
    table: &Table<C>,
    digest: &[u8],
    signature: &Signature<C>,
) -> Result<(), Invalid> {
    let (r, s) = signature.split_scalars();
    let s_inverse = *s.invert_vartime(); // 4
    let u = Scalar::<C>::reduce(&field_bytes::<C>(digest)) * s_inverse; // 2, 3 and 5
    let v = *r * s_inverse;
    let point = C::multiples().multiply(&u) + table.multiply(&v); // 6
    let x = Scalar::<C>::reduce(&point.to_affine().x()); // 7 and 8
    (x == *r).then_some(()).ok_or(Invalid) // 9
}

/// The leftmost of `bytes`, as many as a field element has, or all of them after zeros. Of a digest that is what step 3
/// asks for: the bits of the order are a multiple of eight, or more than any digest has.
fn field_bytes<C: PrimeCurveParams>(bytes: &[u8]) -> FieldBytes<C> {
    let mut padded = FieldBytes::<C>::default();
    let zeros = padded.len().saturating_sub(bytes.len());
    let places = padded.iter_mut().skip(zeros);
    places.zip(bytes).for_each(|(place, byte)| *place = *byte);
    padded
}
