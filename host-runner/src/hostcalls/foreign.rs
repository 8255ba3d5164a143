//! `proxy_call_foreign_function`: finds the function, and does for it what acts on a stream or a context.

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::effects::clear_route_cache;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status};
use crate::foreign::{self, DeclareProperty, EvaluateError, SetEnvoyFilterState};
use crate::host::filter_state::known;
use crate::host::properties::{View, encode};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
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
            Status::of(call(
                &mut Guest::new(caller),
                name,
                arg,
                OutBytes(data, size),
            ))
        },
    )?;
    Ok(())
}

// An unknown name leaves the outs alone; another error makes them 0 (section 1.4).
fn call(guest: &mut Guest<'_>, name: Region, argument: Region, out: OutBytes) -> HostcallResult {
    let name = guest.read_text(name)?;
    let argument = guest.read(argument)?;
    let answer = answer(guest.state_mut(), &name, &argument).ok_or(Status::NOT_FOUND)?;
    match &answer {
        // An answer that is empty is allocated all the same.
        Ok(bytes) if matches!(name.as_str(), "compress" | "uncompress" | "expr_evaluate") => {
            guest.return_allocated(out, bytes)?;
        }
        answer => guest.return_bytes(out, answer.as_deref().unwrap_or_default())?,
    }
    answer.map(|_| ())
}

// None: there is no function of that name.
fn answer(state: &mut VmState, name: &str, argument: &[u8]) -> Option<Result<Vec<u8>, Status>> {
    let answer = match name {
        "verify_signature" => foreign::verify_signature(argument),
        "sign" => foreign::sign(argument),
        "compress" => foreign::compress(argument),
        "uncompress" => foreign::uncompress(argument),
        "clear_route_cache" => {
            clear_route_cache(state);
            Ok(Vec::new())
        }
        "set_envoy_filter_state" => nothing(set_envoy_filter_state(state, argument)),
        "declare_property" => nothing(declare_property(state, argument)),
        "expr_create" => expr_create(state, argument),
        "expr_evaluate" => expr_evaluate(state, argument),
        "expr_delete" => nothing(expr_delete(state, argument)),
        _ => return None,
    };
    Some(answer)
}

fn nothing(done: HostcallResult) -> Result<Vec<u8>, Status> {
    done.map(|()| Vec::new())
}

// In the effective context (rule F5).
fn set_envoy_filter_state(state: &mut VmState, argument: &[u8]) -> HostcallResult {
    let argument = SetEnvoyFilterState::read(argument)?;
    let object = known::object(&argument.path, &argument.value)?;
    let (stream, _) = state.stream_mut().ok_or(Status::NOT_FOUND)?;
    let span = argument.life_span();
    stream
        .info
        .state
        .set(argument.path.as_bytes(), object, span);
    Ok(())
}

// In the current context, where it has an effect only if that is a root (rule F4).
fn declare_property(state: &mut VmState, argument: &[u8]) -> HostcallResult {
    let argument = DeclareProperty::read(argument)?;
    let prototypes = state.current_prototypes().ok_or(Status::NOT_FOUND)?;
    prototypes.declare(argument.name.as_bytes().to_vec(), argument.prototype())
}

// --- expressions, which are the current root's (rule F5) ---

fn expr_create(state: &mut VmState, source: &[u8]) -> Result<Vec<u8>, Status> {
    let root = state.current_root_mut().ok_or(Status::NOT_FOUND)?;
    let created = root.expressions.create(source);
    if let Err(Some(difference)) = &created {
        state.log("error", format!("expr_create: {difference}"));
    }
    let token = created.map_err(|_| Status::BAD_ARGUMENT)?;
    Ok(token.to_le_bytes().to_vec())
}

fn expr_evaluate(state: &mut VmState, argument: &[u8]) -> Result<Vec<u8>, Status> {
    let token = token(argument)?;
    let root = state.current_root().ok_or(Status::NOT_FOUND)?;
    let view = View::of_current(state);
    let evaluated = root.expressions.evaluate(token, view, encode);
    evaluated.map_err(|error| {
        if let EvaluateError::Unsupported(difference) = &error {
            state.log("error", format!("expr_evaluate: {difference}"));
        }
        error.status()
    })
}

fn expr_delete(state: &mut VmState, argument: &[u8]) -> HostcallResult {
    let token = token(argument)?;
    if let Some(root) = state.current_root_mut() {
        root.expressions.delete(token);
    }
    Ok(())
}

fn token(argument: &[u8]) -> Result<u32, Status> {
    let bytes = argument.try_into().map_err(|_| Status::BAD_ARGUMENT)?;
    Ok(u32::from_le_bytes(bytes))
}
