//! The functions a module can import: the Proxy-Wasm hostcalls and the WASI subset that Envoy offers.
//!
//! One file per family. Each hostcall is a plain function over [`Guest`]; a bad guest pointer is a status, never a
//! trap, and out-pointers stay untouched on error (section 1.4 of the host rules).

mod buffers;
mod effects;
mod guest;
mod headers;
mod log;
mod properties;
mod unsupported;
mod wasi;

use wasmtime::{Engine, FuncType, Linker, Result, ValType};

use crate::host::vm::VmState;

pub(crate) use guest::Guest;

/// A linker that knows every import a Proxy-Wasm 0.2 module may have.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<VmState>> {
    let mut linker = Linker::new(engine);
    log::link(&mut linker)?;
    headers::link(&mut linker)?;
    buffers::link(&mut linker)?;
    properties::link(&mut linker)?;
    effects::link(&mut linker)?;
    unsupported::link(&mut linker)?;
    wasi::link(&mut linker)?;
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
