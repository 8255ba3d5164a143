//! What only the owner of a key can make, yet is no signature: paddings that are almost right.

use policy_signature::{Hash, Key, Scheme};

use crate::rfc::bytes;

const TEXT: &[u8] = b"text";

fn is_accepted(modulus: &str, scheme: Scheme, signature: &str) -> bool {
    let key = Key::rsa(&bytes(modulus), &[3]).unwrap();
    key.verify(scheme, TEXT, &bytes(signature)).is_ok()
}

/// RFC 8017 section 9.2 step 3: as many, with SHA-384, as a modulus of 78 bytes leaves.
#[test]
fn pkcs1_padding_has_at_least_eight_bytes() {
    let scheme = Scheme::RsaPkcs1(Hash::Sha384);
    let eight = is_accepted(
        "6gkXmuJPw1S76Cfi31UwYzfN2ufPG0CKm2TIAo10FTGXu3LpGdy_L7GtaSJyFnnKkUYe67jUhLm0SjmpsFew6zcRg_8dq9VUREjHMBuZ",
        scheme,
        "QnvBIq0JOw61-aqh5bX6_bthHYgs0FejodR67qzQSeiKfp8sEsz3TqgVZ0lj8zpSGDMi0HHfXuCYq0SEl-mGclbt8xWVmWptTawTGoiV",
    );
    let seven = is_accepted(
        "yW_WG1YffifpP4-syqG4h5dGE-0hajTZUMLB5GRInPdCj_J2HITlcvvAFfjyzbc2BeMPogdMwuHAsIkmOW-xD4oUv4XRSM9HNmMBbCE",
        scheme,
        "tg-bSrOXgB4y9fGGXyt9k-bKHdWoEA64xiFedsOKZCXH04dLKLPZrmZgkAQdj2p4VmSOprBuWMKgki5n2kVh3owVAQ3Zqn_udSKnT2E",
    );
    assert_eq!((eight, seven), (true, false));
}

/// RFC 8017 section 8.1.2 step 2c: the modulus has one bit more than whole bytes, so the first byte must be zero.
#[test]
fn pss_has_nothing_before_the_encoded_message() {
    let modulus = "AToGMq3lwoAHLPrtNlfkNXNp2OuJLDGPU59KZ7CIYy0ODkBYjp6Ah37VvMUB4dv4gWVyVP9ripIAPiiOE3Z_spT2TwF_fhMVpKDgjz5uafImo9zytFyS6KHHIKtP1gdRr2XOg7HFpKjP0-E7SF8wPFI79ruUxzOPBmFnUEK4hD5uKxE";
    let scheme = Scheme::RsaPss(Hash::Sha256);
    let zero = "ARQvzFBjlO7C-jL_7q8OBQLWtIC2ZxGrt-OpQRL6mgDaNh21SZ_KFyE6h2QekFSMah_Cq7qlsqNHPFtRm4Y4Vi0PtfjJVZjcVcaOdiGIN3HXdIWtNpqQV2RVLTBjQifLSef6RHCKJSy6BaAq6w6hC85RO66ikllidHyq-6C0ZHBEbI8";
    let one = "ANVebt3ik1h8OgICFoDtSnUH1JAXMmGVRrSyIjRHUiafe1Oejzp6t1Vmr_GzSKIyixTw468tCbYZK8ktRSS5LgRvRtKjnLQXU3qgv7_hQRZZaCSeLaMZBpFmHUZq7EaCC7nST7536ALNfOYAky-f4BUncq3tBUsT5bMWcOTP7bpafE4";
    assert!(is_accepted(modulus, scheme, zero));
    assert!(!is_accepted(modulus, scheme, one));
}
