//! Tests with clients exceeding a limit of size, time or number, and with requests other than HTTP.

use std::io::Write as _;
use std::time::Duration;

use crate::api::Limits;
use crate::api::tests::client::{ask, connect, get, post, read_answer, read_to_close};
use crate::api::tests::{ENOUGH, Served};

const HEALTH: &str = "GET /lean/v0/health HTTP/1.1\r\nhost: node\r\n\r\n";
const SHORT: Duration = Duration::from_millis(50);

#[test]
fn a_body_that_is_too_long_is_refused_whether_its_length_is_said_or_not() {
    let served = Served::start(Limits::default());
    let long = format!("{{\"enabled\":true{}}}", " ".repeat(5000));
    let answer = post(served.address(), "/lean/v0/admin/aggregator", &long);
    assert_eq!(answer.status, "413 Request Entity Too Large");
    let chunked = format!(
        "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{long}\r\n",
        long.len()
    );
    assert_eq!(
        ask(&mut connect(served.address()), &chunked).status,
        "413 Request Entity Too Large"
    );
    let announced = "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ncontent-length: 18446744073709551615\r\n\r\n";
    let status = ask(&mut connect(served.address()), announced).status;
    assert!(status.starts_with('4'), "a length that is no length: {status}");
    served.stop();
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let served = Served::start(Limits::default());
    let mut stream = connect(served.address());
    let line = format!("x-filler: {}\r\n", "a".repeat(1000));
    stream.write_all(b"GET /lean/v0/health HTTP/1.1\r\nhost: node\r\n").expect("the server reads");
    // The server may close the connection before the client has written everything.
    while stream.write_all(line.as_bytes()).is_ok() {}
    let text = String::from_utf8_lossy(&read_to_close(&mut stream)).into_owned();
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431 "), "{text}");
    let mut stream = connect(served.address());
    let long = format!("GET /{} HTTP/1.1\r\nhost: node\r\n\r\n", "a".repeat(9000));
    assert_eq!(ask(&mut stream, &long).status, "404 Not Found", "a long path is no harm");
    served.stop();
}

#[test]
fn what_is_no_http_is_refused_and_the_connection_closed() {
    let served = Served::start(Limits::default());
    for garbage in [
        "\0\x01\x02\x03\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n bad\r\n\r\n",
    ] {
        let mut stream = connect(served.address());
        let answer = ask(&mut stream, garbage);
        assert!(answer.status.starts_with("400 "), "{garbage:?}: {}", answer.status);
        assert!(read_to_close(&mut stream).is_empty());
    }
    served.stop();
}

#[test]
fn requests_in_a_row_are_answered_in_their_order_up_to_garbage() {
    let served = Served::start(Limits::default());
    let mut stream = connect(served.address());
    let justified = HEALTH.replace("health", "checkpoints/justified");
    stream
        .write_all(format!("{HEALTH}{justified}{HEALTH}nonsense\r\n\r\n").as_bytes())
        .expect("the server reads");
    let answers: Vec<_> = (0..4).map(|_| read_answer(&mut stream, false)).collect();
    assert!(answers[0].text().contains("healthy") && answers[2].text().contains("healthy"));
    assert!(answers[1].text().starts_with("{\"slot\":0"));
    assert!(answers[3].status.starts_with("400 "), "{}", answers[3].status);
    assert!(read_to_close(&mut stream).is_empty());
    served.stop();
}

#[test]
fn a_connection_too_many_is_told_so_and_a_place_that_is_left_is_taken() {
    let served = Served::start(Limits {
        connections: 4,
        connections_per_client: 2,
        changes_of_role: 2,
        owner_patience: ENOUGH,
        ..Limits::default()
    });
    let release = served.block_owner();
    let body = r#"{"enabled":true}"#;
    let change = format!(
        "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut streams: Vec<_> = (0..2).map(|_| connect(served.address())).collect();
    for stream in &mut streams {
        stream.write_all(change.as_bytes()).expect("the server reads");
    }
    served.wait_for_queued(2);
    let refused = read_answer(&mut connect(served.address()), false);
    assert_eq!(refused.status, "503 Too Many Connections");
    drop(release);
    for stream in &mut streams {
        assert_eq!(read_answer(stream, false).status, "200 OK");
        assert!(read_to_close(stream).is_empty());
    }
    assert_eq!(get(served.address(), "/lean/v0/health").status, "200 OK");
    served.stop();
}

#[test]
fn a_head_that_does_not_end_ends_its_connection_and_no_other() {
    let served = Served::start(Limits { head_patience: SHORT, ..Limits::default() });
    let mut slow = connect(served.address());
    slow.write_all(b"GET /lean/v0/health HTTP/1.1\r\nhost: no").expect("the server reads");
    let mut silent = connect(served.address());
    assert_eq!(get(served.address(), "/lean/v0/health").status, "200 OK");
    assert!(read_to_close(&mut slow).is_empty());
    assert!(read_to_close(&mut silent).is_empty());
    served.stop();
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let served = Served::start(Limits { body_patience: SHORT, ..Limits::default() });
    let mut stream = connect(served.address());
    let request = "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ncontent-length: 16\r\n\r\n{\"enabled\":";
    assert_eq!(ask(&mut stream, request).status, "408 Request Timeout");
    served.stop();
}

#[test]
fn a_connection_ends_with_its_life_however_lively_it_is() {
    let served = Served::start(Limits { life: SHORT, ..Limits::default() });
    let mut stream = connect(served.address());
    assert_eq!(ask(&mut stream, HEALTH).status, "200 OK");
    // The connection may be used again within its lifetime. Some time later the server closes it.
    assert!(read_to_close(&mut stream).is_empty());
    served.stop();
}

#[test]
fn a_client_that_does_not_read_does_not_keep_the_api_from_ending() {
    let served = Served::start(Limits { stop_patience: SHORT, ..Limits::default() });
    let mut stream = connect(served.address());
    let state = HEALTH.replace("health", "states/finalized");
    stream.write_all(state.repeat(100).as_bytes()).expect("the server reads");
    served.stop();
}
