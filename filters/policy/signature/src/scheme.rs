//! How a signature was made: the algorithm's family and its hash function.

/// A way to sign. It fits keys of one kind; with any other [`Key::verify`](crate::Key::verify) fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 of the same hash function, and a salt as long as the hash (RFC 7518 section 3.5).
    RsaPss(Hash),
    /// ECDSA (FIPS 186-5 section 6) on the key's curve, with any of the hash functions.
    Ecdsa(Hash),
    /// Ed25519 (RFC 8032 section 5.1.7).
    EdDsa,
    /// HMAC (RFC 2104).
    Hmac(Hash),
}

/// A hash function of FIPS 180-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-512, 64 bytes.
    Sha512,
}

// === impl Hash ===

impl Hash {
    /// How many bits a digest has.
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::Sha256 => 256,
            Self::Sha384 => 384,
            Self::Sha512 => 512,
        }
    }
}
