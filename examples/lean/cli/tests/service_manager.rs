//! A test of `node run` under a service manager: a real socket receives its messages.

mod support;

use std::os::unix::net::UnixDatagram;

use support::{ENOUGH, Network, RunningNode};

/// Receives messages until one satisfies the test, and returns it.
fn until(socket: &UnixDatagram, wanted: impl Fn(&str) -> bool) -> String {
    loop {
        let mut message = [0; 4096];
        let length = socket.recv(&mut message).expect("the node goes on sending");
        let message = String::from_utf8_lossy(&message[..length]).into_owned();
        if wanted(&message) {
            return message;
        }
    }
}

#[test]
fn a_service_manager_learns_of_start_life_state_and_stop() {
    let network = Network::write(1);
    let path = network.directory().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(ENOUGH)).expect("a timeout");
    let mut command = network.run(0);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "400000");
    let node = RunningNode::start(command);
    until(&socket, |message| message == "READY=1");
    until(&socket, |message| message == "WATCHDOG=1");
    let status = until(&socket, |message| message.starts_with("STATUS="));
    assert!(status.contains("slot ") && status.contains(" peers"), "{status}");
    node.terminate();
    let stopping = until(&socket, |message| message.starts_with("STOPPING=1"));
    assert_eq!(stopping, "STOPPING=1\nSTATUS=as requested");
    let (status, log) = node.end();
    assert!(status.success(), "{log}");
}
