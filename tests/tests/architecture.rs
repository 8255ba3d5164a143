//! The layers of DESIGN.md: arrows between packages point down only.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use meshwright_tests::root;
use serde_json::Value;

/// Who may use which workspace package. A pair that is not here is a forbidden edge.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("meshwright-core", &[]),
    ("meshwright-macros", &[]),
    ("policy-matchers", &["meshwright-core"]),
    ("policy-signature", &[]),
    ("policy-jwt", &["meshwright-core", "policy-signature"]),
    ("policy-authz", &["meshwright-core", "policy-matchers"]),
    ("policy-routing", &["meshwright-core", "policy-matchers"]),
    (
        "policy-istio",
        &[
            "meshwright-core",
            "policy-matchers",
            "policy-jwt",
            "policy-authz",
            "policy-routing",
        ],
    ),
    ("meshwright", &["meshwright-core", "meshwright-macros"]),
    ("jwt-auth", &["meshwright", "policy-jwt"]),
    ("authz", &["meshwright", "policy-authz"]),
    ("ab-router", &["meshwright", "policy-routing"]),
    // The engine in it knows only the ABI; the mesh loader turns Istio resources into plugin configurations, and
    // `host-runner jwt inspect` asks the policy itself why it refuses a token.
    (
        "host-runner",
        &["meshwright-core", "policy-istio", "policy-jwt"],
    ),
];

/// Packages outside the workspace that only some of ours may name, by what would be wrong with it elsewhere.
const RESERVED: [(&str, &[&str]); 4] = [
    // What it does for others the SDK does itself.
    ("proxy-wasm", &[]),
    ("wasmtime", &["host-runner"]),
    ("tokio", &["host-runner"]),
    ("hyper", &["host-runner"]),
];

/// What the filters of the cookbook may use.
const COOKBOOK: &[&str] = &["meshwright"];

/// A package of the workspace, as `cargo metadata` describes it.
struct Package {
    name: String,
    is_recipe: bool,
    /// Tests may see everything.
    is_test: bool,
    /// Normal and build dependencies; a test may use what it likes.
    dependencies: Vec<String>,
}

#[test]
fn dependencies_point_down_only() {
    let packages = packages();
    let is_member = |name: &String| packages.iter().any(|package| package.name == *name);
    let mut forbidden = Vec::new();
    for package in packages.iter().filter(|package| !package.is_test) {
        let allowed = package.allowed().unwrap_or_default();
        let ours = package.dependencies.iter().filter(|name| is_member(name));
        let wrong = ours.filter(|name| !allowed.contains(&name.as_str()));
        forbidden.extend(wrong.map(|name| format!("{} -> {name}", package.name)));
    }
    assert!(
        forbidden.is_empty(),
        "forbidden dependency edges: {forbidden:#?}"
    );
}

#[test]
fn only_their_owners_name_reserved_packages() {
    let mut forbidden = Vec::new();
    for package in packages().iter().filter(|package| !package.is_test) {
        for (reserved, owners) in RESERVED {
            let named = package.dependencies.iter().any(|name| name == reserved);
            if named && !owners.contains(&package.name.as_str()) {
                forbidden.push(format!("{} -> {reserved}", package.name));
            }
        }
    }
    assert!(
        forbidden.is_empty(),
        "forbidden dependency edges: {forbidden:#?}"
    );
}

#[test]
fn every_package_has_its_place_in_the_layers() {
    let packages = packages();
    assert!(packages.len() > ALLOWED.len(), "tests are packages too");
    let placeless = packages
        .iter()
        .filter(|package| !package.is_test && package.allowed().is_none());
    let placeless: Vec<&str> = placeless.map(|package| package.name.as_str()).collect();
    assert!(
        placeless.is_empty(),
        "packages without a layer: {placeless:?}"
    );
}

#[test]
fn wasmtime_is_compiled_once_for_all_targets() {
    let for_one = features_below_wasmtime(&["--package", "host-runner", "--edges", "normal,build"]);
    let for_all = features_below_wasmtime(&["--workspace", "--edges", "normal,build,dev"]);
    assert!(for_one.contains("cranelift-codegen"), "{for_one}");
    assert_eq!(
        for_one, for_all,
        "a test-only dependency changes features below wasmtime"
    );
}

// Every package that wasmtime needs, with its features as this selection of packages has them.
fn features_below_wasmtime(selection: &[&str]) -> String {
    let closure = tree(&[
        "--package",
        "wasmtime",
        "--edges",
        "normal,build",
        "--format",
        "{p}",
    ]);
    let below: BTreeSet<String> = closure
        .lines()
        .map(|line| package_of(line).to_owned())
        .collect();
    let all = tree(&[selection, &["--format", "{p} {f}"]].concat());
    let lines = all.lines().filter(|line| below.contains(package_of(line)));
    lines
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("\n")
}

fn tree(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    let shape = ["tree", "--prefix", "none", "--no-dedupe"];
    let output = cargo
        .args(shape)
        .args(arguments)
        .current_dir(root())
        .output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

// `name v1.2.3` of `name v1.2.3 (proc-macro) features`.
fn package_of(line: &str) -> &str {
    line.match_indices(' ')
        .nth(1)
        .map_or(line, |(end, _)| line.split_at(end).0)
}

// Read from cargo itself; the `cargo_metadata` crate would give `semver`, and with it wasmtime, another set of features
// in test builds, and so a second compilation.
fn packages() -> Vec<Package> {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output();
    let metadata: Value = output
        .ok()
        .and_then(|output| serde_json::from_slice(&output.stdout).ok())
        .unwrap_or_default();
    let packages = metadata
        .get("packages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    packages.map(Package::new).collect()
}

// === impl Package ===

impl Package {
    fn new(metadata: &Value) -> Self {
        let text = |value: &Value, key: &str| {
            value
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let dependencies = metadata
            .get("dependencies")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let used = dependencies.filter(|dependency| text(dependency, "kind") != "dev");
        let manifest = text(metadata, "manifest_path");
        let is_in = |folder: &str| {
            let mut parts = Path::new(&manifest).components();
            parts.any(|part| part.as_os_str() == folder)
        };
        Self {
            name: text(metadata, "name"),
            is_recipe: is_in("cookbook"),
            is_test: is_in("tests"),
            dependencies: used.map(|dependency| text(dependency, "name")).collect(),
        }
    }

    fn allowed(&self) -> Option<&'static [&'static str]> {
        if self.is_recipe {
            return Some(COOKBOOK);
        }
        let mut all = ALLOWED.iter();
        let found = all.find(|(name, _)| *name == self.name);
        found.map(|(_, allowed)| *allowed)
    }
}
