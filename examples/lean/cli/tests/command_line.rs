//! What the program says of a command line that it cannot follow.

use std::net::UdpSocket;
use std::process::{Command, Output};

fn node(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_node")).args(arguments).output().expect("the program runs")
}

/// Runs the program, which must fail, and gives its exit code and what it said of it.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = node(arguments);
    assert!(!output.status.success(), "{arguments:?} was taken");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn what_a_genesis_folder_is_run_with_is_not_ignored_beside_a_configuration() {
    let flags: [&[&str]; 7] = [
        &["--node-id", "a"],
        &["--listen", "127.0.0.1:9000"],
        &["--node-key", "a.key"],
        &["--peer", "a"],
        &["--aggregator"],
        &["--identify"],
        &["--ping"],
    ];
    for flag in flags {
        let (code, said) = refused(&[&["run", "--config", "node-0.toml"], flag].concat());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(flag[0]) && said.contains("--config <FILE>' cannot be used with"), "{said}");
    }
}

#[test]
fn names_are_for_a_genesis_folder() {
    let (code, said) = refused(&["genesis", "--dir", "net", "--names", "a,b"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn an_address_that_the_api_cannot_have_is_not_taken_for_the_nodes_port() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = folder.path().join("net");
    let written = written.to_str().expect("the path is text");
    let port = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port is free").port();
    let port = port.to_string();
    let made = node(&["genesis", "--dir", written, "--nodes", "1", "--validators", "1", "--first-port", &port]);
    assert!(made.status.success(), "{made:?}");
    let configuration = format!("{written}/node-0.toml");
    // Of the addresses for documentation (RFC 5737), which no machine has.
    let (_, said) = refused(&["run", "--config", &configuration, "--http-address", "192.0.2.1:5052"]);
    assert!(said.contains("HTTP API") && said.contains("192.0.2.1:5052") && !said.contains("UDP port"), "{said}");
}
