//! A filter as the README of the `proxy-wasm` crate has it, 0.2: the host must run what others wrote.

#![cfg(target_family = "wasm")]
#![expect(missing_docs, reason = "the macro's entry point has none")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Trace);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::new(Root::default()) });
}}

/// The requests that wait for the next tick.
type Waiting = Rc<RefCell<Vec<u32>>>;

#[derive(Default)]
struct Root {
    greeting: String,
    waiting: Waiting,
}

struct Filter {
    id: u32,
    greeting: String,
    waiting: Waiting,
    /// What became of the callout or of the wait, for the client to see.
    came_of_it: Option<String>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        self.greeting = String::from_utf8_lossy(&configuration).into_owned();
        self.set_tick_period(Duration::from_millis(20));
        !self.greeting.is_empty()
    }

    fn on_tick(&mut self) {
        for id in self.waiting.take() {
            let resumed = hostcalls::set_effective_context(id)
                .and_then(|()| hostcalls::resume_http_request());
            if let Err(status) = resumed {
                log::error!("cannot resume {id}: {status:?}");
            }
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            id,
            greeting: self.greeting.clone(),
            waiting: Rc::clone(&self.waiting),
            came_of_it: None,
        }))
    }
}

impl Context for Filter {
    fn on_http_call_response(&mut self, _: u32, _: usize, size: usize, _: usize) {
        let status = self.get_http_call_response_header(":status");
        let body = self
            .get_http_call_response_body(0, size)
            .unwrap_or_default();
        let answer = format!(
            "{} {}",
            status.unwrap_or_default(),
            String::from_utf8_lossy(&body)
        );
        self.came_of_it = Some(answer);
        self.resume_http_request();
    }
}

impl Filter {
    /// Asks a cluster, and holds the request until the answer is there.
    fn call(&mut self, cluster: &str) -> Action {
        let headers = vec![
            (":method", "POST"),
            (":path", "/asked"),
            (":authority", "elsewhere"),
        ];
        let second = Duration::from_secs(1);
        match self.dispatch_http_call(cluster, headers, Some(b"question"), vec![], second) {
            Ok(_) => Action::Pause,
            Err(status) => {
                self.came_of_it = Some(format!("{status:?}"));
                Action::Continue
            }
        }
    }

    fn wait(&mut self) -> Action {
        self.came_of_it = Some("a tick".to_owned());
        self.waiting.borrow_mut().push(self.id);
        Action::Pause
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, end: bool) -> Action {
        log::info!("greets with {}", self.greeting);
        let path = self.get_http_request_header(":path");
        if path.as_deref() == Some("/denied") {
            self.send_http_response(403, vec![("x-denied-by", "rust-sdk")], Some(b"denied"));
            return Action::Pause;
        }
        self.add_http_request_header("x-greeting", &self.greeting);
        if !end {
            self.set_http_request_header("content-length", None);
        }
        match path.as_deref() {
            Some("/called") => self.call(env!("CARGO_PKG_NAME")),
            Some("/miscalled") => self.call("nowhere"),
            Some("/ticked") => self.wait(),
            _ => Action::Continue,
        }
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
        self.set_http_response_header("x-came-of-it", self.came_of_it.as_deref());
        self.set_http_response_header("x-protocol", Some(&String::from_utf8_lossy(&protocol)));
        Action::Continue
    }
}
