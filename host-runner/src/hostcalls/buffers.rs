//! Buffers: bodies and configuration (rules U1 to U4, L5).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status};
use crate::host::stream::Direction;
use crate::host::tcp::Peer;
use crate::host::traffic::within;
use crate::host::vm_state::{Action, VmState};
use crate::host::world::StreamId;

const REQUEST_BODY: u32 = 0;
const RESPONSE_BODY: u32 = 1;
const DOWNSTREAM_DATA: u32 = 2;
const UPSTREAM_DATA: u32 = 3;
const CALLOUT_BODY: u32 = 4;
const GRPC_MESSAGE: u32 = 5;
const CALL_DATA: u32 = 8;
const VM_CONFIGURATION: u32 = 6;
const PLUGIN_CONFIGURATION: u32 = 7;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
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
    linker.hostcall(
        "env",
        "proxy_get_buffer_status",
        |caller: Caller<'_, VmState>, kind: u32, len: u32, flags: u32| {
            Status::of(status(&mut Guest::new(caller), kind, len, flags))
        },
    )?;
    linker.hostcall(
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

fn buffer<'a>(guest: &'a mut Guest<'_>, kind: u32) -> std::result::Result<&'a [u8], Status> {
    let kind = resolve(guest, kind);
    let state = guest.state_mut();
    match kind {
        REQUEST_BODY | RESPONSE_BODY => {
            let body = state
                .stream_mut()
                .and_then(|(stream, filter)| stream.body_mut(filter, direction(kind)?));
            Ok(body.map_or(&[], |body| body.as_slice()))
        }
        VM_CONFIGURATION => Ok(&state.configuration),
        DOWNSTREAM_DATA | UPSTREAM_DATA => {
            let data = state
                .connection_mut()
                .and_then(|(connection, filter)| connection.buffer_mut(filter, peer(kind)?));
            Ok(data.map_or(&[], |data| data.as_slice()))
        }
        CALL_DATA => Ok(state.addresses()),
        // There always, with something in it while a message is being received.
        GRPC_MESSAGE => {
            let message = state.root().and_then(|root| root.callouts.message.as_ref());
            Ok(message.map_or(&[], Vec::as_slice))
        }
        CALLOUT_BODY => {
            let response = state
                .root()
                .and_then(|root| root.callouts.response.as_ref());
            response
                .map(|response| response.body.as_slice())
                .ok_or(Status::NOT_FOUND)
        }
        PLUGIN_CONFIGURATION => {
            let root = state.root().filter(|root| root.configuring);
            root.map(|root| root.configuration.as_slice())
                .ok_or(Status::NOT_FOUND)
        }
        _ => Err(Status::BAD_ARGUMENT),
    }
}

// Buffer 8 is whatever its context asked for last, as in Envoy, which crashes if that is a body that is gone (rule U1).
fn resolve(guest: &mut Guest<'_>, kind: u32) -> u32 {
    let state = guest.state_mut();
    let context = state.target_id();
    if kind != CALL_DATA {
        match kind {
            REQUEST_BODY | RESPONSE_BODY | VM_CONFIGURATION | PLUGIN_CONFIGURATION
                if exists(state, kind) =>
            {
                state.last_buffers.insert(context, kind);
            }
            REQUEST_BODY..=UPSTREAM_DATA | GRPC_MESSAGE => {
                state.last_buffers.remove(&context);
                state.forget_addresses();
            }
            _ => {}
        }
        return kind;
    }
    match state.last_buffers.get(&context).copied() {
        Some(last) if exists(state, last) => last,
        Some(_) => {
            state.refuse(
                "U1",
                "buffer 8 after the body that it stood for has gone; it crashes Envoy",
            );
            CALL_DATA
        }
        None => CALL_DATA,
    }
}

fn exists(state: &mut VmState, kind: u32) -> bool {
    if kind == PLUGIN_CONFIGURATION {
        return state.root().is_some_and(|root| root.configuring);
    }
    match direction(kind) {
        Some(way) => state
            .stream_mut()
            .is_some_and(|(stream, filter)| stream.body_mut(filter, way).is_some()),
        None => true,
    }
}

// Prepend, replace a front part, append, or replace all; a splice in the middle is refused (rule U2).
fn set(guest: &mut Guest<'_>, kind: u32, start: u32, len: u32, data: Region) -> HostcallResult {
    // Which buffer it is comes before where its bytes are.
    buffer(guest, kind).map(drop)?;
    let kind = resolve(guest, kind);
    let data = guest.read(data)?;
    if kind == GRPC_MESSAGE {
        let root = guest.state_mut().root_mut();
        let message = root.and_then(|root| root.callouts.message.as_mut());
        return splice(message.ok_or(Status::BAD_ARGUMENT)?, (start, len), &data);
    }
    if let Some(peer) = peer(kind) {
        let (connection, filter) = guest
            .state_mut()
            .connection_mut()
            .ok_or(Status::BAD_ARGUMENT)?;
        let bytes = connection.buffer_mut(filter, peer);
        return splice(bytes.ok_or(Status::BAD_ARGUMENT)?, (start, len), &data);
    }
    let Some(way) = direction(kind) else {
        return buffer(guest, kind).and(Err(Status::BAD_ARGUMENT));
    };
    let (stream, filter) = guest.stream_mut(Status::BAD_ARGUMENT)?;
    let body = stream.body_mut(filter, way).ok_or(Status::BAD_ARGUMENT)?;
    splice(body, (start, len), &data)?;
    check_limit(guest, way);
    Ok(())
}

// A held body that grows over the limit is answered at once, and the module hears of that within this hostcall
// (rule B2).
fn check_limit(guest: &mut Guest<'_>, way: Direction) {
    let state = guest.state_mut();
    if state.world.vms.entered() > 1 {
        // Another VM waits in such a hostcall and cannot be entered from here.
        return state.defer(Action::CheckBuffer(way));
    }
    let stream = state.target_filter().map(|(stream, _)| stream);
    let holds = |id: &StreamId| state.world.http.get(*id).is_some_and(|it| it.holds(way));
    if let Some(stream) = stream.filter(holds) {
        within(guest.store(), |traffic| traffic.check_buffer(stream, way));
    }
}

fn splice(bytes: &mut Vec<u8>, (start, len): (u32, u32), data: &[u8]) -> HostcallResult {
    let size = bytes.len();
    match start as usize {
        0 => drop(bytes.splice(..size.min(len as usize), data.iter().copied())),
        start if start >= size => bytes.extend_from_slice(data),
        _ => return Err(Status::BAD_ARGUMENT),
    }
    Ok(())
}

fn peer(kind: u32) -> Option<Peer> {
    match kind {
        DOWNSTREAM_DATA => Some(Peer::Downstream),
        UPSTREAM_DATA => Some(Peer::Upstream),
        _ => None,
    }
}

fn direction(kind: u32) -> Option<Direction> {
    match kind {
        REQUEST_BODY => Some(Direction::Request),
        RESPONSE_BODY => Some(Direction::Response),
        _ => None,
    }
}
