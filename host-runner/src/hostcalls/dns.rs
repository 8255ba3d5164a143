//! Asking for the addresses of a name (`envoy_resolve_dns`, of Envoy alone).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::Region;
use crate::abi::{HostcallResult, Status};
use crate::host::dns;
use crate::host::effect::Effect;
use crate::host::traffic::within;
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "envoy_resolve_dns",
        |caller: Caller<'_, VmState>, name: u32, size: u32, token: u32| {
            Status::of(resolve(&mut Guest::new(caller), Region(name, size), token))
        },
    )?;
    Ok(())
}

// What is known is answered before this returns, unless another VM waits in a hostcall and cannot be entered from here.
fn resolve(guest: &mut Guest<'_>, name: Region, out: u32) -> HostcallResult {
    let name = guest.read_text(name)?;
    let token = guest.state_mut().tokens.next_question();
    guest.write_u32(out, token)?;
    let state = guest.state_mut();
    let root = state.root_id().ok_or(Status::INTERNAL_FAILURE)?;
    match dns::known(&name).filter(|_| state.world.vms.entered() < 2) {
        Some(address) => within(guest.store(), |traffic| {
            traffic.resolved(root, token, &[address]);
        }),
        None => state
            .world
            .effects
            .push_back(Effect::Resolve(root, token, name)),
    }
    Ok(())
}
