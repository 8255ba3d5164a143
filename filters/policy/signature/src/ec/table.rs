//! Multiples of a point, computed once. `p256` and its siblings have such tables too, but of their base points only, and
//! at 200 kB more of module.

use std::iter::successors;
use std::sync::OnceLock;

use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use primeorder::elliptic_curve::FieldBytesSize;
use primeorder::elliptic_curve::array::typenum::Unsigned;
use primeorder::{
    Double, LookupTable, PrimeCurveParams, ProjectivePoint, Radix16Decomposition, Radix16Digits,
    Scalar,
};

/// For each power 256^i the multiples 1 to 8 of that power of the point.
pub(super) struct Table<C: PrimeCurveParams>(Vec<LookupTable<ProjectivePoint<C>>>);

/// A curve with one table of its base point.
pub(super) trait BasePoint: PrimeCurveParams {
    fn multiples() -> &'static Table<Self>;
}

// === impl Table ===

impl<C: PrimeCurveParams> Table<C> {
    pub(super) fn new(point: ProjectivePoint<C>) -> Self {
        let powers = successors(Some(point), |power| Some(double(*power, 8)));
        // The digits of a scalar are those of its bytes, and a carry.
        let powers = powers.take(FieldBytesSize::<C>::USIZE + 1);
        Self(powers.map(LookupTable::new).collect())
    }

    /// `scalar` times the point; how long it takes tells of the scalar, which must be public.
    pub(super) fn multiply(&self, scalar: &Scalar<C>) -> ProjectivePoint<C> {
        let digits = Radix16Decomposition::<Radix16Digits<C>>::new(scalar);
        let digit = |place| {
            let exists = place < Radix16Digits::<C>::USIZE;
            if exists { digits[place] } else { 0 }
        };
        let mut even = ProjectivePoint::IDENTITY;
        let mut odd = ProjectivePoint::IDENTITY;
        for (byte, table) in self.0.iter().enumerate() {
            even += &table.select_vartime(digit(2 * byte));
            odd += &table.select_vartime(digit(2 * byte + 1));
        }
        even + double(odd, 4)
    }
}

// === impl BasePoint ===

impl BasePoint for NistP256 {
    fn multiples() -> &'static Table<Self> {
        static TABLE: OnceLock<Table<NistP256>> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(ProjectivePoint::GENERATOR))
    }
}

impl BasePoint for NistP384 {
    fn multiples() -> &'static Table<Self> {
        static TABLE: OnceLock<Table<NistP384>> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(ProjectivePoint::GENERATOR))
    }
}

impl BasePoint for NistP521 {
    fn multiples() -> &'static Table<Self> {
        static TABLE: OnceLock<Table<NistP521>> = OnceLock::new();
        TABLE.get_or_init(|| Table::new(ProjectivePoint::GENERATOR))
    }
}

fn double<C: PrimeCurveParams>(mut point: ProjectivePoint<C>, times: u32) -> ProjectivePoint<C> {
    (0..times).for_each(|_| point.double_in_place());
    point
}
