//! Buffers: bodies and configuration (rules U1 to U4, L5).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status};
use crate::host::stream::Stage;
use crate::host::vm::VmState;

const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const CALLOUT_BODY: u32 = 4;
const VM_CONFIGURATION: u32 = 6;
const PLUGIN_CONFIGURATION: u32 = 7;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_buffer_bytes",
        |caller: Caller<'_, VmState>, kind: u32, start: u32, len: u32, data: u32, size: u32| {
            Status::of(get(
                &mut Guest::new(caller),
                kind,
                start,
                len,
                OutBytes(data, size),
            ))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_buffer_status",
        |caller: Caller<'_, VmState>, kind: u32, len: u32, flags: u32| {
            Status::of(status(&mut Guest::new(caller), kind, len, flags))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_buffer_bytes",
        |caller: Caller<'_, VmState>, kind: u32, start: u32, len: u32, data: u32, size: u32| {
            Status::of(set(
                &mut Guest::new(caller),
                kind,
                start,
                len,
                Region(data, size),
            ))
        },
    )?;
    Ok(())
}

fn get(guest: &mut Guest<'_>, kind: u32, start: u32, len: u32, out: OutBytes) -> HostcallResult {
    let buffer = buffer(guest, kind)?;
    let start = (start as usize).min(buffer.len());
    let end = start.saturating_add(len as usize).min(buffer.len());
    let bytes = buffer.get(start..end).unwrap_or_default().to_vec();
    guest.return_bytes(out, &bytes)
}

fn status(guest: &mut Guest<'_>, kind: u32, len: u32, flags: u32) -> HostcallResult {
    let size = buffer(guest, kind)?.len();
    guest.write_u32(len, u32::try_from(size).unwrap_or(u32::MAX))?;
    guest.write_u32(flags, 0)
}

fn buffer<'a>(guest: &'a Guest<'_>, kind: u32) -> std::result::Result<&'a [u8], Status> {
    match kind {
        REQUEST_BODY | RESPONSE_BODY => {
            let stream = guest.stream(Status::BAD_ARGUMENT)?;
            Ok(if kind_in(stream.stage) == Some(kind) {
                &stream.body
            } else {
                &[]
            })
        }
        // Those that exist always, empty here: other protocols and callouts use them (rule U1).
        VM_CONFIGURATION | 2 | 3 | 5 | 8 => Ok(&[]),
        PLUGIN_CONFIGURATION if guest.state().configuring => Ok(&guest.state().configuration),
        CALLOUT_BODY | PLUGIN_CONFIGURATION => Err(Status::NOT_FOUND),
        _ => Err(Status::BAD_ARGUMENT),
    }
}

// Prepend, replace a front part, append, or replace all; a splice in the middle is refused (rule U2).
fn set(guest: &mut Guest<'_>, kind: u32, start: u32, len: u32, data: Region) -> HostcallResult {
    let data = guest.read(data)?;
    let stream = guest.stream_mut(Status::BAD_ARGUMENT)?;
    if kind_in(stream.stage) != Some(kind) {
        return Err(match kind {
            CALLOUT_BODY | PLUGIN_CONFIGURATION => Status::NOT_FOUND,
            _ => Status::BAD_ARGUMENT,
        });
    }
    let body = &mut stream.body;
    let size = body.len();
    match start as usize {
        0 => drop(body.splice(..size.min(len as usize), data)),
        start if start >= size => body.extend_from_slice(&data),
        _ => return Err(Status::BAD_ARGUMENT),
    }
    Ok(())
}

fn kind_in(stage: Stage) -> Option<u32> {
    match stage {
        Stage::RequestBody => Some(REQUEST_BODY),
        Stage::ResponseBody => Some(RESPONSE_BODY),
        _ => None,
    }
}
