//! Four clients of the chat, over real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

struct Client(BufReader<TcpStream>);

impl Client {
    fn join(address: &str, room: &str) -> Self {
        let socket = TcpStream::connect(address).expect("the chat listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("it is a socket");
        let mut client = Self(BufReader::new(socket));
        client.say(&format!("/join {room}"));
        assert_eq!(client.line(), "* welcome");
        client
    }

    fn say(&mut self, line: &str) {
        writeln!(self.0.get_mut(), "{line}").expect("the chat is open");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("a line comes");
        line.trim_end().to_owned()
    }
}

/// A slow client misses lines and learns their number, and the others miss none.
pub(crate) fn check(runtime: &str) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_chat"))
        .arg(runtime)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut line = String::new();
    output.read_line(&mut line).expect("the program prints text");
    let address = line.trim_end().strip_prefix("listening on ").expect("it has an address");

    let mut ann = Client::join(address, "rust");
    let mut bob = Client::join(address, "rust");
    let mut eve = Client::join(address, "lisp");
    let mut slow = Client::join(address, "rust");

    // More than the kernel holds for a socket whose client does not read: some megabytes.
    let long = "x".repeat(1 << 17);
    for number in 0..200 {
        let line = format!("{number} {long}");
        ann.say(&line);
        assert!(ann.line() == line && bob.line() == line, "on {runtime}: line {number}");
    }

    // The slow client reads a line for each new one, and gets the notice with the first room.
    let mut missed = None;
    while missed.is_none() {
        ann.say("more");
        assert!(ann.line() == "more" && bob.line() == "more", "on {runtime}");
        missed = slow.line().strip_prefix("* ").map(str::to_owned);
    }
    let number = missed.as_deref().and_then(|text| text.strip_suffix(" lines missed"));
    let number = number.and_then(|number| number.parse::<u32>().ok());
    assert!(number.is_some_and(|number| number > 0), "on {runtime}: {missed:?}");

    // Another room hears nothing of all this.
    ann.say("/join lisp");
    assert_eq!(ann.line(), "* welcome");
    ann.say("hello");
    assert_eq!(eve.line(), "hello", "on {runtime}");

    drop(process.stdin.take());
    assert!(process.wait().expect("it ends").success(), "on {runtime}");
}
