//! The layers of DESIGN.md: arrows between packages point down only.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Who may use which workspace package. A pair that is not here is a forbidden edge.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("meshwright-core", &[]),
    ("policy-matchers", &["meshwright-core"]),
    ("policy-jwt", &["meshwright-core", "policy-matchers"]),
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
    ("meshwright", &["meshwright-core"]),
    ("jwt-auth", &["meshwright", "policy-jwt"]),
    ("authz", &["meshwright", "policy-authz"]),
    ("ab-router", &["meshwright", "policy-routing"]),
    // The engine in it knows only the ABI; the mesh loader turns Istio resources into plugin configurations.
    ("host-runner", &["meshwright-core", "policy-istio"]),
];

/// Packages outside the workspace that only some of ours may name, by what would be wrong with it elsewhere.
const RESERVED: [(&str, &[&str]); 4] = [
    ("proxy-wasm", &["meshwright"]),
    ("wasmtime", &["host-runner"]),
    ("tokio", &["host-runner", "meshwright-tests"]),
    ("hyper", &["host-runner", "meshwright-tests"]),
];

/// Packages that see everything.
fn sees_everything(package: &str, manifest: &str) -> bool {
    package == "meshwright-tests" || manifest.contains("/tests/subjects/")
}

#[test]
fn dependencies_point_down_only() {
    let metadata = metadata().unwrap();
    let members: BTreeSet<String> = metadata
        .workspace_packages()
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    let mut forbidden = Vec::new();
    for (package, manifest, dependency) in edges(&metadata) {
        if members.contains(&dependency) && !sees_everything(&package, &manifest) {
            let allowed = ALLOWED
                .iter()
                .find(|(name, _)| *name == package)
                .map_or(&[][..], |(_, allowed)| allowed);
            if !allowed.contains(&dependency.as_str()) {
                forbidden.push(format!("{package} -> {dependency}"));
            }
        }
    }
    assert!(
        forbidden.is_empty(),
        "forbidden dependency edges: {forbidden:#?}"
    );
}

#[test]
fn only_their_owners_name_reserved_packages() {
    let mut forbidden = Vec::new();
    for (package, _, dependency) in edges(&metadata().unwrap()) {
        let owners = RESERVED
            .iter()
            .find(|(name, _)| *name == dependency)
            .map(|(_, owners)| owners);
        if owners.is_some_and(|owners| !owners.contains(&package.as_str())) {
            forbidden.push(format!("{package} -> {dependency}"));
        }
    }
    assert!(
        forbidden.is_empty(),
        "forbidden dependency edges: {forbidden:#?}"
    );
}

#[test]
fn every_package_has_its_place_in_the_layers() {
    let metadata = metadata().unwrap();
    let unplaced: Vec<String> = metadata
        .workspace_packages()
        .iter()
        .filter(|p| !sees_everything(&p.name, p.manifest_path.as_str()))
        .map(|p| p.name.to_string())
        .filter(|name| !ALLOWED.iter().any(|(allowed, _)| allowed == name))
        .collect();
    assert!(
        unplaced.is_empty(),
        "packages without a layer: {unplaced:?}"
    );
}

fn metadata() -> cargo_metadata::Result<Metadata> {
    MetadataCommand::new().no_deps().exec()
}

// Normal and build dependencies; a test may use what it likes.
fn edges(metadata: &Metadata) -> Vec<(String, String, String)> {
    let packages = metadata.workspace_packages();
    let edges = packages.iter().flat_map(|package| {
        let dependencies = package
            .dependencies
            .iter()
            .filter(|d| d.kind != DependencyKind::Development);
        dependencies.map(|d| {
            (
                package.name.to_string(),
                package.manifest_path.to_string(),
                d.name.clone(),
            )
        })
    });
    edges.collect()
}
