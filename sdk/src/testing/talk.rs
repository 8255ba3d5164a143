//! What a client and an upstream say to one another over TCP, and what came of it.

use serde::Deserialize;

use super::exchange::{LogLine, Received};
#[cfg(not(target_arch = "wasm32"))]
use super::native::{PATIENCE, ROOT, Run};
#[cfg(not(target_arch = "wasm32"))]
use super::world::nanoseconds;
#[cfg(not(target_arch = "wasm32"))]
use crate::connection::Peer;

/// What a client and an upstream say on one connection: the upstream its greeting, the client its pieces, after which it
/// ends its side; then the upstream its answer, after which it closes.
#[must_use = "nothing is said until it is given to `talk`"]
#[derive(Debug, Clone, Default)]
pub struct Talk {
    pub(super) greeting: Vec<u8>,
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) answer: Vec<u8>,
}

/// What came of a connection.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Conversation {
    /// What the client received before its connection was closed.
    pub client: Vec<u8>,
    /// What the upstream received; `None` when it was never connected to.
    pub upstream: Option<Vec<u8>>,
    /// The calls of the filter that reached a cluster.
    pub calls: Vec<Received>,
    /// What the filter logged.
    pub logs: Vec<LogLine>,
}

/// What callbacks return: go on.
#[cfg(not(target_arch = "wasm32"))]
const CONTINUE: u32 = 0;

// === impl Talk ===

impl Talk {
    /// A client that says this.
    pub fn new(piece: impl Into<Vec<u8>>) -> Self {
        Self::default().then(piece)
    }

    /// And then that; over real sockets the two may come as one.
    pub fn then(mut self, piece: impl Into<Vec<u8>>) -> Self {
        self.pieces.push(piece.into());
        self
    }

    /// With an upstream that speaks first, and says this.
    pub fn greeting(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.greeting = bytes.into();
        self
    }

    /// With an upstream that answers this when the client has ended.
    pub fn answer(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.answer = bytes.into();
        self
    }
}

// === impl Conversation ===

impl Conversation {
    /// What the upstream received, as text.
    ///
    /// # Panics
    /// When it was never connected to.
    #[must_use]
    #[expect(clippy::panic, reason = "a test fails by it")]
    pub fn upstream(&self) -> String {
        match &self.upstream {
            Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            None => panic!("the upstream was never connected to: {self:#?}"),
        }
    }

    /// Whether a line with that text in it was logged.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        self.logs.iter().any(|line| line.message.contains(text))
    }
}

// === impl Run ===

#[cfg(not(target_arch = "wasm32"))]
impl Run<'_> {
    pub(super) fn talk(&self, context: u32, talk: &Talk) -> Result<Conversation, String> {
        self.proxy.world().stream = context;
        if let Some(create) = self.callbacks.context_create {
            create(context, ROOT);
        }
        let mut conversation = Conversation::default();
        self.pass_all(context, talk, &mut conversation)?;
        self.end(context);
        let mut world = self.proxy.world();
        conversation.calls = std::mem::take(&mut world.called);
        conversation.logs = std::mem::take(&mut world.logs);
        Ok(conversation)
    }

    fn pass_all(
        &self,
        context: u32,
        talk: &Talk,
        conversation: &mut Conversation,
    ) -> Result<(), String> {
        self.proxy.world().in_stream = true;
        let connect = self.callbacks.new_connection;
        let action = connect.map_or(CONTINUE, |connect| connect(context));
        if !self.wait_for_client(action == CONTINUE)? {
            return Ok(());
        }
        let mut received = Vec::new();
        conversation.upstream = Some(Vec::new());
        if !talk.greeting.is_empty() {
            self.says(context, Peer::Upstream, (&talk.greeting, false));
            received.append(&mut self.passed(Peer::Upstream));
        }
        let pieces = talk.pieces.iter().map(|piece| (piece.as_slice(), false));
        for (piece, end) in pieces.chain([(&b""[..], true)]) {
            let passes = self.says(context, Peer::Downstream, (piece, end));
            if end && !self.wait_for_client(passes)? {
                break;
            }
            if let Some(upstream) = &mut conversation.upstream {
                upstream.append(&mut self.passed(Peer::Downstream));
            }
        }
        if !self.proxy.world().connection.is_closed {
            self.says(context, Peer::Upstream, (&talk.answer, false));
            received.append(&mut self.passed(Peer::Upstream));
            self.says(context, Peer::Upstream, (b"", true));
            received.append(&mut self.passed(Peer::Upstream));
        }
        conversation.client = received;
        Ok(())
    }

    // Bytes of a peer, shown with those that are held; whether they pass.
    fn says(&self, context: u32, peer: Peer, (bytes, end): (&[u8], bool)) -> bool {
        let callback = match peer {
            Peer::Downstream => self.callbacks.downstream_data,
            Peer::Upstream => self.callbacks.upstream_data,
        };
        let size = {
            let mut world = self.proxy.world();
            if world.connection.is_closed {
                return false;
            }
            let waiting = world.connection.of(peer);
            waiting.is_reached = true;
            waiting.bytes.extend_from_slice(bytes);
            waiting.bytes.len()
        };
        if size == 0 && !end {
            return true;
        }
        let passes = self.call(callback, (context, size, end)) == CONTINUE;
        self.proxy.world().connection.of(peer).is_reached = !passes;
        passes
    }

    // What has passed the filter of a peer's bytes.
    fn passed(&self, peer: Peer) -> Vec<u8> {
        let mut world = self.proxy.world();
        let is_closed = world.connection.is_closed;
        let waiting = world.connection.of(peer);
        match waiting.is_reached || is_closed {
            true => Vec::new(),
            false => std::mem::take(&mut waiting.bytes),
        }
    }

    // Until the client's bytes are let go; not when the connection is closed.
    fn wait_for_client(&self, passes: bool) -> Result<bool, String> {
        let limit = self.proxy.world().now.saturating_add(nanoseconds(PATIENCE));
        loop {
            let mut world = self.proxy.world();
            world.in_stream = false;
            if world.connection.is_closed {
                return Ok(false);
            }
            if std::mem::take(&mut world.connection.goes_on) || passes {
                world.connection.client.is_reached = false;
                return Ok(true);
            }
            drop(world);
            if !self.step(limit) {
                let logs = &self.proxy.world().logs;
                return Err(format!("the connection is held for ever: {logs:#?}"));
            }
        }
    }
}
