//! RSA public keys (RFC 8017): what they decrypt a signature to, and the two paddings that may come out.
//!
//! Raising to the exponent is done here, on `crypto-bigint`, in less than half the time of the `rsa` crate's way for any
//! exponent: both exponents that a key may have are powers of two plus one. Montgomery forms of boxed integers are at
//! least as fast in Wasm as those of a fixed size, and there is one code for all sizes.

mod pkcs1;
mod pss;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use spki::ObjectIdentifier;
use spki::der::asn1::AnyRef;

use crate::integer::significant;
use crate::spki::{subject_public_key_info, two_integers};
use crate::{Hash, Invalid, KeyError};

/// What Envoy takes (rule J51).
const MODULUS_BITS: std::ops::RangeInclusive<usize> = 512..=16384;

/// `rsaEncryption`, RFC 8017 appendix A.1.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

pub(crate) struct PublicKey {
    modulus: BoxedMontyParams,
    modulus_bits: usize,
    exponent: Exponent,
    subject_public_key_info: Vec<u8>,
}

#[derive(Clone, Copy)]
enum Exponent {
    /// 2¹ + 1
    Three,
    /// 2¹⁶ + 1
    Fermat4,
}

// === impl PublicKey ===

impl PublicKey {
    pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let modulus = significant(modulus);
        let modulus_bits = bits(modulus);
        if !MODULUS_BITS.contains(&modulus_bits) {
            return Err(KeyError::ModulusSize(modulus_bits));
        }
        let odd = Odd::new(BoxedUint::from_be_slice_vartime(modulus))
            .into_option()
            .ok_or(KeyError::EvenModulus)?;
        Ok(Self {
            modulus: BoxedMontyParams::new_vartime(odd),
            modulus_bits,
            exponent: Exponent::parse(significant(exponent)).ok_or(KeyError::Exponent)?,
            subject_public_key_info: to_der(modulus, significant(exponent))
                .map_err(|_| KeyError::ModulusSize(modulus_bits))?,
        })
    }

    pub(crate) fn verify_pkcs1(
        &self,
        hash: Hash,
        text: &[u8],
        signature: &[u8],
    ) -> Result<(), Invalid> {
        let message = self.message_of(signature)?;
        pkcs1::verify(hash, text, &message)
    }

    pub(crate) fn verify_pss(
        &self,
        hash: Hash,
        text: &[u8],
        signature: &[u8],
    ) -> Result<(), Invalid> {
        let message = self.message_of(signature)?;
        pss::verify(hash, text, &message, self.modulus_bits)
    }

    pub(crate) fn subject_public_key_info(&self) -> &[u8] {
        &self.subject_public_key_info
    }

    /// The encoded message that was signed, as long as the modulus: RSAVP1 (RFC 8017 section 5.2.2), with the checks of
    /// sections 8.1.2 and 8.2.2 before it.
    fn message_of(&self, signature: &[u8]) -> Result<Vec<u8>, Invalid> {
        let length = self.modulus_bits.div_ceil(8);
        if signature.len() != length {
            return Err(Invalid);
        }
        let representative = BoxedUint::from_be_slice(signature, self.modulus.bits_precision())
            .map_err(|_| Invalid)?;
        if representative >= *self.modulus.modulus().as_ref() {
            return Err(Invalid);
        }
        let message = self.power(representative).to_be_bytes();
        let start = message.len().checked_sub(length).ok_or(Invalid)?;
        message.get(start..).map(<[u8]>::to_vec).ok_or(Invalid)
    }

    fn power(&self, base: BoxedUint) -> BoxedUint {
        let base = BoxedMontyForm::new(base, &self.modulus);
        let mut power = base.square();
        for _ in 1..self.exponent.squarings() {
            power = power.square();
        }
        power.mul(&base).retrieve()
    }
}

// === impl Exponent ===

impl Exponent {
    fn parse(exponent: &[u8]) -> Option<Self> {
        match exponent {
            [3] => Some(Self::Three),
            [1, 0, 1] => Some(Self::Fermat4),
            _ => None,
        }
    }

    fn squarings(self) -> u32 {
        match self {
            Self::Three => 1,
            Self::Fermat4 => 16,
        }
    }
}

fn to_der(modulus: &[u8], exponent: &[u8]) -> spki::der::Result<Vec<u8>> {
    let key = two_integers(modulus, exponent)?;
    subject_public_key_info(RSA_ENCRYPTION, AnyRef::NULL, &key)
}

/// Of a number without leading zeros.
fn bits(number: &[u8]) -> usize {
    let unused = number.first().map_or(0, |byte| byte.leading_zeros());
    (number.len() * 8).saturating_sub(unused as usize)
}
