//! The probe: a filter that runs a script of raw hostcalls and logs what came of each.
//!
//! It is what the same script is run with on host-runner and on Envoy, to compare the logs line by line. So no SDK is in
//! between, every status arrives in the log as the number it is, and nothing happens that the script does not say,
//! except that the probe reads its script and logs at info. It traps only where a verb says so. The same source makes
//! three modules: `probe` (ABI 0.2.1), `probe-0-2-0` and `probe-0-1-0`.
//!
//! # Where the script comes from
//!
//! | Plugin configuration | Script |
//! |---|---|
//! | has a `.` in it | It is the script, of the root and of all its streams. |
//! | is a name, `x-script` | Each stream reads its script from the request header of this name, in its first `q` stage. |
//!
//! A root is not configured yet in its stages `c` and `v`. There the VM configuration is the script if it has a `.` in it,
//! or else the plugin configuration, if the host has that already (Envoy: in `c`, not in `v`). With ABI 0.1.0 it is what
//! `get_configuration` returns (Envoy: the plugin configuration in `c`, the VM configuration in `v`).
//!
//! With scripts in headers, a root runs commands of streams: in `h g G T C` those of the stream whose call returned the
//! token, also when it is deleted, or whose call is not over yet; in `w` and `x` likewise; in `k` those of the stream
//! that last set the tick period of that root. Its other stages run nothing. What `h` and the like ask for belongs to
//! that stream again.
//!
//! # Commands
//!
//! `<stage><n>.<verb> <word>..`, separated by `;`. With a number the command runs only in the n-th call of its stage, in
//! that context (where a root runs a stream's commands: the n-th that this stream's script sees); without one, in all.
//! After the verb, `@<number>` is the header map or buffer of a shorthand, where it is not that of the stage; then `!`
//! logs of the outs of a hostcall only `touched` or `untouched` (times, random bytes), `+` logs long values whole:
//! `q.get@2 :status`, `k.get_current_time_nanoseconds!`, `q.dump+`.
//! `<stage>.times <count> <verb> ..` runs and logs the command so many times, as `<stage>.<verb> ..`.
//!
//! | Stage | Callback | Arguments in the log | Map | Buffer |
//! |---|---|---|---|---|
//! | `c` | context_create, root and stream | parent | 2 | 6 |
//! | `v` | vm_start | size | 2 | 6 |
//! | `f` | configure | size | 2 | 7 |
//! | `q` | request_headers | headers, end (0.1.0: headers) | 0 | 0 |
//! | `b` | request_body | size, end | 0 | 0 |
//! | `t` | request_trailers | trailers | 1 | 0 |
//! | `m` | request_metadata | entries | 2 | 0 |
//! | `s` | response_headers | headers, end (0.1.0: headers) | 2 | 1 |
//! | `r` | response_body | size, end | 2 | 1 |
//! | `u` | response_trailers | trailers | 2 | 0 |
//! | `M` | response_metadata | entries | 2 | 0 |
//! | `n` | new_connection | | 2 | 0 |
//! | `D` | downstream_data | size, end | 2 | 2 |
//! | `U` | upstream_data | size, end | 2 | 3 |
//! | `e`, `E` | downstream_connection_close, upstream_connection_close | close type | 2 | 0 |
//! | `k` | tick | | 0 | 0 |
//! | `w` | queue_ready | token | 0 | 0 |
//! | `h` | http_call_response | token, headers, size, trailers | 6 | 4 |
//! | `g` | grpc_receive_initial_metadata | token, headers | 4 | 0 |
//! | `G` | grpc_receive | token, size | 2 | 5 |
//! | `T` | grpc_receive_trailing_metadata | token, trailers | 5 | 0 |
//! | `C` | grpc_close | token, status | 2 | 0 |
//! | `x` | envoy_on_resolve_dns | token, size | 2 | 8 |
//! | `y` | foreign_function (not in 0.1.0) | function, size | 2 | 8 |
//! | `S` | envoy_on_stats_update | size | 2 | 8 |
//! | `V` | validate_configuration | size | 2 | 0 |
//! | `l` | log | | 0 | 0 |
//! | `d` | done | | 2 | 0 |
//! | `z` | delete | | 2 | 0 |
//!
//! # The log
//!
//! Each callback logs `@<context> <callback>#<n> <argument>..`, n counting its calls in that context. Then each command
//! logs `<command> => <status> <value>`. With a script from a configuration there is `@<context> ` before it, the context
//! of the callback; with one from a header there is not, and the same lines are sent to the client as `x-seen`, up to and
//! with those of the response headers. Bytes are written as ASCII with `\xNN` and the like for the rest; over 300 of them
//! as `<the first 100>…<length> fnv:<FNV-1a, 64 bits>`, unless there is a `+` or it is one of the older shorthands
//! (marked °) of a script from a header. A verb that is none, or that this ABI version lacks, logs `0 no such verb`.
//!
//! Envoy starts several VMs (rule L2), and roots log alike in each: three times `c`, `v` and `f`, twice `k` if `f` set a
//! period. Two of the VMs run on, in threads of their own, so set the period in a stream where the order matters.
//!
//! # Words
//!
//! Where a word is missing it is 0 or empty.
//!
//! | Word | As a number | As bytes |
//! |---|---|---|
//! | `12`, `-1`, `0x1f` | itself, cut to the i32 or i64 of the parameter | those characters |
//! | `abc%20%00` | 0 | with `%XX` decoded: ` ` is `%20`, `;` is `%3b`, a `$`, `*`, `&` or `!` in front `%24 %2a %26 %21` |
//! | `-` | 0 | none |
//! | `*70000` | 0 | that many `x` |
//! | `$last` | the last u32 out of a hostcall with status 0, in this VM | its last bytes out |
//! | `$name` | `$last` when `keep name` ran | likewise |
//! | `$ctx` | the context of this callback | none |
//! | `$stream` | the stream context created last in this VM | none |
//! | `$owner` | the context whose script this is (a stream's, where a root runs its commands) | none |
//! | `&ptr,len` | | whatever is there: any address, any size, unchecked (only for hostcalls, not for shorthands) |
//!
//! Pairs are one word for a hostcall, `name=value,name=value` with `%XX` (`,` is `%2c`) and `*N`; `-` is no bytes at all,
//! `!%00%00%00%00` are bytes as they are. For the shorthands `pairs` and `reply` they are one word each.
//!
//! # Verbs: hostcalls
//!
//! Every function of `hostcalls.rs` without `proxy_`, and those of `wasi.rs` after `wasi.`. The words fill what goes in,
//! in the order of the parameters: `Number` a number, `Bytes` and `Pairs` one word for pointer and size, `Iovec` bytes in
//! one iovec, `Pointer` bytes without their size, `Room` the size of an out buffer. Outs are there by themselves, preset
//! to 0xAA; further words replace their addresses, in order: `&ptr`, or `-` to keep one. `Region` has two, those of the
//! pointer and of the size.
//!
//! The status is followed by the outs: a number in decimal; bytes; `null` for the address 0 (`null:<size>` if the size is
//! not 0); `wild:<address>:<size>` for a region outside the memory; `untouched` if nothing was written; `elsewhere` if
//! its address was replaced. Buffers of fixed size end where the last 0xAA begin. Where the status is not 0 nothing
//! follows, or ` touched` and the outs if any was written.
//!
//! `q.http_call cluster :method=GET,:path=/,:authority=a body - 1000`, `q.get_shared_data key`, `q.log 2 text`,
//! `q.wasi.fd_write 1 text`, `q.get_buffer_bytes 0 0 10 &0 &4`, `q.define_metric 0 name; q.increment_metric $last -1`.
//!
//! # Verbs: shorthands
//!
//! | Verb | Does | Value |
//! |---|---|---|
//! | `get name`°, `all name`° | of the map: the first value, all values | the value, values separated by `\|` |
//! | `names`°, `dump`, `dumpsorted` | all pairs, in their order or sorted | names; `name=value\|..` |
//! | `size`° | get_header_map_size | the size |
//! | `add name value`°, `set name value`°, `del name`°, `pairs name=value ..`° | changes the map | |
//! | `chunk`° | | what the callback was told: count or size, and end |
//! | `read start len`° | of the buffer; all of it by default | bytes |
//! | `put start len data`°, `grow size`° | changes the buffer; `grow` makes it so many `x` | |
//! | `prop path`°, `getp path` | get_property, `/` between segments | bytes; `getp` as a hostcall logs them |
//! | `propmap path` | get_property of a map | sorted `name=value\|..` |
//! | `state path value`° | set_property, `/` between segments | |
//! | `call name argument`° | call_foreign_function | bytes |
//! | `reply code body details grpc name=value ..`° | send_local_response; grpc is -1 by default | |
//! | `effl` | set_effective_context of `$stream` | |
//! | `cont n`, `close n` | continue_stream, close_stream of n, 0 by default; in 0.1.0 `cont` is continue_request and `cont 1` continue_response, and there is no `close` | |
//! | `return n`° | the callback returns n: 1 by default for vm_start, configure, validate_configuration and done, 0 for others; not logged | |
//! | `hold`° | `return 1` until the end of the stream; not logged | |
//! | `if text`° | the rest of this stage runs only if the buffer has the text in it; logged only then | |
//! | `note text` | nothing | |
//! | `keep name` | gives `$last` a name | |
//! | `count` | | how often this VM ran this very command |
//! | `memgrow pages` | memory.grow | the pages before, or -1 |
//! | `mallocfail`, `malloctrap`, `mallocall` `on` or `off` | the allocator that the host calls returns 0, traps, makes a hostcall that is forbidden there; the last one counts | |
//! | `trap`°, `unreachable` | traps | |
//! | `spin` | never ends | |
//! | `overflow`, `overflow engine` | overflows the stack in the memory, or that of the engine | |
#![cfg(target_arch = "wasm32")]

mod abi;
mod arguments;
mod call;
mod callback;
mod context;
mod contexts;
mod entry;
mod hostcalls;
mod memory;
mod outcome;
mod script;
mod stage;
mod text;
mod traps;
mod verbs;
mod version;
mod vm;
mod wasi;
