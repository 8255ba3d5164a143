//! The proxy that a module runs in: its imports, and the memory it hands over.
//!
//! All `unsafe` of the SDK but the entry points that [`main!`](crate::main) writes is in this file.
#![expect(
    unsafe_code,
    reason = "the ABI is raw pointers; each use says why it is sound"
)]

use std::ptr::null_mut;
use std::time::Duration;

use crate::hostcalls::{
    BufferType, Hostcalls, MapType, MetricType, RawCall, RawGrpc, RawReply, StreamType,
};
use crate::status::Status;

/// The proxy.
struct Proxy;

/// The proxy's hostcalls. Inlined, so that each call is the import itself, and what nobody calls is not imported.
#[must_use]
#[inline(always)]
pub fn host() -> &'static dyn Hostcalls {
    &Proxy
}

/// Bytes that the host asked this module to allocate.
struct Returned {
    data: *mut u8,
    size: usize,
}

/// `proxy_on_memory_allocate`: room for bytes that the host returns, and writes before anybody reads it.
///
/// It cannot fail otherwise than Rust's allocator does; a host that asks for more than there is gets a trap.
pub fn allocate(size: usize) -> *mut u8 {
    Box::into_raw(Box::<[u8]>::new_uninit_slice(size)).cast()
}

/// Runs the constructors of the C library, once, so that no export does it again (rule V11).
pub(crate) fn construct() {
    // SAFETY: the linker defines it; `_initialize` calls it before anything else.
    unsafe { __wasm_call_ctors() }
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

type In = *const u8;
type Out<T> = *mut T;

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: In, size: usize) -> u32;
    fn proxy_get_log_level(level: Out<u32>) -> u32;
    fn proxy_get_current_time_nanoseconds(time: Out<u64>) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_status(code: Out<u32>, data: Out<*mut u8>, size: Out<usize>) -> u32;
    fn proxy_get_property(path: In, n: usize, data: Out<*mut u8>, size: Out<usize>) -> u32;
    fn proxy_set_property(path: In, n: usize, value: In, value_size: usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: Out<*mut u8>, size: Out<usize>) -> u32;
    fn proxy_set_header_map_pairs(map: u32, pairs: In, size: usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        name: In,
        name_size: usize,
        data: Out<*mut u8>,
        size: Out<usize>,
    ) -> u32;
    fn proxy_add_header_map_value(map: u32, name: In, n: usize, value: In, size: usize) -> u32;
    fn proxy_replace_header_map_value(map: u32, name: In, n: usize, value: In, size: usize) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: In, n: usize) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        n: usize,
        data: Out<*mut u8>,
        size: Out<usize>,
    ) -> u32;
    fn proxy_set_buffer_bytes(buffer: u32, start: usize, n: usize, data: In, size: usize) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_close_stream(stream: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: In,
        details_size: usize,
        body: In,
        body_size: usize,
        headers: In,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_http_call(
        cluster: In,
        cluster_size: usize,
        headers: In,
        headers_size: usize,
        body: In,
        body_size: usize,
        trailers: In,
        trailers_size: usize,
        timeout: u32,
        token: Out<u32>,
    ) -> u32;
    fn proxy_grpc_call(
        cluster: In,
        cluster_size: usize,
        service: In,
        service_size: usize,
        method: In,
        method_size: usize,
        metadata: In,
        metadata_size: usize,
        message: In,
        message_size: usize,
        timeout: u32,
        token: Out<u32>,
    ) -> u32;
    fn proxy_grpc_stream(
        cluster: In,
        cluster_size: usize,
        service: In,
        service_size: usize,
        method: In,
        method_size: usize,
        metadata: In,
        metadata_size: usize,
        token: Out<u32>,
    ) -> u32;
    fn proxy_grpc_send(token: u32, message: In, size: usize, end: u32) -> u32;
    fn proxy_grpc_close(token: u32) -> u32;
    fn proxy_grpc_cancel(token: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: In, size: usize, id: Out<u32>) -> u32;
    fn proxy_increment_metric(id: u32, by: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_get_metric(id: u32, value: Out<u64>) -> u32;
    fn proxy_get_shared_data(
        key: In,
        key_size: usize,
        data: Out<*mut u8>,
        size: Out<usize>,
        cas: Out<u32>,
    ) -> u32;
    fn proxy_set_shared_data(key: In, n: usize, value: In, size: usize, cas: u32) -> u32;
    fn proxy_register_shared_queue(name: In, size: usize, token: Out<u32>) -> u32;
    fn proxy_resolve_shared_queue(
        vm: In,
        vm_size: usize,
        name: In,
        size: usize,
        token: Out<u32>,
    ) -> u32;
    fn proxy_enqueue_shared_queue(token: u32, item: In, size: usize) -> u32;
    fn proxy_dequeue_shared_queue(token: u32, data: Out<*mut u8>, size: Out<usize>) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_done() -> u32;
    fn proxy_call_foreign_function(
        name: In,
        name_size: usize,
        argument: In,
        argument_size: usize,
        data: Out<*mut u8>,
        size: Out<usize>,
    ) -> u32;
}

/// Calls an import that only reads what it is given.
macro_rules! call {
    ($name:ident($($argument:expr),*)) => {
        // SAFETY: every pointer comes with the length of what it points to, and the host only reads it during the call.
        Status(unsafe { $name($($argument),*) }).result()
    };
}

/// Calls an import that writes one number, and returns that.
macro_rules! number {
    ($name:ident($($argument:expr),*)) => {{
        let mut out = 0;
        // SAFETY: as `call!`; the last pointer is to a number that is valid for writes during the call.
        Status(unsafe { $name($($argument,)* &raw mut out) }).result().map(|()| out)
    }};
}

/// Calls an import that returns bytes, and returns those.
macro_rules! bytes {
    ($name:ident($($argument:expr),*)) => {{
        let mut out = Returned::nothing();
        // SAFETY: as `call!`; the last two pointers are to places that are valid for writes during the call.
        let status = unsafe { $name($($argument,)* &raw mut out.data, &raw mut out.size) };
        Status(status).result().map(|()| out.take())
    }};
}

// === impl Proxy ===

impl Hostcalls for Proxy {
    fn log(&self, level: u32, message: &[u8]) -> Result<(), Status> {
        call!(proxy_log(level, message.as_ptr(), message.len()))
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        number!(proxy_get_log_level())
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        number!(proxy_get_current_time_nanoseconds())
    }

    fn set_tick_period_milliseconds(&self, period: u32) -> Result<(), Status> {
        call!(proxy_set_tick_period_milliseconds(period))
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        let mut code = 0;
        let message = bytes!(proxy_get_status(&raw mut code))?;
        Ok((code, message))
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        bytes!(proxy_get_property(path.as_ptr(), path.len()))
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        call!(proxy_set_property(
            path.as_ptr(),
            path.len(),
            value.as_ptr(),
            value.len()
        ))
    }

    fn get_header_map_pairs(&self, map: MapType) -> Result<Vec<u8>, Status> {
        bytes!(proxy_get_header_map_pairs(map as u32))
    }

    fn set_header_map_pairs(&self, map: MapType, pairs: &[u8]) -> Result<(), Status> {
        call!(proxy_set_header_map_pairs(
            map as u32,
            pairs.as_ptr(),
            pairs.len()
        ))
    }

    fn get_header_map_value(&self, map: MapType, name: &[u8]) -> Result<Vec<u8>, Status> {
        bytes!(proxy_get_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len()
        ))
    }

    fn add_header_map_value(&self, map: MapType, name: &[u8], value: &[u8]) -> Result<(), Status> {
        call!(proxy_add_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len()
        ))
    }

    fn replace_header_map_value(
        &self,
        map: MapType,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Status> {
        call!(proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len()
        ))
    }

    fn remove_header_map_value(&self, map: MapType, name: &[u8]) -> Result<(), Status> {
        call!(proxy_remove_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len()
        ))
    }

    fn get_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
    ) -> Result<Vec<u8>, Status> {
        bytes!(proxy_get_buffer_bytes(buffer as u32, start, size))
    }

    fn set_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        call!(proxy_set_buffer_bytes(
            buffer as u32,
            start,
            size,
            bytes.as_ptr(),
            bytes.len()
        ))
    }

    fn continue_stream(&self, stream: StreamType) -> Result<(), Status> {
        call!(proxy_continue_stream(stream as u32))
    }

    fn close_stream(&self, stream: StreamType) -> Result<(), Status> {
        call!(proxy_close_stream(stream as u32))
    }

    fn send_local_response(&self, reply: RawReply<'_>) -> Result<(), Status> {
        call!(proxy_send_local_response(
            reply.status,
            reply.details.as_ptr(),
            reply.details.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            reply.headers.as_ptr(),
            reply.headers.len(),
            reply.grpc_status
        ))
    }

    fn http_call(&self, call: RawCall<'_>) -> Result<u32, Status> {
        number!(proxy_http_call(
            call.cluster.as_ptr(),
            call.cluster.len(),
            call.headers.as_ptr(),
            call.headers.len(),
            call.body.as_ptr(),
            call.body.len(),
            call.trailers.as_ptr(),
            call.trailers.len(),
            milliseconds(call.timeout)
        ))
    }

    fn grpc_call(&self, to: RawGrpc<'_>, message: &[u8], timeout: Duration) -> Result<u32, Status> {
        number!(proxy_grpc_call(
            to.cluster.as_ptr(),
            to.cluster.len(),
            to.service.as_ptr(),
            to.service.len(),
            to.method.as_ptr(),
            to.method.len(),
            to.metadata.as_ptr(),
            to.metadata.len(),
            message.as_ptr(),
            message.len(),
            milliseconds(timeout)
        ))
    }

    fn grpc_stream(&self, to: RawGrpc<'_>) -> Result<u32, Status> {
        number!(proxy_grpc_stream(
            to.cluster.as_ptr(),
            to.cluster.len(),
            to.service.as_ptr(),
            to.service.len(),
            to.method.as_ptr(),
            to.method.len(),
            to.metadata.as_ptr(),
            to.metadata.len()
        ))
    }

    fn grpc_send(&self, token: u32, message: &[u8], end: bool) -> Result<(), Status> {
        call!(proxy_grpc_send(
            token,
            message.as_ptr(),
            message.len(),
            u32::from(end)
        ))
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        call!(proxy_grpc_close(token))
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        call!(proxy_grpc_cancel(token))
    }

    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Result<u32, Status> {
        number!(proxy_define_metric(kind as u32, name.as_ptr(), name.len()))
    }

    fn increment_metric(&self, id: u32, by: i64) -> Result<(), Status> {
        call!(proxy_increment_metric(id, by))
    }

    fn record_metric(&self, id: u32, value: u64) -> Result<(), Status> {
        call!(proxy_record_metric(id, value))
    }

    fn get_metric(&self, id: u32) -> Result<u64, Status> {
        number!(proxy_get_metric(id))
    }

    fn get_shared_data(&self, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        let (mut out, mut cas) = (Returned::nothing(), 0);
        // SAFETY: the key is only read during the call; the other three are valid for writes during it.
        let status = unsafe {
            proxy_get_shared_data(
                key.as_ptr(),
                key.len(),
                &raw mut out.data,
                &raw mut out.size,
                &raw mut cas,
            )
        };
        Status(status).result().map(|()| (out.take(), cas))
    }

    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        call!(proxy_set_shared_data(
            key.as_ptr(),
            key.len(),
            value.as_ptr(),
            value.len(),
            cas
        ))
    }

    fn register_shared_queue(&self, name: &[u8]) -> Result<u32, Status> {
        number!(proxy_register_shared_queue(name.as_ptr(), name.len()))
    }

    fn resolve_shared_queue(&self, vm: &[u8], name: &[u8]) -> Result<u32, Status> {
        number!(proxy_resolve_shared_queue(
            vm.as_ptr(),
            vm.len(),
            name.as_ptr(),
            name.len()
        ))
    }

    fn enqueue_shared_queue(&self, token: u32, item: &[u8]) -> Result<(), Status> {
        call!(proxy_enqueue_shared_queue(token, item.as_ptr(), item.len()))
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        bytes!(proxy_dequeue_shared_queue(token))
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        call!(proxy_set_effective_context(context))
    }

    fn done(&self) -> Result<(), Status> {
        call!(proxy_done())
    }

    fn call_foreign_function(&self, name: &[u8], argument: &[u8]) -> Result<Vec<u8>, Status> {
        bytes!(proxy_call_foreign_function(
            name.as_ptr(),
            name.len(),
            argument.as_ptr(),
            argument.len()
        ))
    }
}

// The ABI counts milliseconds, of which 0 would be no limit at all (rule C1).
fn milliseconds(timeout: Duration) -> u32 {
    let whole = u32::try_from(timeout.as_millis()).unwrap_or(i32::MAX.unsigned_abs());
    whole.clamp(1, i32::MAX.unsigned_abs())
}

// === impl Returned ===

impl Returned {
    fn nothing() -> Self {
        Self {
            data: null_mut(),
            size: 0,
        }
    }

    fn take(self) -> Vec<u8> {
        if self.data.is_null() {
            return Vec::new();
        }
        // SAFETY: on success the host stored a pointer it got from `allocate`, which leaks a boxed slice of exactly `size`
        // bytes, and the guest owns it (rule M1).
        unsafe { Vec::from_raw_parts(self.data, self.size, self.size) }
    }
}
