//! Multiples of one point, computed once: what `p256` and its siblings have for their base point, for any point.

use std::iter::successors;

use primeorder::elliptic_curve::FieldBytesSize;
use primeorder::elliptic_curve::array::typenum::Unsigned;
use primeorder::{
    Double, LookupTable, PrimeCurveParams, ProjectivePoint, Radix16Decomposition, Radix16Digits,
    Scalar,
};

/// For each power 256^i the multiples 1 to 8 of that power of the point.
pub(super) struct Table<C: PrimeCurveParams>(Vec<LookupTable<ProjectivePoint<C>>>);

// === impl Table ===

impl<C: PrimeCurveParams> Table<C> {
    pub(super) fn of_multiples(point: ProjectivePoint<C>) -> Self {
        let powers = successors(Some(point), |power| Some(double(*power, 8)));
        // The digits of a scalar are those of its bytes, and a carry.
        let powers = powers.take(FieldBytesSize::<C>::USIZE + 1);
        Self(powers.map(LookupTable::new).collect())
    }

    /// `scalar` times the point; how long it takes tells of the scalar, which must be public.
    pub(super) fn multiply(&self, scalar: &Scalar<C>) -> ProjectivePoint<C> {
        let digits = Radix16Decomposition::<Radix16Digits<C>>::new(scalar);
        let digit = |place| {
            if place < Radix16Digits::<C>::USIZE {
                digits[place]
            } else {
                0
            }
        };
        let (even, odd) = self.0.iter().enumerate().fold(
            (ProjectivePoint::IDENTITY, ProjectivePoint::IDENTITY),
            |(even, odd), (byte, table)| {
                let low = table.select_vartime(digit(2 * byte));
                let high = table.select_vartime(digit(2 * byte + 1));
                (even + low, odd + high)
            },
        );
        even + double(odd, 4)
    }
}

fn double<C: PrimeCurveParams>(point: ProjectivePoint<C>, times: u32) -> ProjectivePoint<C> {
    (0..times).fold(point, |power, _| power.double())
}
