//! Write Proxy-Wasm filters in Rust: one type, straight-line `async` handlers, typed configuration, no panics.
//!
//! ```
//! use meshwright::prelude::*;
//!
//! #[meshwright::config]
//! struct Hello {
//!     greeting: String,
//! }
//!
//! impl OnRequest for Hello {
//!     async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
//!         request.set_header("x-hello", &self.greeting)?;
//!         Ok(Flow::Continue)
//!     }
//! }
//!
//! meshwright::main!(Hello: OnRequest);
//! ```
//!
//! Build it with `host-runner build`; the `.wasm` runs in `host-runner` and, unchanged, in Envoy.
//!
//! What the SDK takes care of:
//! - a configuration that does not fit is refused at start, and the log names the place as a JSON pointer;
//! - a handler waits with `.await`: for the answer of a call, a time, the body, the response. The proxy holds the message
//!   meanwhile, and the handler is dropped with its stream;
//! - every hostcall returns a `Result`; an unknown status is a value, never a trap;
//! - a message that the filter could not judge (an `Err` from a handler) is denied, never passed on;
//! - the module exports the callbacks that [`main!`] lists, and no others: each costs something for every request.

// `#[meshwright::config]` names this crate as others do.
#[cfg(test)]
extern crate self as meshwright;

#[doc = include_str!("docs/misuse.md")]
pub mod misuse {}

mod body;
mod call;
mod config;
mod connection;
mod current;
mod dispatch;
mod error;
mod exchange;
mod filter;
mod flow;
pub mod foreign;
mod grpc;
mod headers;
pub mod hostcalls;
mod latest;
mod lease;
pub mod listed;
mod log_entry;
mod logger;
mod message;
pub mod metrics;
#[cfg(not(target_arch = "wasm32"))]
mod native;
mod per_route;
pub mod properties;
mod property;
mod queue;
mod reply;
mod response;
mod root;
mod shared;
mod slot;
mod status;
mod stream;
mod task;
mod tcp;
#[cfg_attr(
    target_arch = "wasm32",
    expect(dead_code, reason = "nothing is tested from within a module")
)]
pub mod testing;
pub mod time;
mod together;
mod value;
mod vm;
mod waker;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use body::{Body, Chunk, Chunks, NextChunk, ReadBody};
pub use call::{Answer, Call, Calling};
pub use config::{NoConfig, PluginConfig};
pub use connection::{Connection, FirstBytes, NextPiece, Passage, Peer, Piece};
pub use current::Side;
pub use error::Error;
pub use filter::{Filter, OnConnection, OnLog, OnRequest, OnResponse, OnStart};
pub use flow::Flow;
pub use grpc::{GrpcCall, GrpcCalling, GrpcStatus, GrpcStream, NextMessage};
pub use latest::{Latest, WaitForLatest};
pub use lease::{Held, Lease};
pub use log_entry::LogEntry;
pub use meshwright_core as core;
pub use message::{InRequest, InResponse, Message, OfSide, Request, Response};
pub use per_route::PerRoute;
pub use property::{FromProperty, Property, Unreadable};
pub use queue::{NextItem, Queue, RemoteQueue};
pub use response::NextResponse;
pub use root::Root;
pub use shared::Shared;
pub use status::{HostError, Status};
pub use stream::Stream;
pub use together::{join, join_all, race, race_ok, try_join, try_join_all};
pub use value::Value;

// The filter in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What a filter usually needs.
pub mod prelude {
    pub use crate::{
        Call, Connection, Error, Filter, Flow, GrpcCall, LogEntry, NoConfig, OnConnection, OnLog,
        OnRequest, OnResponse, OnStart, Passage, Request, Response, Root, Value,
    };
    pub use crate::{join, join_all, race, race_ok, try_join, try_join_all};
    pub use meshwright_core::{
        ConfigError, Headers, LocalReply, RequestHead, StaticReply, Verdict,
    };
}

/// A filter that [`main!`] was called for.
pub trait Plugin: Filter {
    /// What its module exports.
    #[doc(hidden)]
    const CALLBACKS: __private::Callbacks;

    /// Those that this VM has of it.
    #[doc(hidden)]
    fn plugins<T>(what: impl FnOnce(&__private::Plugins<Self>) -> T) -> T;
}

/// Makes a [`Filter`] the plugin of this module, and lists what the proxy is to call it for. Call it once, at the root of
/// a `cdylib` crate.
///
/// ```
/// # use meshwright::prelude::*;
/// # struct MyFilter;
/// # impl Filter for MyFilter {
/// #     type Config = NoConfig;
/// #     fn new(_: NoConfig) -> Result<Self, ConfigError> { Ok(Self) }
/// # }
/// # impl OnRequest for MyFilter {
/// #     async fn on_request(&self, _: Request<Self>) -> Result<Flow, Error> { Ok(Flow::Continue) }
/// # }
/// meshwright::main!(MyFilter: OnRequest, Callouts);
/// ```
///
/// | listed | the filter |
/// |---|---|
/// | `OnRequest`, `OnResponse`, `OnLog`, `OnConnection`, `OnStart` | implements the trait of that name |
/// | `RequestBody`, `ResponseBody` | reads bodies |
/// | `Response` | waits for the response in `on_request` |
/// | `Callouts` | makes calls |
/// | `Grpc` | makes gRPC calls |
/// | `Queues` | waits for items of queues |
/// | `Timers` | sleeps |
///
/// What is used and not listed does not compile. On a native target nothing is exported, so that the crate can be
/// unit-tested.
#[macro_export]
macro_rules! main {
    ($($listed:tt)*) => { $crate::__private::exports! { {$crate} $($listed)* } };
}

#[doc = include_str!("docs/config.md")]
pub use meshwright_macros::config;

#[doc = include_str!("docs/test.md")]
pub use meshwright_macros::test;

#[doc(hidden)]
pub mod __private {
    pub use crate::dispatch::*;
    #[cfg(not(target_arch = "wasm32"))]
    pub use crate::native::install;
    pub use crate::vm::Plugins;
    #[cfg(target_arch = "wasm32")]
    pub use crate::wasm::allocate;
    pub use meshwright_macros::exports;
    #[cfg(not(target_arch = "wasm32"))]
    pub use schemars;
    pub use serde;
}
