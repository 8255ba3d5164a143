//! The callbacks of a module, as functions of the filter's type: [`main!`](crate::main) exports those that are listed.

use crate::Plugin;
use crate::config::PluginConfig as _;
use crate::connection::Connection;
use crate::core::ConfigError;
use crate::current::{Event, Side};
use crate::exchange;
use crate::filter::{Filter, OnConnection, OnLog, OnRequest, OnResponse, OnStart};
use crate::flow::Flow;
use crate::hostcalls::{BufferType, Named as _, host};
use crate::log_entry::LogEntry;
use crate::message::Message;
use crate::reply::not_judged;
use crate::root::Root;
use crate::vm::Handler;
use crate::waker;
use crate::{call, grpc, queue, root, tcp, time, vm};

/// What a plugin is asked by: the exports of a module, as a native test calls them.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the specification's own names")]
pub struct Callbacks {
    pub context_create: Option<fn(u32, u32)>,
    pub configure: Option<fn(u32, u32) -> u32>,
    pub request_headers: Option<fn(u32, u32, u32) -> u32>,
    pub request_body: Option<fn(u32, u32, u32) -> u32>,
    pub request_trailers: Option<fn(u32, u32) -> u32>,
    pub response_headers: Option<fn(u32, u32, u32) -> u32>,
    pub response_body: Option<fn(u32, u32, u32) -> u32>,
    pub response_trailers: Option<fn(u32, u32) -> u32>,
    pub new_connection: Option<fn(u32) -> u32>,
    pub downstream_data: Option<fn(u32, u32, u32) -> u32>,
    pub upstream_data: Option<fn(u32, u32, u32) -> u32>,
    pub http_call_response: Option<HttpCallResponse>,
    pub grpc_receive: Option<fn(u32, u32, u32)>,
    pub grpc_close: Option<fn(u32, u32, u32)>,
    pub queue_ready: Option<fn(u32, u32)>,
    pub tick: Option<fn(u32)>,
    pub log: Option<fn(u32)>,
    pub delete: Option<fn(u32)>,
}

/// `proxy_on_http_call_response`: root context, token, headers, bytes of body, trailers.
pub type HttpCallResponse = fn(u32, u32, u32, u32, u32);

/// None of them.
pub const NO_CALLBACKS: Callbacks = Callbacks {
    context_create: None,
    configure: None,
    request_headers: None,
    request_body: None,
    request_trailers: None,
    response_headers: None,
    response_body: None,
    response_trailers: None,
    new_connection: None,
    downstream_data: None,
    upstream_data: None,
    http_call_response: None,
    grpc_receive: None,
    grpc_close: None,
    queue_ready: None,
    tick: None,
    log: None,
    delete: None,
};

/// Returned by a headers callback: the message is held, its body too (rule A1: 1 would let the body pass where the operator
/// has set `allow_on_headers_stop_iteration`).
const HOLD_HEADERS: u32 = 4;

/// Returned by a body callback: its bytes are held (rule A2).
const HOLD_BODY: u32 = 1;

/// Returned by a trailers callback: they are held (rule A3).
const HOLD_TRAILERS: u32 = 1;

/// `_initialize`
#[cfg(target_arch = "wasm32")]
pub fn initialize() {
    crate::wasm::construct();
    crate::logger::install();
}

/// `proxy_on_context_create`
pub fn context_create<F: Plugin>(context: u32, root: u32) {
    if root != 0 {
        F::plugins(|plugins| plugins.create(context, root, can_wait::<F>()));
    }
}

/// `proxy_on_configure`
#[must_use]
pub fn configure<F: Plugin>(root: u32, _: u32) -> u32 {
    match new_filter::<F>() {
        Ok(filter) => {
            F::plugins(|plugins| plugins.configure(root, filter));
            1
        }
        Err(error) => {
            log::error!("configuration rejected: {error}");
            0
        }
    }
}

/// `proxy_on_configure`, where there is a handler of the plugin's own.
#[must_use]
pub fn configure_and_start<F: OnStart + Plugin>(root: u32, size: u32) -> u32 {
    let accepted = configure::<F>(root, size);
    let Some(filter) = F::plugins(|plugins| plugins.configured(root)).filter(|_| accepted != 0)
    else {
        return accepted;
    };
    let handler = async move {
        if let Err(error) = filter.on_start(Root::new(root)).await {
            log::error!("the plugin's own handler has ended: {error}");
        }
        Flow::Continue
    };
    root::begin(root, F::plugins(|plugins| plugins.starts.house(handler)));
    settled(accepted)
}

/// `proxy_on_request_headers`
#[must_use]
pub fn request_headers<F: OnRequest + Plugin>(context: u32, _: u32, end: u32) -> u32 {
    let end = end != 0;
    let event = Event::Headers {
        side: Side::Request,
        end,
    };
    let Some(filter) = F::plugins(|plugins| plugins.filter_of(context)) else {
        return unconfigured();
    };
    let handler = async move {
        match filter.on_request(Message::new(context, end)).await {
            Ok(flow) => flow,
            Err(error) => filter.on_error(&error),
        }
    };
    if !can_wait::<F>() {
        return exchange::run(context, handler, event, HOLD_HEADERS);
    }
    let task = F::plugins(|plugins| plugins.requests.house(handler));
    settled(exchange::begin(
        (context, Handler::OfRequests),
        task,
        event,
        HOLD_HEADERS,
    ))
}

/// `proxy_on_response_headers`, where a handler of requests may wait for it.
#[must_use]
pub fn awaited_response_headers(context: u32, _: u32, end: u32) -> u32 {
    let event = Event::Headers {
        side: Side::Response,
        end: end != 0,
    };
    settled(exchange::deliver(context, event, HOLD_HEADERS))
}

/// `proxy_on_response_headers`, where there is a handler of responses. One that waits already goes before.
#[must_use]
pub fn response_headers<F: OnResponse + Plugin>(context: u32, count: u32, end: u32) -> u32 {
    if exchange::awaits_response(context) {
        return awaited_response_headers(context, count, end);
    }
    let end = end != 0;
    let event = Event::Headers {
        side: Side::Response,
        end,
    };
    let Some(filter) = F::plugins(|plugins| plugins.filter_of(context)) else {
        return unconfigured();
    };
    let handler = async move {
        match filter.on_response(Message::new(context, end)).await {
            Ok(flow) => flow,
            Err(error) => filter.on_error(&error),
        }
    };
    let task = F::plugins(|plugins| plugins.responses.house(handler));
    settled(exchange::begin(
        (context, Handler::OfResponses),
        task,
        event,
        HOLD_HEADERS,
    ))
}

/// `proxy_on_request_body`
#[must_use]
pub fn request_body(context: u32, size: u32, end: u32) -> u32 {
    body(context, Side::Request, (size, end))
}

/// `proxy_on_response_body`
#[must_use]
pub fn response_body(context: u32, size: u32, end: u32) -> u32 {
    body(context, Side::Response, (size, end))
}

/// `proxy_on_request_trailers`
#[must_use]
pub fn request_trailers(context: u32, _: u32) -> u32 {
    let side = Side::Request;
    settled(exchange::deliver(
        context,
        Event::Trailers { side },
        HOLD_TRAILERS,
    ))
}

/// `proxy_on_response_trailers`
#[must_use]
pub fn response_trailers(context: u32, _: u32) -> u32 {
    let side = Side::Response;
    settled(exchange::deliver(
        context,
        Event::Trailers { side },
        HOLD_TRAILERS,
    ))
}

/// `proxy_on_new_connection`
#[must_use]
pub fn new_connection<F: OnConnection + Plugin>(context: u32) -> u32 {
    let Some(filter) = F::plugins(|plugins| plugins.filter_of(context)) else {
        log::error!("the connection is closed, because the plugin was never configured");
        return tcp::close();
    };
    let handler = async move {
        match filter.on_connection(Connection::new(context)).await {
            Ok(passage) => passage.into(),
            Err(error) => filter.on_error(&error),
        }
    };
    let task = F::plugins(|plugins| plugins.connections.house(handler));
    settled(tcp::begin(context, task))
}

/// `proxy_on_downstream_data`
#[must_use]
pub fn downstream_data(context: u32, size: u32, end: u32) -> u32 {
    settled(tcp::deliver(
        context,
        body_event(Side::Request, (size, end)),
    ))
}

/// `proxy_on_upstream_data`
#[must_use]
pub fn upstream_data(context: u32, size: u32, end: u32) -> u32 {
    settled(tcp::deliver(
        context,
        body_event(Side::Response, (size, end)),
    ))
}

/// `proxy_on_log`
pub fn log<F: OnLog + Plugin>(context: u32) {
    let Some(filter) = F::plugins(|plugins| plugins.filter_of(context)) else {
        return;
    };
    if let Err(error) = filter.on_log(LogEntry::new()) {
        log::error!("the exchange was not logged: {error}");
    }
}

/// `proxy_on_delete`
pub fn delete<F: Plugin>(context: u32) {
    F::plugins(|plugins| plugins.delete(context));
    vm::with(|vm| vm.delete(context));
    settled(());
}

/// `proxy_on_http_call_response`
pub fn http_call_response(_: u32, token: u32, headers: u32, body: u32, trailers: u32) {
    call::answered(token, (headers, body, trailers));
    go_on();
}

/// `proxy_on_grpc_receive`
pub fn grpc_receive(_: u32, token: u32, size: u32) {
    grpc::received(token, size);
    go_on();
}

/// `proxy_on_grpc_close`
pub fn grpc_close(_: u32, token: u32, code: u32) {
    grpc::closed(token, code);
    go_on();
}

/// `proxy_on_queue_ready`
pub fn queue_ready(_: u32, token: u32) {
    queue::ready(token);
    go_on();
}

/// `proxy_on_tick`
pub fn tick(_: u32) {
    time::tick();
    go_on();
}

fn body(context: u32, side: Side, size: (u32, u32)) -> u32 {
    settled(exchange::deliver(
        context,
        body_event(side, size),
        HOLD_BODY,
    ))
}

fn body_event(side: Side, (size, end): (u32, u32)) -> Event {
    Event::Body {
        side,
        seen: 0,
        size: size as usize,
        end: end != 0,
    }
}

fn new_filter<F: Filter>() -> Result<F, ConfigError> {
    let bytes = host().get_buffer_bytes(BufferType::PluginConfiguration, 0, u32::MAX as usize);
    let bytes = bytes.found("get_buffer_bytes", b"plugin configuration");
    let bytes = bytes.map_err(|error| ConfigError::new("", error.to_string()))?;
    F::new(F::Config::read(&bytes.unwrap_or_default())?)
}

// Whether anything is listed that a handler can wait for, or other callbacks: then its module hears of the end of streams.
const fn can_wait<F: Plugin>() -> bool {
    F::CALLBACKS.delete.is_some()
}

// A host that starts streams before it has configured the plugin: nothing can be judged.
fn unconfigured() -> u32 {
    log::error!("the message is denied, because the plugin was never configured");
    let reply = not_judged(500, "meshwright_not_configured");
    exchange::conclude(Flow::Reply(reply), HOLD_HEADERS)
}

// After a callback of a stream has done its own. Whoever it has woken goes on in a callback of the root: a host takes a
// reply for another stream, or one that goes on, for this one's.
fn settled<T>(result: T) -> T {
    if waker::is_anybody_woken() {
        time::soon();
    }
    vm::with(vm::Vm::settle);
    result
}

/// Handlers that were woken are polled, and those that these wake, in a callback of the root.
pub(crate) fn go_on() {
    // One that wakes itself for ever must not stop the worker: it goes on in the next callback.
    for _ in 0..ROUNDS {
        let woken = waker::take_woken();
        if woken.is_empty() {
            break;
        }
        for context in woken {
            exchange::resume(context);
            tcp::resume(context);
            root::resume(context);
        }
        // What follows in this callback is its own again.
        let _ = host().set_effective_context(0);
    }
    settled(());
}

/// How often handlers can wake one another in one callback.
const ROUNDS: usize = 100;
