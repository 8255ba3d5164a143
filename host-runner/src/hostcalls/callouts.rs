//! HTTP calls to clusters (rules C1 to C6), and how the last call ended.

use std::time::Duration;

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status, pairs_from_guest};
use crate::host::callout::{self, CallId, CallKind, HttpCall};
use crate::host::effect::Effect;
use crate::host::faults::Fault;
use crate::host::header_map::HeaderMap;
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_http_call",
        |caller: Caller<'_, VmState>,
         cluster: u32,
         cluster_size: u32,
         headers: u32,
         headers_size: u32,
         body: u32,
         body_size: u32,
         trailers: u32,
         trailers_size: u32,
         timeout: i32,
         token: u32| {
            let request = Request {
                cluster: Region(cluster, cluster_size),
                headers: Region(headers, headers_size),
                body: Region(body, body_size),
                trailers: Region(trailers, trailers_size),
                timeout,
            };
            Status::of(http_call(&mut Guest::new(caller), &request, token))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_get_status",
        |caller: Caller<'_, VmState>, code: u32, data: u32, size: u32| {
            Status::of(get_status(
                &mut Guest::new(caller),
                code,
                OutBytes(data, size),
            ))
        },
    )?;
    Ok(())
}

struct Request {
    cluster: Region,
    headers: Region,
    body: Region,
    trailers: Region,
    timeout: i32,
}

// The token is 0 where no call is made. Envoy reads the trailers, and never sends them.
fn http_call(guest: &mut Guest<'_>, request: &Request, token: u32) -> HostcallResult {
    let cluster = guest.read_text(request.cluster)?;
    let headers = pairs_from_guest(&guest.read(request.headers)?);
    let body = guest.read(request.body)?;
    guest.read(request.trailers)?;
    guest.write_u32(token, 0)?;
    let timeout = u64::try_from(request.timeout).map_err(|_| Status::BAD_ARGUMENT)?;
    let state = guest.state_mut();
    if !state.clusters.contains(&cluster) {
        return Err(Status::BAD_ARGUMENT);
    }
    let mut headers = call_headers(headers, body.len())?;
    let timeout = callout::prepare(&mut headers, Some(Duration::from_millis(timeout)), true);
    let fault = state.shared.faults.of_call(&cluster);
    if fault == Some(Fault::RefusedDispatch) {
        return Err(Status::INTERNAL_FAILURE);
    }
    let call = HttpCall {
        cluster,
        headers,
        body,
        timeout,
        fault,
    };
    let id = dispatch(state, call).ok_or(Status::BAD_ARGUMENT)?;
    guest.write_u32(token, id)
}

fn call_headers(
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
    body: usize,
) -> std::result::Result<HeaderMap, Status> {
    let mut headers = HeaderMap::request();
    headers.replace_all(pairs);
    let required: [&[u8]; 3] = [b":path", b":method", b":authority"];
    if required.iter().any(|name| headers.get(name).is_none()) {
        return Err(Status::BAD_ARGUMENT);
    }
    if body > 0 {
        headers.replace(b"content-length", body.to_string().as_bytes());
    }
    Ok(headers)
}

fn dispatch(state: &mut VmState, call: HttpCall) -> Option<u32> {
    let root = state.root_id()?;
    let token = state.tokens.next(CallKind::Http);
    let call = Effect::Call(CallId { root, token }, Box::new(call));
    state.world.effects.push_back(call);
    Some(token)
}

fn get_status(guest: &mut Guest<'_>, code: u32, out: OutBytes) -> HostcallResult {
    let status = guest.state().root().map(|root| &root.callouts.status);
    let (number, message) = status.map_or((0, Vec::new()), |it| (it.code, it.message.clone()));
    guest.write_u32(code, number)?;
    guest.return_bytes(out, &message)
}
