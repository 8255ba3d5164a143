use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A folder with an executable that answers `--version` as Envoy does.
fn folder_with(name: &str, version: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let script =
        format!("#!/bin/sh\necho; echo \"$0  version: 9e55/{version}/Clean/RELEASE/BoringSSL\"\n");
    std::fs::write(&file, script).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    (folder, file)
}

#[test]
fn envoy_bin_wins_over_path_and_path_over_ours() {
    let (_a, named) = folder_with("mine", "1.40.0");
    let (on_path, path_file) = folder_with("envoy", "1.40.0");
    let (home, private) = folder_with("envoy-1.40.0/bin/envoy", "1.40.0");
    let mut places = Places {
        envoy_bin: Some(named.clone().into()),
        path: Some(on_path.path().into()),
        meshwright_home: Some(home.path().into()),
        ..Places::default()
    };
    assert_eq!(places.candidate(), Some((named, Origin::EnvoyBin)));
    places.envoy_bin = None;
    assert_eq!(places.candidate(), Some((path_file, Origin::Path)));
    places.path = None;
    assert_eq!(places.candidate(), Some((private, Origin::Private)));
}

#[test]
fn without_any_there_is_none() {
    assert_eq!(Places::default().locate().unwrap(), None);
}

#[test]
fn our_own_lives_in_the_cache() {
    let mut places = Places {
        xdg_cache_home: Some("/cache".into()),
        home: Some("/home/me".into()),
        ..Places::default()
    };
    assert_eq!(
        places.installation().unwrap(),
        Path::new("/cache/meshwright/envoy-1.40.0")
    );
    places.xdg_cache_home = None;
    assert_eq!(
        places.installation().unwrap(),
        Path::new("/home/me/.cache/meshwright/envoy-1.40.0")
    );
}

#[test]
fn another_version_is_found_and_said() {
    let (_folder, file) = folder_with("old", "1.36.2");
    let places = Places {
        envoy_bin: Some(file.into()),
        ..Places::default()
    };
    let located = places.locate().unwrap().unwrap();
    assert_eq!(located.version, "1.36.2");
    assert!(located.to_string().contains("not 1.40.0"), "{located}");
}

#[test]
fn something_else_called_envoy_is_refused() {
    let places = Places {
        envoy_bin: Some("/bin/true".into()),
        ..Places::default()
    };
    let error = places.locate().unwrap_err().to_string();
    assert_eq!(error, "`/bin/true --version` does not answer as Envoy does");
}
