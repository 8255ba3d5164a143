//! The functions a module can import: the Proxy-Wasm hostcalls and the WASI subset that Envoy offers.
//!
//! One file per family. Each hostcall is a plain function over [`Guest`]; a bad guest pointer is a status, never a
//! trap, and out-pointers stay untouched on error (section 1.4 of the host rules).

mod allocating;
mod buffers;
mod callouts;
mod contexts;
mod dns;
mod effects;
mod emscripten;
mod foreign;
mod grpc;
mod guest;
mod headers;
mod log;
pub(crate) mod program;
mod properties;
mod stores;
mod versions;
mod wasi;

use wasmtime::{Engine, ExternType, FuncType, Linker, Module, Result, Val, ValType};

use crate::abi::{AbiVersion, Status};
use crate::host::vm_state::VmState;

pub(crate) use guest::Guest;

/// WASI's "capabilities insufficient".
const ENOTCAPABLE: i32 = 76;

/// A linker that knows every import a module of that ABI version may have.
pub(crate) fn linker(engine: &Engine, abi: AbiVersion) -> Result<Linker<VmState>> {
    let mut linker = Linker::new(engine);
    log::link(&mut linker)?;
    headers::link(&mut linker)?;
    buffers::link(&mut linker)?;
    properties::link(&mut linker)?;
    effects::link(&mut linker)?;
    foreign::link(&mut linker)?;
    contexts::link(&mut linker)?;
    callouts::link(&mut linker)?;
    grpc::link(&mut linker)?;
    stores::link(&mut linker)?;
    versions::link(&mut linker, abi)?;
    dns::link(&mut linker)?;
    emscripten::link(&mut linker)?;
    wasi::link(&mut linker)?;
    Ok(linker)
}

/// The same linker, with what `allowed` does not name answering that it is forbidden (rule K1).
pub(crate) fn restricted(
    linker: &Linker<VmState>,
    module: &Module,
    allowed: &[String],
) -> Result<Linker<VmState>> {
    let mut linker = linker.clone();
    linker.allow_shadowing(true);
    for import in module.imports() {
        let restrictable = import.module() != "env" || import.name().starts_with("proxy_");
        let forbidden = !allowed.is_empty() && !allowed.iter().any(|it| it == import.name());
        let ExternType::Func(ty) = import.ty() else {
            continue;
        };
        if !restrictable || !forbidden {
            continue;
        }
        let answer = match import.module() {
            "env" => Status::INTERNAL_FAILURE.0.cast_signed(),
            _ => ENOTCAPABLE,
        };
        let name = import.name().to_owned();
        linker.func_new(
            import.module(),
            import.name(),
            ty,
            move |caller, _, results| {
                allocating::check(caller.data(), &name)?;
                let text = format!("Attempted call to restricted proxy-wasm capability: {name}");
                caller.data().log("error", text);
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(answer);
                }
                Ok(())
            },
        )?;
    }
    Ok(linker)
}

// A function that takes `params` (`i` = i32, `I` = i64) and returns one i32.
fn function_type(linker: &Linker<VmState>, params: &str) -> FuncType {
    let of = |kind| match kind {
        'I' => ValType::I64,
        _ => ValType::I32,
    };
    FuncType::new(linker.engine(), params.chars().map(of), [ValType::I32])
}
