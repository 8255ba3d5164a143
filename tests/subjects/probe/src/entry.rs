//! The entry points of the module: every callback that Envoy knows, with the type that it wants (section 1.3).
#![expect(
    unsafe_code,
    reason = "the ABI finds entry points by their unmangled names"
)]

use crate::callback::Callback;
use crate::{contexts, memory, version, vm};

macro_rules! entry {
    ($($(#[$attribute:meta])* $name:ident($($parameter:ident),*) $(-> $result:ty)? $body:block)*) => { $(
        $(#[$attribute])*
        // SAFETY: the ABI gives the name its meaning and its type.
        #[unsafe(no_mangle)]
        extern "C" fn $name($($parameter: u32),*) $(-> $result)? $body
    )* };
}

// Callbacks without a result.
macro_rules! events {
    ($($name:ident $stage:literal ($($parameter:ident),*);)*) => { entry! { $(
        $name(context $(, $parameter)*) {
            let callback = Callback { stage: $stage, name: stringify!($name), result: 0 };
            callback.run(context, &[$($parameter),*]);
        }
    )* } };
}

// Callbacks that return a number, and what it is unless the script says.
macro_rules! questions {
    ($($(#[$attribute:meta])* $name:ident $stage:literal ($($parameter:ident),*) -> $result:literal;)*) => { entry! { $(
        $(#[$attribute])*
        $name(context $(, $parameter)*) -> u32 {
            let callback = Callback { stage: $stage, name: stringify!($name), result: $result };
            callback.run(context, &[$($parameter),*])
        }
    )* } };
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

entry! {
    _initialize() {
        // SAFETY: called once, before anything else (rule V11).
        unsafe { __wasm_call_ctors() }
    }
    #[cfg(not(any(feature = "abi-0-1-0", feature = "abi-0-2-0")))]
    proxy_abi_version_0_2_1() {}
    #[cfg(all(feature = "abi-0-2-0", not(feature = "abi-0-1-0")))]
    proxy_abi_version_0_2_0() {}
    #[cfg(feature = "abi-0-1-0")]
    proxy_abi_version_0_1_0() {}
    proxy_on_memory_allocate(size) -> usize { memory::allocate(size as usize) }
    proxy_on_context_create(context, parent) {
        contexts::create(context, parent);
        if parent != 0 {
            vm::set_stream(context);
        }
        let callback = Callback { stage: 'c', name: "proxy_on_context_create", result: 0 };
        callback.run(context, &[parent]);
    }
    proxy_on_configure(context, size) -> u32 {
        contexts::get(context).configure(version::configuration());
        let callback = Callback { stage: 'f', name: "proxy_on_configure", result: 1 };
        callback.run(context, &[size])
    }
    proxy_on_delete(context) {
        let callback = Callback { stage: 'z', name: "proxy_on_delete", result: 0 };
        callback.run(context, &[]);
        contexts::delete(context);
    }
}

questions! {
    proxy_on_vm_start 'v' (size) -> 1;
    proxy_validate_configuration 'V' (size) -> 1;
    #[cfg(not(feature = "abi-0-1-0"))]
    proxy_on_request_headers 'q' (count, end) -> 0;
    #[cfg(feature = "abi-0-1-0")]
    proxy_on_request_headers 'q' (count) -> 0;
    proxy_on_request_body 'b' (size, end) -> 0;
    proxy_on_request_trailers 't' (count) -> 0;
    proxy_on_request_metadata 'm' (count) -> 0;
    #[cfg(not(feature = "abi-0-1-0"))]
    proxy_on_response_headers 's' (count, end) -> 0;
    #[cfg(feature = "abi-0-1-0")]
    proxy_on_response_headers 's' (count) -> 0;
    proxy_on_response_body 'r' (size, end) -> 0;
    proxy_on_response_trailers 'u' (count) -> 0;
    proxy_on_response_metadata 'M' (count) -> 0;
    proxy_on_new_connection 'n' () -> 0;
    proxy_on_downstream_data 'D' (size, end) -> 0;
    proxy_on_upstream_data 'U' (size, end) -> 0;
    proxy_on_done 'd' () -> 1;
}

events! {
    proxy_on_tick 'k' ();
    proxy_on_queue_ready 'w' (token);
    proxy_on_http_call_response 'h' (token, headers, size, trailers);
    proxy_on_grpc_receive_initial_metadata 'g' (token, count);
    proxy_on_grpc_receive 'G' (token, size);
    proxy_on_grpc_receive_trailing_metadata 'T' (token, count);
    proxy_on_grpc_close 'C' (token, status);
    proxy_on_downstream_connection_close 'e' (reason);
    proxy_on_upstream_connection_close 'E' (reason);
    proxy_on_log 'l' ();
    envoy_on_resolve_dns 'x' (token, size);
    envoy_on_stats_update 'S' (size);
}

#[cfg(not(feature = "abi-0-1-0"))]
events! {
    proxy_on_foreign_function 'y' (function, size);
}
