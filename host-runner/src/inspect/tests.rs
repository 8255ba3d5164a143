//! What is said of modules made to measure.

use std::path::PathBuf;

use super::sizes::crate_of;
use super::{Inspection, inspect};
use crate::listener::{ModuleFile, sha256_hex};
use crate::wasm::Wasm;

fn read(bytes: Vec<u8>) -> Result<Inspection, String> {
    let module = ModuleFile {
        name: "module".to_owned(),
        path: PathBuf::from("module.wasm"),
        sha256: sha256_hex(&bytes),
        bytes: bytes.into(),
    };
    inspect(&module).map_err(|error| error.to_string())
}

fn typical() -> Inspection {
    let module = Wasm::default()
        .import("env", "proxy_log", "iii->i")
        .import("env", "proxy_define_metric", "iiii->i")
        .import("wasi_snapshot_preview1", "random_get", "ii->i")
        .export("proxy_abi_version_0_2_1", "->", &[])
        .memory("memory", 17, Some(20))
        .export("malloc", "i->i", &[])
        .export("proxy_on_tick", "i->", &[])
        // Function 5 has the name `_ZN4core3fmt5write17h0123456789abcdefE`.
        .custom(
            "name",
            &name_section(5, "_ZN4core3fmt5write17h0123456789abcdefE"),
        );
    read(module.finish()).unwrap()
}

fn name_section(function: u8, name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let mut bytes = vec![1, length + 3, 1, function, length];
    bytes.extend(name.as_bytes());
    bytes
}

#[test]
fn imports_and_exports_have_types_and_meanings() {
    let module = typical();
    assert_eq!(module.abi_version, Some("0.2.1"));
    let imports: Vec<_> = module
        .imports
        .iter()
        .map(|it| (it.group, it.ty.as_str()))
        .collect();
    assert_eq!(
        imports,
        [
            ("log and time", "(i32, i32, i32) -> i32"),
            ("metrics", "(i32, i32, i32, i32) -> i32"),
            ("WASI", "(i32, i32) -> i32")
        ]
    );
    let tick = module.exports.last().unwrap();
    assert_eq!(
        (tick.group, tick.ty.as_str()),
        ("callbacks", "(i32) -> nothing")
    );
    assert_eq!(module.memory.initial_pages, Some(17));
    assert_eq!(module.memory.maximum_pages, Some(20));
}

#[test]
fn capabilities_are_ready_to_paste() {
    let module = typical();
    let needed = [
        "proxy_define_metric",
        "proxy_log",
        "proxy_on_tick",
        "random_get",
    ];
    assert_eq!(module.allowed_capabilities, needed);
    assert!(module.text().contains("      proxy_log: {}\n"));
}

#[test]
fn every_host_has_its_verdict() {
    let hosts = typical().hosts;
    let verdicts: Vec<_> = hosts.iter().map(|it| (it.profile, it.loads)).collect();
    let expected = [
        ("envoy-1.40", true),
        ("gcp", true),
        ("ngx-wasm", true),
        ("portable", false),
    ];
    assert_eq!(verdicts, expected);
    let gcp = &hosts[1].problems;
    assert!(
        gcp[0].contains("it has no metrics, so it answers 12 to a call: proxy_define_metric"),
        "{gcp:?}"
    );
    assert!(
        gcp[1].contains("it has no timers, so it never calls back: proxy_on_tick"),
        "{gcp:?}"
    );
}

#[test]
fn code_is_counted_by_crate() {
    let module = typical();
    let named = module.crates.iter().find(|it| it.name == "core").unwrap();
    assert_eq!(named.functions, 1);
    let stripped = read(Wasm::filter("0_2_1").finish()).unwrap();
    assert!(stripped.crates.is_empty());
    assert!(stripped.text().contains("build --dev"));
}

#[test]
fn warnings_name_their_rules() {
    let rules = |module: Inspection| module.warnings.iter().map(|it| it.rule).collect::<Vec<_>>();
    assert_eq!(rules(typical()), ["K2", "V11"]);
    assert!(rules(read(Wasm::filter("0_2_1").finish()).unwrap()).is_empty());
}

#[test]
fn what_is_no_module_is_refused_in_a_sentence() {
    let refused = |bytes: &[u8]| read(bytes.to_vec()).unwrap_err();
    assert!(refused(b"text").contains("`module.wasm` is not a WebAssembly module"));
    assert!(refused(b"\0asm\x0d\0\x01\0").contains("is a WebAssembly component"));
    let whole = Wasm::filter("0_2_1").finish();
    assert!(refused(&whole[..whole.len() - 3]).contains("is not a WebAssembly module that"));
}

#[test]
fn what_envoy_refuses_is_described_all_the_same() {
    let module = read(Wasm::default().memory("memory", 1, None).finish()).unwrap();
    assert!(!module.hosts[0].loads);
    assert!(module.hosts[0].problems[0].contains("exports none of the functions"));
}

#[test]
fn a_function_belongs_to_the_crate_of_its_type() {
    let crates = [
        ("_ZN4core3fmt5write17h0123456789abcdefE", "core"),
        (
            "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE",
            "alloc",
        ),
        ("_RNvCs1234_7mycrate3foo", "mycrate"),
        ("malloc", "(C or C++)"),
    ];
    for (symbol, expected) in crates {
        assert_eq!(crate_of(symbol), expected, "{symbol}");
    }
}
