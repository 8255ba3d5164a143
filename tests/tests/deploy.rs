//! The deployment examples beside each filter are ones that a real Envoy takes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::Command;

use host_runner::envoy::locate;
use host_runner::yaml::Source;
use meshwright_tests::{build_modules, root};
use serde_json::Value;

const FILTERS: [&str; 3] = ["jwt-auth", "authz", "ab-router"];

fn yaml(path: &str) -> Value {
    let source = Source::read(&root().join(path)).unwrap();
    source.only_document().unwrap().value().unwrap()
}

#[test]
fn envoy_takes_each_filters_envoy_yaml_with_its_module_and_configuration() {
    let modules = build_modules().unwrap();
    let envoy = locate::require().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for filter in FILTERS {
        let config =
            fs::read_to_string(root().join(format!("filters/{filter}/envoy.yaml"))).unwrap();
        let here = config.replace("target/wasm", &modules.display().to_string());
        let file = folder.path().join("envoy.yaml");
        fs::write(&file, here).unwrap();
        let mut validate = Command::new(&envoy.path);
        let output = validate
            .args(["--mode", "validate", "-c"])
            .arg(&file)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{filter}: {stderr}");
    }
}

#[test]
fn istio_yaml_configures_the_same_as_envoy_yaml() {
    for filter in ["jwt-auth", "authz"] {
        let envoy = yaml(&format!("filters/{filter}/envoy.yaml"));
        let place = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters/0/typed_config/config/configuration/value";
        let json: Value =
            serde_json::from_str(envoy.pointer(place).unwrap().as_str().unwrap()).unwrap();
        let istio = yaml(&format!("filters/{filter}/istio.yaml"));
        assert_eq!(istio.pointer("/spec/pluginConfig"), Some(&json), "{filter}");
    }
}

#[test]
fn each_filter_is_thin() {
    for filter in FILTERS {
        let shell =
            fs::read_to_string(root().join(format!("filters/{filter}/src/lib.rs"))).unwrap();
        assert!(
            shell.lines().count() <= 150,
            "{filter}: the rules belong into its policy crate"
        );
    }
}
