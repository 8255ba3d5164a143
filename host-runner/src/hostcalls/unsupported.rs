//! Hostcalls that the ABI has and this host does not offer: they link, return `Unimplemented`, and say so in the
//! log, so that a filter's author never has to guess.

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::Region;
use crate::abi::{HostcallResult, Status};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    // Emscripten's threads are numbers.
    linker.hostcall(
        "env",
        "pthread_equal",
        |_: Caller<'_, VmState>, one: u32, other: u32| u32::from(one == other),
    )?;
    linker.hostcall(
        "env",
        "envoy_resolve_dns",
        |caller: Caller<'_, VmState>, name: u32, size: u32, token: u32| {
            Status::of(resolve_dns(
                &mut Guest::new(caller),
                Region(name, size),
                token,
            ))
        },
    )?;
    Ok(())
}

fn resolve_dns(guest: &mut Guest<'_>, name: Region, token: u32) -> HostcallResult {
    let name = guest.read_text(name)?;
    guest.read_u32(token)?;
    let text = format!(
        "the filter asked for the address of `{name}`; host-runner does not offer `envoy_resolve_dns`"
    );
    guest.state().log("warn", text);
    Err(Status::UNIMPLEMENTED)
}
