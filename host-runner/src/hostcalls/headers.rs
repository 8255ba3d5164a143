//! Header maps (rules H1 to H14).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::guest::{OutBytes, Region};
use crate::abi::{HostcallResult, MapType, Status, pairs_from_guest};
use crate::host::header_map::HeaderMap;
use crate::host::stream::Stage;
use crate::host::vm::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_header_map_pairs",
        |caller: Caller<'_, VmState>, map: u32, data: u32, size: u32| {
            Status::of(get_pairs(
                &mut Guest::new(caller),
                map,
                OutBytes(data, size),
            ))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_header_map_pairs",
        |caller: Caller<'_, VmState>, map: u32, p: u32, n: u32| {
            Status::of(set_pairs(&mut Guest::new(caller), map, Region(p, n)))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_value",
        |caller: Caller<'_, VmState>, map: u32, key: u32, key_size: u32, data: u32, size: u32| {
            Status::of(get(
                &mut Guest::new(caller),
                map,
                Region(key, key_size),
                OutBytes(data, size),
            ))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_add_header_map_value",
        |caller: Caller<'_, VmState>, map: u32, key: u32, key_size: u32, value: u32, size: u32| {
            edit(
                &mut Guest::new(caller),
                map,
                Region(key, key_size),
                Region(value, size),
                HeaderMap::add,
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_replace_header_map_value",
        |caller: Caller<'_, VmState>, map: u32, key: u32, key_size: u32, value: u32, size: u32| {
            edit(
                &mut Guest::new(caller),
                map,
                Region(key, key_size),
                Region(value, size),
                HeaderMap::replace,
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_remove_header_map_value",
        |caller: Caller<'_, VmState>, map: u32, key: u32, key_size: u32| {
            edit(
                &mut Guest::new(caller),
                map,
                Region(key, key_size),
                Region(0, 0),
                |map, key, _| map.remove(key),
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_header_map_size",
        |caller: Caller<'_, VmState>, map: u32, out: u32| {
            Status::of(size(&mut Guest::new(caller), map, out))
        },
    )?;
    Ok(())
}

// A map that is not alive reads as an empty list with status Ok, unlike the single-value calls (rule H1).
fn get_pairs(guest: &mut Guest<'_>, map: u32, out: OutBytes) -> HostcallResult {
    let map = MapType::from_wire(map)?;
    let stream = guest.stream(Status::BAD_ARGUMENT).ok();
    let pairs = stream
        .and_then(|stream| stream.map(map).ok())
        .map(HeaderMap::to_pairs);
    guest.return_bytes(out, &pairs.unwrap_or_default())
}

// Whatever the guest passes replaces everything, an unreadable list too (rules H8, M3).
fn set_pairs(guest: &mut Guest<'_>, map: u32, pairs: Region) -> HostcallResult {
    let map = MapType::from_wire(map)?;
    let pairs = pairs_from_guest(guest.read(pairs)?);
    let map = guest.stream_mut(Status::BAD_ARGUMENT)?.map_mut(map)?;
    map.replace_all(pairs);
    Ok(())
}

fn get(guest: &mut Guest<'_>, map: u32, key: Region, out: OutBytes) -> HostcallResult {
    let map = MapType::from_wire(map)?;
    let key = guest.read(key)?;
    let map = guest.stream(Status::BAD_ARGUMENT)?.map(map)?;
    let value = map.get(&key).ok_or(Status::NOT_FOUND)?.to_vec();
    guest.return_bytes(out, &value)
}

fn edit(
    guest: &mut Guest<'_>,
    map: u32,
    key: Region,
    value: Region,
    edit: fn(&mut HeaderMap, &[u8], &[u8]),
) -> u32 {
    let mut edited = || {
        let map = MapType::from_wire(map)?;
        let (key, value) = (guest.read(key)?, guest.read(value)?);
        edit(
            guest.stream_mut(Status::BAD_ARGUMENT)?.map_mut(map)?,
            &key,
            &value,
        );
        Ok(())
    };
    Status::of(edited())
}

fn size(guest: &mut Guest<'_>, map: u32, out: u32) -> HostcallResult {
    let map = MapType::from_wire(map)?;
    let stream = guest.stream(Status::BAD_ARGUMENT)?;
    // Not in the log stage, though the map can be read there (rule H2).
    let alive = stream.map(map).ok().filter(|_| stream.stage != Stage::Log);
    let size = alive.ok_or(Status::BAD_ARGUMENT)?.byte_size();
    guest.write_u32(out, u32::try_from(size).unwrap_or(u32::MAX))
}
