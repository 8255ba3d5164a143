//! The cheapest upstream there is: it answers each request at once, and looks only for where it ends.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// With this argument this program is the upstream.
pub(crate) const ARGUMENT: &str = "upstream";

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\n\r\nhello, world";

/// Serves until it is ended; its address is its first line.
pub(crate) fn serve() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        println!("{}", listener.local_addr()?);
        std::io::stdout().flush()?;
        loop {
            let (stream, _) = listener.accept().await.context("cannot accept")?;
            tokio::spawn(answer(stream));
        }
    })
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await? > 0 {
        // The load has no bodies and does not pipeline.
        if read.ends_with(b"\r\n\r\n") {
            read.clear();
            stream.write_all(ANSWER).await?;
        }
    }
    Ok(())
}
