//! Hostcalls that the ABI has and this host does not offer yet: they link, return `Unimplemented`, and say so in the
//! log, so that a filter's author never has to guess.

use wasmtime::{Caller, Linker, Result, Val};

use super::allocating::LinkHostcall as _;
use super::function_type;
use crate::abi::Status;
use crate::host::vm_state::VmState;

/// Names and parameter types (`i` = i32, `I` = i64) as Envoy 1.40 links them; each returns one i32.
const UNSUPPORTED: [(&str, &str); 1] = [("envoy_resolve_dns", "iii")];

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    // Emscripten's threads are numbers.
    linker.hostcall(
        "env",
        "pthread_equal",
        |_: Caller<'_, VmState>, one: u32, other: u32| u32::from(one == other),
    )?;
    for (name, params) in UNSUPPORTED {
        let ty = function_type(linker, params);
        linker.func_new(
            "env",
            name,
            ty,
            move |caller: Caller<'_, VmState>, _, results| {
                caller.data().log(
                    "warn",
                    format!("the filter called `{name}`, which host-runner does not offer yet"),
                );
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(Status::UNIMPLEMENTED.0.cast_signed());
                }
                Ok(())
            },
        )?;
    }
    Ok(())
}
