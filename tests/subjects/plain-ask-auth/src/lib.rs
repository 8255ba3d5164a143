//! Asks an auth service whether a request may pass, on the proxy-wasm crate alone.
#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the macro's entry point has none")]

use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    cluster: String,
    path: String,
}

#[derive(Default)]
struct Root {
    config: Option<Rc<Config>>,
}

struct AskAuth {
    config: Rc<Config>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        match serde_json::from_slice(&configuration) {
            Ok(config) => {
                self.config = Some(Rc::new(config));
                true
            }
            Err(error) => {
                log::error!("configuration rejected: {error}");
                false
            }
        }
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let config = self.config.clone()?;
        Some(Box::new(AskAuth { config }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl HttpContext for AskAuth {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        // Panics, and so fails the VM, when the header is not UTF-8.
        let who = self.get_http_request_header("authorization");
        let dispatched = self.dispatch_http_call(
            &self.config.cluster,
            vec![
                (":method", "GET"),
                (":path", &self.config.path),
                (":authority", &self.config.cluster),
                ("authorization", who.as_deref().unwrap_or_default()),
            ],
            None,
            vec![],
            Duration::from_millis(500),
        );
        if dispatched.is_err() {
            self.send_http_response(500, vec![], None);
        }
        Action::Pause
    }
}

impl Context for AskAuth {
    fn on_http_call_response(&mut self, _token: u32, _headers: usize, _: usize, _: usize) {
        match self.get_http_call_response_header(":status").as_deref() {
            Some("200") => self.resume_http_request(),
            _ => self.send_http_response(403, vec![], Some(b"ask somebody else")),
        }
    }
}
