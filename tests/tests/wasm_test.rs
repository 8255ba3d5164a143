//! `host-runner wasm-test`: a crate's own tests, compiled to a module, as cargo runs them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use meshwright_tests::root;

#[test]
fn the_tests_of_a_crate_of_ours_pass_within_a_module() {
    let package = ["-p", "meshwright-core", "--lib"];
    let output = cargo_test(root(), &package);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(printed.contains("errors_name_the_place ... ok"));
    assert!(printed.contains(" 0 failed"), "{printed}");
}

#[test]
fn tests_that_run_on_a_proxy_are_compiled_and_the_others_run() {
    let output = cargo_test(root(), &["-p", "rate-limit"]);
    let (printed, warned) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{warned}");
    assert!(printed.contains("a_new_window_begins_empty ... ok"));
    assert!(printed.contains(" 1 passed"), "{printed}");
    assert!(!warned.contains("warning"), "{warned}");
}

#[test]
fn a_test_that_fails_says_why_and_so_does_the_exit_code() {
    let folder = krate(
        "#[test] fn holds() {}
        #[test] fn no_longer_holds() { assert_eq!(1 + 1, 3, \"as it is in a module\") }",
    );
    let output = cargo_test(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(101));
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(printed.contains("test no_longer_holds ..."), "{printed}");
    assert!(printed.contains("as it is in a module"), "{printed}");
    assert!(printed.contains("src/lib.rs:2"), "{printed}");
}

#[test]
fn arguments_reach_the_tests() {
    let folder = krate(
        "#[test] fn first() { println!(\"it was run\") }
        #[test] fn second() { panic!() }",
    );
    let output = cargo_test(folder.path(), &["--", "first", "--nocapture"]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("it was run"), "{printed}");
    assert!(printed.contains("1 filtered out"), "{printed}");
}

#[test]
fn the_hostcalls_of_a_plugin_answer() {
    let folder = krate(
        r#"
        #[link(wasm_import_module = "env")]
        unsafe extern "C" {
            fn proxy_log(level: u32, data: *const u8, size: usize) -> u32;
            fn proxy_get_header_map_size(map: u32, size: *mut u32) -> u32;
        }
        #[test]
        fn a_root_context_has_no_headers() {
            let line = b"from a test";
            assert_eq!(unsafe { proxy_log(2, line.as_ptr(), line.len()) }, 0);
            assert_eq!(unsafe { proxy_get_header_map_size(0, &mut 0) }, 2);
        }"#,
    );
    let output = cargo_test(folder.path(), &[]);
    let printed = text(&output.stderr);
    assert!(output.status.success(), "{printed}");
    assert!(printed.contains("info test: from a test"), "{printed}");
}

#[test]
fn what_is_no_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.wasm");
    std::fs::write(&file, b"\0asm\x01\0\0\0").unwrap();
    let output = Command::new(host_runner())
        .arg("wasm-test")
        .arg(&file)
        .output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(101));
    let error = text(&output.stderr);
    assert!(error.contains("it is no program"), "{error}");
}

// A package that has this in its library.
fn krate(code: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "[package]\nname = \"small\"\nedition = \"2024\"\n[workspace]\n";
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lib.rs"), code).unwrap();
    folder
}

fn cargo_test(folder: &Path, arguments: &[&str]) -> Output {
    let runner = format!("{} wasm-test", host_runner().display());
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["test", "--target", "wasm32-wasip1"])
        .args(arguments);
    cargo.env("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner);
    if folder != root() {
        cargo.env("CARGO_TARGET_DIR", folder.join("target"));
    }
    cargo.current_dir(folder).output().unwrap()
}

fn host_runner() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("host-runner")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
