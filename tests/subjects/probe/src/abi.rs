//! The hostcalls, and the memory that the host writes into.
#![expect(
    unsafe_code,
    reason = "imports and pointers are what the ABI is made of"
)]

/// Bytes that a hostcall returned, or its status.
pub(crate) type Returned = Result<Vec<u8>, u32>;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, text: *const u8, size: usize) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: u32,
        len: u32,
        out: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_buffer_bytes(kind: u32, start: u32, len: u32, data: *const u8, size: usize)
    -> u32;
    fn proxy_get_header_map_pairs(map: u32, out: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_header_map_pairs(map: u32, data: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_size(map: u32, size: *mut u32) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        k: *const u8,
        kn: usize,
        out: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        k: *const u8,
        kn: usize,
        v: *const u8,
        vn: usize,
    ) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        k: *const u8,
        kn: usize,
        v: *const u8,
        vn: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, k: *const u8, kn: usize) -> u32;
    fn proxy_get_property(path: *const u8, n: usize, out: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, n: usize, value: *const u8, vn: usize) -> u32;
    #[rustfmt::skip]
    fn proxy_send_local_response(
        code: u32,
        d: *const u8,
        dn: usize,
        b: *const u8,
        bn: usize,
        h: *const u8,
        hn: usize,
        grpc: i32,
    ) -> u32;
    #[rustfmt::skip]
    fn proxy_call_foreign_function(
        name: *const u8,
        n: usize,
        a: *const u8,
        an: usize,
        out: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
}

macro_rules! returning {
    ($function:ident($($argument:expr),*)) => {{
        let (mut data, mut size) = (std::ptr::null_mut::<u8>(), 0usize);
        // SAFETY: the arguments are slices that live on; the host writes a pointer from our allocator and its size.
        let status = unsafe { $function($($argument,)* &mut data, &mut size) };
        match (status, data.is_null()) {
            (0, true) => Ok(Vec::new()),
            // SAFETY: the allocator made exactly this boxed slice.
            (0, false) => Ok(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, size)) }.into_vec()),
            (status, _) => Err(status),
        }
    }};
}

macro_rules! status {
    ($function:ident($($argument:expr),*)) => {
        // SAFETY: every pointer is that of a slice that lives on, with its own length.
        unsafe { $function($($argument),*) }
    };
}

pub(crate) fn log(text: &str) {
    status!(proxy_log(2, text.as_ptr(), text.len()));
}

pub(crate) fn buffer(kind: u32, start: u32, len: u32) -> Returned {
    returning!(proxy_get_buffer_bytes(kind, start, len))
}

pub(crate) fn set_buffer(kind: u32, start: u32, len: u32, data: &[u8]) -> u32 {
    status!(proxy_set_buffer_bytes(
        kind,
        start,
        len,
        data.as_ptr(),
        data.len()
    ))
}

pub(crate) fn pairs(map: u32) -> Returned {
    returning!(proxy_get_header_map_pairs(map))
}

pub(crate) fn set_pairs(map: u32, pairs: &[u8]) -> u32 {
    status!(proxy_set_header_map_pairs(map, pairs.as_ptr(), pairs.len()))
}

pub(crate) fn map_size(map: u32) -> Result<u32, u32> {
    let mut size = 0;
    match status!(proxy_get_header_map_size(map, &mut size)) {
        0 => Ok(size),
        status => Err(status),
    }
}

pub(crate) fn get(map: u32, name: &[u8]) -> Returned {
    returning!(proxy_get_header_map_value(map, name.as_ptr(), name.len()))
}

pub(crate) fn add(map: u32, name: &[u8], value: &[u8]) -> u32 {
    status!(proxy_add_header_map_value(
        map,
        name.as_ptr(),
        name.len(),
        value.as_ptr(),
        value.len()
    ))
}

pub(crate) fn replace(map: u32, name: &[u8], value: &[u8]) -> u32 {
    status!(proxy_replace_header_map_value(
        map,
        name.as_ptr(),
        name.len(),
        value.as_ptr(),
        value.len()
    ))
}

pub(crate) fn remove(map: u32, name: &[u8]) -> u32 {
    status!(proxy_remove_header_map_value(
        map,
        name.as_ptr(),
        name.len()
    ))
}

pub(crate) fn property(path: &[u8]) -> Returned {
    returning!(proxy_get_property(path.as_ptr(), path.len()))
}

pub(crate) fn set_property(path: &[u8], value: &[u8]) -> u32 {
    status!(proxy_set_property(
        path.as_ptr(),
        path.len(),
        value.as_ptr(),
        value.len()
    ))
}

pub(crate) fn reply(code: u32, details: &[u8], body: &[u8], headers: &[u8], grpc: i32) -> u32 {
    let (d, b, h) = (details, body, headers);
    status!(proxy_send_local_response(
        code,
        d.as_ptr(),
        d.len(),
        b.as_ptr(),
        b.len(),
        h.as_ptr(),
        h.len(),
        grpc
    ))
}

pub(crate) fn foreign(name: &[u8], argument: &[u8]) -> Returned {
    returning!(proxy_call_foreign_function(
        name.as_ptr(),
        name.len(),
        argument.as_ptr(),
        argument.len()
    ))
}
