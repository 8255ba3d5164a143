//! What changes the course of a stream: continuing and closing it, and local replies.

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::Region;
use crate::abi::{HostcallResult, Status, pairs_from_guest};
use crate::host::reply::LocalReply;
use crate::host::stream::Direction;
use crate::host::traffic::within;
use crate::host::vm_state::{Action, VmState};

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
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
    Ok(())
}

// Always Ok with valid memory, even where it can do nothing; the first reply wins (rules Y1, Y8).
fn send_local_response(
    guest: &mut Guest<'_>,
    (status, details, body, headers, grpc_status): (u32, Region, Region, Region, i32),
) -> HostcallResult {
    let reply = LocalReply {
        // Envoy's is a 16-bit number (rule Y5).
        status: status & 0xffff,
        details: guest.read(details)?,
        body: guest.read(body)?,
        headers: pairs_from_guest(&guest.read(headers)?),
        grpc_status: u32::try_from(grpc_status).ok(),
    };
    let state = guest.state_mut();
    // Also where there is nobody to reply to.
    state.stop_iteration = true;
    let Some((stream, filter)) = state.stream() else {
        return Ok(());
    };
    if stream
        .filters
        .get(filter)
        .is_some_and(|filter| filter.logging || filter.destroyed)
    {
        state.refuse(
            "Y7",
            "proxy_send_local_response in on_log, on_done or on_delete; it kills Envoy",
        );
        return Ok(());
    }
    state.defer(Action::Reply(Box::new(reply)));
    if state.shared.faults.re_entrant {
        reply_at_once(guest);
    }
    Ok(())
}

// Unless another VM waits in a hostcall and cannot be entered from here.
fn reply_at_once(guest: &mut Guest<'_>) {
    let state = guest.state();
    let (vm, target) = (state.index, state.target_filter());
    if let Some((stream, _)) = target.filter(|_| state.world.vms.entered() < 2) {
        within(guest.store(), |traffic| {
            traffic.run_after(vm);
            traffic.send_prepared_reply(stream);
        });
    }
}

/// Resumes a direction of the stream after the callback; the request's maps and body are gone at once (rule R1).
pub(super) fn continue_stream(state: &mut VmState, way: Direction) {
    let Some((stream, index)) = state.stream_mut() else {
        return;
    };
    let missing = way == Direction::Response && stream.response_headers.is_none();
    let answered = way == Direction::Request && stream.response_headers.is_some();
    if let Some(filter) = stream.filters.get_mut(index) {
        filter.request.headers = false;
        filter.request.trailers = false;
        filter.request.body = None;
    }
    if missing {
        state.refuse(
            "R3",
            "continue_stream(Response) before there is a response; it crashes Envoy",
        );
    } else if answered {
        state.refuse(
            "R5",
            "continue_stream(Request) after a reply; Envoy forwards the request that was answered",
        );
    } else {
        state.defer(Action::Continue(way));
    }
}

/// Lets the route be picked again (rule X2).
pub(super) fn clear_route_cache(state: &mut VmState) {
    if let Some((stream, _)) = state.stream_mut() {
        stream.info.route_cleared = true;
    }
}
