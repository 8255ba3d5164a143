use super::*;
use crate::listener::{Plugin, Route};

fn module() -> ModuleFile {
    ModuleFile {
        name: "authz".to_owned(),
        path: "target/wasm/authz.wasm".into(),
        bytes: vec![0; 4].into(),
        sha256: "ab12".to_owned(),
    }
}

fn reviews(name: &str) -> Listener {
    let cluster = "outbound|9080|v2|reviews".to_owned();
    Listener {
        name: name.to_owned(),
        address: SocketAddr::from(([127, 0, 0, 1], 8080)),
        plugins: vec![Plugin::new(
            format!("{name}/authz"),
            module(),
            r#"{"rules":[]}"#,
        )],
        routes: vec![
            Route {
                name: String::new(),
                state: Some(("meshwright.destination".to_owned(), cluster.clone())),
                cluster: cluster.clone(),
            },
            Route {
                name: String::new(),
                state: None,
                cluster: cluster.clone(),
            },
        ],
        clusters: vec![Cluster::new(cluster, ([127, 0, 0, 1], 9080).into())],
        ..Listener::default()
    }
}

fn at<'a>(document: &'a Value, pointer: &str) -> &'a Value {
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("nothing at {pointer} in {document:#}"))
}

const MANAGER: &str = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";

fn in_manager(document: &Value, pointer: &str) -> Value {
    at(document, &format!("{MANAGER}{pointer}")).clone()
}

#[test]
fn plugins_come_before_the_router_and_in_order() {
    let mut listener = reviews("main");
    listener.plugins.insert(
        0,
        Plugin {
            name: "first".to_owned(),
            ..listener.plugins[0].clone()
        },
    );
    let document = bootstrap(&[listener], &BootstrapOptions::default());
    let filters = in_manager(&document, "/http_filters");
    let names: Vec<_> = filters
        .as_array()
        .unwrap()
        .iter()
        .map(|filter| filter["name"].clone())
        .collect();
    assert_eq!(names, ["first", "main/authz", "envoy.filters.http.router"]);
}

#[test]
fn a_plugin_fails_closed_and_shares_the_vm_of_its_module() {
    let document = bootstrap(&[reviews("main")], &BootstrapOptions::default());
    let plugin = in_manager(&document, "/http_filters/0/typed_config/config");
    assert_eq!(plugin["failure_policy"], "FAIL_CLOSED");
    assert_eq!(plugin["configuration"]["value"], r#"{"rules":[]}"#);
    assert_eq!(plugin["vm_config"]["vm_id"], "ab12");
    assert_eq!(
        plugin["vm_config"]["code"]["local"]["filename"],
        "target/wasm/authz.wasm"
    );
}

#[test]
fn modules_can_be_loaded_from_their_content_addressed_copies() {
    let options = BootstrapOptions {
        modules: Some("/run".into()),
        ..BootstrapOptions::default()
    };
    let document = bootstrap(&[reviews("main")], &options);
    let file = in_manager(
        &document,
        "/http_filters/0/typed_config/config/vm_config/code/local/filename",
    );
    assert_eq!(file, "/run/authz-ab12.wasm");
}

#[test]
fn a_route_on_state_matches_filter_state_under_wasm() {
    let document = bootstrap(&[reviews("main")], &BootstrapOptions::default());
    let routes = in_manager(&document, "/route_config/virtual_hosts/0/routes");
    let state = json!([{ "key": "wasm.meshwright.destination", "string_match": { "exact": "outbound|9080|v2|reviews" } }]);
    assert_eq!(
        routes[0]["match"],
        json!({ "prefix": "/", "filter_state": state })
    );
    assert_eq!(routes[1]["match"], json!({ "prefix": "/" }));
    assert_eq!(routes[0]["route"]["cluster"], "outbound|9080|v2|reviews");
}

#[test]
fn clusters_keep_their_names_unless_two_listeners_mean_different_ones() {
    let alone = bootstrap(&[reviews("a")], &BootstrapOptions::default());
    assert_eq!(
        *at(&alone, "/static_resources/clusters/0/name"),
        "outbound|9080|v2|reviews"
    );
    let shared = bootstrap(&[reviews("a"), reviews("b")], &BootstrapOptions::default());
    assert_eq!(
        at(&shared, "/static_resources/clusters")
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let mut other = reviews("b");
    other.clusters[0].address.set_port(9081);
    let both = bootstrap(&[reviews("a"), other], &BootstrapOptions::default());
    assert_eq!(
        *at(&both, "/static_resources/clusters/1/name"),
        "b/outbound|9080|v2|reviews"
    );
    let route = in_manager(
        &both,
        "/route_config/virtual_hosts/0/routes/0/route/cluster",
    );
    assert_eq!(route, "a/outbound|9080|v2|reviews");
}

#[test]
fn there_is_an_admin_interface_only_where_one_is_asked_for() {
    let options = BootstrapOptions {
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..BootstrapOptions::default()
    };
    let with = bootstrap(&[], &options);
    assert_eq!(
        *at(&with, "/admin/address/socket_address"),
        json!({ "address": "127.0.0.1", "port_value": 0 })
    );
    assert!(
        bootstrap(&[], &BootstrapOptions::default())
            .get("admin")
            .is_none()
    );
}

#[test]
fn the_labels_of_all_modules_become_tags_once_and_without_any_there_is_no_statistics_part() {
    let mut listener = reviews("main");
    let none = bootstrap(&[listener.clone()], &BootstrapOptions::default());
    assert!(none.get("stats_config").is_none());
    let section = b"\0asm\x01\0\0\0\0\x19\x11meshwright.labelsstatus\n";
    listener.plugins[0].module.bytes = section.to_vec().into();
    let document = bootstrap(&[listener.clone(), listener], &BootstrapOptions::default());
    let tags = at(&document, "/stats_config/stats_tags");
    let regex = r"(?:^wasmcustom\.|;\.;)(status=\.=(.*?);\.;)";
    assert_eq!(*tags, json!([{ "tag_name": "status", "regex": regex }]));
}

#[test]
fn yaml_says_the_same_as_json() {
    let mut listener = reviews("main");
    listener.plugins[0].configuration = "{\"a\": \"line\\n: #'\",\n  \"b\": \"\u{e9}\"}\n".into();
    let document = bootstrap(&[listener], &BootstrapOptions::default());
    let read: Value = serde_saphyr::from_str(&to_yaml(&document).unwrap()).unwrap();
    assert_eq!(read, document);
}
