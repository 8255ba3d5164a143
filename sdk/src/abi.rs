//! The Proxy-Wasm 0.2 hostcalls that the SDK uses, as safe functions that return a `Result`.
//!
//! All `unsafe` of the SDK is in this file: raw imports, and taking over memory that the host had allocated through
//! this module's own allocator (`proxy_on_memory_allocate`, rule M1).
#![expect(
    unsafe_code,
    reason = "the ABI is raw pointers; each use says why it is sound"
)]

use std::ptr::null_mut;
use std::time::{Duration, SystemTime};

use meshwright_core::headers::to_pairs;
use meshwright_core::{Headers, LocalReply};

use crate::host::{Host, HostError, Status};

const REQUEST_HEADERS: u32 = 0;
const PLUGIN_CONFIGURATION: u32 = 7;
// "Not given": Envoy then maps the HTTP status (rule Y6).
const NO_GRPC_STATUS: i32 = -1;

/// The proxy this module runs in.
pub(crate) struct WasmHost;

/// Bytes that the host asked this module to allocate.
struct Returned {
    data: *mut u8,
    size: usize,
}

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_get_buffer_bytes(
        kind: u32,
        start: usize,
        len: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, key_size: usize) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_property(
        path: *const u8,
        path_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        name_size: usize,
        argument: *const u8,
        argument_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
}

/// Logs a message; a host that refuses to log is left alone, since there is nowhere to say so.
pub(crate) fn log(level: u32, message: &str) {
    // SAFETY: the pointer and length describe `message`, which the host only reads during the call.
    let _ = unsafe { proxy_log(level, message.as_ptr(), message.len()) };
}

/// The plugin configuration; only inside `proxy_on_configure` (rule L5).
pub(crate) fn plugin_configuration() -> Result<Vec<u8>, HostError> {
    let mut out = Returned::nothing();
    // SAFETY: both out-pointers are valid for writes during the call.
    let status = unsafe {
        proxy_get_buffer_bytes(
            PLUGIN_CONFIGURATION,
            0,
            usize::MAX,
            &raw mut out.data,
            &raw mut out.size,
        )
    };
    match Status(status) {
        Status::NOT_FOUND => Ok(Vec::new()),
        status => check("get_buffer_bytes", "plugin configuration", status).map(|()| out.take()),
    }
}

// === impl WasmHost ===

impl Host for WasmHost {
    fn request_headers(&self) -> Result<Headers, HostError> {
        let mut out = Returned::nothing();
        // SAFETY: both out-pointers are valid for writes during the call.
        let status = unsafe {
            proxy_get_header_map_pairs(REQUEST_HEADERS, &raw mut out.data, &raw mut out.size)
        };
        check("get_header_map_pairs", "request headers", Status(status))?;
        Headers::from_pairs(out.take()).map_err(|_| {
            failed(
                "get_header_map_pairs",
                "request headers",
                Status::PARSE_FAILURE,
            )
        })
    }

    fn set_request_header(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        // SAFETY: the pointers and lengths describe `name` and `value`, which the host only reads during the call.
        let status = unsafe {
            proxy_replace_header_map_value(
                REQUEST_HEADERS,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        };
        check("replace_header_map_value", name, Status(status))
    }

    fn add_request_header(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        // SAFETY: the pointers and lengths describe `name` and `value`, which the host only reads during the call.
        let status = unsafe {
            proxy_add_header_map_value(
                REQUEST_HEADERS,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            )
        };
        check("add_header_map_value", name, Status(status))
    }

    fn remove_request_header(&self, name: &str) -> Result<(), HostError> {
        // SAFETY: the pointer and length describe `name`, which the host only reads during the call.
        let status =
            unsafe { proxy_remove_header_map_value(REQUEST_HEADERS, name.as_ptr(), name.len()) };
        check("remove_header_map_value", name, Status(status))
    }

    fn property(&self, path: &[&str]) -> Result<Option<Vec<u8>>, HostError> {
        let joined = path.join("\0");
        let mut out = Returned::nothing();
        // SAFETY: the path is only read during the call; both out-pointers are valid for writes during it.
        let status = unsafe {
            proxy_get_property(
                joined.as_ptr(),
                joined.len(),
                &raw mut out.data,
                &raw mut out.size,
            )
        };
        match Status(status) {
            Status::NOT_FOUND => Ok(None),
            status => check("get_property", &path.join("."), status).map(|()| Some(out.take())),
        }
    }

    fn set_state(&self, name: &str, value: &[u8]) -> Result<(), HostError> {
        // SAFETY: the pointers and lengths describe `name` and `value`, which the host only reads during the call.
        let status =
            unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
        check("set_property", name, Status(status))
    }

    fn call_foreign(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, HostError> {
        let mut out = Returned::nothing();
        // SAFETY: name and argument are only read during the call; both out-pointers are valid for writes during it.
        let status = unsafe {
            proxy_call_foreign_function(
                name.as_ptr(),
                name.len(),
                argument.as_ptr(),
                argument.len(),
                &raw mut out.data,
                &raw mut out.size,
            )
        };
        check("call_foreign_function", name, Status(status)).map(|()| out.take())
    }

    fn send_local_reply(&self, reply: &LocalReply) -> Result<(), HostError> {
        let headers = to_pairs(
            reply
                .headers
                .iter()
                .map(|(name, value)| (name.as_bytes(), value.as_slice())),
        );
        // SAFETY: all four regions are only read during the call.
        let status = unsafe {
            proxy_send_local_response(
                u32::from(reply.status),
                reply.details.as_ptr(),
                reply.details.len(),
                reply.body.as_ptr(),
                reply.body.len(),
                headers.as_ptr(),
                headers.len(),
                NO_GRPC_STATUS,
            )
        };
        check("send_local_response", "", Status(status))
    }

    fn now(&self) -> Result<SystemTime, HostError> {
        let mut nanoseconds = 0;
        // SAFETY: the out-pointer is valid for writes during the call.
        let status = unsafe { proxy_get_current_time_nanoseconds(&raw mut nanoseconds) };
        check("get_current_time_nanoseconds", "", Status(status))?;
        Ok(SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds))
    }

    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
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
        // SAFETY: on success the host stored a pointer it got from this module's `proxy_on_memory_allocate`, which
        // leaks a boxed slice of exactly `size` bytes, and the guest owns it (rule M1).
        unsafe { Vec::from_raw_parts(self.data, self.size, self.size) }
    }
}

fn check(call: &'static str, subject: &str, status: Status) -> Result<(), HostError> {
    match status {
        Status::OK => Ok(()),
        status => Err(failed(call, subject, status)),
    }
}

fn failed(call: &'static str, subject: &str, status: Status) -> HostError {
    HostError {
        call,
        subject: subject.to_owned(),
        status,
    }
}
