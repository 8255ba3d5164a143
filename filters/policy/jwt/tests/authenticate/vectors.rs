//! The published vectors of RFC 7515 appendix A (that of RFC 8037 is beside `verify.rs`).

use policy_jwt::{Inline, JwtRule};
use serde_json::{Value, json};

use crate::support::{at, authenticator, bearer, decided, rule_with_keys};

/// `exp` of the payload all three share.
const EXP: u64 = 1_300_819_380;
const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn code(key: Value, header: &str, signature: &str, now: u64) -> &'static str {
    let rule = JwtRule {
        issuer: "joe".to_owned(),
        ..rule_with_keys(&[key])
    };
    let head = bearer(&format!("{header}.{PAYLOAD}.{signature}"));
    decided(authenticator(&[rule]).authenticate(&head, at(now), &Inline))
        .reason()
        .code
}

fn hmac(now: u64) -> &'static str {
    let key = json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
    let header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
    code(
        key,
        header,
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        now,
    )
}

#[test]
fn a_1_hmac_sha_256() {
    assert_eq!(hmac(EXP), "jwt.valid");
    assert_eq!(hmac(EXP + 61), "jwt.expired");
}

#[test]
fn a_2_rsassa_pkcs1_v1_5_sha_256() {
    let modulus = concat!(
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS",
        "-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2Cap",
        "Hg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4",
        "FRWyuXpoQ"
    );
    let signature = concat!(
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t",
        "1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12j",
        "zDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ",
        "Ge77Rw"
    );
    let key = json!({"kty": "RSA", "n": modulus, "e": "AQAB"});
    assert_eq!(
        code(key, "eyJhbGciOiJSUzI1NiJ9", signature, EXP),
        "jwt.valid"
    );
}

#[test]
fn a_3_ecdsa_p_256_sha_256() {
    let key = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_eq!(
        code(key, "eyJhbGciOiJFUzI1NiJ9", signature, EXP),
        "jwt.valid"
    );
}
