//! What every import takes and returns: the one place that a new hostcall must be added to (a test looks for gaps).

use self::Kind::{
    Buffer, Bytes, Id, Iovecs, Level, Map, Metric, Number, OutBytes, OutNumber, OutPairs, OutWide,
    Pairs, Path, Signed, Stream, Text, Wide,
};

/// How one argument is to be read. A region takes two parameters, pointer and size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Signed,
    Wide,
    Id,
    Map,
    Buffer,
    Level,
    Metric,
    Stream,
    Text,
    Bytes,
    Pairs,
    Path,
    Iovecs,
    OutNumber,
    OutWide,
    OutBytes,
    OutPairs,
}

/// What the number that an import returns is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returns {
    Status,
    Errno,
    Plain,
}

type Parameters = &'static [(&'static str, Kind)];

/// An import.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signature {
    pub(crate) name: &'static str,
    pub(crate) parameters: Parameters,
    pub(crate) returns: Returns,
}

const HOSTCALLS: &[(&str, Parameters)] = &[
    ("proxy_log", &[("level", Level), ("message", Text)]),
    ("proxy_get_log_level", &[("level", OutNumber)]),
    ("proxy_get_current_time_nanoseconds", &[("time", OutWide)]),
    ("proxy_set_tick_period_milliseconds", &[("period", Number)]),
    ("proxy_get_configuration", &[("configuration", OutBytes)]),
    (
        "proxy_get_status",
        &[("code", OutNumber), ("message", OutBytes)],
    ),
    ("proxy_get_property", &[("path", Path), ("value", OutBytes)]),
    ("proxy_set_property", &[("path", Path), ("value", Bytes)]),
    ("proxy_continue_request", &[]),
    ("proxy_continue_response", &[]),
    ("proxy_continue_stream", &[("stream", Stream)]),
    ("proxy_close_stream", &[("stream", Stream)]),
    ("proxy_clear_route_cache", &[]),
    (
        "proxy_send_local_response",
        &[
            ("code", Number),
            ("details", Text),
            ("body", Bytes),
            ("headers", Pairs),
            ("grpc_status", Signed),
        ],
    ),
    (
        "proxy_get_header_map_value",
        &[("map", Map), ("name", Text), ("value", OutBytes)],
    ),
    (
        "proxy_add_header_map_value",
        &[("map", Map), ("name", Text), ("value", Bytes)],
    ),
    (
        "proxy_replace_header_map_value",
        &[("map", Map), ("name", Text), ("value", Bytes)],
    ),
    (
        "proxy_remove_header_map_value",
        &[("map", Map), ("name", Text)],
    ),
    (
        "proxy_get_header_map_pairs",
        &[("map", Map), ("pairs", OutPairs)],
    ),
    (
        "proxy_set_header_map_pairs",
        &[("map", Map), ("pairs", Pairs)],
    ),
    (
        "proxy_get_header_map_size",
        &[("map", Map), ("size", OutNumber)],
    ),
    (
        "proxy_get_buffer_bytes",
        &[
            ("buffer", Buffer),
            ("start", Number),
            ("length", Number),
            ("bytes", OutBytes),
        ],
    ),
    (
        "proxy_get_buffer_status",
        &[
            ("buffer", Buffer),
            ("length", OutNumber),
            ("flags", OutNumber),
        ],
    ),
    (
        "proxy_set_buffer_bytes",
        &[
            ("buffer", Buffer),
            ("start", Number),
            ("length", Number),
            ("bytes", Bytes),
        ],
    ),
    (
        "proxy_http_call",
        &[
            ("cluster", Text),
            ("headers", Pairs),
            ("body", Bytes),
            ("trailers", Pairs),
            ("timeout_ms", Signed),
            ("token", OutNumber),
        ],
    ),
    (
        "proxy_grpc_call",
        &[
            ("target", Bytes),
            ("service", Text),
            ("method", Text),
            ("metadata", Pairs),
            ("message", Bytes),
            ("timeout_ms", Number),
            ("token", OutNumber),
        ],
    ),
    (
        "proxy_grpc_stream",
        &[
            ("target", Bytes),
            ("service", Text),
            ("method", Text),
            ("metadata", Pairs),
            ("token", OutNumber),
        ],
    ),
    (
        "proxy_grpc_send",
        &[("token", Id), ("message", Bytes), ("end_of_stream", Number)],
    ),
    ("proxy_grpc_close", &[("token", Id)]),
    ("proxy_grpc_cancel", &[("token", Id)]),
    (
        "proxy_define_metric",
        &[("kind", Metric), ("name", Text), ("metric", OutNumber)],
    ),
    (
        "proxy_increment_metric",
        &[("metric", Id), ("offset", Wide)],
    ),
    ("proxy_record_metric", &[("metric", Id), ("value", Wide)]),
    ("proxy_get_metric", &[("metric", Id), ("value", OutWide)]),
    (
        "proxy_get_shared_data",
        &[("key", Text), ("value", OutBytes), ("cas", OutNumber)],
    ),
    (
        "proxy_set_shared_data",
        &[("key", Text), ("value", Bytes), ("cas", Number)],
    ),
    (
        "proxy_register_shared_queue",
        &[("name", Text), ("token", OutNumber)],
    ),
    (
        "proxy_resolve_shared_queue",
        &[("vm", Text), ("name", Text), ("token", OutNumber)],
    ),
    (
        "proxy_enqueue_shared_queue",
        &[("token", Id), ("item", Bytes)],
    ),
    (
        "proxy_dequeue_shared_queue",
        &[("token", Id), ("item", OutBytes)],
    ),
    ("proxy_set_effective_context", &[("context", Id)]),
    ("proxy_done", &[]),
    (
        "proxy_call_foreign_function",
        &[
            ("function", Text),
            ("argument", Bytes),
            ("result", OutBytes),
        ],
    ),
    ("envoy_resolve_dns", &[("name", Text), ("token", OutNumber)]),
];

const PLAIN: &[(&str, Parameters)] = &[
    ("pthread_equal", &[("one", Number), ("other", Number)]),
    ("emscripten_notify_memory_growth", &[("memory", Number)]),
];

// Pointers of calls that Envoy refuses are only numbers.
const WASI: &[(&str, Parameters)] = &[
    ("args_get", &[("list", Number), ("text", Number)]),
    (
        "args_sizes_get",
        &[("count", OutNumber), ("size", OutNumber)],
    ),
    ("environ_get", &[("list", Number), ("text", Number)]),
    (
        "environ_sizes_get",
        &[("count", OutNumber), ("size", OutNumber)],
    ),
    (
        "clock_time_get",
        &[("clock", Number), ("precision", Wide), ("time", OutWide)],
    ),
    (
        "clock_res_get",
        &[("clock", Number), ("resolution", OutWide)],
    ),
    ("random_get", &[("bytes", Number), ("size", Number)]),
    ("sched_yield", &[]),
    (
        "poll_oneoff",
        &[
            ("in", Number),
            ("out", Number),
            ("subscriptions", Number),
            ("events", OutNumber),
        ],
    ),
    ("proc_exit", &[("code", Number)]),
    (
        "fd_write",
        &[("fd", Number), ("text", Iovecs), ("written", OutNumber)],
    ),
    (
        "fd_pwrite",
        &[
            ("fd", Number),
            ("text", Iovecs),
            ("offset", Wide),
            ("written", OutNumber),
        ],
    ),
    (
        "fd_read",
        &[
            ("fd", Number),
            ("list", Number),
            ("count", Number),
            ("read", OutNumber),
        ],
    ),
    (
        "fd_pread",
        &[
            ("fd", Number),
            ("list", Number),
            ("count", Number),
            ("offset", Wide),
            ("read", OutNumber),
        ],
    ),
    (
        "fd_seek",
        &[
            ("fd", Number),
            ("offset", Wide),
            ("whence", Number),
            ("position", Number),
        ],
    ),
    ("fd_tell", &[("fd", Number), ("position", OutWide)]),
    ("fd_close", &[("fd", Number)]),
    ("fd_fdstat_get", &[("fd", Number), ("stat", Number)]),
    ("fd_fdstat_set_flags", &[("fd", Number), ("flags", Number)]),
    (
        "fd_fdstat_set_rights",
        &[("fd", Number), ("base", Wide), ("inheriting", Wide)],
    ),
    (
        "fd_advise",
        &[
            ("fd", Number),
            ("offset", Wide),
            ("length", Wide),
            ("advice", Number),
        ],
    ),
    (
        "fd_allocate",
        &[("fd", Number), ("offset", Wide), ("length", Wide)],
    ),
    ("fd_datasync", &[("fd", Number)]),
    ("fd_sync", &[("fd", Number)]),
    ("fd_filestat_get", &[("fd", Number), ("stat", Number)]),
    ("fd_filestat_set_size", &[("fd", Number), ("size", Wide)]),
    (
        "fd_filestat_set_times",
        &[
            ("fd", Number),
            ("accessed", Wide),
            ("modified", Wide),
            ("flags", Number),
        ],
    ),
    (
        "fd_readdir",
        &[
            ("fd", Number),
            ("buffer", Number),
            ("size", Number),
            ("cookie", Wide),
            ("used", Number),
        ],
    ),
    ("fd_renumber", &[("from", Number), ("to", Number)]),
    ("fd_prestat_get", &[("fd", Number), ("stat", Number)]),
    (
        "fd_prestat_dir_name",
        &[("fd", Number), ("buffer", Number), ("size", Number)],
    ),
    ("path_create_directory", &[("fd", Number), ("path", Text)]),
    (
        "path_filestat_get",
        &[
            ("fd", Number),
            ("flags", Number),
            ("path", Text),
            ("stat", Number),
        ],
    ),
    (
        "path_filestat_set_times",
        &[
            ("fd", Number),
            ("flags", Number),
            ("path", Text),
            ("accessed", Wide),
            ("modified", Wide),
            ("what", Number),
        ],
    ),
    (
        "path_link",
        &[
            ("fd", Number),
            ("flags", Number),
            ("path", Text),
            ("to", Text),
        ],
    ),
    (
        "path_open",
        &[
            ("fd", Number),
            ("flags", Number),
            ("path", Text),
            ("how", Number),
            ("base", Wide),
            ("inheriting", Wide),
            ("status", Number),
            ("opened", Number),
        ],
    ),
    (
        "path_readlink",
        &[
            ("fd", Number),
            ("path", Text),
            ("buffer", Number),
            ("size", Number),
            ("used", Number),
        ],
    ),
    ("path_remove_directory", &[("fd", Number), ("path", Text)]),
    (
        "path_rename",
        &[
            ("fd", Number),
            ("path", Text),
            ("to_fd", Number),
            ("to", Text),
        ],
    ),
    (
        "path_symlink",
        &[("path", Text), ("fd", Number), ("to", Number)],
    ),
    ("path_unlink_file", &[("fd", Number), ("path", Text)]),
    (
        "sock_accept",
        &[("fd", Number), ("flags", Number), ("opened", Number)],
    ),
    (
        "sock_recv",
        &[
            ("fd", Number),
            ("list", Number),
            ("count", Number),
            ("flags", Number),
            ("read", Number),
            ("out", Number),
        ],
    ),
    (
        "sock_send",
        &[
            ("fd", Number),
            ("list", Number),
            ("count", Number),
            ("flags", Number),
            ("sent", Number),
        ],
    ),
    ("sock_shutdown", &[("fd", Number), ("how", Number)]),
];

/// What is known of an import.
pub(crate) fn signature(module: &str, name: &str) -> Option<Signature> {
    let of = |table: &[(&'static str, Parameters)], returns| {
        let (name, parameters) = table.iter().find(|(known, _)| *known == name)?;
        Some(Signature {
            name,
            parameters,
            returns,
        })
    };
    if module != "env" {
        return of(WASI, Returns::Errno);
    }
    of(HOSTCALLS, Returns::Status).or_else(|| of(PLAIN, Returns::Plain))
}

/// The hostcalls whose status is explained.
#[cfg(test)]
pub(super) fn hostcalls() -> impl Iterator<Item = &'static str> {
    HOSTCALLS.iter().map(|(name, _)| *name)
}

// === impl Kind ===

impl Kind {
    /// How many parameters it takes.
    pub(crate) fn width(self) -> usize {
        match self {
            Text | Bytes | Pairs | Path | Iovecs | OutBytes | OutPairs => 2,
            Number | Signed | Wide | Id | Map | Buffer | Level | Metric | Stream | OutNumber
            | OutWide => 1,
        }
    }

    /// Whether it is there only once the call has returned.
    pub(crate) fn is_output(self) -> bool {
        matches!(self, OutNumber | OutWide | OutBytes | OutPairs)
    }
}
