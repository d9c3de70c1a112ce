//! An epoll loop with a socket of its own, and an actor beside it on the same thread.
//!
//! The loop's callback reads lines from the socket and only enqueues them. Another thread asks the
//! same actor. The actor's timer is a deadline of the loop.
//!
//! ```text
//! cargo run -p epoll-loop
//! ```

use std::error::Error;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use actor_core::actor::Beat;
use actor_core::{Actor, Context, Handle, Message, Reply, spawn};
use actor_embed::Embed;
use epoll_loop::Loop;

const LINES: [&str; 3] = ["first", "second", "third"];
const PERIOD: Duration = Duration::from_millis(5);
const BEATS: u32 = 3;

/// Timeout of each wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// All messages to the journal.
enum Event {
    Line(String),
    Beat(Beat),
    /// Answered after the last line and the last beat.
    Close(Reply<Summary>),
}

impl Message for Event {}

struct Summary {
    lines: Vec<String>,
    beats: u32,
    thread: Option<String>,
}

/// Owns the lines. `Rc` keeps it on the loop's thread.
#[derive(Default)]
struct Journal {
    lines: Vec<Rc<str>>,
    beats: u32,
    closing: Option<Reply<Summary>>,
}

impl Actor for Journal {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        cx.every(cx.now() + PERIOD, PERIOD, Event::Beat);
    }

    async fn handle(&mut self, event: Event, cx: &mut Context<Event>) {
        match event {
            Event::Line(line) => self.lines.push(line.into()),
            Event::Beat(beat) => self.beats += 1 + beat.missed,
            Event::Close(reply) => self.closing = Some(reply),
        }
        if self.lines.len() == LINES.len() && self.beats >= BEATS {
            self.close(cx);
        }
    }
}

impl Journal {
    fn close(&mut self, cx: &mut Context<Event>) {
        let Some(reply) = self.closing.take() else { return };
        reply.send(Summary {
            lines: self.lines.iter().map(|line| line.to_string()).collect(),
            beats: self.beats,
            thread: thread::current().name().map(str::to_owned),
        });
        cx.stop();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut events = Loop::new()?;
    // The whole connection between the two: the bell wakes the loop, and the loop turns the driver.
    let bell = events.bell();
    let (executor, mut driver) = Embed::new(move || bell.ring()).build()?;
    let (journal, running) = spawn(&executor, Journal::default)?;
    executor.stop(); // No further actors: the loop ends with this one.

    let (near, far) = UnixStream::pair()?;
    watch_lines(&mut events, near, journal.clone())?;
    let peer = thread::spawn(move || speak(far));
    let asking = thread::spawn(move || journal.ask_blocking(Event::Close, PATIENCE));

    events.host(&mut driver)?;

    peer.join().expect("the peer does not panic")?;
    let summary = asking.join().expect("asking does not panic")?;
    let exit = running.exit().ok_or("the loop ends after the actor")?;
    assert_eq!(summary.lines, LINES);
    assert_eq!(summary.thread.as_deref(), Some("main"), "the actor runs on the loop's thread");
    println!("the loop read {} lines from its socket and enqueued them", summary.lines.len());
    println!("the actor, on the thread `main`, had them beside {} beats of 5 ms", summary.beats);
    println!("the eventfd was written {} times; the actor {}", events.rings(), exit.reason);
    Ok(())
}

/// The foreign part: reads lines without blocking, and enqueues them.
fn watch_lines(events: &mut Loop, near: UnixStream, journal: Handle<Event>) -> io::Result<()> {
    near.set_nonblocking(true)?;
    let mut text = String::new();
    events.add(near, move |mut socket| {
        let mut bytes = [0; 256];
        match socket.read(&mut bytes) {
            Ok(0) => return ControlFlow::Break(()),
            Ok(n) => text.push_str(&String::from_utf8_lossy(&bytes[..n])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_closed) => return ControlFlow::Break(()),
        }
        while let Some((line, rest)) = text.split_once('\n') {
            journal.try_tell(Event::Line(line.to_owned())).expect("the lane has room for 3 lines");
            text = rest.to_owned();
        }
        ControlFlow::Continue(())
    })
}

/// The other end of the socket, on a thread of its own.
fn speak(mut far: UnixStream) -> io::Result<()> {
    LINES.iter().try_for_each(|line| writeln!(far, "{line}"))
}
