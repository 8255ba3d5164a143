//! The proxy in memory, as a native filter's hostcalls see it.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::time::Duration;

use super::exchange::{Fault, LogLine, Received};
use super::native::ROOT;
use super::properties;
use super::reply::LocalReply;
use super::world::{Brought, Line, World, first, key, metric, pairs, text};
use crate::core::headers::to_pairs;
use crate::hostcalls::{
    BufferType, Hostcalls, MapType, MetricType, RawCall, RawGrpc, RawReply, StreamType,
};
use crate::status::Status;

/// The proxy, as hostcalls reach it.
pub(super) struct Proxy(RefCell<World>);

/// The low bits of tokens (rule C1).
const HTTP_CALL: u32 = 0;
const GRPC_CALL: u32 = 1;
const GRPC_STREAM: u32 = 2;

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
        Ok(match &self.world().brought {
            Some(Brought::End(code, text)) => (*code, text.clone().into_bytes()),
            _ => (0, Vec::new()),
        })
    }

    fn get_property(&self, path: &[u8]) -> Result<Vec<u8>, Status> {
        properties::get(&mut self.world(), path)
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
            BufferType::HttpCallResponseBody => match &world.brought {
                Some(Brought::Answer(answer)) => &answer.body,
                _ => return Err(Status::NOT_FOUND),
            },
            BufferType::GrpcMessage => match &world.brought {
                Some(Brought::Message(message)) => message,
                _ => return Ok(Vec::new()),
            },
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
                StreamType::Downstream => world.connection.goes_on = true,
                StreamType::Upstream => {}
            }
        }
        Ok(())
    }

    fn close_stream(&self, stream: StreamType) -> Result<(), Status> {
        let mut world = self.world();
        if world.in_stream && stream == StreamType::Downstream {
            world.connection.is_closed = true;
        }
        Ok(())
    }

    // The first one wins (rule Y1).
    fn send_local_response(&self, reply: RawReply<'_>) -> Result<(), Status> {
        let mut world = self.world();
        if world.in_stream && world.reply.is_none() {
            world.reply = Some(LocalReply::new(reply));
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
                messages: Vec::new(),
            });
        }
        let (after, answer) = World::answer(&reply, call.timeout);
        let token = world.token(HTTP_CALL);
        world.bring(after, token, Brought::Answer(answer));
        Ok(token)
    }

    fn grpc_call(&self, to: RawGrpc<'_>, message: &[u8], timeout: Duration) -> Result<u32, Status> {
        let mut world = self.world();
        let reply = world.grpc(to, vec![message.to_vec()])?;
        let token = world.token(GRPC_CALL);
        // Of a call that ends well, the message is all that is told.
        let only = reply.grpc.as_ref().filter(|answer| answer.code == 0);
        match only.and_then(|answer| answer.messages.first()) {
            Some(message) if reply.fault.is_none() && reply.after < timeout => {
                world.bring(reply.after, token, Brought::Message(message.clone()));
            }
            _ => world.bring_grpc(token, &reply, Some(timeout)),
        }
        Ok(token)
    }

    fn grpc_stream(&self, to: RawGrpc<'_>) -> Result<u32, Status> {
        let mut world = self.world();
        let index = world.called.len();
        let reply = world.grpc(to, Vec::new())?;
        let token = world.token(GRPC_STREAM);
        world.lines.insert(token, Line { reply, index });
        Ok(token)
    }

    fn grpc_send(&self, token: u32, message: &[u8], end: bool) -> Result<(), Status> {
        let mut world = self.world();
        let line = world.lines.get(&token).ok_or(Status::NOT_FOUND)?;
        let index = line.index;
        if let Some(called) = world.called.get_mut(index) {
            called.messages.push(message.to_vec());
        }
        drop(world);
        match end {
            true => self.grpc_close(token),
            false => Ok(()),
        }
    }

    fn grpc_close(&self, token: u32) -> Result<(), Status> {
        let mut world = self.world();
        if let Some(line) = world.lines.remove(&token) {
            world.bring_grpc(token, &line.reply, None);
        }
        Ok(())
    }

    fn grpc_cancel(&self, token: u32) -> Result<(), Status> {
        let mut world = self.world();
        world.lines.remove(&token);
        world.events.retain(|_, event| event.token != token);
        Ok(())
    }

    fn register_shared_queue(&self, name: &[u8]) -> Result<u32, Status> {
        let mut world = self.world();
        let known = world.queues.iter().position(|(known, _)| known == name);
        let index = known.unwrap_or_else(|| {
            world.queues.push((name.to_vec(), VecDeque::new()));
            world.queues.len() - 1
        });
        u32::try_from(index + 1).map_err(|_| Status::INTERNAL_FAILURE)
    }

    // There is one VM, whatever it is called.
    fn resolve_shared_queue(&self, _: &[u8], name: &[u8]) -> Result<u32, Status> {
        let world = self.world();
        let known = world.queues.iter().position(|(known, _)| known == name);
        let index = known.ok_or(Status::NOT_FOUND)?;
        u32::try_from(index + 1).map_err(|_| Status::INTERNAL_FAILURE)
    }

    // One callback for each item, even when it has been taken meanwhile (rule Q2).
    fn enqueue_shared_queue(&self, token: u32, item: &[u8]) -> Result<(), Status> {
        let mut world = self.world();
        world.queue(token)?.push_back(item.to_vec());
        world.bring(Duration::ZERO, token, Brought::Item);
        Ok(())
    }

    fn dequeue_shared_queue(&self, token: u32) -> Result<Vec<u8>, Status> {
        let mut world = self.world();
        world.queue(token)?.pop_front().ok_or(Status::EMPTY)
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
            ROOT => {
                world.in_stream = false;
                Ok(())
            }
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
