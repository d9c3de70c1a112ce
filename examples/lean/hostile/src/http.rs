//! A small HTTP client for loopback addresses: one request a connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::target::HttpTarget;

/// The most bytes of an answer.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Returns the body of a successful answer to a GET request.
///
/// # Errors
///
/// Returns an error if the connection fails, the answer takes longer than `patience`, or its status
/// is not 200.
pub async fn get(target: HttpTarget, path: &str, patience: Duration) -> io::Result<Vec<u8>> {
    timeout(patience, exchange(target, path)).await?
}

async fn exchange(target: HttpTarget, path: &str) -> io::Result<Vec<u8>> {
    let mut socket = TcpStream::connect(target.socket()).await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", target.socket());
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.take(MOST_BYTES).read_to_end(&mut answer).await?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
    if !answer.starts_with(b"HTTP/1.1 200") {
        let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(io::Error::other(String::from_utf8_lossy(line).into_owned()));
    }
    Ok(answer.split_off(end + 4))
}
