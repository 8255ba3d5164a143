//! Shared data, queues and metrics (rules Q2 to Q4).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, Status};
use crate::host::effect::{Effect, RootId};
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    link_data(linker)?;
    link_queues(linker)?;
    link_metrics(linker)
}

fn link_data(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_get_shared_data",
        |caller: Caller<'_, VmState>, key: u32, key_size: u32, data: u32, size: u32, cas: u32| {
            let (key, out) = (Region(key, key_size), OutBytes(data, size));
            Status::of(get_shared_data(&mut Guest::new(caller), key, out, cas))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_set_shared_data",
        |caller: Caller<'_, VmState>, key: u32, key_size: u32, data: u32, size: u32, cas: u32| {
            let (key, value) = (Region(key, key_size), Region(data, size));
            Status::of(set_shared_data(&Guest::new(caller), key, value, cas))
        },
    )?;
    Ok(())
}

fn link_queues(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_register_shared_queue",
        |caller: Caller<'_, VmState>, name: u32, size: u32, token: u32| {
            Status::of(register_queue(
                &mut Guest::new(caller),
                Region(name, size),
                token,
            ))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_resolve_shared_queue",
        |caller: Caller<'_, VmState>, vm: u32, vm_size: u32, name: u32, size: u32, token: u32| {
            let (vm, name) = (Region(vm, vm_size), Region(name, size));
            Status::of(resolve_queue(&mut Guest::new(caller), vm, name, token))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_enqueue_shared_queue",
        |caller: Caller<'_, VmState>, token: u32, data: u32, size: u32| {
            Status::of(enqueue(&mut Guest::new(caller), token, Region(data, size)))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_dequeue_shared_queue",
        |caller: Caller<'_, VmState>, token: u32, data: u32, size: u32| {
            Status::of(dequeue(
                &mut Guest::new(caller),
                token,
                OutBytes(data, size),
            ))
        },
    )?;
    Ok(())
}

fn link_metrics(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
        "env",
        "proxy_define_metric",
        |caller: Caller<'_, VmState>, kind: u32, name: u32, size: u32, id: u32| {
            Status::of(define_metric(
                &mut Guest::new(caller),
                kind,
                Region(name, size),
                id,
            ))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_increment_metric",
        |caller: Caller<'_, VmState>, id: u32, offset: i64| {
            Status::of(caller.data().metrics.increment(id, offset))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_record_metric",
        |caller: Caller<'_, VmState>, id: u32, value: i64| {
            Status::of(caller.data().metrics.record(id, value))
        },
    )?;
    linker.hostcall(
        "env",
        "proxy_get_metric",
        |caller: Caller<'_, VmState>, id: u32, out: u32| {
            let value = caller.data().metrics.get(id);
            Status::of(value.and_then(|value| Guest::new(caller).write_u64(out, value)))
        },
    )?;
    Ok(())
}

fn get_shared_data(guest: &mut Guest<'_>, key: Region, out: OutBytes, cas: u32) -> HostcallResult {
    let key = guest.read(key)?;
    let state = guest.state();
    let (value, number) = state.shared.data.get(&state.id, &key)?;
    guest.return_bytes(out, &value)?;
    guest.write_u32(cas, number)
}

fn set_shared_data(guest: &Guest<'_>, key: Region, value: Region, cas: u32) -> HostcallResult {
    let (key, value) = (guest.read(key)?, guest.read(value)?);
    let state = guest.state();
    let data = &state.shared.data;
    if cas != 0 && state.shared.faults.is_conflict() {
        data.touch(&state.id, &key);
    }
    data.set(&state.id, &key, value, cas)
}

fn register_queue(guest: &mut Guest<'_>, name: Region, token: u32) -> HostcallResult {
    let name = guest.read(name)?;
    let state = guest.state();
    let root = state.root().ok_or(Status::BAD_ARGUMENT)?;
    let owner = RootId {
        vm: state.index,
        context: root.context,
    };
    let registered = state
        .shared
        .queues
        .register(&state.id, &name, (state.worker, owner));
    guest.write_u32(token, registered)
}

// An empty VM id means the VM's own.
fn resolve_queue(guest: &mut Guest<'_>, vm: Region, name: Region, token: u32) -> HostcallResult {
    let (vm, name) = (guest.read_text(vm)?, guest.read(name)?);
    let state = guest.state();
    let vm = if vm.is_empty() { &state.id } else { &vm };
    let resolved = state.shared.queues.resolve(vm, &name)?;
    guest.write_u32(token, resolved)
}

fn enqueue(guest: &mut Guest<'_>, token: u32, item: Region) -> HostcallResult {
    let item = guest.read(item)?;
    let (worker, root) = guest.state().shared.queues.enqueue(token, item)?;
    let ready = Effect::QueueReady(worker, root, token);
    guest.state_mut().world.effects.push_back(ready);
    Ok(())
}

fn dequeue(guest: &mut Guest<'_>, token: u32, out: OutBytes) -> HostcallResult {
    let item = guest.state().shared.queues.dequeue(token)?;
    guest.return_bytes(out, &item)
}

fn define_metric(guest: &mut Guest<'_>, kind: u32, name: Region, id: u32) -> HostcallResult {
    let name = guest.read_text(name)?;
    let defined = guest.state_mut().metrics.define(kind, &name)?;
    guest.write_u32(id, defined)
}
