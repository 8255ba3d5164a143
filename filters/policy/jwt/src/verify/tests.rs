use super::*;
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::claims::Claims;
use crate::config::Compat;
use crate::json::Object;
use crate::world::Inline;

/// RFC 8037 appendix A.4: its payload is no JSON, so it cannot come as a token.
#[test]
fn the_ed25519_vector_of_rfc_8037_verifies() {
    let keys = KeySet::parse(
        br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
        Compat::Envoy,
    );
    let signature =
        b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let token = Jws {
        algorithm: Algorithm::EdDsa,
        key_id: None,
        kind: None,
        claims: Claims::parse(Object::new()).unwrap(),
        payload_text: Vec::new(),
        payload: Vec::new(),
        signing_input: b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".to_vec(),
        signature: base64url::decode(signature, Compat::Envoy).unwrap(),
    };
    assert_eq!(
        verify(&token, &keys.unwrap(), &Inline, &mut Budget::of_a_request()),
        Ok(())
    );
}
