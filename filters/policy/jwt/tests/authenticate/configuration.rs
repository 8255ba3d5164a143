//! What a configuration may say, and how it is refused (rules J5, J52).

use policy_jwt::{Authenticator, Config};
use serde_json::{Value, json};

use crate::support::secret_jwk;

fn error(config: &Value) -> String {
    Authenticator::from_json(config.to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

/// The error for a rule with inline keys and these members.
fn rule_error(members: Value) -> String {
    let mut rule = json!({"issuer": "i", "jwks": json!({"keys": [secret_jwk()]}).to_string()});
    let Value::Object(members) = members else {
        panic!()
    };
    rule.as_object_mut().unwrap().extend(members);
    error(&json!({"jwtRules": [rule]}))
}

fn jwks_error(jwks: &str) -> String {
    rule_error(json!({"jwks": jwks}))
}

#[test]
fn istios_spelling_is_read() {
    let config = json!({"jwtRules": [{
        "issuer": "i", "audiences": ["a"], "jwks": json!({"keys": [secret_jwk()]}).to_string(),
        "fromHeaders": [{"name": "x", "prefix": "p "}], "fromParams": ["t"], "forwardOriginalToken": true,
        "outputPayloadToHeader": "x-p", "outputClaimToHeaders": [{"header": "x-c", "claim": "sub"}],
        "fromCookies": ["c"], "spaceDelimitedClaims": ["roles"],
    }, {
        "jwksUri": "https://issuer.example/keys", "timeout": "2s",
    }]});
    assert!(Authenticator::from_json(config.to_string().as_bytes()).is_ok());
}

#[test]
fn what_is_written_is_what_was_read() {
    let everything = json!({"compat": "strict", "reportOnly": true, "jwtRules": [{
        "issuer": "i", "audiences": ["a"], "jwksUri": "https://issuer.example/keys", "jwksCluster": "keys",
        "timeout": "2.5s", "fromHeaders": [{"name": "x", "prefix": "p "}], "fromParams": ["t"], "fromCookies": ["c"],
        "forwardOriginalToken": true, "outputPayloadToHeader": "x-p",
        "outputClaimToHeaders": [{"header": "x-c", "claim": "sub"}], "spaceDelimitedClaims": ["roles"],
        "requiredClaims": ["sub"], "requiredType": "at+jwt", "maxTokenAge": "3600s", "leeway": "0s",
        "refetchUnknownKid": true,
    }]});
    for config in [everything, json!({"jwtRules": [{"issuer": "https://i"}]})] {
        let read = Config::from_json(config.to_string().as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), config);
    }
}

#[test]
fn a_forgotten_configuration_does_not_turn_authentication_off() {
    assert!(Authenticator::from_json(b"").is_err());
    assert!(Authenticator::from_json(b"{}").is_err());
    assert!(Authenticator::from_json(br#"{"jwtRules": []}"#).is_ok());
}

#[test]
fn unknown_fields_are_refused_by_name() {
    assert!(rule_error(json!({"isuer": "x"})).contains("unknown field `isuer`"));
}

#[test]
fn a_rule_without_keys_is_refused() {
    assert!(error(&json!({"jwtRules": [{"issuer": "i"}]})).starts_with(
        "at /jwtRules/0/issuer: no `jwks` nor `jwksUri`, and the issuer cannot be asked"
    ));
    assert!(
        error(&json!({"jwtRules": [{"audiences": ["a"]}]})).starts_with("at /jwtRules/0: no keys")
    );
}

#[test]
fn key_sets_that_cannot_be_used_are_refused_at_their_place() {
    for jwks in [
        "",
        "x",
        "[]",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"x"}]}"#,
        r#"{"keys":[],"keys":[]}"#,
    ] {
        assert!(
            jwks_error(jwks).starts_with("at /jwtRules/0/jwks: the key set"),
            "{jwks}"
        );
    }
}

#[test]
fn oversized_key_sets_are_refused() {
    let many = |count: usize| json!({"keys": vec![secret_jwk(); count]}).to_string();
    assert!(jwks_error(&many(1001)).contains("more than 1000 keys"));
    assert!(jwks_error(&" ".repeat(1 << 21)).contains("larger than 1048576 bytes"));
}

#[test]
fn header_names_must_be_header_names() {
    let bad = rule_error(json!({"fromHeaders": [{"name": "x"}, {"name": "a b"}]}));
    assert_eq!(
        bad,
        "at /jwtRules/0/fromHeaders/1/name: `a b` is not a header name"
    );
    assert!(
        rule_error(json!({"outputPayloadToHeader": ":path"}))
            .contains("/outputPayloadToHeader: `:path`")
    );
    let bad = rule_error(json!({"outputClaimToHeaders": [{"header": "", "claim": "c"}]}));
    assert!(bad.starts_with("at /jwtRules/0/outputClaimToHeaders/0/header"));
}

#[test]
fn durations_are_in_seconds() {
    for field in ["timeout", "maxTokenAge", "leeway"] {
        for text in ["", "5", "s", "-1s", "1m", "infs", "1e3s", "5 s", "1.2.3s"] {
            let error = rule_error(json!({field: text}));
            assert!(
                error.starts_with(&format!(
                    "at /jwtRules/0/{field}: `{text}` is not a duration"
                )),
                "{error}"
            );
        }
    }
    for field in ["timeout", "maxTokenAge"] {
        assert_eq!(
            rule_error(json!({field: "0s"})),
            format!("at /jwtRules/0/{field}: must be longer than nothing")
        );
    }
}

#[test]
fn empty_texts_are_refused() {
    for field in [
        "audiences",
        "fromParams",
        "fromCookies",
        "requiredClaims",
        "spaceDelimitedClaims",
    ] {
        assert_eq!(
            rule_error(json!({field: ["a", ""]})),
            format!("at /jwtRules/0/{field}: must not be empty")
        );
    }
    let bad = rule_error(json!({"outputClaimToHeaders": [{"header": "x", "claim": ""}]}));
    assert_eq!(
        bad,
        "at /jwtRules/0/outputClaimToHeaders/0/claim: must not be empty"
    );
}

#[test]
fn more_than_64_space_delimited_claims_are_refused() {
    assert!(
        rule_error(json!({"spaceDelimitedClaims": vec!["c"; 65]})).contains("more than 64 claims")
    );
}

#[test]
fn a_token_header_may_not_be_an_output_header() {
    let bad = rule_error(json!({"outputPayloadToHeader": "Authorization"}));
    assert!(
        bad.starts_with(
            "at /jwtRules/0/outputPayloadToHeader: `Authorization` is also where tokens"
        )
    );
    let custom = json!({"fromHeaders": [{"name": "x-jwt"}], "outputClaimToHeaders": [{"header": "X-JWT", "claim": "c"}]});
    assert!(rule_error(custom).contains("is also where tokens"));
}
