//! The Proxy-Wasm hostcalls: the exact type of each import, and what its parameters mean.
//! Which of them there are depends on the ABI version (rule V7).
#![expect(unsafe_code, reason = "imports are what the ABI is made of")]

use crate::call::Call;
use crate::call::Kind::{Bytes, Number, Pairs, Region, Wide, Word};
use crate::wasi;

/// Imports of one module: name, types, and the kinds that these are.
macro_rules! imports {
    ($table:ident from $module:literal: $(
        $(#[$attribute:meta])* $name:ident($($parameter:ident),*) $(-> $result:ident)? = [$($kind:expr),*];
    )*) => {
        mod imported {
            #[link(wasm_import_module = $module)]
            unsafe extern "C" { $(
                $(#[$attribute])* pub(super) fn $name($(_: $parameter),*) $(-> $result)?;
            )* }
        }
        pub(crate) static $table: &[$crate::call::Call] = &[ $(
            $(#[$attribute])*
            $crate::call::Call {
                name: stringify!($name),
                takes: {
                    const TYPES: &[&str] = &[$(stringify!($parameter)),*];
                    const KINDS: &[$crate::call::Kind] = &[$($kind),*];
                    const { assert!($crate::call::width(KINDS) == TYPES.len()) };
                    KINDS
                },
                function: |slots: &mut $crate::call::Slots<'_>| {
                    let _ = &slots;
                    // SAFETY: the host checks every address it is given; where a script has it write is the script's.
                    $crate::call::Status::status(unsafe {
                        imported::$name($(slots.next::<$parameter>()),*)
                    })
                },
            },
        )* ];
    };
}
pub(crate) use imports;

imports! { HOSTCALLS from "env":
    proxy_log(i32, i32, i32) -> i32 = [Number, Bytes];
    proxy_get_status(i32, i32, i32) -> i32 = [Word, Region];
    proxy_set_property(i32, i32, i32, i32) -> i32 = [Bytes, Bytes];
    proxy_get_property(i32, i32, i32, i32) -> i32 = [Bytes, Region];
    proxy_send_local_response(i32, i32, i32, i32, i32, i32, i32, i32) -> i32
        = [Number, Bytes, Bytes, Pairs, Number];
    proxy_get_shared_data(i32, i32, i32, i32, i32) -> i32 = [Bytes, Region, Word];
    proxy_set_shared_data(i32, i32, i32, i32, i32) -> i32 = [Bytes, Bytes, Number];
    proxy_register_shared_queue(i32, i32, i32) -> i32 = [Bytes, Word];
    proxy_resolve_shared_queue(i32, i32, i32, i32, i32) -> i32 = [Bytes, Bytes, Word];
    proxy_dequeue_shared_queue(i32, i32, i32) -> i32 = [Number, Region];
    proxy_enqueue_shared_queue(i32, i32, i32) -> i32 = [Number, Bytes];
    proxy_get_header_map_value(i32, i32, i32, i32, i32) -> i32 = [Number, Bytes, Region];
    proxy_add_header_map_value(i32, i32, i32, i32, i32) -> i32 = [Number, Bytes, Bytes];
    proxy_replace_header_map_value(i32, i32, i32, i32, i32) -> i32 = [Number, Bytes, Bytes];
    proxy_remove_header_map_value(i32, i32, i32) -> i32 = [Number, Bytes];
    proxy_get_header_map_pairs(i32, i32, i32) -> i32 = [Number, Region];
    proxy_set_header_map_pairs(i32, i32, i32) -> i32 = [Number, Pairs];
    proxy_get_header_map_size(i32, i32) -> i32 = [Number, Word];
    proxy_get_buffer_status(i32, i32, i32) -> i32 = [Number, Word, Word];
    proxy_get_buffer_bytes(i32, i32, i32, i32, i32) -> i32 = [Number, Number, Number, Region];
    proxy_set_buffer_bytes(i32, i32, i32, i32, i32) -> i32 = [Number, Number, Number, Bytes];
    proxy_http_call(i32, i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32
        = [Bytes, Pairs, Bytes, Pairs, Number, Word];
    proxy_grpc_call(i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32
        = [Bytes, Bytes, Bytes, Pairs, Bytes, Number, Word];
    proxy_grpc_stream(i32, i32, i32, i32, i32, i32, i32, i32, i32) -> i32
        = [Bytes, Bytes, Bytes, Pairs, Word];
    proxy_grpc_close(i32) -> i32 = [Number];
    proxy_grpc_cancel(i32) -> i32 = [Number];
    proxy_grpc_send(i32, i32, i32, i32) -> i32 = [Number, Bytes, Number];
    proxy_set_tick_period_milliseconds(i32) -> i32 = [Number];
    proxy_get_current_time_nanoseconds(i32) -> i32 = [Wide];
    proxy_define_metric(i32, i32, i32, i32) -> i32 = [Number, Bytes, Word];
    proxy_increment_metric(i32, i64) -> i32 = [Number, Number];
    proxy_record_metric(i32, i64) -> i32 = [Number, Number];
    proxy_get_metric(i32, i32) -> i32 = [Number, Wide];
    proxy_set_effective_context(i32) -> i32 = [Number];
    proxy_done() -> i32 = [];
    proxy_call_foreign_function(i32, i32, i32, i32, i32, i32) -> i32 = [Bytes, Bytes, Region];
    envoy_resolve_dns(i32, i32, i32) -> i32 = [Bytes, Word];
    pthread_equal(i32, i32) -> i32 = [Number, Number];
    #[cfg(feature = "abi-0-1-0")]
    proxy_get_configuration(i32, i32) -> i32 = [Region];
    #[cfg(feature = "abi-0-1-0")]
    proxy_continue_request() -> i32 = [];
    #[cfg(feature = "abi-0-1-0")]
    proxy_continue_response() -> i32 = [];
    #[cfg(feature = "abi-0-1-0")]
    proxy_clear_route_cache() -> i32 = [];
    #[cfg(not(feature = "abi-0-1-0"))]
    proxy_continue_stream(i32) -> i32 = [Number];
    #[cfg(not(feature = "abi-0-1-0"))]
    proxy_close_stream(i32) -> i32 = [Number];
    #[cfg(not(any(feature = "abi-0-1-0", feature = "abi-0-2-0")))]
    proxy_get_log_level(i32) -> i32 = [Word];
}

/// The import of this name: a hostcall with or without `proxy_`, or `wasi.` and the name of a WASI function.
pub(crate) fn find(verb: &str) -> Option<&'static Call> {
    let (table, name) = match verb.strip_prefix("wasi.") {
        Some(name) => (wasi::FUNCTIONS, name),
        None => (HOSTCALLS, verb),
    };
    table
        .iter()
        .find(|call| call.name == name || call.name.strip_prefix("proxy_") == Some(name))
}
