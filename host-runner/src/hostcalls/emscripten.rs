//! What the C++ SDK's toolchain imports besides WASI.

use wasmtime::{Caller, Linker, Result};

use super::allocating::LinkHostcall as _;
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    // Its threads are numbers.
    linker.hostcall(
        "env",
        "pthread_equal",
        |_: Caller<'_, VmState>, one: u32, other: u32| u32::from(one == other),
    )?;
    Ok(())
}
