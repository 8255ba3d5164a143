//! One HTTP stream: header maps, bodies, and where each filter of its chain stands with them.
//!
//! The fields mirror those of Envoy's filter manager and of its Wasm context, because what a hostcall may see follows
//! from exactly these flags and from nothing else (rules H1, U1, A1 to A5).

mod info;

use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use crate::abi::MapType;
use crate::host::chain::Chain;
use crate::host::filter_state::Prototypes;
use crate::host::header_map::HeaderMap;
use crate::host::reply::LocalReply;
use crate::host::worker::Placed;

pub(crate) use info::{Connection, ResponseFlags, StreamInfo, UpstreamInfo};

/// The state of one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) chain: Arc<Chain>,
    pub(crate) info: StreamInfo,
    came_as_grpc: bool,
    came_as_head: bool,
    pub(crate) request_headers: HeaderMap,
    pub(crate) request_trailers: Option<HeaderMap>,
    pub(crate) response_headers: Option<HeaderMap>,
    /// Those that a local reply took the place of. Filters that were shown them, and have not continued, still see them.
    replaced_headers: Option<HeaderMap>,
    pub(crate) response_trailers: Option<HeaderMap>,
    pub(crate) request: Flow,
    pub(crate) response: Flow,
    pub(crate) filters: Vec<Filter>,
    /// Whether the request headers came as far as the filters.
    pub(crate) parsed: bool,
    /// A local reply made inside a request callback; it is sent when the callback has returned (rule Y1).
    pub(crate) prepared_reply: Option<LocalReply>,
    /// Whether the response headers have left for the client.
    pub(crate) headers_sent: bool,
    /// Whether the proxy or a filter answered 400: Envoy takes the connection for broken then.
    pub(crate) bad_request: bool,
    /// Logged and forgotten by its filters; only the driver still reads it.
    pub(crate) finished: bool,
}

/// Towards the upstream, or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Request,
    Response,
}

/// One direction of a stream.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// Body bytes that some filter holds back.
    pub(crate) buffered: Option<Vec<u8>>,
    /// Body bytes on their way through the chain.
    pub(crate) chunk: Vec<u8>,
    /// Whether more than the limit is refused, as the last filter to hold bytes back wants it, or only not read (rule B1).
    pub(crate) refuses: bool,
    /// Whether the other end has sent all.
    pub(crate) complete: bool,
    /// Whether a local reply ended this direction from inside one of its callbacks.
    pub(crate) aborted: bool,
    /// Whether a callback of this direction is running.
    pub(crate) in_callback: bool,
    /// Whether the buffer has been over its limit since it was last below half of it.
    pub(crate) over_limit: bool,
}

/// Where the bytes of a data callback are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Chunk,
    Buffered,
}

/// One filter of the chain and its context.
#[derive(Debug)]
pub(crate) struct Filter {
    /// Whether 1 from its headers callbacks stops the headers only (rule A1).
    pub(crate) may_stop_headers: bool,
    /// Index of its VM on its worker; none when the VM had failed already and the plugin fails closed (rule T3).
    pub(crate) vm: Option<usize>,
    /// The context's id.
    pub(crate) context: u32,
    /// Whether `proxy_on_context_create` has run (rule L6).
    pub(crate) created: bool,
    pub(crate) request: Half,
    pub(crate) response: Half,
    /// Whether the last message of either direction ended it.
    pub(crate) end_of_stream: bool,
    /// Whether `proxy_on_log` is running, which sees other maps (rule H2).
    pub(crate) logging: bool,
    /// Whether `on_done` and `on_delete` have run: nothing belongs to this context any more.
    pub(crate) destroyed: bool,
    /// Whether its VM's failure was what it replied with; its response callbacks are passed over then (rule T1).
    pub(crate) failed: bool,
    /// What this context declared, to no effect (rule F4).
    pub(crate) prototypes: Prototypes,
}

/// One direction of one filter.
#[derive(Debug, Default)]
pub(crate) struct Half {
    pub(crate) iteration: Iteration,
    pub(crate) headers_continued: bool,
    pub(crate) from_current: bool,
    pub(crate) ended: bool,
    /// What the context can reach: maps and body are handed to it by a callback and taken away by Continue.
    pub(crate) headers: bool,
    pub(crate) trailers: bool,
    pub(crate) body: Option<Source>,
    pub(crate) buffering: bool,
}

/// Whether a filter lets messages pass to the next one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Iteration {
    #[default]
    Continue,
    StopSingle,
    StopAllBuffer,
    StopAllWatermark,
}

/// What responses say of who made them (`server`).
pub(crate) const SERVER_NAME: &str = "host-runner";

/// Headers of one connection, not of the message (RFC 9110 section 7.6.1).
const CONNECTION_HEADERS: [&[u8]; 5] = [
    b"connection",
    b"upgrade",
    b"transfer-encoding",
    b"keep-alive",
    b"proxy-connection",
];

// === impl Stream ===

impl Stream {
    pub(crate) fn new(chain: Arc<Chain>, info: StreamInfo, request_headers: HeaderMap) -> Self {
        Self {
            came_as_grpc: request_headers.is_grpc(),
            came_as_head: request_headers.get(b":method") == Some(b"HEAD"),
            chain,
            info,
            request_headers,
            request_trailers: None,
            response_headers: None,
            replaced_headers: None,
            response_trailers: None,
            request: Flow::default(),
            response: Flow::default(),
            filters: Vec::new(),
            parsed: true,
            prepared_reply: None,
            headers_sent: false,
            bad_request: false,
            finished: false,
        }
    }

    /// Makes the response headers what the client gets: with the proxy's own (rule H2).
    pub(crate) fn finish_response_headers(&mut self, now: SystemTime) {
        self.headers_sent = true;
        let unusable = !self.request.complete || self.bad_request;
        let closes = unusable && self.info.connection.protocol == "HTTP/1.1";
        if let Some(headers) = &mut self.response_headers {
            // What is about the upstream's connection ends here.
            for name in CONNECTION_HEADERS {
                headers.remove(name);
            }
            let date = Timestamp::try_from(now).unwrap_or_default();
            if headers.get(b"date").is_none()
                && let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&date)
            {
                headers.add(b"date", date.as_bytes());
            }
            headers.set(b"server", SERVER_NAME.as_bytes());
            // The rest of the request is not waited for.
            if closes {
                headers.replace(b"connection", b"close");
            }
            self.info.code = headers.status();
        }
    }

    pub(crate) fn flow(&mut self, direction: Direction) -> &mut Flow {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }

    /// Whether a filter holds body bytes of that direction back.
    pub(crate) fn holds(&self, direction: Direction) -> bool {
        let flow = match direction {
            Direction::Request => &self.request,
            Direction::Response => &self.response,
        };
        flow.buffered.is_some()
    }

    /// Whether what still comes in that direction is dropped: a reply was made inside one of its callbacks, or the
    /// response has come to its end, though a filter may hold it.
    pub(crate) fn is_over(&self, direction: Direction) -> bool {
        let aborted = match direction {
            Direction::Request => self.request.aborted,
            Direction::Response => self.response.aborted,
        };
        aborted || self.response.complete
    }

    pub(crate) fn trailers(&self, direction: Direction) -> Option<&HeaderMap> {
        match direction {
            Direction::Request => self.request_trailers.as_ref(),
            Direction::Response => self.response_trailers.as_ref(),
        }
    }

    pub(crate) fn half(&mut self, index: usize, direction: Direction) -> Option<&mut Half> {
        let filter = self.filters.get_mut(index)?;
        Some(filter.half(direction))
    }

    pub(crate) fn half_ref(&self, index: usize, direction: Direction) -> Option<&Half> {
        let filter = self.filters.get(index)?;
        Some(match direction {
            Direction::Request => &filter.request,
            Direction::Response => &filter.response,
        })
    }

    /// The filter at a position of the chain: first to last for requests, last to first for responses (rule L10).
    /// Its own inverse.
    pub(crate) fn index(&self, direction: Direction, position: usize) -> Option<usize> {
        let last = self.filters.len().checked_sub(1)?;
        match direction {
            _ if position > last => None,
            Direction::Request => Some(position),
            Direction::Response => Some(last - position),
        }
    }

    /// A map for reading (rules H1, H2). `Ok(None)`: none in the log stage, where that is no error.
    pub(crate) fn map(&self, index: usize, kind: MapType) -> Option<&HeaderMap> {
        let filter = self.filters.get(index)?;
        let (request, response) = (&filter.request, &filter.response);
        let logging = filter.logging;
        match kind {
            MapType::RequestHeaders if (logging && self.parsed) || request.headers => {
                Some(&self.request_headers)
            }
            MapType::ResponseHeaders if logging => self.response_headers.as_ref(),
            MapType::ResponseHeaders if response.headers => self.shown_headers(),
            MapType::RequestTrailers if !logging && request.trailers => {
                self.request_trailers.as_ref()
            }
            MapType::ResponseTrailers if logging || response.trailers => {
                self.response_trailers.as_ref()
            }
            _ => None,
        }
    }

    /// A map as properties read it: what the filter was shown comes before what the log is shown.
    pub(crate) fn property_map(&self, index: usize, kind: MapType) -> Option<&HeaderMap> {
        let shown = self.filters.get(index)?.response.headers;
        match kind {
            MapType::ResponseHeaders if shown => self.shown_headers(),
            kind => self.map(index, kind),
        }
    }

    fn shown_headers(&self) -> Option<&HeaderMap> {
        let replaced = self.replaced_headers.as_ref();
        replaced.or(self.response_headers.as_ref())
    }

    /// Makes these the response's headers.
    pub(crate) fn replace_response_headers(&mut self, headers: HeaderMap) {
        self.replaced_headers = self.response_headers.replace(headers);
    }

    /// A map for writing, and for its size. Trailers are made where the body callback of the last bytes asks for them
    /// (rule H14).
    pub(crate) fn map_mut(&mut self, index: usize, kind: MapType) -> Option<&mut HeaderMap> {
        let filter = self.filters.get_mut(index)?;
        let end = filter.end_of_stream;
        match kind {
            MapType::RequestHeaders if filter.request.headers => Some(&mut self.request_headers),
            MapType::ResponseHeaders if filter.response.headers => {
                let replaced = self.replaced_headers.as_mut();
                replaced.or(self.response_headers.as_mut())
            }
            MapType::RequestTrailers => {
                trailers(&mut filter.request, end, &mut self.request_trailers)
            }
            MapType::ResponseTrailers => {
                trailers(&mut filter.response, end, &mut self.response_trailers)
            }
            _ => None,
        }
    }

    /// The body that a context can reach in one direction (rules U1, U4).
    pub(crate) fn body_mut(&mut self, index: usize, direction: Direction) -> Option<&mut Vec<u8>> {
        let half = self.filters.get_mut(index)?.half(direction);
        let source = if half.buffering {
            Some(Source::Buffered)
        } else {
            half.body
        };
        let flow = self.flow(direction);
        match source? {
            Source::Chunk => Some(&mut flow.chunk),
            Source::Buffered => flow.buffered.as_mut(),
        }
    }

    /// Whether the request came as gRPC, whatever filters made of it (rule Y6): local replies then are trailers-only.
    pub(crate) fn is_grpc(&self) -> bool {
        self.came_as_grpc
    }

    /// Whether the request came as HEAD: a local reply to it has no body.
    pub(crate) fn is_head(&self) -> bool {
        self.came_as_head
    }
}

fn trailers<'a>(
    half: &mut Half,
    may_create: bool,
    trailers: &'a mut Option<HeaderMap>,
) -> Option<&'a mut HeaderMap> {
    if !half.trailers && half.body.is_some() && may_create {
        *trailers = Some(HeaderMap::default());
        half.trailers = true;
    }
    trailers.as_mut().filter(|_| half.trailers)
}

// === impl Filter ===

impl Filter {
    pub(super) fn new(placed: &Placed) -> Self {
        Self {
            may_stop_headers: placed.may_stop_headers,
            vm: placed.vm,
            context: placed.context,
            created: false,
            request: Half::default(),
            response: Half::default(),
            end_of_stream: false,
            logging: false,
            destroyed: false,
            failed: false,
            prototypes: Prototypes::default(),
        }
    }

    pub(crate) fn half(&mut self, direction: Direction) -> &mut Half {
        match direction {
            Direction::Request => &mut self.request,
            Direction::Response => &mut self.response,
        }
    }
}

// === impl Iteration ===

impl Iteration {
    pub(crate) fn stopped_all(self) -> bool {
        matches!(self, Self::StopAllBuffer | Self::StopAllWatermark)
    }
}
