//! A client for arbitrary bytes, including bytes no HTTP client would send.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use crate::api::tests::ENOUGH;

/// A parsed answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status line without the version, such as `404 Not Found`.
    pub(super) status: String,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("it is text")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }
}

/// Connects with a timeout for reads.
pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the API listens");
    stream.set_read_timeout(Some(ENOUGH)).expect("a socket takes a timeout");
    stream
}

/// Sends a request and reads its answer. The connection stays open unless the server closes it.
pub(super) fn ask(stream: &mut TcpStream, request: &str) -> Answer {
    stream.write_all(request.as_bytes()).expect("the server reads");
    read_answer(stream, request.starts_with("HEAD"))
}

/// Sends a GET request on a new connection.
pub(super) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(
        &mut connect(address),
        &format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n"),
    )
}

/// Sends a POST request on a new connection.
pub(super) fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    ask(&mut connect(address), &format!("{head}{body}"))
}

/// Reads one answer and none of the bytes after it; for this, the head is read byte by byte.
pub(super) fn read_answer(stream: &mut TcpStream, is_head: bool) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer comes in time");
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).expect("a head is text");
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .expect("a status line")
        .to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    let length =
        answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
    answer.body = vec![0; if is_head { 0 } else { length }];
    stream.read_exact(&mut answer.body).expect("the body is as long as was said");
    answer
}

/// Reads until the server closes or resets the connection.
pub(super) fn read_to_close(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return rest,
            Ok(n) => rest.extend_from_slice(&chunk[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return rest,
            Err(error) => panic!("the server should have closed the connection by now: {error}"),
        }
    }
}
