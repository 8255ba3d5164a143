//! A filter that reads `:path` of each request by a raw hostcall, and traps if it is not there: what the benchmark of
//! streams runs. It has every callback of a stream that an SDK has, so that the host must make every call.
#![cfg(target_arch = "wasm32")]
#![expect(
    unsafe_code,
    reason = "the ABI is made of unmangled names and addresses"
)]

use std::ptr::{null_mut, slice_from_raw_parts_mut};

/// The map of request headers.
const REQUEST_HEADERS: u32 = 0;
const NAME: &[u8] = b":path";

/// The results of callbacks that go on.
const CONTINUE: u32 = 0;
const TRUE: u32 = 1;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
    ) -> u32;
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

macro_rules! entry {
    ($($name:ident($($parameter:ident),*) $(-> $result:ty)? $body:block)*) => { $(
        // SAFETY: the ABI gives the name its meaning and its type.
        #[unsafe(no_mangle)]
        extern "C" fn $name($($parameter: u32),*) $(-> $result)? $body
    )* };
}

entry! {
    _initialize() {
        // SAFETY: called once, before anything else.
        unsafe { __wasm_call_ctors() }
    }
    proxy_abi_version_0_2_1() {}
    proxy_on_memory_allocate(size) -> *mut u8 {
        Box::leak(vec![0; size as usize].into_boxed_slice()).as_mut_ptr()
    }
    proxy_on_context_create(_context, _parent) {}
    proxy_on_vm_start(_context, _size) -> u32 { TRUE }
    proxy_on_configure(_context, _size) -> u32 { TRUE }
    proxy_on_request_headers(_context, _count, _end) -> u32 {
        match path() {
            Some(path) if path.starts_with(b"/") => CONTINUE,
            _ => core::arch::wasm32::unreachable(),
        }
    }
    proxy_on_log(_context) {}
    proxy_on_done(_context) -> u32 { TRUE }
    proxy_on_delete(_context) {}
}

fn path() -> Option<Box<[u8]>> {
    let (mut value, mut size) = (null_mut(), 0);
    let (into, into_size) = (&raw mut value, &raw mut size);
    // SAFETY: the name lives on, and so do the two places for the result.
    let status = unsafe {
        proxy_get_header_map_value(REQUEST_HEADERS, NAME.as_ptr(), NAME.len(), into, into_size)
    };
    // SAFETY: the host had these bytes allocated above, and hands them over.
    (status == 0 && !value.is_null())
        .then(|| unsafe { Box::from_raw(slice_from_raw_parts_mut(value, size)) })
}
