//! The proxy in memory, as a native filter's hostcalls see it: which map and which body is alive when, what is held, what
//! is asked for.

use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::time::Duration;

use super::exchange::{Fault, LogLine, Received, Reply};
use crate::core::Headers;
use crate::core::headers::to_pairs;
use crate::current::Side;
use crate::hostcalls::{BufferType, Hostcalls, MapType, MetricType, RawCall, RawReply, StreamType};
use crate::status::Status;

/// The proxy, as hostcalls reach it.
pub(super) struct Proxy(RefCell<World>);

/// All there is.
#[derive(Default)]
pub(super) struct World {
    /// Nanoseconds since the Unix epoch.
    pub(super) now: u64,
    pub(super) configuration: Vec<u8>,
    /// Whether the plugin is being configured: only then it can read that (rule L5).
    pub(super) configuring: bool,
    pub(super) request: Message,
    pub(super) response: Message,
    /// Whether the stream's log callback runs, which sees all maps (rule H2).
    pub(super) logging: bool,
    /// Whether a stream's callback runs, or a root's that acts on the stream.
    pub(super) in_stream: bool,
    pub(super) stream: u32,
    pub(super) reply: Option<LocalReply>,
    pub(super) clusters: BTreeMap<String, Reply>,
    pub(super) calls: BTreeMap<u32, Pending>,
    pub(super) called: Vec<Received>,
    /// The answer whose callback runs (rule C4).
    pub(super) answer: Option<Answered>,
    /// How far ticks are apart, and when the next one comes: whatever else comes before it does not put it off.
    pub(super) tick: Option<(Duration, u64)>,
    pub(super) logs: Vec<LogLine>,
    pub(super) properties: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) shared: BTreeMap<Vec<u8>, (Vec<u8>, u32)>,
    pub(super) cas: u32,
    pub(super) metrics: Vec<(MetricType, Vec<u8>, u64)>,
    pub(super) tokens: u32,
}

/// One direction of the stream.
#[derive(Default)]
pub(super) struct Message {
    pub(super) headers: Pairs,
    /// Whether the filter can reach them: in their callback, and while it holds them (rule H1).
    pub(super) headers_alive: bool,
    pub(super) trailers: Pairs,
    pub(super) trailers_alive: bool,
    /// The body's buffer: what is held, or the piece that is shown.
    pub(super) body: Vec<u8>,
    pub(super) body_alive: bool,
    /// Whether it was asked to go on.
    pub(super) goes_on: bool,
}

/// A reply of the filter.
#[derive(Debug, Clone)]
pub(super) struct LocalReply {
    pub(super) status: u32,
    pub(super) headers: Pairs,
    pub(super) body: Vec<u8>,
}

/// A call that is not answered.
pub(super) struct Pending {
    /// When the answer comes, on the clock.
    pub(super) at: u64,
    pub(super) answer: Answered,
}

/// What a call is answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) headers: Pairs,
    pub(super) body: Vec<u8>,
}

/// A header.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// Headers in order.
pub(super) type Pairs = Vec<Pair>;

/// Apart from one token to the next (rule C1).
const STEP: u32 = 4;

const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "critical"];

// === impl Proxy ===

impl Proxy {
    pub(super) fn new(world: World) -> Self {
        Self(RefCell::new(world))
    }

    pub(super) fn world(&self) -> RefMut<'_, World> {
        self.0.borrow_mut()
    }
}

impl World {
    pub(super) fn side(&mut self, side: Side) -> &mut Message {
        match side {
            Side::Request => &mut self.request,
            Side::Response => &mut self.response,
        }
    }

    /// The next tick comes one period from now.
    pub(super) fn next_tick(&mut self) {
        if let Some((period, at)) = &mut self.tick {
            let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
            *at = self.now.saturating_add(period);
        }
    }

    // A map that can be read now.
    fn map(&mut self, map: MapType) -> Option<&mut Pairs> {
        let (logging, in_stream) = (self.logging, self.in_stream);
        let of = |message: &mut Message| (message.headers_alive, message.trailers_alive);
        match map {
            MapType::RequestHeaders if in_stream && (of(&mut self.request).0 || logging) => {
                Some(&mut self.request.headers)
            }
            MapType::ResponseHeaders if in_stream && (of(&mut self.response).0 || logging) => {
                Some(&mut self.response.headers)
            }
            MapType::RequestTrailers if in_stream && of(&mut self.request).1 => {
                Some(&mut self.request.trailers)
            }
            MapType::ResponseTrailers if in_stream && (of(&mut self.response).1 || logging) => {
                Some(&mut self.response.trailers)
            }
            MapType::HttpCallResponseHeaders => {
                self.answer.as_mut().map(|answer| &mut answer.headers)
            }
            _ => None,
        }
    }

    fn map_to_write(&mut self, map: MapType) -> Result<&mut Pairs, Status> {
        match self.logging {
            true => Err(Status::BAD_ARGUMENT),
            false => self.map(map).ok_or(Status::BAD_ARGUMENT),
        }
    }

    fn body(&mut self, buffer: BufferType) -> Option<&mut Vec<u8>> {
        let message = match buffer {
            BufferType::RequestBody => &mut self.request,
            BufferType::ResponseBody => &mut self.response,
            _ => return None,
        };
        (self.in_stream && message.body_alive).then_some(&mut message.body)
    }

    // Proxies answer in the callee's place when there is no answer (rule C3).
    fn answer(reply: &Reply, timeout: Duration) -> (Duration, Answered) {
        let is_late = reply.fault == Some(Fault::Silent) || reply.after >= timeout;
        let (after, status, body) = match reply.fault {
            _ if is_late => (timeout, 504, "upstream request timeout".to_owned()),
            Some(_) => (
                Duration::ZERO,
                503,
                "upstream connect error or disconnect/reset before headers".to_owned(),
            ),
            None => (reply.after, reply.status, reply.body.clone()),
        };
        let own = if reply.fault.is_none() && !is_late {
            reply.headers.as_slice()
        } else {
            &[]
        };
        let status = (b":status".to_vec(), status.to_string().into_bytes());
        let own = own.iter().map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            (name.into_bytes(), value.clone().into_bytes())
        });
        let headers = std::iter::once(status).chain(own).collect();
        let body = body.into_bytes();
        (after, Answered { headers, body })
    }
}

// `host` is `:authority` of a request (rule H3).
fn key(name: &[u8], map: MapType) -> Vec<u8> {
    match name.to_ascii_lowercase() {
        name if name == b"host" && map == MapType::RequestHeaders => b":authority".to_vec(),
        name => name,
    }
}

fn pairs(bytes: &[u8]) -> Pairs {
    let headers = Headers::from_pairs(bytes.to_vec()).unwrap_or_default();
    let owned = headers
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec()));
    owned.collect()
}

/// Headers as text.
pub(super) fn text(headers: &[Pair]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = headers.iter();
    headers
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// The first value of a header, as text.
pub(super) fn first(headers: &[Pair], name: &str) -> Option<String> {
    let mut headers = headers.iter();
    let found = headers.find(|(it, _)| it == name.as_bytes());
    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
}

impl Hostcalls for Proxy {
    fn log(&self, level: u32, message: &[u8]) -> Result<(), Status> {
        let level = LEVELS.get(level as usize).ok_or(Status::BAD_ARGUMENT)?;
        self.world().logs.push(LogLine {
            level: (*level).to_owned(),
            message: String::from_utf8_lossy(message).into_owned(),
        });
        Ok(())
    }

    fn get_log_level(&self) -> Result<u32, Status> {
        Ok(0)
    }

    fn get_current_time_nanoseconds(&self) -> Result<u64, Status> {
        Ok(self.world().now)
    }

    fn set_tick_period_milliseconds(&self, period: u32) -> Result<(), Status> {
        let period = Duration::from_millis(period.into());
        let mut world = self.world();
        world.tick = (!period.is_zero()).then_some((period, 0));
        world.next_tick();
        Ok(())
    }

    fn get_status(&self) -> Result<(u32, Vec<u8>), Status> {
        Ok((0, Vec::new()))
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        let world = self.world();
        let value = world.properties.get(path).cloned();
        value.ok_or(Status::NOT_FOUND)
    }

    fn set_property(&self, path: &[u8], value: &[u8]) -> Result<(), Status> {
        let mut world = self.world();
        if !world.in_stream {
            return Err(Status::NOT_FOUND);
        }
        world.properties.insert(path.to_vec(), value.to_vec());
        Ok(())
    }

    // A map that is not alive reads as no bytes (rule H1).
    fn get_header_map_pairs(&self, map: MapType) -> Result<Vec<u8>, Status> {
        let mut world = self.world();
        let Some(headers) = world.map(map).filter(|headers| !headers.is_empty()) else {
            return Ok(Vec::new());
        };
        let headers = headers.iter();
        Ok(to_pairs(
            headers.map(|(name, value)| (name.as_slice(), value.as_slice())),
        ))
    }

    fn set_header_map_pairs(&self, map: MapType, bytes: &[u8]) -> Result<(), Status> {
        *self.world().map_to_write(map)? = pairs(bytes);
        Ok(())
    }

    fn get_header_map_value(&self, map: MapType, name: &[u8]) -> Result<Vec<u8>, Status> {
        let mut world = self.world();
        let logging = world.logging;
        let Some(headers) = world.map(map) else {
            return Err(if logging {
                Status::NOT_FOUND
            } else {
                Status::BAD_ARGUMENT
            });
        };
        let name = key(name, map);
        let found = headers.iter().find(|(it, _)| *it == name);
        found
            .map(|(_, value)| value.clone())
            .ok_or(Status::NOT_FOUND)
    }

    fn add_header_map_value(&self, map: MapType, name: &[u8], value: &[u8]) -> Result<(), Status> {
        let mut world = self.world();
        let headers = world.map_to_write(map)?;
        headers.push((key(name, map), value.to_vec()));
        Ok(())
    }

    fn replace_header_map_value(
        &self,
        map: MapType,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), Status> {
        let mut world = self.world();
        let headers = world.map_to_write(map)?;
        let name = key(name, map);
        headers.retain(|(it, _)| *it != name);
        headers.push((name, value.to_vec()));
        Ok(())
    }

    fn remove_header_map_value(&self, map: MapType, name: &[u8]) -> Result<(), Status> {
        let name = key(name, map);
        let mut world = self.world();
        world.map_to_write(map)?.retain(|(it, _)| *it != name);
        Ok(())
    }

    // Beyond its end there is nothing, which is no error (rule U1).
    fn get_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
    ) -> Result<Vec<u8>, Status> {
        let mut world = self.world();
        let bytes = match buffer {
            BufferType::PluginConfiguration if world.configuring => &world.configuration,
            BufferType::PluginConfiguration => return Err(Status::NOT_FOUND),
            BufferType::HttpCallResponseBody => {
                &world.answer.as_ref().ok_or(Status::NOT_FOUND)?.body
            }
            buffer => match world.body(buffer) {
                Some(bytes) => &*bytes,
                None => return Ok(Vec::new()),
            },
        };
        let from = start.min(bytes.len());
        let to = from.saturating_add(size).min(bytes.len());
        Ok(bytes.get(from..to).unwrap_or_default().to_vec())
    }

    // At the front, or at the end (rule U2).
    fn set_buffer_bytes(
        &self,
        buffer: BufferType,
        start: usize,
        size: usize,
        bytes: &[u8],
    ) -> Result<(), Status> {
        let mut world = self.world();
        let body = world.body(buffer).ok_or(Status::BAD_ARGUMENT)?;
        match start {
            0 => {
                let drained = size.min(body.len());
                drop(body.splice(..drained, bytes.iter().copied()));
            }
            start if start >= body.len() => body.extend_from_slice(bytes),
            _ => return Err(Status::BAD_ARGUMENT),
        }
        Ok(())
    }

    fn continue_stream(&self, stream: StreamType) -> Result<(), Status> {
        let mut world = self.world();
        if world.in_stream {
            match stream {
                StreamType::Request => world.request.goes_on = true,
                StreamType::Response => world.response.goes_on = true,
                StreamType::Downstream | StreamType::Upstream => {}
            }
        }
        Ok(())
    }

    fn close_stream(&self, _: StreamType) -> Result<(), Status> {
        Ok(())
    }

    // The first one wins (rule Y1).
    fn send_local_response(&self, reply: RawReply<'_>) -> Result<(), Status> {
        let mut world = self.world();
        if world.in_stream && world.reply.is_none() {
            world.reply = Some(LocalReply {
                status: reply.status,
                headers: pairs(reply.headers),
                body: reply.body.to_vec(),
            });
        }
        Ok(())
    }

    fn http_call(&self, call: RawCall<'_>) -> Result<u32, Status> {
        let mut world = self.world();
        let cluster = String::from_utf8_lossy(call.cluster).into_owned();
        let reply = world.clusters.get(&cluster).cloned();
        let reply = reply.ok_or(Status::BAD_ARGUMENT)?;
        let headers = pairs(call.headers);
        let required = [":method", ":path", ":authority"].map(|name| first(&headers, name));
        let [Some(method), Some(path), Some(authority)] = required else {
            return Err(Status::BAD_ARGUMENT);
        };
        if reply.fault != Some(Fault::Refused) {
            let own = headers.iter().filter(|(name, _)| !name.starts_with(b":"));
            world.called.push(Received {
                cluster,
                method,
                path,
                authority,
                headers: text(&own.cloned().collect::<Vec<_>>()),
                body: String::from_utf8_lossy(call.body).into_owned(),
            });
        }
        let (after, answer) = World::answer(&reply, call.timeout);
        world.tokens += STEP;
        let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        let (token, at) = (world.tokens, world.now.saturating_add(after));
        world.calls.insert(token, Pending { at, answer });
        Ok(token)
    }

    fn define_metric(&self, kind: MetricType, name: &[u8]) -> Result<u32, Status> {
        let mut world = self.world();
        world.metrics.push((kind, name.to_vec(), 0));
        u32::try_from(world.metrics.len()).map_err(|_| Status::INTERNAL_FAILURE)
    }

    fn increment_metric(&self, id: u32, by: i64) -> Result<(), Status> {
        let mut world = self.world();
        let (_, _, value) = metric(&mut world, id)?;
        *value = value.saturating_add_signed(by);
        Ok(())
    }

    fn record_metric(&self, id: u32, to: u64) -> Result<(), Status> {
        let mut world = self.world();
        let (kind, _, value) = metric(&mut world, id)?;
        // A counter adds (rule Q4).
        *value = match kind {
            MetricType::Counter => value.saturating_add(to),
            MetricType::Gauge | MetricType::Histogram => to,
        };
        Ok(())
    }

    fn get_metric(&self, id: u32) -> Result<u64, Status> {
        let mut world = self.world();
        Ok(metric(&mut world, id)?.2)
    }

    fn get_shared_data(&self, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        let world = self.world();
        world.shared.get(key).cloned().ok_or(Status::NOT_FOUND)
    }

    // One counter for all keys; 0 asks nothing (rule Q3).
    fn set_shared_data(&self, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut world = self.world();
        let present = world.shared.get(key).map(|(_, cas)| *cas);
        if cas != 0 && present.is_some_and(|present| present != cas) {
            return Err(Status::CAS_MISMATCH);
        }
        world.cas += 1;
        let cas = world.cas;
        world.shared.insert(key.to_vec(), (value.to_vec(), cas));
        Ok(())
    }

    fn set_effective_context(&self, context: u32) -> Result<(), Status> {
        let mut world = self.world();
        match context {
            0 => Ok(()),
            context if context == world.stream => {
                world.in_stream = true;
                Ok(())
            }
            _ => Err(Status::BAD_ARGUMENT),
        }
    }

    fn call_foreign_function(&self, name: &[u8], _: &[u8]) -> Result<Vec<u8>, Status> {
        match name {
            b"clear_route_cache" => Ok(Vec::new()),
            _ => Err(Status::NOT_FOUND),
        }
    }
}

fn metric(world: &mut World, id: u32) -> Result<&mut (MetricType, Vec<u8>, u64), Status> {
    let index = (id as usize).checked_sub(1).ok_or(Status::NOT_FOUND)?;
    world.metrics.get_mut(index).ok_or(Status::NOT_FOUND)
}
