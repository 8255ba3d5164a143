//! Rules A12, A13, A18-A20: what is asked.

use super::*;

#[test]
fn method_is_case_sensitive() {
    let authorizer = operation(&json!({"methods": ["GET"]}));
    assert!(get().passes(&authorizer));
    assert!(!ask("get", "/").passes(&authorizer) && !ask("GETS", "/").passes(&authorizer));
}

#[test]
fn method_may_be_a_pattern() {
    assert!(ask("PATCH", "/").passes(&operation(&json!({"methods": ["P*"]}))));
    assert!(!get().passes(&operation(&json!({"methods": ["P*"]}))));
}

#[test]
fn path_is_compared_without_its_query_and_fragment() {
    let authorizer = operation(&json!({"paths": ["/a"]}));
    for path in ["/a", "/a?x=1", "/a?", "/a#top"] {
        assert!(ask("GET", path).passes(&authorizer), "{path}");
    }
}

#[test]
fn path_is_neither_decoded_nor_normalised_here() {
    let authorizer = operation(&json!({"paths": ["/admin"]}));
    for path in [
        "/Admin",
        "//admin",
        "/%61dmin",
        "/admin/",
        "/admin;x=1",
        "/x/../admin",
    ] {
        assert!(!ask("GET", path).passes(&authorizer), "{path}");
    }
}

#[test]
fn path_prefix_and_suffix_are_plain_text() {
    assert!(ask("GET", "/information").passes(&operation(&json!({"paths": ["/info*"]}))));
    assert!(ask("GET", "/a/info").passes(&operation(&json!({"paths": ["*/info"]}))));
    assert!(!ask("GET", "/a/info").passes(&operation(&json!({"paths": ["/info*"]}))));
}

#[test]
fn path_with_a_star_inside_is_literal() {
    let authorizer = operation(&json!({"paths": ["/a/*/c"]}));
    assert!(ask("GET", "/a/*/c").passes(&authorizer) && !ask("GET", "/a/b/c").passes(&authorizer));
}

#[test]
fn missing_path_matches_nothing_so_its_negation_holds() {
    let connect = Ask {
        head: Vec::new(),
        ..get()
    }
    .header(":method", "CONNECT");
    assert!(!connect.passes(&operation(&json!({"paths": ["*"]}))));
    assert!(connect.passes(&operation(&json!({"notPaths": ["/admin*"]}))));
}

#[test]
fn path_presence_needs_text() {
    assert!(ask("GET", "/").passes(&operation(&json!({"paths": ["*"]}))));
    assert!(!ask("GET", "").passes(&operation(&json!({"paths": ["*"]}))));
}

#[test]
fn path_bytes_need_not_be_text() {
    let head = vec![(":path".to_owned(), b"/\xff\xfe".to_vec())];
    let raw = Ask { head, ..get() };
    assert!(raw.passes(&operation(&json!({"paths": ["/*"]}))));
    assert!(!raw.passes(&operation(&json!({"paths": ["/a"]}))));
}

#[test]
fn host_ignores_case() {
    assert!(
        get()
            .host("EXAMPLE.com")
            .passes(&operation(&json!({"hosts": ["example.COM"]})))
    );
}

#[test]
fn host_keeps_its_port() {
    let authorizer = operation(&json!({"hosts": ["example.com"]}));
    assert!(!get().host("example.com:8080").passes(&authorizer));
    assert!(get().host("example.com:8080").passes(&operation(
        &json!({"hosts": ["example.com", "example.com:*"]})
    )));
}

#[test]
fn missing_host_matches_nothing_not_even_presence() {
    assert!(!get().passes(&operation(&json!({"hosts": ["*"]}))));
    assert!(get().host("").passes(&operation(&json!({"hosts": ["*"]}))));
    assert!(get().passes(&operation(&json!({"notHosts": ["admin.example"]}))));
}

#[test]
fn port_is_the_local_one() {
    let authorizer = operation(&json!({"ports": ["80", "8080"]}));
    assert!(get().passes(&authorizer));
    assert!(
        !get()
            .on(|c| c.destination_port = Some(9090))
            .passes(&authorizer)
    );
}

#[test]
fn not_ports_is_the_negation() {
    let authorizer = operation(&json!({"notPorts": ["8080"]}));
    assert!(!get().passes(&authorizer));
    assert!(
        get()
            .on(|c| c.destination_port = Some(0))
            .passes(&authorizer)
    );
}

#[test]
fn unknown_port_is_not_another_port() {
    assert!(
        !get()
            .on(|c| c.destination_port = None)
            .passes(&operation(&json!({"notPorts": ["8080"]})))
    );
}
