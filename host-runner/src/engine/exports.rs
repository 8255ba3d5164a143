//! What Envoy looks for among a module's exports, in the order in which it looks (rules V1, V2, V4, V5, V10).

use wasmtime::{ExternType, FuncType, Module};

use super::error::Refusal;
use super::types::{is_callback, shown, shown_callback};
use crate::abi::AbiVersion;
use crate::host::callbacks;

/// The version that a module's first marker says.
pub(super) fn abi_version(module: &Module) -> Result<AbiVersion, Refusal> {
    let mut functions = module
        .exports()
        .filter(|export| matches!(export.ty(), ExternType::Func(_)));
    let abi = functions.find_map(|export| AbiVersion::of_marker(export.name()));
    abi.ok_or(Refusal::NoAbi)
}

/// Refuses a module whose exports Envoy cannot use; `is_allowed` says which callbacks it looks for at all (rule K1).
pub(super) fn check(
    module: &Module,
    abi: AbiVersion,
    is_allowed: impl Fn(&str) -> bool,
) -> Result<(), Refusal> {
    check_memory(module)?;
    check_start(module)?;
    check_allocator(module)?;
    let callbacks = callbacks::names().filter(|name| is_allowed(name));
    for name in callbacks {
        if let Some((params, returns)) = callbacks::signature(abi, name) {
            check_type(module, name, params, returns)?;
        }
    }
    Ok(())
}

// The last one that is exported, under any name, else the last one that is imported.
fn check_memory(module: &Module) -> Result<(), Refusal> {
    let exported = module.exports().map(|export| export.ty());
    let imported = module.imports().map(|import| import.ty());
    let memories = imported.chain(exported).filter_map(|ty| match ty {
        ExternType::Memory(memory) => Some(memory),
        _ => None,
    });
    match memories.last() {
        Some(memory) if memory.is_shared() => Err(Refusal::SharedMemory),
        Some(_) => Ok(()),
        None => Err(Refusal::NoMemory),
    }
}

// `main` counts only beside `_initialize`, `_start` only without it.
fn check_start(module: &Module) -> Result<(), Refusal> {
    if function(module, "_initialize").is_none() {
        return check_type(module, "_start", 0, false);
    }
    check_type(module, "_initialize", 0, false)?;
    check_type(module, "main", 2, true)?;
    match function(module, "main") {
        Some(_) => Ok(()),
        None => check_type(module, "__main_void", 0, true),
    }
}

fn check_allocator(module: &Module) -> Result<(), Refusal> {
    let names = ["malloc", "proxy_on_memory_allocate"];
    let mut found = names.iter().filter(|name| function(module, name).is_some());
    match found.next() {
        Some(name) => check_type(module, name, 1, true),
        None => Err(Refusal::NoAllocator),
    }
}

// A function that is not there has every type.
fn check_type(module: &Module, name: &str, params: usize, returns: bool) -> Result<(), Refusal> {
    match function(module, name) {
        Some(found) if !is_callback(&found, params, returns) => Err(Refusal::CallbackType {
            export: name.to_owned(),
            found: shown(&found),
            wanted: shown_callback(params, returns),
        }),
        _ => Ok(()),
    }
}

fn function(module: &Module, name: &str) -> Option<FuncType> {
    match module.get_export(name)? {
        ExternType::Func(ty) => Some(ty),
        _ => None,
    }
}
