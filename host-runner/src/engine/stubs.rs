//! Stand-ins for imports that no host has, so that a module which never calls them can be tried all the same.

use wasmtime::{ExternType, Linker, Module, Result};

use super::imports::path;
use crate::host::vm_state::VmState;

/// Links every function that the module imports and `stubs` names; a call of it traps.
pub(super) fn link(linker: &mut Linker<VmState>, module: &Module, stubs: &[String]) -> Result<()> {
    linker.allow_shadowing(true);
    for import in module.imports() {
        let path = path(&import);
        if let ExternType::Func(ty) = import.ty()
            && stubs.contains(&path)
        {
            linker.func_new(import.module(), import.name(), ty, move |_, _, _| {
                Err(wasmtime::Error::msg(format!(
                    "the module called `{path}`, which is only a stub here"
                )))
            })?;
        }
    }
    Ok(())
}
