//! Rules A21-A25: the keys of `when`.

use super::*;

fn is(key: &str, value: &str) -> Authorizer {
    when(&json!({"key": key, "values": [value]}))
}

fn is_not(key: &str, value: &str) -> Authorizer {
    when(&json!({"key": key, "notValues": [value]}))
}

#[test]
fn every_value_of_a_repeated_header_is_tested_on_its_own() {
    let twice = get().header("x", "a").header("x", "b");
    assert!(
        twice.passes(&is("request.headers[x]", "a"))
            && twice.passes(&is("request.headers[x]", "b"))
    );
    assert!(!twice.passes(&is("request.headers[x]", "a,b")));
    assert!(
        get()
            .header("x", "a,b")
            .passes(&is("request.headers[x]", "a,b"))
    );
}

#[test]
fn deny_on_a_header_cannot_be_hidden_behind_another_value() {
    let authorizer = policy(
        "DENY",
        &json!({"when": [{"key": "request.headers[x]", "values": ["bad"]}]}),
    );
    assert!(
        !get()
            .header("x", "good")
            .header("x", "bad")
            .passes(&authorizer)
    );
}

#[test]
fn not_values_on_a_header_means_no_value_matches() {
    let authorizer = is_not("request.headers[x]", "bad");
    assert!(
        !get()
            .header("x", "good")
            .header("x", "bad")
            .passes(&authorizer)
    );
    assert!(get().header("x", "good").passes(&authorizer) && get().passes(&authorizer));
}

#[test]
fn header_name_ignores_case_but_not_underscores() {
    assert!(
        get()
            .header("x-user", "a")
            .passes(&is("request.headers[X-User]", "a"))
    );
    assert!(
        !get()
            .header("x-user", "a")
            .passes(&is("request.headers[x_user]", "a"))
    );
}

#[test]
fn header_value_is_case_sensitive() {
    assert!(
        !get()
            .header("x", "A")
            .passes(&is("request.headers[x]", "a"))
    );
}

#[test]
fn header_presence_accepts_an_empty_value() {
    assert!(get().header("x", "").passes(&is("request.headers[x]", "*")));
    assert!(!get().passes(&is("request.headers[x]", "*")));
}

#[test]
fn header_value_need_not_be_text() {
    assert!(
        get()
            .header("x", b"a\xff")
            .passes(&is("request.headers[x]", "a*"))
    );
}

#[test]
fn values_and_not_values_of_one_condition_must_both_hold() {
    let authorizer =
        when(&json!({"key": "request.headers[x]", "values": ["a*"], "notValues": ["ab"]}));
    assert!(get().header("x", "ac").passes(&authorizer));
    assert!(!get().header("x", "ab").passes(&authorizer) && !get().passes(&authorizer));
}

#[test]
fn claim_matches_a_string_or_an_element_of_a_list() {
    let authorizer = is("request.auth.claims[groups]", "g1");
    assert!(get().claims(json!({"groups": "g1"})).passes(&authorizer));
    assert!(
        get()
            .claims(json!({"groups": ["g0", "g1"]}))
            .passes(&authorizer)
    );
    assert!(!get().claims(json!({"groups": "g0,g1"})).passes(&authorizer));
    assert!(!get().claims(json!({"groups": "g0 g1"})).passes(&authorizer));
}

#[test]
fn claim_that_is_no_string_never_matches() {
    let authorizer = is("request.auth.claims[level]", "1");
    for level in [
        json!(1),
        json!(true),
        json!({"level": "1"}),
        json!([["1"]]),
        json!(null),
    ] {
        assert!(
            !get().claims(json!({"level": level})).passes(&authorizer),
            "{level}"
        );
    }
}

#[test]
fn nested_claim_is_one_name_per_bracket() {
    let authorizer = is("request.auth.claims[realm][roles]", "admin");
    assert!(
        get()
            .claims(json!({"realm": {"roles": ["admin"]}}))
            .passes(&authorizer)
    );
    assert!(
        !get()
            .claims(json!({"realm.roles": "admin"}))
            .passes(&authorizer)
    );
}

#[test]
fn claim_presence_refuses_an_empty_string() {
    assert!(
        !get()
            .claims(json!({"a": ""}))
            .passes(&is("request.auth.claims[a]", "*"))
    );
    assert!(
        get()
            .claims(json!({"a": "x"}))
            .passes(&is("request.auth.claims[a]", "*"))
    );
}

#[test]
fn allow_not_values_on_a_claim_admits_requests_without_a_token() {
    let authorizer = is_not("request.auth.claims[role]", "bad");
    assert!(get().passes(&authorizer) && get().claims(json!({})).passes(&authorizer));
    assert!(!get().claims(json!({"role": "bad"})).passes(&authorizer));
}

#[test]
fn audiences_are_the_claim_aud() {
    let authorizer = is("request.auth.audiences", "reviews");
    assert!(
        get()
            .claims(json!({"aud": ["x", "reviews"]}))
            .passes(&authorizer)
    );
    assert!(!get().claims(json!({"aud": "x"})).passes(&authorizer));
}

#[test]
fn presenter_is_the_claim_azp() {
    let authorizer = is("request.auth.presenter", "client");
    assert!(get().claims(json!({"azp": "client"})).passes(&authorizer));
    assert!(!get().claims(json!({"aud": "client"})).passes(&authorizer));
}

#[test]
fn request_principal_is_the_same_as_in_a_source() {
    let authorizer = is("request.auth.principal", "iss/*");
    assert!(
        get()
            .claims(json!({"iss": "iss", "sub": "a"}))
            .passes(&authorizer)
    );
    assert!(!get().claims(json!({"iss": "iss"})).passes(&authorizer));
}

#[test]
fn addresses_and_port_have_keys_of_their_own() {
    assert!(
        get().passes(&is("source.ip", "10.0.0.0/24"))
            && !get().passes(&is_not("source.ip", "10.0.0.1"))
    );
    assert!(
        get().passes(&is("remote.ip", "203.0.113.7"))
            && !get().passes(&is("remote.ip", "10.0.0.1"))
    );
    assert!(
        get().passes(&is("destination.ip", "10.0.0.9"))
            && !get().passes(&is("destination.ip", "10.0.0.1"))
    );
    assert!(
        get().passes(&is("destination.port", "8080"))
            && !get().passes(&is_not("destination.port", "8080"))
    );
}

#[test]
fn peer_identity_has_keys_of_its_own() {
    let web = get().peer("spiffe://td/ns/prod/sa/web");
    assert!(
        web.passes(&is("source.principal", "td/ns/prod/sa/web"))
            && !get().passes(&is("source.principal", "*"))
    );
    assert!(
        web.passes(&is("source.namespace", "prod"))
            && get().passes(&is_not("source.namespace", "prod"))
    );
}

#[test]
fn server_name_is_empty_without_tls() {
    let named = get().on(|c| c.sni = Some(b"a.example".to_vec()));
    assert!(
        named.passes(&is("connection.sni", "*.example"))
            && named.passes(&is("connection.sni", "*"))
    );
    assert!(
        !get().passes(&is("connection.sni", "*")) && get().passes(&is_not("connection.sni", "*"))
    );
}
