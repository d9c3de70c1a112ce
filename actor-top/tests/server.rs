//! The socket: whom it serves, and when it comes and goes.
#![cfg(unix)]

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

use actor_core::{Actor, Context, Message, Spawn};
use actor_system::System;
use actor_system::inspect::Doing;
use actor_top::{Client, Limits, Server, serve};

fn system() -> System {
    System::new("served", actor_thread::ThreadRuntime::new()).expect("its thread starts")
}

#[test]
fn only_the_user_of_the_process_may_connect_and_the_socket_goes_with_the_server() {
    let system = system();
    let directory = tempfile::tempdir().expect("there is a directory");
    let path = directory.path().join("own.sock");
    let serving = Server::new([&system]).at(&path).start().expect("it starts");
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(serving);
    assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0, "nothing is left");
}

#[test]
fn a_living_socket_is_refused_and_a_dead_one_is_replaced() {
    let system = system();
    let directory = tempfile::tempdir().expect("there is a directory");
    let path = directory.path().join("own.sock");
    // A listener that is dropped leaves its file, as a killed process does.
    drop(UnixListener::bind(&path).expect("the path is free"));
    let serving = Server::new([&system]).at(&path).start().expect("a dead one is replaced");
    let second = Server::new([&system]).at(&path).start();
    assert_eq!(second.map(drop).map_err(|error| error.kind()), Err(ErrorKind::AddrInUse));
    assert!(Client::connect(&path).and_then(|mut client| client.look()).is_ok(), "it still serves");
    drop(serving);

    fs::write(&path, "a file").expect("the path is free");
    let file = Server::new([&system]).at(&path).start();
    assert_eq!(file.map(drop).map_err(|error| error.kind()), Err(ErrorKind::AlreadyExists));
    assert_eq!(fs::read(&path).expect("it stays"), b"a file");
}

#[test]
fn a_viewer_that_reads_nothing_is_dropped_and_others_are_served() {
    let system = system();
    let limits = Limits { patience: Duration::from_millis(10), ..Limits::default() };
    let directory = tempfile::tempdir().expect("there is a directory");
    let server = Server::new([&system]).at(directory.path().join("own.sock")).limits(limits);
    let serving = server.start().expect("it starts");
    let mut slow = UnixStream::connect(serving.path()).expect("it serves");
    let mut client = Client::connect(serving.path()).expect("it serves");
    // Asks without reading, until the server has closed the connection.
    while slow.write_all(&[b'\n'; 64]).is_ok() {}
    assert!(client.look().is_ok());
}

#[test]
fn a_viewer_that_sends_or_takes_byte_by_byte_has_no_more_time_than_others() {
    let system = system();
    // Frames larger than the buffers of a socket.
    let names = (0..400).map(|n| format!("{n}-{}", "x".repeat(2_000)));
    let all: Vec<_> = names.map(|name| idle(&system, name)).collect();
    let limits = Limits {
        idle: Duration::from_millis(20),
        patience: Duration::from_millis(20),
        ..Limits::default()
    };
    let directory = tempfile::tempdir().expect("there is a directory");
    let server = Server::new([&system]).at(directory.path().join("own.sock")).limits(limits);
    let serving = server.start().expect("it starts");

    let (mut silent, _never_sends) = UnixStream::pair().expect("there is room");
    let mut sending = UnixStream::connect(serving.path()).expect("it serves");
    let sent = (0..60).take_while(|_| {
        wait_a_bit(&mut silent);
        sending.write_all(b"x").is_ok()
    });
    assert!(sent.count() < 59, "half a line kept the connection");

    let mut taking = UnixStream::connect(serving.path()).expect("it serves");
    taking.write_all(b"\n").expect("it reads");
    let mut taken = 0;
    // Each read frees some room for the server, which never waits long for one.
    while taking.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
        taken += 1;
        wait_a_bit(&mut silent);
    }
    assert!(taken < 150, "it got the whole frame: {taken} parts");
    drop(all);
}

/// A wait shorter than the limits of the test: a read from a connection on which nobody sends.
fn wait_a_bit(stream: &mut UnixStream) {
    stream.set_read_timeout(Some(Duration::from_millis(5))).expect("it is a connection");
    _ = stream.read(&mut [0; 1]);
}

#[test]
fn a_server_whose_socket_has_gone_or_is_another_ones_ends_all_the_same() {
    let system = system();
    let directory = tempfile::tempdir().expect("there is a directory");
    let path = directory.path().join("own.sock");
    let serving = Server::new([&system]).at(&path).start().expect("it starts");
    let mut viewer = Client::connect(&path).expect("it serves");
    assert!(viewer.look().is_ok());
    fs::remove_file(&path).expect("it is there");
    // Another process has taken the path, and never accepts.
    let other = UnixListener::bind(&path).expect("the path is free");
    drop(serving);
    assert!(viewer.look().is_err(), "its connections are closed");
    assert!(UnixStream::connect(&path).is_ok(), "the other one's socket stays");
    drop(other);
}

#[test]
fn a_path_too_long_for_a_socket_is_refused_and_leaves_nothing() {
    let system = system();
    let directory = tempfile::tempdir().expect("there is a directory");
    let named = |letters| directory.path().join("s".repeat(letters));
    let has_room = |letters: &usize| SocketAddr::from_pathname(named(*letters)).is_ok();
    let room = (1..).take_while(has_room).last().expect("the directory has a short path");
    for (letters, is_taken) in [(room, true), (room + 1, false), (200, false)] {
        let path = named(letters);
        let serving = Server::new([&system]).at(&path).start();
        match serving {
            Ok(serving) if is_taken => assert!(Client::connect(serving.path()).is_ok()),
            Err(error) if !is_taken => assert_eq!(error.kind(), ErrorKind::InvalidInput),
            other => panic!("{letters}: {other:?}"),
        }
        assert_eq!(fs::read_dir(directory.path()).expect("it is there").count(), 0);
    }
}

#[test]
fn a_link_at_the_path_is_not_followed() {
    let system = system();
    let directory = tempfile::tempdir().expect("there is a directory");
    let (path, target) = (directory.path().join("own.sock"), directory.path().join("target"));
    std::os::unix::fs::symlink(&target, &path).expect("the path is free");
    let serving = Server::new([&system]).at(&path).start();
    assert_eq!(serving.map(drop).map_err(|error| error.kind()), Err(ErrorKind::AlreadyExists));
    assert!(!target.exists() && path.is_symlink());
}

#[test]
fn a_line_too_long_and_one_viewer_too_many_end_their_connections() {
    let system = system();
    let limits = Limits { viewers: 1, ..Limits::default() };
    let directory = tempfile::tempdir().expect("there is a directory");
    let server = Server::new([&system]).at(directory.path().join("own.sock")).limits(limits);
    let serving = server.start().expect("it starts");
    let mut first = Client::connect(serving.path()).expect("it serves");
    assert!(first.look().is_ok());
    assert!(Client::connect(serving.path()).and_then(|mut client| client.look()).is_err());
    drop(first);
    // The place is free once the server has seen the end.
    let mut long = loop {
        let mut next = UnixStream::connect(serving.path()).expect("it listens");
        if next.write_all(b"\n").is_ok() && next.read(&mut [0; 16]).is_ok_and(|read| read > 0) {
            break next;
        }
    };
    _ = long.write_all(&[b'x'; 1_000]);
    // Closed with bytes unread, so the end may come as an error.
    let mut rest = Vec::new();
    _ = long.read_to_end(&mut rest);
    assert!(long.write_all(b"\n").is_err() || long.read(&mut [0; 1]).map_or(true, |n| n == 0));
}

struct Quiet;
impl Message for Quiet {}
impl Actor for Quiet {
    type Message = Self;
    async fn handle(&mut self, _message: Self, _cx: &mut Context<Self>) {}
}

/// Starts an actor that runs until its handle is dropped.
fn idle(system: &System, name: String) -> actor_core::Handle<Quiet> {
    let (handle, mailbox) = actor_core::mailbox();
    let spawn = Spawn::new(mailbox).named(name);
    drop(spawn.start(system, || Quiet).expect("the system runs"));
    handle
}

struct Stick(std::sync::mpsc::SyncSender<()>, std::sync::mpsc::Receiver<()>);
impl Message for Stick {
    const KINDS: &'static [&'static str] = &["Stick"];
}
struct Owner;
impl Actor for Owner {
    type Message = Stick;
    async fn handle(&mut self, Stick(began, until): Stick, _cx: &mut Context<Stick>) {
        began.send(()).expect("the test waits");
        _ = until.recv();
    }
}

#[test]
fn a_stuck_owner_is_served_with_the_message_in_its_hands() {
    let system = system();
    let serving = serve([&system]).expect("it starts");
    let (owner, mailbox) = actor_core::mailbox();
    let _running = Spawn::new(mailbox).named("owner").start(&system, || Owner).expect("it starts");
    let (began, beginning) = std::sync::mpsc::sync_channel(1);
    let (go, until) = std::sync::mpsc::sync_channel(1);
    assert!(owner.try_tell(Stick(began, until)).is_ok());
    beginning.recv().expect("the handler begins");
    let frame = Client::connect(serving.path()).and_then(|mut client| client.look());
    let frame = frame.expect("it is served");
    assert_eq!(frame.process, std::process::id());
    let owner = frame.inspections[0].actor("/owner").expect("it runs");
    let Doing::Handling { message, .. } = &owner.doing else { panic!("{:?}", owner.doing) };
    assert_eq!(message.kind.as_deref(), Some("Stick"));
    drop(go);
    assert!(system.stop_blocking(Duration::from_secs(30)).is_clean());
}
