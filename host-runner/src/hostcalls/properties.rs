//! Properties and stream state (section 3 of the host rules, W3, P2).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status};
use crate::host::properties;
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_get_property",
        |caller: Caller<'_, VmState>, path: u32, path_size: u32, data: u32, size: u32| {
            Status::of(get(
                &mut Guest::new(caller),
                Region(path, path_size),
                OutBytes(data, size),
            ))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_set_property",
        |caller: Caller<'_, VmState>, path: u32, path_size: u32, data: u32, size: u32| {
            Status::of(set(
                &mut Guest::new(caller),
                Region(path, path_size),
                Region(data, size),
            ))
        },
    )?;
    Ok(())
}

fn get(guest: &mut Guest<'_>, path: Region, out: OutBytes) -> HostcallResult {
    let path = guest.read(path)?;
    let value = properties::get(&path, guest.state())?;
    guest.return_bytes(out, &value)
}

fn set(guest: &mut Guest<'_>, path: Region, value: Region) -> HostcallResult {
    let (path, value) = (guest.read(path)?, guest.read(value)?);
    if let Some((connection, _)) = guest.state_mut().connection_mut() {
        connection.info.state.insert(path, value);
        return Ok(());
    }
    guest.state_mut().set_property(&path, value)
}
