//! Load over HTTP/2: two connections with 16 requests in flight each.

use std::iter::StepBy;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const CONNECTIONS: usize = 2;
const IN_FLIGHT: usize = 16;

/// Open connections to one listener.
#[derive(Debug)]
pub(crate) struct Load {
    connections: Vec<SendRequest<Empty<Bytes>>>,
    sent: usize,
}

// === impl Load ===

impl Load {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            let (sender, connection) =
                handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            connections.push(sender);
        }
        Ok(Self {
            connections,
            sent: 0,
        })
    }

    /// Sends that many requests and waits for all answers, each of which must be 200.
    pub(crate) async fn send(
        &mut self,
        requests: usize,
        tokens: &Arc<[String]>,
    ) -> anyhow::Result<()> {
        let mut lanes = JoinSet::new();
        let count = CONNECTIONS * IN_FLIGHT;
        let first = self.sent;
        self.sent += requests.next_multiple_of(count);
        for lane in 0..count {
            // In turn, so that all tokens come before one comes again.
            let numbers = (first + lane..self.sent).step_by(count);
            let connection = self.connections.get(lane % CONNECTIONS);
            let connection = connection.context("a connection")?.clone();
            lanes.spawn(send_in_turn(connection, numbers, Arc::clone(tokens)));
        }
        while let Some(lane) = lanes.join_next().await {
            lane??;
        }
        Ok(())
    }
}

async fn send_in_turn(
    mut connection: SendRequest<Empty<Bytes>>,
    numbers: StepBy<Range<usize>>,
    tokens: Arc<[String]>,
) -> anyhow::Result<()> {
    for number in numbers {
        let token = tokens.get(number % tokens.len().max(1));
        connection.ready().await?;
        let response = connection
            .send_request(request(token.map_or("", String::as_str))?)
            .await?;
        anyhow::ensure!(
            response.status() == 200,
            "expected 200, got {}",
            response.status()
        );
        response.into_body().collect().await?;
    }
    Ok(())
}

// What a browser behind a gateway sends, more or less.
fn request(token: &str) -> anyhow::Result<Request<Empty<Bytes>>> {
    let request = Request::get("http://reviews/reviews/0?page=2")
        .header("authorization", format!("Bearer {token}"))
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header("accept", "application/json, text/plain, */*")
        .header("accept-language", "en-US,en;q=0.5")
        .header("cookie", "session=4f6b1c0e9d8a7b6c5d4e3f2a1b0c9d8e")
        .header("end-user", "jason")
        .header("x-client-version", "3.14.1");
    request.body(Empty::new()).context("a valid request")
}
