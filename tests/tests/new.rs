//! `host-runner new`: every kind of project builds without a warning, is formatted, and passes its tests, natively, as a
//! module and on Envoy, as its own Makefile runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use host_runner::envoy::locate;
use meshwright_tests::root;

const KINDS: [&str; 5] = ["http", "auth", "callout", "access-log", "tcp"];

#[test]
fn every_kind_of_project_passes_its_tests() {
    let folder = tempfile::tempdir().unwrap();
    // What they depend on is compiled once.
    let target = folder.path().join("target");
    // As somebody has it whose folders have spaces in their names.
    let spaced = folder.path().join("host runner");
    std::os::unix::fs::symlink(program_path(), &spaced).unwrap();
    let envoy = locate::require().unwrap();
    for kind in KINDS {
        let name = format!("my-{kind}");
        let project = folder.path().join(&name);
        succeeds(
            host_runner()
                .args(["new", &name, "--kind", kind])
                .current_dir(folder.path()),
        );
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).current_dir(&project);
            command
                .env("CARGO_TARGET_DIR", &target)
                .env("HOST_RUNNER", &spaced);
            // As a new user's: the profile of this workspace is none of theirs.
            command.env_remove("CARGO_PROFILE_DEV_OPT_LEVEL");
            succeeds(&mut command)
        };
        let tested = run("make", &["test"]);
        let passed = String::from_utf8_lossy(&tested.stdout);
        for on in ["native", "wasm", "envoy"] {
            assert!(passed.contains(&format!("::{on} ... ok")), "{passed}");
        }
        std::os::unix::fs::symlink(&target, project.join("target")).unwrap();
        let envoy = envoy.path.to_string_lossy();
        run(&envoy, &["--mode", "validate", "-c", "envoy.yaml"]);
        run("cargo", &["fmt", "--check"]);
        run(
            "cargo",
            &["clippy", "--all-targets", "--", "--deny", "warnings"],
        );
    }
}

// The lines that the guide has people type.
#[test]
fn the_guide_does_what_it_says() {
    let guide = std::fs::read_to_string(root().join("docs/write-a-filter.md")).unwrap();
    let lines = guide.lines().filter_map(|line| line.strip_prefix("$ "));
    let script: Vec<&str> = lines.collect();
    assert!(script.len() >= 3, "{script:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = std::env::var("PATH").unwrap();
    let beside = program_path();
    let beside = beside.parent().unwrap().display();
    let mut shell = Command::new("sh");
    shell
        .args(["-euc", &script.join("\n")])
        .current_dir(folder.path());
    shell.env("PATH", format!("{beside}:{path}"));
    shell
        .env_remove("CARGO_PROFILE_DEV_OPT_LEVEL")
        .env_remove("CARGO_TARGET_DIR");
    let output = succeeds(&mut shell);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("it_greets::envoy ... ok"), "{printed}");
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let output = host_runner()
        .arg("new")
        .arg(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("is there already"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_name_that_no_package_can_have_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["My Filter", "1st", "a_b", "-", "request", "serde"] {
        let output = host_runner()
            .args(["new", "--", name])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!folder.path().join(name).exists());
    }
}

fn host_runner() -> Command {
    Command::new(program_path())
}

// Compiled with everything else.
fn program_path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).map(Path::to_owned);
    let program = profile.unwrap().join("host-runner");
    assert!(
        program.is_file(),
        "no host-runner beside {}; {}",
        test.display(),
        root().display()
    );
    program
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
