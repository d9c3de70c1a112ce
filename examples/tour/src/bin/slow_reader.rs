//! A slow owner slows down one TCP peer: the reader takes a credit before it reads, and the credit
//! returns when the owner has handled the line.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use actor_lanes::flow::{Credit, Credits};
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, ThreadConfig, spawn};
use tour::{Done, PATIENCE, runtime};

enum Event {
    Line { text: String, _credit: Credit },
    Read(Reply<(usize, usize)>),
}
impl Message for Event {
    const LANES: &'static [Lane] = &[Lane::fifo("lines", 1024)];
}

/// Counts lines, and the most lines without an end at any time.
struct Slow {
    credits: Credits,
    lines: usize,
    most: usize,
}
impl Actor for Slow {
    type Message = Event;

    async fn handle(&mut self, event: Event, _cx: &mut Context<Event>) {
        match event {
            Event::Line { text, _credit } => {
                assert_eq!(text, format!("line {}", self.lines));
                thread::yield_now(); // Its work.
                self.most = self.most.max(self.credits.total() - self.credits.available());
                self.lines += 1;
            }
            Event::Read(reply) => reply.send((self.lines, self.most)),
        }
    }
}

/// Reads a peer's lines, but never more than the owner's credits.
fn read(peer: TcpStream, owner: &Handle<Event>, credits: &Credits) -> Done {
    let mut lines = BufReader::with_capacity(64, peer).lines();
    loop {
        let credit = futures::executor::block_on(credits.take());
        let Some(text) = lines.next() else { return Ok(()) };
        owner.try_tell(Event::Line { text: text?, _credit: credit })?; // 4 of 1,024 places.
    }
}

fn main() -> Done {
    let executor = runtime()?.start_executor(ThreadConfig::named("owner"))?;
    let credits = Credits::new(4);
    let own = credits.clone();
    let (owner, _running) = spawn(&executor, move || Slow { credits: own, lines: 0, most: 0 })?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut peer = TcpStream::connect(listener.local_addr()?)?;
    let writing = thread::spawn(move || -> std::io::Result<()> {
        (0..10_000).try_for_each(|n| writeln!(peer, "line {n}"))
    });
    read(listener.accept()?.0, &owner, &credits)?;
    writing.join().map_err(|_| "the peer panicked")??;
    let (lines, most) = owner.ask_blocking(Event::Read, PATIENCE)?;
    assert!(most <= 4 && owner.stats()[0].refused == 0);
    println!("{lines} lines, never more than 4 of them unhandled");
    Ok(())
}
