//! Messages that a handler holds: none passes before its handler has decided, and none is held when it has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use meshwright::__private::{Callbacks, install};
use meshwright::hostcalls::{BufferType, Hostcalls, MapType, RawCall, RawReply, StreamType};
use meshwright::{Plugin, Status, prelude::*};

const ROOT: u32 = 1;
const STREAM: u32 = 2;
const CONTINUE: u32 = 0;
const BUFFER: u32 = 1;

/// A host that notes what it is asked to do.
#[derive(Default)]
struct Notes {
    calls: Cell<u32>,
    done: RefCell<Vec<String>>,
    body: RefCell<Vec<u8>>,
    refuses_replies: bool,
}

impl Notes {
    fn note(&self, what: impl Into<String>) {
        self.done.borrow_mut().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        self.done.take()
    }
}

impl Hostcalls for Notes {
    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Ok(1)
    }

    fn set_tick_period_milliseconds(&self, _: u32) -> Result<(), Status> {
        Ok(())
    }

    fn get_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        _: usize,
    ) -> Result<Vec<u8>, Status> {
        match buffer {
            BufferType::PluginConfiguration => Ok(Vec::new()),
            _ => Ok(self.body.borrow().get(start..).unwrap_or_default().to_vec()),
        }
    }

    fn get_header_map_pairs(&self, _: MapType) -> Result<Vec<u8>, Status> {
        let headers = [(&b":status"[..], &b"200"[..])];
        Ok(meshwright::core::headers::to_pairs(headers.into_iter()))
    }

    fn remove_header_map_value(&self, _: MapType, _: &[u8]) -> Result<(), Status> {
        Ok(())
    }

    fn replace_header_map_value(&self, map: MapType, name: &[u8], _: &[u8]) -> Result<(), Status> {
        self.note(format!("{map:?} {}", name.escape_ascii()));
        Ok(())
    }

    fn http_call(&self, _: RawCall<'_>) -> Result<u32, Status> {
        self.calls.set(self.calls.get() + 4);
        Ok(self.calls.get())
    }

    fn continue_stream(&self, stream: StreamType) -> Result<(), Status> {
        self.note(format!("continue {stream:?}"));
        Ok(())
    }

    fn send_local_response(&self, reply: RawReply<'_>) -> Result<(), Status> {
        match self.refuses_replies {
            true => Err(Status::INTERNAL_FAILURE),
            false => {
                self.note(format!("reply {}", reply.status));
                Ok(())
            }
        }
    }

    fn set_effective_context(&self, _: u32) -> Result<(), Status> {
        Ok(())
    }
}

fn call() -> Call {
    Call::get("auth", "/").timeout(Duration::from_secs(1))
}

/// A stream of a filter, as a host calls it.
struct Stream {
    host: Rc<Notes>,
    callbacks: Callbacks,
}

impl Stream {
    fn begin<F: Plugin>(host: Notes) -> (Self, u32) {
        let host = Rc::new(host);
        install(Rc::clone(&host) as Rc<_>);
        let callbacks = F::CALLBACKS;
        assert_eq!(callbacks.configure.unwrap()(ROOT, 0), 1);
        callbacks.context_create.unwrap()(STREAM, ROOT);
        let action = callbacks.request_headers.unwrap()(STREAM, 1, 0);
        (Self { host, callbacks }, action)
    }

    fn request_body(&self, held: &str, end: bool) -> u32 {
        self.host.body.replace(held.into());
        let size = u32::try_from(held.len()).unwrap();
        self.callbacks.request_body.unwrap()(STREAM, size, end.into())
    }

    fn response_headers(&self) -> u32 {
        self.callbacks.response_headers.unwrap()(STREAM, 1, 0)
    }

    fn answer(&self, number: u32) {
        self.callbacks.http_call_response.unwrap()(ROOT, number * 4, 1, 0, 0);
    }
}

/// Denies when it has seen the whole body.
struct Whole;

impl Filter for Whole {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Whole {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let body = request.read_body(1024).await?;
        Ok(Flow::reply(400, body.to_vec()))
    }
}

impl OnResponse for Whole {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        response.set_header("x-seen", "1")?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(Whole: OnRequest, OnResponse, RequestBody);

#[test]
fn an_early_response_has_its_handler_and_does_not_let_the_request_pass() {
    let (stream, action) = Stream::begin::<Whole>(Notes::default());
    assert_eq!(action, CONTINUE);
    assert_eq!(stream.request_body("abc", false), BUFFER);
    assert_eq!(stream.response_headers(), CONTINUE);
    assert_eq!(stream.host.take(), ["ResponseHeaders x-seen"]);
    assert_ne!(stream.request_body("abcdef", true), CONTINUE);
    assert_eq!(stream.host.take(), ["reply 400"]);
}

#[test]
fn what_cannot_be_replied_to_never_passes() {
    let host = Notes {
        refuses_replies: true,
        ..Notes::default()
    };
    let (stream, _) = Stream::begin::<Whole>(host);
    assert_ne!(stream.request_body("abc", true), CONTINUE);
    assert_ne!(
        stream.callbacks.request_trailers.unwrap()(STREAM, 1),
        CONTINUE
    );
    assert_eq!(stream.host.take(), [""; 0]);
}

/// Makes two calls, one after the other, for each part of the body, and sends it on when they are answered.
struct Parts;

impl Filter for Parts {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Parts {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let mut chunks = request.chunks();
        let mut seen = Vec::new();
        while let Some(chunk) = chunks.next().await? {
            seen.push(String::from_utf8_lossy(&chunk).into_owned());
            chunks.stream().call(call()).await?;
            chunks.stream().call(call()).await?;
        }
        let response = chunks.response().await?;
        response.set_header(&format!("x-{}", seen.join("-")), "1")?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(Parts: OnRequest, RequestBody, Response, Callouts);

#[test]
fn what_came_while_a_part_was_held_is_shown_and_the_end_too() {
    let (stream, _) = Stream::begin::<Parts>(Notes::default());
    assert_eq!(stream.request_body("abc", false), BUFFER);
    assert_eq!(stream.request_body("abcde", true), BUFFER);
    stream.answer(1);
    assert_eq!(stream.host.take(), [""; 0]);
    // The second part is shown, and asks two more.
    stream.answer(2);
    stream.answer(3);
    assert_eq!(stream.host.take(), [""; 0]);
    stream.answer(4);
    assert_eq!(stream.host.take(), ["continue Request"]);
    assert_eq!(stream.response_headers(), CONTINUE);
    assert_eq!(stream.host.take(), ["ResponseHeaders x-abc-de"]);
}

#[test]
fn a_response_that_comes_early_is_held_until_it_is_asked_for() {
    let (stream, _) = Stream::begin::<Parts>(Notes::default());
    assert_eq!(stream.request_body("abc", true), BUFFER);
    assert_ne!(stream.response_headers(), CONTINUE);
    stream.answer(1);
    assert_eq!(stream.host.take(), [""; 0]);
    stream.answer(2);
    let done = stream.host.take();
    assert!(
        done.contains(&"ResponseHeaders x-abc".to_owned()),
        "{done:?}"
    );
    assert!(done.contains(&"continue Response".to_owned()), "{done:?}");
}
