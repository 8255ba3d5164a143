//! Rules A14-A17, A21 and A25: who sends the request.

use super::*;

const WEB: &str = "spiffe://cluster.local/ns/default/sa/web";

fn token(issuer: &str, subject: &str) -> Ask {
    get().claims(json!({"iss": issuer, "sub": subject}))
}

#[test]
fn principal_is_written_without_its_scheme() {
    let authorizer = source(&json!({"principals": ["cluster.local/ns/default/sa/web"]}));
    assert!(get().peer(WEB).passes(&authorizer));
    assert!(
        !get()
            .peer("cluster.local/ns/default/sa/web")
            .passes(&authorizer)
    );
}

#[test]
fn any_name_of_the_certificate_may_be_the_principal() {
    let authorizer = source(&json!({"principals": ["cluster.local/ns/default/sa/web"]}));
    assert!(
        get()
            .peer("spiffe://other/ns/x/sa/y")
            .peer(WEB)
            .passes(&authorizer)
    );
}

#[test]
fn principal_prefix_and_suffix_match_parts() {
    assert!(
        get()
            .peer(WEB)
            .passes(&source(&json!({"principals": ["cluster.local/*"]})))
    );
    assert!(
        get()
            .peer(WEB)
            .passes(&source(&json!({"principals": ["*/sa/web"]})))
    );
    assert!(
        !get()
            .peer(WEB)
            .passes(&source(&json!({"principals": ["*/sa/we"]})))
    );
}

#[test]
fn plaintext_has_no_principal() {
    assert!(!get().passes(&source(&json!({"principals": ["*"]}))));
    assert!(
        get()
            .peer(WEB)
            .passes(&source(&json!({"principals": ["*"]})))
    );
}

#[test]
fn not_principals_matches_plaintext() {
    let authorizer = source(&json!({"notPrincipals": ["cluster.local/ns/default/sa/web"]}));
    assert!(get().passes(&authorizer) && !get().peer(WEB).passes(&authorizer));
}

#[test]
fn a_peer_that_nobody_can_name_is_neither_allowed_nor_spared_a_deny() {
    let unknown = || get().on(|c| c.principals = None);
    assert!(!unknown().passes(&source(&json!({"notPrincipals": ["*/sa/bad"]}))));
    let deny = policy(
        "DENY",
        &json!({"from": [{"source": {"principals": ["*/sa/bad"]}}]}),
    );
    assert!(!unknown().passes(&deny));
}

#[test]
fn deny_not_principals_star_requires_mutual_tls() {
    let authorizer = policy(
        "DENY",
        &json!({"from": [{"source": {"notPrincipals": ["*"]}}]}),
    );
    assert!(!get().passes(&authorizer) && get().peer(WEB).passes(&authorizer));
}

#[test]
fn namespace_is_taken_from_the_identity() {
    let authorizer = source(&json!({"namespaces": ["default", "prod-*"]}));
    assert!(get().peer(WEB).passes(&authorizer));
    assert!(
        get()
            .peer("spiffe://td/ns/prod-eu/sa/x")
            .passes(&authorizer)
    );
    assert!(
        !get()
            .peer("spiffe://td/ns/defaults/sa/x")
            .passes(&authorizer)
    );
    assert!(!get().passes(&authorizer));
}

#[test]
fn not_namespaces_matches_plaintext() {
    let authorizer = source(&json!({"notNamespaces": ["default"]}));
    assert!(get().passes(&authorizer) && !get().peer(WEB).passes(&authorizer));
}

#[test]
fn ip_blocks_look_at_the_direct_peer() {
    let authorizer = source(&json!({"ipBlocks": ["10.0.0.0/8"]}));
    assert!(get().passes(&authorizer));
    let elsewhere =
        get().on(|c| (c.source_ip, c.remote_ip) = (Some(ip("192.0.2.1")), Some(ip("10.0.0.1"))));
    assert!(!elsewhere.passes(&authorizer));
}

#[test]
fn remote_ip_blocks_look_at_the_original_client() {
    let authorizer = source(&json!({"remoteIpBlocks": ["203.0.113.0/24"]}));
    assert!(get().passes(&authorizer));
    assert!(
        !get()
            .on(|c| c.remote_ip = Some(ip("10.0.0.1")))
            .passes(&authorizer)
    );
}

#[test]
fn not_ip_blocks_takes_every_other_address_of_either_family() {
    let authorizer = source(&json!({"notIpBlocks": ["10.0.0.0/8"]}));
    assert!(!get().passes(&authorizer));
    assert!(
        get()
            .on(|c| c.source_ip = Some(ip("2001:db8::1")))
            .passes(&authorizer)
    );
}

#[test]
fn not_remote_ip_blocks_is_the_negation() {
    let authorizer = source(&json!({"notRemoteIpBlocks": ["203.0.113.7"]}));
    assert!(!get().passes(&authorizer));
    assert!(
        get()
            .on(|c| c.remote_ip = Some(ip("203.0.113.8")))
            .passes(&authorizer)
    );
}

#[test]
fn request_principal_is_issuer_and_subject() {
    let authorizer = source(&json!({"requestPrincipals": ["https://i.example/jason"]}));
    assert!(token("https://i.example", "jason").passes(&authorizer));
    assert!(!token("https://i.example/", "jason").passes(&authorizer));
    assert!(!token("https://j.example", "jason").passes(&authorizer));
    assert!(!get().passes(&authorizer));
}

#[test]
fn subject_with_a_slash_is_matched_by_wildcards_only() {
    assert!(!token("iss1", "x/b").passes(&source(&json!({"requestPrincipals": ["iss1/x/b"]}))));
    assert!(token("iss1", "x/b").passes(&source(&json!({"requestPrincipals": ["iss1/*"]}))));
}

#[test]
fn star_request_principal_needs_issuer_and_subject() {
    let authorizer = source(&json!({"requestPrincipals": ["*"]}));
    assert!(token("a", "b").passes(&authorizer));
    assert!(!get().claims(json!({"iss": "a"})).passes(&authorizer));
    assert!(!token("a", "").passes(&authorizer) && !get().passes(&authorizer));
}

#[test]
fn deny_not_request_principals_star_requires_a_token() {
    let authorizer = policy(
        "DENY",
        &json!({"from": [{"source": {"notRequestPrincipals": ["*"]}}]}),
    );
    assert!(!get().passes(&authorizer));
    assert!(!get().claims(json!({"iss": "a"})).passes(&authorizer));
    assert!(token("a", "b").passes(&authorizer));
}

#[test]
fn allow_not_request_principals_admits_requests_without_a_token() {
    let authorizer = source(&json!({"notRequestPrincipals": ["a/b"]}));
    assert!(get().passes(&authorizer) && !token("a", "b").passes(&authorizer));
}
