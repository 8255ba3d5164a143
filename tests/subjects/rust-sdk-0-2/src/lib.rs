//! A filter as the README of the `proxy-wasm` crate has it, 0.2: the host must run what others wrote.

#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the macro's entry point has none")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

#[derive(Default)]
struct Root {
    greeting: String,
}

struct Filter {
    greeting: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        self.greeting = String::from_utf8_lossy(&configuration).into_owned();
        !self.greeting.is_empty()
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        let greeting = self.greeting.clone();
        Some(Box::new(Filter { greeting }))
    }
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        log::info!("greets with {}", self.greeting);
        if self.get_http_request_header(":path").as_deref() == Some("/denied") {
            self.send_http_response(403, vec![("x-denied-by", "rust-sdk")], Some(b"denied"));
            return Action::Pause;
        }
        self.add_http_request_header("x-greeting", &self.greeting);
        if !end {
            self.set_http_request_header("content-length", None);
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end: bool) -> Action {
        if !end {
            return Action::Pause;
        }
        let mut body = self.get_http_request_body(0, size).unwrap_or_default();
        body.make_ascii_uppercase();
        self.set_http_request_body(0, size, &body);
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        let (seen, cas) = self.get_shared_data("seen");
        let seen = seen.map_or(0, |seen| seen.len()) + 1;
        let kept = self.set_shared_data("seen", Some(&vec![b'x'; seen]), cas);
        self.set_http_response_header("x-kept", Some(if kept.is_ok() { "yes" } else { "no" }));
        let protocol = self
            .get_property(vec!["request", "protocol"])
            .unwrap_or_default();
        self.set_http_response_header("x-protocol", Some(&String::from_utf8_lossy(&protocol)));
        Action::Continue
    }
}
