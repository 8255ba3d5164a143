//! Write Proxy-Wasm filters in Rust: one type, typed configuration, byte-valued headers, no panics.
//!
//! ```
//! use meshwright::prelude::*;
//!
//! #[derive(serde::Deserialize)]
//! struct Config {
//!     greeting: String,
//! }
//!
//! struct Hello(Config);
//!
//! impl Filter for Hello {
//!     type Config = Config;
//!
//!     fn new(config: Config) -> Result<Self, ConfigError> {
//!         Ok(Self(config))
//!     }
//!
//!     fn on_request(&self, _request: &Request<'_>) -> Result<Verdict, HostError> {
//!         let greet = HeaderEdit::Set("x-hello".into(), self.0.greeting.clone().into());
//!         Ok(Verdict::proceed_with(Effects::default().edit(greet), "hello.greeted"))
//!     }
//! }
//!
//! meshwright::main!(Hello);
//! ```
//!
//! Build it with `host-runner build`; the `.wasm` runs in `host-runner` and, unchanged, in Envoy.
//!
//! What the SDK takes care of:
//! - a configuration that does not fit is refused at start, and the log names the place as a JSON pointer;
//! - every hostcall returns a `Result`; an unknown status is a value, never a trap;
//! - a request the filter could not judge (an `Err` from [`Filter::on_request`]) is denied, never passed on.
//!
//! This crate is the only one that names `proxy_wasm`: its dispatcher and entry points are used, its hostcalls are
//! not, because those panic on a status or a header they do not expect, and a panic is an outage.

mod enact;
mod filter;
mod host;
mod request;

#[cfg(target_arch = "wasm32")]
mod abi;
#[cfg(target_arch = "wasm32")]
mod logger;
#[cfg(target_arch = "wasm32")]
mod shell;

pub use enact::{Outcome, enact};
pub use filter::Filter;
pub use host::{Host, HostError, Status};
pub use meshwright_core as core;
pub use request::Request;

// The filter in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// What a filter usually needs.
pub mod prelude {
    pub use crate::{Filter, Host, HostError, Request};
    pub use meshwright_core::{
        ConfigError, Effects, HeaderEdit, Headers, LocalReply, Reason, RequestHead, Verdict,
    };
}

/// Makes the given [`Filter`] the plugin of this module. Call it once, at the root of a `cdylib` crate.
///
/// On a native target it only checks that the type is a filter, so that the crate can be unit-tested.
#[macro_export]
macro_rules! main {
    ($filter:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__private::proxy_wasm::main! {{ $crate::__private::start::<$filter>(); }}
        };

        #[cfg(not(target_arch = "wasm32"))]
        const _: () = $crate::__private::is_filter::<$filter>();
    };
}

#[doc(hidden)]
pub mod __private {
    #[cfg(target_arch = "wasm32")]
    pub use crate::shell::start;
    #[cfg(target_arch = "wasm32")]
    pub use proxy_wasm;

    /// Compiles only for filters.
    pub const fn is_filter<F: crate::Filter>() {}
}
