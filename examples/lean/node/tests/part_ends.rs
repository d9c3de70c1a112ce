//! Tests of a node with a part that ends by a panic.

#[allow(dead_code, reason = "shared with tests of whole networks")]
mod support;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use lean_node::config::HttpAddress;
use lean_node::health::Condition;
use lean_node::hooks::Hooks;
use lean_node::node::Node;
use support::network;

const ENOUGH: Duration = Duration::from_secs(120);

/// Requests a path, and returns the whole answer.
fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the API listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: node\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers");
    answer
}

#[test]
fn from_the_end_of_a_part_on_health_answers_503_with_the_reason() {
    let mut config = network(1, 1, 0).remove(0);
    config.http = HttpAddress::On(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let (release, released) = sync_channel::<()>(1);
    let (failed, failures) = sync_channel(1);
    let hooks = Hooks::new(move |_| {
        let _ = released.recv();
        panic!("no report\ntoday");
    });
    let hooks = hooks.on_failure(move |failure| drop(failed.try_send(failure.clone())));
    let runtime = lean_node::runtime::all().remove(0);
    let node = Node::start_with(config, runtime, hooks).expect("the node starts");
    let address = node.http_address().expect("it was told to serve");
    let healthy = get(address, "/lean/v0/health");
    assert!(healthy.starts_with("HTTP/1.1 200 "), "{healthy}");
    assert!(healthy.ends_with(r#"{"status":"healthy","service":"lean-rpc-api"}"#), "{healthy}");
    assert_eq!(node.health().condition(), Condition::Healthy);

    release.send(()).expect("the reporter waits");
    let failure = failures.recv_timeout(ENOUGH).expect("the end of a part is noticed");
    assert_eq!(failure.part, "reporter");
    assert_eq!(failure.reason, "panicked: no report; today");
    assert_eq!(node.failure(), Some(failure.clone()));
    assert_eq!(node.health().condition(), Condition::Failed(failure));
    for path in ["/lean/v0/health", "/lean/v0/ready"] {
        let answer = get(address, path);
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
        assert!(answer.contains("reporter: panicked: no report; today"), "{answer}");
    }
    let left = node.stop(Duration::from_secs(10));
    assert_eq!(left, ["reporter: panicked: no report\ntoday"]);
}

#[test]
fn a_node_that_stops_in_order_has_no_failure() {
    let config = network(1, 1, 0).remove(0);
    let (failed, failures) = sync_channel(1);
    let hooks = Hooks::new(|_| {}).on_failure(move |failure| drop(failed.send(failure.clone())));
    let runtime = lean_node::runtime::all().remove(0);
    let node = Node::start_with(config, runtime, hooks).expect("the node starts");
    let health = node.health();
    assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    assert_eq!(health.condition(), Condition::Stopping);
    // The watch has ended and dropped the function, and has not called it before.
    assert!(failures.recv_timeout(ENOUGH).is_err());
}
