//! What is loaded and what is refused, why, and what a VM may use.

#[path = "../../tests/support/load_cases.rs"]
mod load_cases;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use wasm_encoder::{BlockType, Instruction};

use self::load_cases::{LoadCase, load_cases};
use super::{EngineOptions, ModuleCache};
use crate::front::{Front, FrontOptions};
use crate::listener::{Listener, ModuleFile, Plugin, sha256_hex};
use crate::profile::Profile;
use crate::subject::Subject as _;
use crate::wasm::Wasm;

fn module(bytes: Vec<u8>) -> ModuleFile {
    ModuleFile {
        name: "module".to_owned(),
        path: PathBuf::from("module.wasm"),
        sha256: sha256_hex(&bytes),
        bytes: bytes.into(),
    }
}

fn options() -> EngineOptions {
    EngineOptions {
        cache: ModuleCache::Off,
        ..EngineOptions::default()
    }
}

fn start(plugin: Plugin, options: &EngineOptions) -> Result<Front, String> {
    let listener = Listener {
        name: "test".to_owned(),
        plugins: vec![plugin],
        ..Listener::default()
    };
    let options = FrontOptions {
        engine: options.clone(),
        ..FrontOptions::default()
    };
    Front::start(&[listener], &options).map_err(|error| format!("{error:#}"))
}

fn start_module(module_under_test: Wasm, options: &EngineOptions) -> Result<Front, String> {
    let file = module(module_under_test.finish());
    start(Plugin::new("test", file, ""), options)
}

#[test]
fn modules_are_refused_as_envoy_refuses_them() {
    let mut wrong = Vec::new();
    for case in load_cases() {
        let LoadCase { name, refused, .. } = case;
        let mut plugin = Plugin::new("test", module(case.bytes), "");
        plugin.allowed_capabilities = case.allowed.iter().map(|&name| name.to_owned()).collect();
        match (start(plugin, &options()).map(drop), refused) {
            (Ok(()), None) => {}
            (Err(error), Some(why)) if error.contains(why) => {
                let says_so = ["Envoy crashes", "crashes Envoy"]
                    .iter()
                    .any(|it| error.contains(it));
                assert_eq!(case.crashes_envoy, says_so, "{name}: {error}");
            }
            (outcome, expected) => {
                wrong.push(format!("{name}: {outcome:?}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_stub_loads_and_traps_when_it_is_called() {
    let module = |calls: bool| {
        let module = Wasm::default()
            .import("env", "foo", "I->I")
            .export("proxy_abi_version_0_2_1", "->", &[])
            .memory("memory", 1, None)
            .export("malloc", "i->i", &[]);
        match calls {
            true => module.export(
                "_initialize",
                "->",
                &[
                    Instruction::I64Const(1),
                    Instruction::Call(0),
                    Instruction::Drop,
                ],
            ),
            false => module,
        }
    };
    let stubbed = EngineOptions {
        stub_imports: vec!["env.foo".to_owned()],
        ..options()
    };
    assert!(start_module(module(false), &options()).is_err());
    start_module(module(false), &stubbed).unwrap();
    let error = start_module(module(true), &stubbed).unwrap_err();
    assert!(
        error.contains("called `env.foo`, which is only a stub"),
        "{error}"
    );
}

#[test]
fn an_endless_loop_is_interrupted() {
    let spinning = Wasm::filter("0_2_1").export(
        "proxy_on_configure",
        "ii->i",
        &[
            Instruction::Loop(BlockType::Empty),
            Instruction::Br(0),
            Instruction::End,
            Instruction::I32Const(1),
        ],
    );
    let limited = EngineOptions {
        callback_limit: Some(Duration::from_millis(200)),
        ..options()
    };
    let begun = Instant::now();
    let error = start_module(spinning, &limited).unwrap_err();
    assert!(
        error.contains(
            "rule T8: proxy_on_configure ran for more than 200ms; Envoy would hang this worker"
        ),
        "{error}"
    );
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[test]
fn costs_are_counted_and_the_same_every_time() {
    let calling = || {
        let module = Wasm::default()
            .import("env", "proxy_set_tick_period_milliseconds", "i->i")
            .export("proxy_abi_version_0_2_1", "->", &[])
            .memory("memory", 2, None)
            .export("malloc", "i->i", &[])
            .export(
                "proxy_on_configure",
                "ii->i",
                &[
                    Instruction::I32Const(0),
                    Instruction::Call(0),
                    Instruction::Drop,
                    Instruction::I32Const(1),
                    Instruction::MemoryGrow(0),
                ],
            );
        let metered = EngineOptions {
            metering: true,
            ..options()
        };
        let front = start_module(module, &metered).unwrap();
        let mut costs = front.take_costs("test");
        assert!(front.take_costs("test").is_empty(), "they are forgotten");
        costs.retain(|cost| cost.callback == "proxy_on_configure");
        costs.pop().unwrap().cost
    };
    let cost = calling();
    assert_eq!((cost.hostcalls, cost.memory), (1, 3 * 65_536));
    assert!((1..100).contains(&cost.fuel), "{cost:?}");
    assert_eq!(cost, calling());
    let front = start_module(Wasm::filter("0_2_1"), &options()).unwrap();
    assert!(front.take_costs("test").is_empty(), "nobody asked");
}

#[test]
fn a_smaller_memory_can_be_asked_for() {
    let module = Wasm::filter("0_2_1").export(
        "proxy_on_configure",
        "ii->i",
        &[
            Instruction::I32Const(2),
            Instruction::MemoryGrow(0),
            Instruction::I32Const(-1),
            Instruction::I32Eq,
        ],
    );
    let small = EngineOptions {
        max_memory: 2 * 65_536,
        ..options()
    };
    start_module(module.clone(), &small).unwrap();
    assert!(start_module(module, &options()).is_err());
}

#[test]
fn another_host_answers_as_it_does() {
    let module = |import: &str, signature: &str| {
        Wasm::default()
            .import("env", import, signature)
            .export("proxy_abi_version_0_2_1", "->", &[])
            .memory("memory", 1, None)
            .export("malloc", "i->i", &[])
            .export(
                "proxy_on_configure",
                "ii->i",
                &[
                    Instruction::I32Const(0),
                    Instruction::Call(0),
                    Instruction::I32Const(12),
                    Instruction::I32Eq,
                ],
            )
    };
    let playing = |profile| EngineOptions {
        profile,
        ..options()
    };
    let ticking = module("proxy_set_tick_period_milliseconds", "i->i");
    let front = start_module(ticking, &playing(Profile::Gcp)).unwrap();
    let logs = front.logs("test");
    assert!(
        logs[0].message.contains("it has no timers; gcp answers 12"),
        "{logs:?}"
    );
    let refused = |import, signature, profile| {
        start_module(module(import, signature), &playing(profile)).unwrap_err()
    };
    let error = refused("proxy_grpc_close", "i->i", Profile::NgxWasm);
    assert!(
        error.contains("it has no gRPC; ngx-wasm traps at a call"),
        "{error}"
    );
    let error = refused("proxy_get_log_level", "i->i", Profile::Portable);
    assert!(error.contains("which portable refuses"), "{error}");
}

#[test]
fn a_compiled_module_is_kept_and_a_broken_one_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let cached = EngineOptions {
        cache: ModuleCache::Folder(folder.path().to_owned()),
        ..options()
    };
    start_module(Wasm::filter("0_2_1"), &cached).unwrap();
    let kept = files(folder.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    for broken in [&b""[..], b"not a module"] {
        std::fs::write(&kept[0], broken).unwrap();
        start_module(Wasm::filter("0_2_1"), &cached).unwrap();
        assert!(std::fs::read(&kept[0]).unwrap().len() > 1000);
    }
}

#[test]
fn without_a_folder_that_can_be_written_modules_are_compiled_all_the_same() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let impossible = EngineOptions {
        cache: ModuleCache::Folder(file.path().join("below a file")),
        ..options()
    };
    start_module(Wasm::filter("0_2_1"), &impossible).unwrap();
}

// Modules only: the cache keeps statistics beside each.
fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false if path.extension().is_none() => found.push(path),
            false => {}
        }
    }
    found
}
