//! Header maps (rules H1 to H14).

use wasmtime::{Caller, Linker, Result};

use super::Guest;
use super::allocating::LinkHostcall as _;
use super::guest::{OutBytes, Region};
use crate::abi::{AbiVersion, HostcallResult, MapType, Status, pairs_from_guest};
use crate::host::header_map::HeaderMap;
use crate::host::vm_state::VmState;

pub(super) fn link(linker: &mut Linker<VmState>) -> Result<()> {
    linker.hostcall(
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
    linker.hostcall(
        "env",
        "proxy_set_header_map_pairs",
        |caller: Caller<'_, VmState>, map: u32, p: u32, n: u32| {
            Status::of(set_pairs(&mut Guest::new(caller), map, Region(p, n)))
        },
    )?;
    linker.hostcall(
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
    linker.hostcall(
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
    linker.hostcall(
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
    linker.hostcall(
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
    linker.hostcall(
        "env",
        "proxy_get_header_map_size",
        |caller: Caller<'_, VmState>, map: u32, out: u32| {
            Status::of(size(&mut Guest::new(caller), map, out))
        },
    )?;
    Ok(())
}

// A map that is not alive reads as no bytes with status Ok, unlike the single-value calls (rule H1), and so does one that
// is empty.
fn get_pairs(guest: &mut Guest<'_>, kind: u32, out: OutBytes) -> HostcallResult {
    let kind = MapType::from_wire(kind)?;
    let map = map(guest, kind).filter(|map| map.iter().next().is_some());
    let pairs = map.map(HeaderMap::to_pairs);
    guest.return_bytes(out, &pairs.unwrap_or_default())
}

// Whatever the guest passes replaces everything, an unreadable list too (rules H8, M3).
fn set_pairs(guest: &mut Guest<'_>, kind: u32, pairs: Region) -> HostcallResult {
    let kind = MapType::from_wire(kind)?;
    let pairs = pairs_from_guest(&guest.read(pairs)?);
    change(guest, kind, |map| map.replace_all(pairs))
}

fn get(guest: &mut Guest<'_>, kind: u32, key: Region, out: OutBytes) -> HostcallResult {
    let kind = MapType::from_wire(kind)?;
    let key = guest.slice(key)?;
    let value = match map(guest, kind) {
        Some(map) => map.get(key).map(<[u8]>::to_vec),
        // In the log stage a map may be absent (rule H2).
        None if is_logging(guest) => None,
        None => return Err(Status::BAD_ARGUMENT),
    };
    // ABI 0.1.0 knows no "not found" (section 1.6).
    let absent = match guest.state().abi {
        AbiVersion::V0_1_0 => Ok(Vec::new()),
        _ => Err(Status::NOT_FOUND),
    };
    guest.return_bytes(out, &value.map_or(absent, Ok)?)
}

fn edit(
    guest: &mut Guest<'_>,
    kind: u32,
    key: Region,
    value: Region,
    edit: fn(&mut HeaderMap, &[u8], &[u8]),
) -> u32 {
    let mut edited = || {
        let kind = MapType::from_wire(kind)?;
        let (key, value) = (guest.read(key)?, guest.read(value)?);
        change(guest, kind, |map| edit(map, &key, &value))
    };
    Status::of(edited())
}

// Not in the log stage, though the map can be read there (rule H2); and only of maps 0 to 3 (rule C4).
fn size(guest: &mut Guest<'_>, kind: u32, out: u32) -> HostcallResult {
    let kind = MapType::from_wire(kind)?;
    let (stream, filter) = guest.stream_mut(Status::BAD_ARGUMENT)?;
    let map = stream.map_mut(filter, kind).ok_or(Status::BAD_ARGUMENT)?;
    let size = map.byte_size();
    guest.write_u32(out, u32::try_from(size).unwrap_or(u32::MAX))
}

fn map<'a>(guest: &'a Guest<'_>, kind: MapType) -> Option<&'a HeaderMap> {
    let callouts = || Some(&guest.state().root()?.callouts);
    match kind {
        MapType::CallHeaders => Some(&callouts()?.response.as_ref()?.headers),
        MapType::CallTrailers => Some(&callouts()?.response.as_ref()?.trailers),
        MapType::GrpcInitialMetadata => callouts()?.initial_metadata.as_ref(),
        MapType::GrpcTrailingMetadata => callouts()?.trailing_metadata.as_ref(),
        kind => {
            let (stream, filter) = guest.state().stream()?;
            stream.map(filter, kind)
        }
    }
}

// A change of the request headers clears the route cache (rule X1).
fn change(
    guest: &mut Guest<'_>,
    kind: MapType,
    change: impl FnOnce(&mut HeaderMap),
) -> HostcallResult {
    let (stream, filter) = guest.stream_mut(Status::BAD_ARGUMENT)?;
    change(stream.map_mut(filter, kind).ok_or(Status::BAD_ARGUMENT)?);
    stream.info.route_cleared |= kind == MapType::RequestHeaders;
    Ok(())
}

fn is_logging(guest: &Guest<'_>) -> bool {
    let stream = guest.state().stream();
    stream.is_some_and(|(stream, index)| {
        stream
            .filters
            .get(index)
            .is_some_and(|filter| filter.logging)
    })
}
