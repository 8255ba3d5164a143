//! What holds for every input: no panic, and no forgery by changing a token.

use policy_jwt::{Compat, KeySet};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{bearer, code, codes, judge, rule, signed};

fn good() -> String {
    signed(json!({"sub": "alice", "scope": "a b"}))
}

/// Where in a token, and what to put there.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8)> {
    (any::<prop::sample::Index>(), any::<u8>())
}

/// Headers and payloads that are good or nearly so.
fn json() -> impl Strategy<Value = String> {
    let member = prop::sample::select(vec![
        r#""typ":"JWT""#,
        r#""crit":["x"]"#,
        r#""b64":true"#,
        r#""kid":"""#,
        "kid:1",
        r#""nbf":1.5"#,
        r#""aud":[]"#,
        r#""sub":null"#,
        r#""exp":0"#,
    ]);
    let start = r#"{"alg":"HS256","iss":"https://issuer.example","exp":1700000000"#;
    prop::collection::vec(member, 0..3).prop_map(move |members| {
        let members: String = members.iter().map(|member| format!(",{member}")).collect();
        format!("{start}{members}}}")
    })
}

proptest! {
    #[test]
    fn no_header_bytes_cause_a_panic(value in any::<Vec<u8>>(), path in any::<Vec<u8>>()) {
        let path = [b"/?access_token=", &path[..]].concat();
        let value = [b"Bearer ", &value[..]].concat();
        let head = [(":path", path), ("authorization", value)].into_iter().collect();
        let _ = codes(&[rule()], &head);
    }

    #[test]
    fn no_key_set_causes_a_panic(text in "[{}\\[\\]:,'\"a-z0-9\\\\]{0,60}") {
        for compat in [Compat::Envoy, Compat::Strict] {
            let _ = KeySet::parse(text.as_bytes(), compat);
            let _ = KeySet::parse(format!("{{\"keys\":[{text}]}}").as_bytes(), compat);
        }
    }

    // What is refused in Envoy's way alone would be accepted strictly, which is meant to be the safer one.
    #[test]
    fn what_is_good_strictly_is_good_in_envoy(header in json(), payload in json(), cut in any::<prop::sample::Index>()) {
        let token = crate::support::sign_text(&header, &payload);
        let token = &token[..token.len() - cut.index(3)];
        let [envoy, strict] = codes(&[rule()], &bearer(token));
        prop_assert!(strict != "jwt.valid" || envoy == "jwt.valid", "{envoy}");
    }

    #[test]
    fn no_token_made_of_json_texts_is_accepted(header in ".{0,40}", payload in ".{0,80}", signature in any::<Vec<u8>>()) {
        let part = |bytes: &[u8]| crate::support::base64url(bytes);
        let token = format!("{}.{}.{}", part(header.as_bytes()), part(payload.as_bytes()), part(&signature));
        prop_assert_ne!(code(&token), "jwt.valid");
    }

    #[test]
    fn no_cut_token_is_accepted(end in any::<prop::sample::Index>()) {
        let token = good();
        let cut = &token[..end.index(token.len() - 1)];
        prop_assert_ne!(judge(&[rule()], &bearer(cut)).reason().code, "jwt.valid");
    }

    #[test]
    fn no_changed_token_is_accepted((index, byte) in change()) {
        let token = good();
        let at = index.index(token.len());
        let mut bytes = token.clone().into_bytes();
        // The last character of the signature has bits that stand for nothing (rule J22).
        prop_assume!(bytes[at] != byte && at + 1 < token.len());
        bytes[at] = byte;
        let head = [(":path", b"/".to_vec()), ("authorization", [b"Bearer ", &bytes[..]].concat())].into_iter().collect();
        prop_assert_ne!(judge(&[rule()], &head).reason().code, "jwt.valid");
    }
}
