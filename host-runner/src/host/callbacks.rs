//! What a module exports for the host to call, with Envoy's exact types (section 1.3 of the host rules).

use wasmtime::{AsContextMut, Instance, TypedFunc, WasmParams, WasmResults};

use crate::abi::AbiVersion;

/// The callbacks of one instance. Absent ones mean Continue.
#[derive(Default)]
pub(crate) struct Callbacks {
    pub(crate) context_create: Export<(u32, u32), ()>,
    pub(crate) vm_start: Export<(u32, u32), u32>,
    pub(crate) configure: Export<(u32, u32), u32>,
    pub(crate) request: Stages,
    pub(crate) response: Stages,
    pub(crate) network: Network,
    pub(crate) http_call_response: Export<(u32, u32, u32, u32, u32), ()>,
    pub(crate) grpc_initial_metadata: Export<(u32, u32, u32), ()>,
    pub(crate) grpc_receive: Export<(u32, u32, u32), ()>,
    pub(crate) grpc_trailing_metadata: Export<(u32, u32, u32), ()>,
    pub(crate) grpc_close: Export<(u32, u32, u32), ()>,
    pub(crate) tick: Export<u32, ()>,
    pub(crate) queue_ready: Export<(u32, u32), ()>,
    pub(crate) resolve_dns: Export<(u32, u32, u32), ()>,
    pub(crate) done: Export<u32, u32>,
    pub(crate) log: Export<u32, ()>,
    pub(crate) delete: Export<u32, ()>,
}

/// The callbacks of one direction of an HTTP stream.
#[derive(Default)]
pub(crate) struct Stages {
    pub(crate) headers: Headers,
    pub(crate) body: Export<(u32, u32, u32), u32>,
    pub(crate) trailers: Export<(u32, u32), u32>,
}

/// The callbacks of a network filter.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) connect: Export<u32, u32>,
    pub(crate) downstream_data: Export<(u32, u32, u32), u32>,
    pub(crate) upstream_data: Export<(u32, u32, u32), u32>,
    pub(crate) downstream_close: Export<(u32, u32), ()>,
    pub(crate) upstream_close: Export<(u32, u32), ()>,
}

/// A headers callback; ABI 0.1.0 has none of the end of stream (section 1.6).
pub(crate) enum Headers {
    WithEnd(Export<(u32, u32, u32), u32>),
    WithoutEnd(Export<(u32, u32), u32>),
}

/// One exported function, or none, and its name for the log.
pub(crate) struct Export<P, R> {
    pub(crate) name: &'static str,
    pub(crate) function: Option<TypedFunc<P, R>>,
}

/// Every callback: its name, how many `i32` it takes, and whether it returns one.
const SIGNATURES: [(&str, usize, bool); 30] = [
    ("proxy_on_context_create", 2, false),
    ("proxy_on_vm_start", 2, true),
    ("proxy_validate_configuration", 2, true),
    ("proxy_on_configure", 2, true),
    ("proxy_on_tick", 1, false),
    ("proxy_on_new_connection", 1, true),
    ("proxy_on_downstream_data", 3, true),
    ("proxy_on_upstream_data", 3, true),
    ("proxy_on_downstream_connection_close", 2, false),
    ("proxy_on_upstream_connection_close", 2, false),
    ("proxy_on_request_headers", 3, true),
    ("proxy_on_request_body", 3, true),
    ("proxy_on_request_trailers", 2, true),
    ("proxy_on_request_metadata", 2, true),
    ("proxy_on_response_headers", 3, true),
    ("proxy_on_response_body", 3, true),
    ("proxy_on_response_trailers", 2, true),
    ("proxy_on_response_metadata", 2, true),
    ("proxy_on_http_call_response", 5, false),
    ("proxy_on_grpc_receive_initial_metadata", 3, false),
    ("proxy_on_grpc_receive", 3, false),
    ("proxy_on_grpc_receive_trailing_metadata", 3, false),
    ("proxy_on_grpc_close", 3, false),
    ("proxy_on_queue_ready", 2, false),
    ("proxy_on_done", 1, true),
    ("proxy_on_log", 1, false),
    ("proxy_on_delete", 1, false),
    ("proxy_on_foreign_function", 3, false),
    ("envoy_on_resolve_dns", 3, false),
    ("envoy_on_stats_update", 2, false),
];

/// The name of every callback.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    SIGNATURES.iter().map(|(name, ..)| *name)
}

/// How many `i32` a callback must take and whether it returns one; none when it is no callback of that version
/// (rule V4).
pub(crate) fn signature(abi: AbiVersion, name: &str) -> Option<(usize, bool)> {
    let (_, params, returns) = SIGNATURES.iter().find(|(known, ..)| *known == name)?;
    if name == "proxy_on_foreign_function" && abi == AbiVersion::V0_1_0 {
        return None;
    }
    let headers = matches!(
        name,
        "proxy_on_request_headers" | "proxy_on_response_headers"
    );
    let params = params - usize::from(headers && abi == AbiVersion::V0_1_0);
    Some((params, *returns))
}

// === impl Callbacks ===

impl Callbacks {
    /// Finds the callbacks that `allowed` lets through (rule K1); the loader has checked their types.
    pub(crate) fn of(
        instance: &Instance,
        mut store: impl AsContextMut,
        abi: AbiVersion,
        allowed: impl Fn(&str) -> bool,
    ) -> Self {
        let mut find = Finder {
            instance,
            store: &mut store,
            allowed,
        };
        Self {
            context_create: find.export("proxy_on_context_create"),
            vm_start: find.export("proxy_on_vm_start"),
            configure: find.export("proxy_on_configure"),
            request: Stages {
                headers: find.headers(abi, "proxy_on_request_headers"),
                body: find.export("proxy_on_request_body"),
                trailers: find.export("proxy_on_request_trailers"),
            },
            response: Stages {
                headers: find.headers(abi, "proxy_on_response_headers"),
                body: find.export("proxy_on_response_body"),
                trailers: find.export("proxy_on_response_trailers"),
            },
            network: Network {
                connect: find.export("proxy_on_new_connection"),
                downstream_data: find.export("proxy_on_downstream_data"),
                upstream_data: find.export("proxy_on_upstream_data"),
                downstream_close: find.export("proxy_on_downstream_connection_close"),
                upstream_close: find.export("proxy_on_upstream_connection_close"),
            },
            http_call_response: find.export("proxy_on_http_call_response"),
            grpc_initial_metadata: find.export("proxy_on_grpc_receive_initial_metadata"),
            grpc_receive: find.export("proxy_on_grpc_receive"),
            grpc_trailing_metadata: find.export("proxy_on_grpc_receive_trailing_metadata"),
            grpc_close: find.export("proxy_on_grpc_close"),
            tick: find.export("proxy_on_tick"),
            queue_ready: find.export("proxy_on_queue_ready"),
            resolve_dns: find.export("envoy_on_resolve_dns"),
            done: find.export("proxy_on_done"),
            log: find.export("proxy_on_log"),
            delete: find.export("proxy_on_delete"),
        }
    }
}

struct Finder<'a, S, A> {
    instance: &'a Instance,
    store: &'a mut S,
    allowed: A,
}

impl<S: AsContextMut, A: Fn(&str) -> bool> Finder<'_, S, A> {
    fn export<P: WasmParams, R: WasmResults>(&mut self, name: &'static str) -> Export<P, R> {
        let function = (self.allowed)(name)
            .then(|| self.instance.get_typed_func(&mut *self.store, name).ok())
            .flatten();
        Export { name, function }
    }

    fn headers(&mut self, abi: AbiVersion, name: &'static str) -> Headers {
        match abi {
            AbiVersion::V0_1_0 => Headers::WithoutEnd(self.export(name)),
            _ => Headers::WithEnd(self.export(name)),
        }
    }
}

// === impl Headers ===

impl Default for Headers {
    fn default() -> Self {
        Self::WithEnd(Export::default())
    }
}

// === impl Export ===

impl<P, R> Default for Export<P, R> {
    fn default() -> Self {
        Self {
            name: "",
            function: None,
        }
    }
}
