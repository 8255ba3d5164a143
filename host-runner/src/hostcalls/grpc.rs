//! gRPC calls and streams (rule 2.11). All memory is read before anything else is looked at.

use std::time::Duration;

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::Region;
use crate::abi::{HostcallResult, Status, pairs_from_guest};
use crate::host::grpc::{GrpcCall, GrpcKind, GrpcPath};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    link_open(linker)?;
    linker.hostcall(
        "env",
        "proxy_grpc_send",
        |caller: Caller<'_, VmState>, token: u32, message: u32, size: u32, end: u32| {
            let message = Region(message, size);
            Status::of(send(&mut Guest::new(caller), token, message, end != 0))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_grpc_close",
        |mut caller: Caller<'_, VmState>, token: u32| {
            Status::of(caller.data_mut().grpc_close(token))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_grpc_cancel",
        |mut caller: Caller<'_, VmState>, token: u32| {
            Status::of(caller.data_mut().grpc_cancel(token))
        },
    )?;
    Ok(())
}

fn link_open(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_grpc_call",
        |caller: Caller<'_, VmState>,
         service: u32,
         service_size: u32,
         name: u32,
         name_size: u32,
         method: u32,
         method_size: u32,
         metadata: u32,
         metadata_size: u32,
         message: u32,
         message_size: u32,
         timeout: u32,
         token: u32| {
            let target = Target {
                service: Region(service, service_size),
                name: Region(name, name_size),
                method: Region(method, method_size),
                metadata: Region(metadata, metadata_size),
            };
            let message = Some((Region(message, message_size), timeout));
            Status::of(open(&mut Guest::new(caller), &target, message, token))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_grpc_stream",
        |caller: Caller<'_, VmState>,
         service: u32,
         service_size: u32,
         name: u32,
         name_size: u32,
         method: u32,
         method_size: u32,
         metadata: u32,
         metadata_size: u32,
         token: u32| {
            let target = Target {
                service: Region(service, service_size),
                name: Region(name, name_size),
                method: Region(method, method_size),
                metadata: Region(metadata, metadata_size),
            };
            Status::of(open(&mut Guest::new(caller), &target, None, token))
        },
    )?;
    Ok(())
}

struct Target {
    service: Region,
    name: Region,
    method: Region,
    metadata: Region,
}

// A call has its one message, and a timeout that is never negative: -1 is 49 days. The token is written on success only.
fn open(
    guest: &mut Guest<'_>,
    target: &Target,
    message: Option<(Region, u32)>,
    token: u32,
) -> HostcallResult {
    let service = guest.read(target.service)?;
    let path = GrpcPath {
        service: guest.read(target.name)?,
        method: guest.read(target.method)?,
    };
    let metadata = pairs_from_guest(&guest.read(target.metadata)?);
    let kind = match message {
        Some((message, timeout)) => GrpcKind::Call {
            message: guest.read(message)?,
            timeout: Duration::from_millis(timeout.into()),
        },
        None => GrpcKind::Stream,
    };
    let call = GrpcCall {
        service,
        path,
        metadata,
        kind,
    };
    let id = guest.state_mut().grpc_open(call)?;
    guest.write_u32(token, id)
}

fn send(guest: &mut Guest<'_>, token: u32, message: Region, end: bool) -> HostcallResult {
    let message = guest.read(message)?;
    guest.state_mut().grpc_send(token, &message, end)
}
