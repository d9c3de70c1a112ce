//! A stream of events among clients that keep their connections in every wrong way.

use std::io::Write as _;
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::api::Limits;
use crate::api::tests::client::{connect, get, post, read_to_close};
use crate::api::tests::stream_client::{Events, REQUEST, quick};
use crate::api::tests::{ENOUGH, Served};
use crate::events::Event;
use network::Rate;

/// Opens a connection that no honest client keeps.
fn wrong(address: SocketAddr, kind: usize) -> TcpStream {
    let mut stream = connect(address);
    let sent = match kind {
        // Silent.
        0 => Ok(()),
        1 => stream.write_all(b"GET /events HTTP/1.1\r\nhost: no"),
        // A head larger than its bound, of which the end never comes.
        2 => stream.write_all(
            format!("{}x: {}", &REQUEST[..REQUEST.len() - 2], "a".repeat(20_000)).as_bytes(),
        ),
        // Requests behind a stream, and no reading.
        3 => stream.write_all(REQUEST.repeat(200).as_bytes()),
        // The client will send nothing more.
        4 => stream.write_all(REQUEST.as_bytes()).and_then(|()| stream.shutdown(Shutdown::Write)),
        _ => stream
            .write_all(b"POST /events HTTP/1.1\r\nhost: node\r\ncontent-length: 9999999\r\n\r\n"),
    };
    // The server may have closed the connection before the client has written everything.
    drop(sent);
    stream
}

/// Changes the role of the node, and waits until the stream has the change.
fn change(served: &Served, events: &mut Events, is_aggregator: bool) {
    let body = format!(r#"{{"enabled":{is_aggregator}}}"#);
    assert_eq!(post(served.address(), "/lean/v0/admin/aggregator", &body).status, "200 OK");
    events.until(|event| match event {
        Event::Node(node) => (node.is_aggregator == is_aggregator).then_some(()),
        _ => None,
    });
}

#[test]
fn a_stream_goes_on_among_silent_half_open_and_wrong_connections_of_the_same_client() {
    // The rate of requests is another bound.
    let request_rate = Rate { burst: 100_000, ..Limits::default().request_rate };
    let limits = Limits { write_patience: ENOUGH * 10, request_rate, ..quick() };
    let served = Served::start(limits);
    let mut events = Events::open(served.address());
    let mut held = Vec::new();
    for n in 0..4 * limits.connections_per_client {
        held.push(wrong(served.address(), n % 6));
        change(&served, &mut events, n % 2 == 0);
    }
    let metrics = get(served.address(), "/metrics");
    let figure = |name: &str| -> usize {
        let line = metrics.text().lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok()).expect("it is a metric")
    };
    assert!(figure("api_event_streams ") <= limits.event_streams_per_client, "its share");
    assert!(figure("api_connections ") <= limits.connections_per_client);
    drop(held);
    change(&served, &mut events, true);
    served.stop();
}

#[test]
fn a_head_over_the_bound_and_a_body_for_the_page_are_refused() {
    let served = Served::start(Limits::default());
    for path in ["/", "/events"] {
        let mut stream = connect(served.address());
        let filler = "a".repeat(20_000);
        let head = format!("GET {path} HTTP/1.1\r\nhost: node\r\nx: {filler}\r\n\r\n");
        _ = stream.write_all(head.as_bytes());
        let answer = String::from_utf8_lossy(&read_to_close(&mut stream)).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{path}: {answer}");
        let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
        let mut stream = connect(served.address());
        _ = stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: node\r\n{many}\r\n").as_bytes());
        let answer = String::from_utf8_lossy(&read_to_close(&mut stream)).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{path}: {answer}");
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT"] {
            let mut stream = connect(served.address());
            let request =
                format!("{method} {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("the server reads");
            let answer = String::from_utf8_lossy(&read_to_close(&mut stream)).into_owned();
            assert!(answer.starts_with("HTTP/1.1 4"), "{method} {path}: {answer}");
        }
    }
    served.stop();
}
