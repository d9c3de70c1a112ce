//! Tests with many clients at once: no client delays the answers to others.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use crate::api::Limits;
use crate::api::tests::client::{Answer, ask, connect, get, post, read_answer, read_to_close};
use crate::api::tests::{ENOUGH, Served};
use network::Rate;

const HEALTH: &str = "GET /lean/v0/health HTTP/1.1\r\nhost: node\r\n\r\n";
const FORK_CHOICE: &str = "GET /lean/v0/fork_choice HTTP/1.1\r\nhost: node\r\n\r\n";
const UNFINISHED: &str =
    "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ncontent-length: 16\r\n\r\n{";
const SHORT: Duration = Duration::from_millis(50);

/// Limits without a rate of requests.
fn no_rate() -> Limits {
    let request_rate = Rate { burst: 1_000_000, every: Duration::from_nanos(1) };
    Limits { request_rate, requests_per_connection: u32::MAX, ..Limits::default() }
}

/// Sends a request until it is within the rate.
fn get_within_rate(address: SocketAddr, path: &str) -> Answer {
    loop {
        let answer = get(address, path);
        if answer.status != "429 Too Many Requests" {
            return answer;
        }
    }
}

/// Returns a metric's value.
fn metric(address: SocketAddr, name: &str) -> u64 {
    let page = get_within_rate(address, "/metrics");
    assert_eq!(page.status, "200 OK");
    let line = page.text().lines().find_map(|line| line.strip_prefix(name).map(str::to_owned));
    let value = line.unwrap_or_else(|| panic!("{name} is not on the page"));
    value.trim().parse().expect("a number")
}

#[test]
fn silent_and_slow_sockets_of_this_machine_do_not_keep_a_request_waiting() {
    let served = Served::start(Limits::default());
    for count in [64, 256] {
        let sockets: Vec<_> = (0..count)
            .map(|n| {
                let mut stream = connect(served.address());
                match n % 4 {
                    0 => stream.write_all(b"GET /lean/v0/hea").expect("the server reads"),
                    1 => stream.write_all(UNFINISHED.as_bytes()).expect("the server reads"),
                    _ => {}
                }
                stream
            })
            .collect();
        for path in ["/lean/v0/health", "/lean/v0/fork_choice", "/metrics"] {
            assert_eq!(get(served.address(), path).status, "200 OK", "{count} sockets, {path}");
        }
        drop(sockets);
    }
    assert!(metric(served.address(), "api_connections_replaced_total ") > 0);
    assert!(metric(served.address(), "api_connections ") <= 32, "the share of one client");
    served.stop();
}

#[test]
fn the_connection_idle_for_the_longest_time_makes_room() {
    let served = Served::start(Limits { connections_per_client: 8, ..Limits::default() });
    let mut streams: Vec<_> = (0..8).map(|_| connect(served.address())).collect();
    for stream in &mut streams {
        assert_eq!(ask(stream, HEALTH).status, "200 OK");
    }
    // The first connection is used again, so the second one is idle for the longest time.
    assert_eq!(ask(&mut streams[0], HEALTH).status, "200 OK");
    let mut newcomer = connect(served.address());
    assert_eq!(ask(&mut newcomer, HEALTH).status, "200 OK");
    assert!(read_to_close(&mut streams[1]).is_empty(), "it was closed without an answer");
    for (n, stream) in streams.iter_mut().enumerate().filter(|(n, _)| *n != 1) {
        assert_eq!(ask(stream, HEALTH).status, "200 OK", "connection {n} was kept");
    }
    served.stop();
}

#[test]
fn a_request_in_progress_keeps_its_connection() {
    const CHANGES: usize = 3;
    let served = Served::start(Limits {
        connections_per_client: CHANGES + 1,
        changes_of_role: CHANGES,
        owner_patience: ENOUGH,
        ..Limits::default()
    });
    let address = served.address();
    let release = served.block_owner();
    let body = r#"{"enabled":true}"#;
    let request = format!(
        "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut waiting: Vec<_> = (0..CHANGES)
        .map(|_| {
            let mut stream = connect(address);
            stream.write_all(request.as_bytes()).expect("the server reads");
            stream
        })
        .collect();
    served.wait_for_queued(CHANGES as u64);
    let refused = post(address, "/lean/v0/admin/aggregator", body);
    assert_eq!(refused.status, "503 Chain is busy, try again", "it is one too many");
    let _silent: Vec<TcpStream> = (0..64).map(|_| connect(address)).collect();
    assert_eq!(get(address, "/lean/v0/health").status, "200 OK");
    drop(release);
    for stream in &mut waiting {
        assert_eq!(read_answer(stream, false).status, "200 OK");
    }
    served.stop();
}

#[test]
fn clients_that_do_not_read_do_not_keep_others_from_an_answer() {
    let served = Served::start(no_rate());
    let address = served.address();
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(move || {
                let mut stream = connect(address);
                // It ends when the server closes the connection.
                while stream.write_all(FORK_CHOICE.as_bytes()).is_ok() {}
            });
        }
        while metric(address, "api_unread_answers_ended_total ") == 0 {}
        assert_eq!(get(address, "/lean/v0/fork_choice").status, "200 OK");
        served.stop();
    });
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let served = Served::start(Limits { write_patience: SHORT, ..no_rate() });
    let mut stream = connect(served.address());
    stream.set_write_timeout(Some(ENOUGH)).expect("a socket takes a timeout");
    let error = loop {
        if let Err(error) = stream.write_all(FORK_CHOICE.as_bytes()) {
            break error;
        }
    };
    assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "the server has closed it: {error}");
    assert_eq!(get(served.address(), "/lean/v0/health").status, "200 OK");
    served.stop();
}

#[test]
fn requests_over_the_rate_are_refused_and_health_has_no_rate() {
    let request_rate = Rate { burst: 3, every: Duration::from_secs(3600) };
    let served = Served::start(Limits { request_rate, ..Limits::default() });
    let mut stream = connect(served.address());
    for _ in 0..3 {
        assert_eq!(ask(&mut stream, FORK_CHOICE).status, "200 OK");
    }
    let refused = ask(&mut stream, FORK_CHOICE);
    assert_eq!(refused.status, "429 Too Many Requests");
    let wait: u64 =
        refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("a number");
    assert!((1..=3600).contains(&wait), "{wait}");
    assert!(read_to_close(&mut stream).is_empty(), "the connection was closed");
    assert_eq!(get(served.address(), "/metrics").status, "429 Too Many Requests");
    for _ in 0..100 {
        assert_eq!(get(served.address(), "/lean/v0/health").status, "200 OK");
    }
    served.stop();
}

#[test]
fn a_connection_has_a_last_request() {
    let served = Served::start(Limits { requests_per_connection: 3, ..Limits::default() });
    let mut stream = connect(served.address());
    stream.write_all(HEALTH.repeat(5).as_bytes()).expect("the server reads");
    for n in 1..=3 {
        let answer = read_answer(&mut stream, false);
        let closes = (n == 3).then_some("close");
        assert_eq!((answer.status.as_str(), answer.header("connection")), ("200 OK", closes));
    }
    assert!(read_to_close(&mut stream).is_empty());
    served.stop();
}

#[test]
fn ten_thousand_quick_connections_leave_the_api_answering() {
    let served = Served::start(Limits::default());
    for n in 0..10_000 {
        let mut stream = connect(served.address());
        // The server may have closed it already.
        let _ = stream.write_all(if n % 2 == 0 { FORK_CHOICE } else { HEALTH }.as_bytes());
    }
    assert_eq!(get(served.address(), "/lean/v0/health").status, "200 OK");
    assert_eq!(get_within_rate(served.address(), "/lean/v0/fork_choice").status, "200 OK");
    assert!(metric(served.address(), "api_connections ") <= 32);
    served.stop();
}
