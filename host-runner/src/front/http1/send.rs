//! Bodies on their way to a connection.

use std::io;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use tokio::net::TcpStream;

use super::encode::Framing;
use super::wire::{self, READ_LIMIT};
use crate::front::body::{Body, Cut};

/// Writes what there is in `out`, and a body; whether that was all of it.
pub(super) async fn body(
    stream: &TcpStream,
    mut body: Body,
    framing: Framing,
    mut out: Vec<u8>,
) -> io::Result<bool> {
    let mut trailed = false;
    loop {
        let frame = match ready_frame(&mut body).await {
            Some(frame) => frame,
            None => {
                wire::write(stream, &out).await?;
                out.clear();
                body.frame().await
            }
        };
        match frame {
            Some(Ok(frame)) => {
                trailed |= frame.is_trailers();
                framing.frame(frame, &mut out);
            }
            Some(Err(_)) => {
                wire::write(stream, &out).await?;
                return Ok(false);
            }
            None => break,
        }
        if out.len() >= READ_LIMIT {
            wire::write(stream, &out).await?;
            out.clear();
        }
    }
    if !trailed {
        framing.end(&mut out);
    }
    wire::write(stream, &out).await?;
    Ok(true)
}

// The next frame if there is one already.
async fn ready_frame(body: &mut Body) -> Option<Option<Result<Frame<Bytes>, Cut>>> {
    tokio::select! {
        biased;
        frame = body.frame() => Some(frame),
        () = std::future::ready(()) => None,
    }
}
