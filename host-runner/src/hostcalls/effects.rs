//! What changes the course of a stream: local replies, foreign functions, effective context.

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status, pairs_from_guest};
use crate::host::stream::PendingReply;
use crate::host::vm::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_send_local_response",
        |caller: Caller<'_, VmState>,
         code: u32,
         d: u32,
         dn: u32,
         b: u32,
         bn: u32,
         h: u32,
         hn: u32,
         grpc: i32| {
            let reply = (code, Region(d, dn), Region(b, bn), Region(h, hn), grpc);
            Status::of(send_local_response(&mut Guest::new(caller), reply))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_call_foreign_function",
        |caller: Caller<'_, VmState>,
         name: u32,
         name_size: u32,
         arg: u32,
         arg_size: u32,
         data: u32,
         size: u32| {
            let (name, arg) = (Region(name, name_size), Region(arg, arg_size));
            Status::of(call_foreign_function(
                &mut Guest::new(caller),
                name,
                arg,
                OutBytes(data, size),
            ))
        },
    )?;
    // Streams are only ever entered through their own callbacks here, so the effective context is the current one.
    linker.func_wrap(
        "env",
        "proxy_set_effective_context",
        |_: Caller<'_, VmState>, _: u32| Status::OK.0,
    )?;
    Ok(())
}

// Always Ok with valid memory, even where it can do nothing; the first reply wins (rules Y1, Y8).
fn send_local_response(
    guest: &mut Guest<'_>,
    (status, details, body, headers, grpc_status): (u32, Region, Region, Region, i32),
) -> HostcallResult {
    let reply = PendingReply {
        status,
        details: guest.read_text(details)?,
        body: guest.read(body)?,
        headers: pairs_from_guest(guest.read(headers)?),
        grpc_status: u32::try_from(grpc_status).ok(),
    };
    if let Ok(stream) = guest.stream_mut(Status::NOT_FOUND) {
        stream.local_reply.get_or_insert(reply);
    }
    Ok(())
}

fn call_foreign_function(
    guest: &mut Guest<'_>,
    name: Region,
    argument: Region,
    out: OutBytes,
) -> HostcallResult {
    let name = guest.read_text(name)?;
    let _ = guest.read(argument)?;
    match name.as_str() {
        "clear_route_cache" => {
            if let Ok(stream) = guest.stream_mut(Status::NOT_FOUND) {
                stream.route_cache_cleared = true;
            }
            guest.return_bytes(out, &[])
        }
        _ => Err(Status::NOT_FOUND),
    }
}
