//! The hostcalls that only some versions of the ABI have (rule V7).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::effects::{clear_route_cache, continue_stream};
use super::guest::OutBytes;
use crate::abi::{AbiVersion, HostcallResult, Status, StreamType};
use crate::host::stream::Direction;
use crate::host::vm_state::{Action, VmState};

/// Everything is kept, so a filter that asks is told `trace`.
const LOG_LEVEL: u32 = 0;

pub(super) fn link(linker: &mut Linker<VmState>, abi: AbiVersion) -> Result<()> {
    if abi == AbiVersion::V0_1_0 {
        return link_0_1_0(linker);
    }
    linker.hostcall(
        "env",
        "proxy_continue_stream",
        |mut caller: Caller<'_, VmState>, stream: u32| {
            Status::of(continue_by_type(caller.data_mut(), stream))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_close_stream",
        |mut caller: Caller<'_, VmState>, stream: u32| Status::of(close(caller.data_mut(), stream)),
    )?;
    if abi == AbiVersion::V0_2_1 {
        linker.hostcall(
            "env",
            "proxy_get_log_level",
            |caller: Caller<'_, VmState>, out: u32| {
                Status::of(Guest::new(caller).write_u32(out, LOG_LEVEL))
            },
        )?;
    }
    Ok(())
}

fn link_0_1_0(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_get_configuration",
        |caller: Caller<'_, VmState>, data: u32, size: u32| {
            Status::of(get_configuration(
                &mut Guest::new(caller),
                OutBytes(data, size),
            ))
        },
    )?;
    let ways = [
        ("proxy_continue_request", Direction::Request),
        ("proxy_continue_response", Direction::Response),
    ];
    for (name, way) in ways {
        linker.hostcall("env", name, move |mut caller: Caller<'_, VmState>| {
            continue_stream(caller.data_mut(), way);
            Status::OK.0
        })?;
    }
    linker.hostcall(
        "env",
        "proxy_clear_route_cache",
        |mut caller: Caller<'_, VmState>| {
            clear_route_cache(caller.data_mut());
            Status::OK.0
        },
    )?;
    Ok(())
}

fn continue_by_type(state: &mut VmState, stream: u32) -> HostcallResult {
    match StreamType::from_wire(stream)? {
        StreamType::Request => continue_stream(state, Direction::Request),
        StreamType::Response => continue_stream(state, Direction::Response),
        StreamType::Downstream => state.defer_to_connection(Action::ContinueReading),
        StreamType::Upstream => return Err(Status::UNIMPLEMENTED),
    }
    Ok(())
}

fn close(state: &mut VmState, stream: u32) -> HostcallResult {
    match StreamType::from_wire(stream)? {
        StreamType::Request | StreamType::Response => state.defer(Action::Reset),
        // Both close the client's connection: a write filter sees no other.
        StreamType::Downstream | StreamType::Upstream => {
            state.defer_to_connection(Action::CloseConnection);
        }
    }
    Ok(())
}

// The plugin's configuration while it is being configured, the VM's at any other time.
fn get_configuration(guest: &mut Guest<'_>, out: OutBytes) -> HostcallResult {
    let state = guest.state();
    let root = state.root().filter(|root| root.configuring);
    let configuration = root.map_or(&state.configuration, |root| &root.configuration);
    let configuration = configuration.clone();
    guest.return_bytes(out, &configuration)
}
