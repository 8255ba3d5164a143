//! The table has no gaps, and what it says is what was passed.

use std::path::PathBuf;

use wasm_encoder::Instruction;
use wasmtime::{Config, Engine, Store, Val};

use super::decode::{Value, inputs, outputs};
use super::event::Argument;
use super::table::{hostcalls, signature};
use super::verdicts::{Call, why};
use super::{Recorder, text};
use crate::abi::AbiVersion;
use crate::engine::{EngineOptions, ModuleCache};
use crate::front::{Front, FrontOptions};
use crate::host::vm_state::VmState;
use crate::hostcalls::linker;
use crate::listener::{Listener, ModuleFile, Plugin, sha256_hex};
use crate::wasm::Wasm;

#[test]
fn the_table_has_every_import_that_the_engine_links_with_its_number_of_parameters() {
    let engine = Engine::new(&Config::new()).unwrap();
    for abi in AbiVersion::ALL {
        let linker = linker(&engine, abi).unwrap();
        let mut store = Store::new(&engine, VmState::for_linking());
        let linked: Vec<_> = linker.iter(&mut store).collect();
        assert!(linked.len() > 100);
        let linked = linked
            .into_iter()
            .map(|(module, name, import)| (module.to_owned(), name.to_owned(), import))
            .collect::<Vec<_>>();
        for (module, name, import) in linked {
            let ty = import.into_func().unwrap().ty(&store);
            let known = signature(&module, &name);
            assert!(known.is_some(), "no row for {module}.{name}");
            let known = known.unwrap();
            let width: usize = known.parameters.iter().map(|(_, kind)| kind.width()).sum();
            assert_eq!(width, ty.params().len(), "{module}.{name}");
        }
    }
}

#[test]
fn every_hostcall_has_a_reason_for_every_status_that_a_host_returns() {
    for name in hostcalls() {
        for status in [1, 2, 3, 4, 6, 7, 10, 12] {
            let call = Call {
                name,
                arguments: &[],
                callback: "proxy_on_request_headers",
            };
            assert!(
                !why(&call, status).starts_with("Envoy knows no"),
                "{name} {status}"
            );
        }
    }
}

fn reason(name: &'static str, argument: Value, callback: &'static str) -> String {
    let arguments = [Argument {
        name: "map",
        value: argument,
    }];
    let call = Call {
        name,
        arguments: &arguments,
        callback,
    };
    why(&call, 2)
}

#[test]
fn reasons_depend_on_the_map_and_the_callback() {
    let get = "proxy_get_header_map_value";
    let request = Value::Word("request_headers");
    assert!(reason(get, request.clone(), "proxy_on_request_body").contains("gone once"));
    assert!(reason(get, request, "proxy_on_tick").contains("proxy_set_effective_context"));
    let response = Value::Word("response_headers");
    assert!(reason(get, response, "proxy_on_request_headers").contains("no response yet"));
    let trailers = Value::Word("request_trailers");
    assert!(reason(get, trailers, "proxy_on_request_headers").contains("H14"));
}

#[test]
fn arguments_are_read_from_memory_and_outs_only_when_there_are_any() {
    let signature = signature("env", "proxy_get_header_map_value").unwrap();
    let mut memory = b"x-name....value".to_vec();
    memory.extend([10, 0, 0, 0, 5, 0, 0, 0]);
    let params = [0, 0, 6, 15, 19].map(Val::I32);
    let names =
        |arguments: Vec<Argument>| arguments.into_iter().map(|it| it.value).collect::<Vec<_>>();
    let before = [
        Value::Word("request_headers"),
        Value::Bytes(b"x-name".to_vec()),
    ];
    assert_eq!(names(inputs(&signature, &params, &memory)), before);
    let after = outputs(&signature, (&params, Some(0)), &memory);
    assert_eq!(names(after), [Value::Bytes(b"value".to_vec())]);
    assert_eq!(outputs(&signature, (&params, Some(1)), &memory), []);
}

#[test]
fn a_pointer_that_leads_nowhere_is_shown_as_that() {
    let signature = signature("env", "proxy_log").unwrap();
    let arguments = inputs(&signature, &[2, -1, 8].map(Val::I32), b"");
    assert_eq!(arguments.last().unwrap().value, Value::Outside);
}

// What starting a plugin with that `on_configure` looks like.
fn started(import: (&str, &str), configure: &[Instruction<'_>]) -> String {
    let module = Wasm::default()
        .import("env", import.0, import.1)
        .export("proxy_abi_version_0_2_1", "->", &[])
        .memory("memory", 1, None)
        .export("malloc", "i->i", &[])
        .export("proxy_on_configure", "ii->i", configure)
        .finish();
    let file = ModuleFile {
        name: "module".to_owned(),
        path: PathBuf::from("module.wasm"),
        sha256: sha256_hex(&module),
        bytes: module.into(),
    };
    let listener = Listener {
        name: "test".to_owned(),
        plugins: vec![Plugin::new("test", file, "")],
        ..Listener::default()
    };
    let recorder = Recorder::default();
    let options = FrontOptions {
        engine: EngineOptions {
            metering: true,
            cache: ModuleCache::Off,
            ..EngineOptions::default()
        },
        trace: Some(recorder.clone()),
        ..FrontOptions::default()
    };
    let refused = Front::start(&[listener], &options).err();
    let trace = text(&recorder.take());
    assert!(!trace.is_empty(), "{refused:?}");
    trace
}

#[test]
fn a_hostcall_that_fails_stands_below_its_callback_with_the_reason() {
    let size = [
        Instruction::I32Const(0),
        Instruction::I32Const(64),
        Instruction::Call(0),
        Instruction::Drop,
        Instruction::I32Const(1),
    ];
    let trace = started(("proxy_get_header_map_size", "ii->i"), &size);
    assert!(
        trace.contains(
            "test #1          on_configure(configuration_size 0)\n    \
             BadArgument  get_header_map_size(request_headers)\n                 \
             why: there is no stream yet, so there are no headers (L7)\n  = true  ("
        ),
        "{trace}"
    );
}

#[test]
fn a_trap_is_shown_with_its_backtrace() {
    let trace = started(("proxy_done", "->i"), &[Instruction::Unreachable]);
    let trap = trace.split("= TRAP").nth(1).unwrap();
    assert!(trap.contains("wasm backtrace"), "{trace}");
    assert!(trap.contains("unreachable"), "{trace}");
}
