//! Error messages for invalid command lines.

use std::net::UdpSocket;
use std::process::{Command, Output};

fn node(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_node")).args(arguments).output().expect("the program runs")
}

/// Runs the program, expects a failure, and returns its exit code and error text.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = node(arguments);
    assert!(!output.status.success(), "{arguments:?} was taken");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn options_of_a_genesis_folder_are_refused_with_a_configuration_file() {
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
        assert!(
            said.contains(flag[0]) && said.contains("--config <FILE>' cannot be used with"),
            "{said}"
        );
    }
}

#[test]
fn names_are_refused_without_a_genesis_folder() {
    let (code, said) = refused(&["genesis", "--dir", "net", "--names", "a,b"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("cannot be used with"), "{said}");
}

#[test]
fn an_unusable_api_address_is_not_reported_as_the_udp_port() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let written = folder.path().join("net");
    let written = written.to_str().expect("the path is text");
    let port = UdpSocket::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port is free")
        .port();
    let port = port.to_string();
    let made = node(&[
        "genesis",
        "--dir",
        written,
        "--nodes",
        "1",
        "--validators",
        "1",
        "--first-port",
        &port,
    ]);
    assert!(made.status.success(), "{made:?}");
    let configuration = format!("{written}/node-0.toml");
    // An address reserved for documentation (RFC 5737). No machine has it.
    let (_, said) =
        refused(&["run", "--config", &configuration, "--http-address", "192.0.2.1:5052"]);
    assert!(
        said.contains("HTTP API") && said.contains("192.0.2.1:5052") && !said.contains("UDP port"),
        "{said}"
    );
}
