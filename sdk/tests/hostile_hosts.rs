//! Hosts that no proxy should be: header maps of random bytes, and callbacks within hostcalls. No handler panics, and what
//! could not be judged does not pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use meshwright::__private::install;
use meshwright::hostcalls::{BufferType, Hostcalls, MapType, RawCall, RawReply};
use meshwright::{Plugin, Status, prelude::*};

const ROOT: u32 = 1;
const CONTINUE: u32 = 0;

/// Reads all that there is, by every way that there is.
struct Reader;

impl Filter for Reader {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Reader {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let head = request.head()?;
        let size: usize = head
            .headers()
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        let parts = [head.path(), head.query(), head.authority(), head.method()];
        let read = parts.into_iter().flatten().map(<[u8]>::len).sum::<usize>();
        let agent = request.header("user-agent")?.unwrap_or_default();
        request.set_header("x-size", (size + read + agent.len()).to_string())?;
        request.add_header("x-agent", &agent)?;
        Ok(Flow::Continue)
    }
}

meshwright::main!(Reader: OnRequest);

/// A host whose header map is whatever it has.
#[derive(Default)]
struct Bytes {
    pairs: RefCell<Vec<u8>>,
    replied: Cell<bool>,
}

impl Hostcalls for Bytes {
    fn get_buffer_bytes(&self, _: BufferType, _: usize, _: usize) -> Result<Vec<u8>, Status> {
        Ok(Vec::new())
    }

    fn get_header_map_pairs(&self, _: MapType) -> Result<Vec<u8>, Status> {
        Ok(self.pairs.borrow().clone())
    }

    fn get_header_map_value(&self, _: MapType, _: &[u8]) -> Result<Vec<u8>, Status> {
        Ok(self.pairs.borrow().clone())
    }

    fn replace_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Ok(())
    }

    fn add_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Ok(())
    }

    fn send_local_response(&self, _: RawReply<'_>) -> Result<(), Status> {
        self.replied.set(true);
        Ok(())
    }
}

#[test]
fn a_million_random_header_maps_pass_or_are_denied() {
    let host = Rc::new(Bytes::default());
    install(Rc::clone(&host) as Rc<_>);
    let callbacks = Reader::CALLBACKS;
    assert_eq!(callbacks.configure.unwrap()(ROOT, 0), 1);
    let mut random = Rng::with_seed(1);
    let (mut passed, mut denied) = (0, 0);
    for context in 2..1_000_002 {
        host.pairs.replace(pairs(&mut random));
        host.replied.set(false);
        callbacks.context_create.unwrap()(context, ROOT);
        let action = callbacks.request_headers.unwrap()(context, 0, 1);
        assert_eq!(action == CONTINUE, !host.replied.get());
        match action {
            CONTINUE => passed += 1,
            _ => denied += 1,
        }
    }
    // Otherwise it would show nothing.
    assert!(
        passed > 10_000 && denied > 10_000,
        "{passed} passed, {denied} denied"
    );
}

// A list of headers with any bytes, often damaged.
fn pairs(random: &mut Rng) -> Vec<u8> {
    let bytes = |random: &mut Rng| {
        let size = random.usize(..12);
        (0..size).map(|_| random.u8(..)).collect::<Vec<u8>>()
    };
    let headers: Vec<(Vec<u8>, Vec<u8>)> = (0..random.usize(..6))
        .map(|_| (bytes(random), bytes(random)))
        .collect();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_slice()));
    let mut pairs = meshwright::core::headers::to_pairs(headers);
    match random.u8(..4) {
        0 => pairs.truncate(random.usize(..=pairs.len())),
        1 => {
            let (at, byte) = (random.usize(..pairs.len()), random.u8(..));
            if let Some(place) = pairs.get_mut(at) {
                *place = byte;
            }
        }
        _ => {}
    }
    pairs
}

/// Asks, and denies whatever the answer is.
struct Asker;

impl Filter for Asker {
    type Config = NoConfig;

    fn new(_: NoConfig) -> Result<Self, ConfigError> {
        Ok(Self)
    }
}

impl OnRequest for Asker {
    async fn on_request(&self, request: Request<Self>) -> Result<Flow, Error> {
        let call = Call::get("auth", "/").timeout(Duration::from_secs(1));
        let answer = request.call(call).await?;
        Ok(Flow::reply(answer.status(), "no"))
    }
}

impl OnResponse for Asker {
    async fn on_response(&self, response: Response<Self>) -> Result<Flow, Error> {
        response.set_header("x-seen", "1")?;
        Ok(Flow::Continue)
    }
}

impl OnLog for Asker {
    fn on_log(&self, entry: LogEntry<Self>) -> Result<(), Error> {
        entry.status().map(drop)
    }
}

/// A host that runs callbacks within hostcalls, as APISIX does: the response's, the log's and the end, all of them while a
/// reply is being sent, and the answer of a call while it is made.
#[derive(Default)]
struct ReEntrant {
    answers_at_once: bool,
    entered: Cell<u32>,
    stream: Cell<u32>,
}

const TOKEN: u32 = 4;

impl Hostcalls for ReEntrant {
    fn get_buffer_bytes(&self, _: BufferType, _: usize, _: usize) -> Result<Vec<u8>, Status> {
        Ok(Vec::new())
    }

    fn get_header_map_pairs(&self, _: MapType) -> Result<Vec<u8>, Status> {
        let headers = [(&b":status"[..], &b"403"[..])];
        Ok(meshwright::core::headers::to_pairs(headers.into_iter()))
    }

    fn get_header_map_value(&self, _: MapType, _: &[u8]) -> Result<Vec<u8>, Status> {
        Ok(b"403".to_vec())
    }

    fn replace_header_map_value(&self, _: MapType, _: &[u8], _: &[u8]) -> Result<(), Status> {
        Ok(())
    }

    fn set_effective_context(&self, _: u32) -> Result<(), Status> {
        Ok(())
    }

    fn http_call(&self, _: RawCall<'_>) -> Result<u32, Status> {
        if self.answers_at_once {
            Asker::CALLBACKS.http_call_response.unwrap()(ROOT, TOKEN, 1, 0, 0);
        }
        Ok(TOKEN)
    }

    fn send_local_response(&self, _: RawReply<'_>) -> Result<(), Status> {
        self.entered.set(self.entered.get() + 1);
        let (callbacks, stream) = (Asker::CALLBACKS, self.stream.get());
        callbacks.response_headers.unwrap()(stream, 1, 1);
        callbacks.log.unwrap()(stream);
        callbacks.delete.unwrap()(stream);
        Ok(())
    }
}

fn ask(host: ReEntrant, streams: u32) -> Rc<ReEntrant> {
    let host = Rc::new(host);
    install(Rc::clone(&host) as Rc<_>);
    let callbacks = Asker::CALLBACKS;
    assert_eq!(callbacks.configure.unwrap()(ROOT, 0), 1);
    for stream in 2..2 + streams {
        host.stream.set(stream);
        callbacks.context_create.unwrap()(stream, ROOT);
        assert_ne!(callbacks.request_headers.unwrap()(stream, 1, 1), CONTINUE);
        callbacks.http_call_response.unwrap()(ROOT, TOKEN, 1, 0, 0);
    }
    host
}

#[test]
fn callbacks_within_a_local_reply_find_nothing_borrowed() {
    let host = ask(ReEntrant::default(), 100);
    assert_eq!(host.entered.get(), 100);
}

#[test]
fn an_answer_within_the_call_itself_is_nobodys() {
    let host = ReEntrant {
        answers_at_once: true,
        ..ReEntrant::default()
    };
    assert_eq!(ask(host, 100).entered.get(), 100);
}

meshwright::main!(Asker: OnRequest, OnResponse, OnLog, Callouts);
