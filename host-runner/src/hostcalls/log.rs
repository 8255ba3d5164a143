//! Logging and time.

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::Region;
use crate::abi::{HostcallResult, Status, log_level};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_log",
        |caller: Caller<'_, VmState>, level: u32, data: u32, size: u32| {
            Status::of(log(&Guest::new(caller), level, Region(data, size)))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_get_current_time_nanoseconds",
        |caller: Caller<'_, VmState>, out: u32| {
            let now = caller.data().shared.clock.nanoseconds();
            Status::of(Guest::new(caller).write_u64(out, now))
        },
    )?;
    Ok(())
}

fn log(guest: &Guest<'_>, level: u32, message: Region) -> HostcallResult {
    let level = log_level(level)?;
    let message = guest.read_text(message)?;
    guest.state().log(level, message);
    Ok(())
}
