//! The Proxy-Wasm contexts behind [`main!`](crate::main): one root context per plugin, one stream context per request.

use std::cell::RefCell;
use std::rc::Rc;

use meshwright_core::ConfigError;
use meshwright_core::config::from_json;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

use crate::abi::{self, WasmHost};
use crate::enact::{Outcome, enact};
use crate::filter::Filter;
use crate::host::{HostError, Status};
use crate::logger;
use crate::request::Request;

struct Root<F> {
    // Streams share the filter; a reconfigured root leaves the old one to the streams that have it.
    filter: RefCell<Option<Rc<F>>>,
}

struct Stream<F> {
    filter: Option<Rc<F>>,
}

/// Registers `F` with the dispatcher; called from `_initialize`.
pub fn start<F: Filter>() {
    logger::install();
    proxy_wasm::set_root_context(|_| {
        Box::new(Root::<F> {
            filter: RefCell::new(None),
        })
    });
}

// === impl Root ===

impl<F: Filter> Context for Root<F> {}

impl<F: Filter> RootContext for Root<F> {
    fn on_configure(&mut self, _: usize) -> bool {
        match configure::<F>() {
            Ok(filter) => {
                self.filter.replace(Some(Rc::new(filter)));
                true
            }
            Err(error) => {
                log::error!("configuration rejected: {error}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let filter = self.filter.borrow().clone();
        Some(Box::new(Stream { filter }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn configure<F: Filter>() -> Result<F, ConfigError> {
    let json =
        abi::plugin_configuration().map_err(|error| ConfigError::new("", error.to_string()))?;
    F::new(from_json(&json)?)
}

// === impl Stream ===

impl<F: Filter> Context for Stream<F> {}

impl<F: Filter> HttpContext for Stream<F> {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let host = WasmHost;
        let verdict = match &self.filter {
            Some(filter) => filter.on_request(&Request::new(&host)),
            None => Err(not_configured()),
        };
        match enact(&host, verdict) {
            Outcome::Continue => Action::Continue,
            Outcome::Stopped => Action::Pause,
        }
    }
}

// A host that starts streams before it configured the plugin: nothing can be judged.
fn not_configured() -> HostError {
    HostError {
        call: "on_configure",
        subject: String::new(),
        status: Status::NOT_FOUND,
    }
}
