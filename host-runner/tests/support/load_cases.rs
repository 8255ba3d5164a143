//! Modules, and whether Envoy 1.40 loads them: each is held against host-runner, and against a real Envoy where there
//! is one. A case is named after the rule it shows.

#[path = "features.rs"]
mod features;

use wasm_encoder::Instruction::{
    self, Call, Drop, I32Const, I32Eq, I32Ne, MemoryGrow, Unreachable,
};

use crate::wasm::Wasm;

/// One module.
pub(crate) struct LoadCase {
    /// The rule, and what it is about.
    pub(crate) name: &'static str,
    /// The module.
    pub(crate) bytes: Vec<u8>,
    /// `allowed_capabilities` of its plugin.
    pub(crate) allowed: &'static [&'static str],
    /// What host-runner says when it refuses it; none when both load it.
    pub(crate) refused: Option<&'static str>,
    /// Envoy does not refuse such a module, it crashes.
    pub(crate) crashes_envoy: bool,
}

const CONFIGURE: &str = "proxy_on_configure";
const WASI: &str = "wasi_snapshot_preview1";

fn loads(name: &'static str, module: Wasm) -> LoadCase {
    LoadCase {
        name,
        bytes: module.finish(),
        allowed: &[],
        refused: None,
        crashes_envoy: false,
    }
}

fn refused(name: &'static str, why: &'static str, module: Wasm) -> LoadCase {
    bytes_refused(name, why, module.finish())
}

fn bytes_refused(name: &'static str, why: &'static str, bytes: Vec<u8>) -> LoadCase {
    LoadCase {
        name,
        bytes,
        allowed: &[],
        refused: Some(why),
        crashes_envoy: false,
    }
}

fn crashes(name: &'static str, why: &'static str, module: Wasm) -> LoadCase {
    LoadCase {
        crashes_envoy: true,
        ..refused(name, why, module)
    }
}

// A filter of the newest version.
fn filter() -> Wasm {
    Wasm::filter("0_2_1")
}

/// Every case.
pub(crate) fn load_cases() -> Vec<LoadCase> {
    let families = [
        files(),
        markers(),
        allocators(),
        imports(),
        versions(),
        callbacks(),
        start_functions(),
        memories(),
        sections(),
        features::features(),
    ];
    families.into_iter().flatten().collect()
}

fn files() -> Vec<LoadCase> {
    let mut truncated = filter().finish();
    truncated.truncate(truncated.len() - 3);
    vec![
        loads("a minimal filter", filter()),
        bytes_refused("no module", "does not begin as one", b"not wasm".to_vec()),
        bytes_refused(
            "a component",
            "is a WebAssembly component",
            b"\0asm\x0d\0\x01\0".to_vec(),
        ),
        bytes_refused("a truncated module", "can compile", truncated),
    ]
}

fn markers() -> Vec<LoadCase> {
    let unmarked = || {
        Wasm::default()
            .memory("memory", 1, None)
            .export("malloc", "i->i", &[])
    };
    let both = |first: &str, second: &str| {
        Wasm::default()
            .import("env", "proxy_get_log_level", "i->i")
            .export(first, "->", &[])
            .export(second, "->", &[])
            .memory("memory", 1, None)
            .export("malloc", "i->i", &[])
    };
    let (old, new) = ("proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1");
    vec![
        refused("V1 no marker", "exports none of the functions", unmarked()),
        refused(
            "V1 a marker that is no function",
            "exports none of the functions",
            unmarked().global(new),
        ),
        refused(
            "V1 a version that is none",
            "exports none of the functions",
            Wasm::filter("0_3_0"),
        ),
        refused(
            "V1 the first of two markers decides, the old one",
            "which only ABI 0.2.1 has",
            both(old, new),
        ),
        loads(
            "V1 the first of two markers decides, the new one",
            both(new, old),
        ),
        loads("V1 a marker of any type", {
            Wasm::default()
                .export(new, "iI->i", &[])
                .memory("memory", 1, None)
                .export("malloc", "i->i", &[])
        }),
    ]
}

fn allocators() -> Vec<LoadCase> {
    let marked = || {
        Wasm::default()
            .export("proxy_abi_version_0_2_1", "->", &[])
            .memory("memory", 1, None)
    };
    let alias = "proxy_on_memory_allocate";
    vec![
        refused("V2 no allocator", "exports neither `malloc`", marked()),
        loads(
            "V2 the other allocator",
            marked().export(alias, "i->i", &[]),
        ),
        refused(
            "V2 malloc of another type",
            "exports `malloc` as",
            marked().export("malloc", "I->i", &[]),
        ),
        loads(
            "V2 the other allocator is not looked at beside malloc",
            filter().export(alias, "->", &[]),
        ),
        refused(
            "V2 malloc is no function",
            "exports neither `malloc`",
            marked().global("malloc"),
        ),
    ]
}

fn imports() -> Vec<LoadCase> {
    let without_memory = || Wasm::default().export("proxy_abi_version_0_2_1", "->", &[]);
    vec![
        refused(
            "V3 an unknown import",
            "imports `env.foo`",
            Wasm::default()
                .import("env", "foo", "->i")
                .export("proxy_abi_version_0_2_1", "->", &[])
                .memory("memory", 1, None)
                .export("malloc", "i->i", &[]),
        ),
        refused(
            "V3 a known import of another type",
            "imports `env.proxy_log` as (i32, i32) -> i32",
            importing("0_2_1", "env", "proxy_log", "ii->i"),
        ),
        refused(
            "V3 a known import without its result",
            "imports `env.proxy_log` as",
            importing("0_2_1", "env", "proxy_log", "iii->"),
        ),
        refused(
            "V3 a global",
            "not a function, a memory or a table",
            Wasm::default()
                .import_global("env", "__stack_pointer")
                .export("proxy_abi_version_0_2_1", "->", &[])
                .memory("memory", 1, None)
                .export("malloc", "i->i", &[]),
        ),
        loads(
            "V3 a memory",
            without_memory()
                .import_memory("env", "memory", 2)
                .export("malloc", "i->i", &[]),
        ),
        loads(
            "V3 a memory under any name",
            without_memory()
                .import_memory("x", "y", 2)
                .export("malloc", "i->i", &[]),
        ),
        loads("V3 a table", filter().import_table("env", "table")),
        refused(
            "W1 path_link as the standard has it",
            "one parameter too few",
            importing("0_2_1", WASI, "path_link", "iiiiiii->i"),
        ),
        refused(
            "W1 path_symlink as the standard has it",
            "one parameter too few",
            importing("0_2_1", "wasi_unstable", "path_symlink", "iiiii->i"),
        ),
        loads(
            "W1 path_link as Envoy has it",
            importing("0_2_1", WASI, "path_link", "iiiiii->i"),
        ),
    ]
}

fn importing(version: &str, module: &str, name: &str, signature: &str) -> Wasm {
    Wasm::default()
        .import(module, name, signature)
        .export(&format!("proxy_abi_version_{version}"), "->", &[])
        .memory("memory", 1, None)
        .export("malloc", "i->i", &[])
}

fn versions() -> Vec<LoadCase> {
    let only = |name, why, version, import, signature| {
        refused(name, why, importing(version, "env", import, signature))
    };
    let known = |name, version, import, signature| {
        loads(name, importing(version, "env", import, signature))
    };
    vec![
        only(
            "V7 clear_route_cache in 0.2.1",
            "only ABI 0.1.0",
            "0_2_1",
            "proxy_clear_route_cache",
            "->i",
        ),
        only(
            "V7 get_configuration in 0.2.0",
            "only ABI 0.1.0",
            "0_2_0",
            "proxy_get_configuration",
            "ii->i",
        ),
        only(
            "V7 get_log_level in 0.2.0",
            "only ABI 0.2.1",
            "0_2_0",
            "proxy_get_log_level",
            "i->i",
        ),
        only(
            "V7 continue_stream in 0.1.0",
            "only ABI 0.2.0 and 0.2.1",
            "0_1_0",
            "proxy_continue_stream",
            "i->i",
        ),
        known(
            "V7 get_configuration in 0.1.0",
            "0_1_0",
            "proxy_get_configuration",
            "ii->i",
        ),
        known(
            "V7 close_stream in 0.2.0",
            "0_2_0",
            "proxy_close_stream",
            "i->i",
        ),
        known(
            "V7 get_log_level in 0.2.1",
            "0_2_1",
            "proxy_get_log_level",
            "i->i",
        ),
    ]
}

fn callbacks() -> Vec<LoadCase> {
    let headers = "proxy_on_request_headers";
    let foreign = "proxy_on_foreign_function";
    vec![
        refused(
            "V4 a callback of another type",
            "exports `proxy_on_tick` as",
            filter().export("proxy_on_tick", "ii->", &[]),
        ),
        refused(
            "V4 a callback that returns nothing",
            "exports `proxy_on_request_body` as",
            filter().export("proxy_on_request_body", "iii->", &[]),
        ),
        refused(
            "V4 headers without the end of stream in 0.2.1",
            "exports `proxy_on_request_headers` as",
            filter().export(headers, "ii->i", &[]),
        ),
        refused(
            "V4 headers with the end of stream in 0.1.0",
            "exports `proxy_on_request_headers` as",
            Wasm::filter("0_1_0").export(headers, "iii->i", &[]),
        ),
        loads(
            "V4 headers without the end of stream in 0.1.0",
            Wasm::filter("0_1_0").export(headers, "ii->i", &[]),
        ),
        loads(
            "V4 a callback that 0.1.0 does not have",
            Wasm::filter("0_1_0").export(foreign, "->", &[]),
        ),
        refused(
            "V4 the same in 0.2.0",
            "exports `proxy_on_foreign_function` as",
            Wasm::filter("0_2_0").export(foreign, "->", &[]),
        ),
        refused(
            "V4 a callback of Envoy's own",
            "exports `envoy_on_stats_update` as",
            filter().export("envoy_on_stats_update", "i->", &[]),
        ),
        loads(
            "V4 a callback that is no function",
            filter().global("proxy_on_tick"),
        ),
        LoadCase {
            allowed: &["proxy_log"],
            ..loads(
                "K1 a forbidden callback of another type",
                filter().export("proxy_on_tick", "ii->", &[]),
            )
        },
    ]
}

fn start_functions() -> Vec<LoadCase> {
    let logging = importing("0_2_1", "env", "proxy_log", "iii->i");
    let ticking = importing("0_2_1", "env", "proxy_set_tick_period_milliseconds", "i->i");
    vec![
        loads("V6 a start section", filter().start(&[I32Const(1), Drop])),
        crashes(
            "V6 a start section that logs",
            "the start section called the host",
            logging.start(&[I32Const(2), I32Const(0), I32Const(0), Call(0), Drop]),
        ),
        crashes(
            "V6 a start section that calls anything else",
            "the start section called the host",
            ticking.start(&[I32Const(0), Call(0), Drop]),
        ),
        refused(
            "V6 a start section that traps",
            "did not start",
            filter().start(&[Unreachable]),
        ),
        refused(
            "V10 _initialize of another type",
            "exports `_initialize` as",
            filter().export("_initialize", "->i", &[]),
        ),
        refused(
            "V10 _start of another type",
            "exports `_start` as",
            filter().export("_start", "i->", &[]),
        ),
        loads(
            "V10 _start is not looked at beside _initialize",
            filter()
                .export("_initialize", "->", &[])
                .export("_start", "i->", &[]),
        ),
        loads(
            "V10 main is not looked at without _initialize",
            filter().export("main", "->", &[]),
        ),
        refused(
            "V10 main of another type",
            "exports `main` as",
            filter()
                .export("_initialize", "->", &[])
                .export("main", "->", &[]),
        ),
        refused(
            "V10 __main_void of another type",
            "exports `__main_void` as",
            filter()
                .export("_initialize", "->", &[])
                .export("__main_void", "->", &[]),
        ),
    ]
}

fn memories() -> Vec<LoadCase> {
    let marked = || {
        Wasm::default()
            .export("proxy_abi_version_0_2_1", "->", &[])
            .export("malloc", "i->i", &[])
    };
    // `proxy_on_configure` is content when growing by that many pages has that result.
    let growing = |pages, compare: Instruction<'static>, result| {
        filter().export(
            CONFIGURE,
            "ii->i",
            &[I32Const(pages), MemoryGrow(0), I32Const(result), compare],
        )
    };
    vec![
        crashes("V5 no memory", "has no memory", marked()),
        crashes(
            "V5 a memory of its own",
            "has no memory",
            marked().memory("", 1, None),
        ),
        loads(
            "V5 a memory exported under another name",
            marked().memory("mem", 1, None),
        ),
        refused(
            "V8 more than 1 GiB to start with",
            "starts with a memory of 16385 pages",
            marked().memory("memory", 16_385, None),
        ),
        loads(
            "V8 a larger maximum",
            marked().memory("memory", 1, Some(65_536)),
        ),
        loads("V8 growing to 1 GiB succeeds", growing(16_383, I32Ne, -1)),
        loads("V8 growing beyond 1 GiB fails", growing(16_384, I32Eq, -1)),
        refused(
            "V8 more table elements than V8 takes",
            "starts with a table of 10000001 elements",
            filter().table(10_000_001),
        ),
    ]
}

fn sections() -> Vec<LoadCase> {
    vec![
        loads(
            "V9 a custom section",
            filter().custom("anything", b"\xff\xff"),
        ),
        loads(
            "V9 a precompiled section",
            filter().custom("precompiled_x", b"not code"),
        ),
        refused(
            "V9 a broken name section",
            "its name section is broken",
            filter().custom("name", &[1, 3, 1, 0, 9]),
        ),
        loads("V9 an empty name section", filter().custom("name", &[])),
    ]
}
