//! One signature to check: the seam between what a token asks and who does the mathematics.

use std::borrow::Cow;
use std::fmt;

use crate::algorithm::Scheme;
use crate::crypto::VerifyingKey;
use crate::der;

/// A signature, the text it is over, and the key that is to verify it.
pub struct SignatureCheck<'a> {
    pub(crate) key: &'a VerifyingKey,
    pub(crate) scheme: Scheme,
    pub(crate) text: &'a [u8],
    /// For ECDSA two halves as wide as the curve.
    pub(crate) signature: &'a [u8],
}

// === impl SignatureCheck ===

impl SignatureCheck<'_> {
    /// How it is signed.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The key as DER `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7), made once per key; none for a shared secret.
    #[must_use]
    pub fn public_key(&self) -> Option<&[u8]> {
        self.key.public_key_info()
    }

    /// The signing input (RFC 7515 section 2): header and payload as they were sent, a dot between them.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text
    }

    /// The signature; for ECDSA `r` and `s`, each as wide as the curve (RFC 7518 section 3.4).
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.signature
    }

    /// The signature as X.509 and OpenSSL have it: for ECDSA a DER `ECDSA-Sig-Value` (RFC 3279 section 2.2.3).
    #[must_use]
    pub fn x509_signature(&self) -> Cow<'_, [u8]> {
        let (Scheme::Ecdsa(_), Some((r, s))) = (
            self.scheme,
            self.signature.split_at_checked(self.signature.len() / 2),
        ) else {
            return Cow::Borrowed(self.signature);
        };
        Cow::Owned(der::two_integers(r, s))
    }

    /// Whether the signature is good, by our own verifier.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.key.verify(self.scheme, self.text, self.signature)
    }
}

// The text is a credential as soon as the signature is good, so neither may end in a log.
impl fmt::Debug for SignatureCheck<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureCheck")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
