//! A chat over TCP with rooms: `/join ROOM`, then lines. It runs until its input ends.
//!
//! A client that reads slowly misses lines, learns how many, and delays nobody.

use std::io::{Result, copy, sink, stdin};
use std::net::{TcpListener, TcpStream};

use actor_lanes::actor::Streamed;
use actor_lanes::{Actor, Context, Fallible, Handle, Lane, Message, System, TryTellError, spawn};
use async_io::Async;
use futures::{AsyncBufReadExt, AsyncWriteExt, io::BufReader};
use programs::{Done, PATIENCE};

enum Line {
    Typed(Streamed<Result<String>>),
    Show(String),
}
impl Message for Line {
    // The room of a slow client: eight lines, and the memory of its socket.
    const LANES: &'static [Lane] = &[Lane::fifo("lines", 8)];
}

/// Owns one connection. An error of the socket ends it.
struct Client(Async<TcpStream>, Handle<Typed>);

impl Actor<Fallible> for Client {
    type Message = Line;

    async fn started(&mut self, cx: &mut Context<Line>) -> Fallible {
        let input = Async::new(self.0.get_ref().try_clone()?)?;
        cx.attach(BufReader::new(input).lines(), Line::Typed);
        Ok(())
    }

    async fn handle(&mut self, line: Line, cx: &mut Context<Line>) -> Fallible {
        match line {
            Line::Typed(Streamed::Item(line)) => self.1.tell(Typed(cx.handle(), line?)).await?,
            Line::Typed(_ended) => cx.stop(),
            Line::Show(line) => self.0.write_all(line.as_bytes()).await?,
        }
        Ok(())
    }
}

struct Typed(Handle<Line>, String);
impl Message for Typed {}

struct Member {
    room: String,
    client: Handle<Line>,
    missed: u32,
}

impl Member {
    /// Returns whether the client is still there. If its lane is full, it misses the line.
    fn show(&mut self, mut line: String) -> bool {
        if self.missed > 0 {
            line.insert_str(0, &format!("* {} lines missed\n", self.missed));
        }
        let sent = self.client.try_tell(Line::Show(line));
        self.missed = if sent.is_ok() { 0 } else { self.missed + 1 };
        !matches!(sent, Err(TryTellError::Closed(_)))
    }
}

struct Rooms(Vec<Member>);

impl Actor for Rooms {
    type Message = Typed;

    async fn handle(&mut self, Typed(from, line): Typed, _cx: &mut Context<Typed>) {
        let own = self.0.iter().position(|member| member.client.same_actor(&from));
        if let Some(room) = line.strip_prefix("/join ") {
            own.map(|index| self.0.remove(index));
            let mut member = Member { room: room.to_owned(), client: from, missed: 0 };
            member.show("* welcome\n".to_owned());
            self.0.push(member);
        } else if let Some(room) = own.map(|index| self.0[index].room.clone()) {
            self.0.retain_mut(|member| member.room != room || member.show(format!("{line}\n")));
        }
    }
}

fn main() -> Done {
    let system = System::builder("chat").runtime(programs::runtime()?).executors(2).start()?;
    let (rooms, _running) = spawn(&system, || Rooms(Vec::new()))?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?);
    let place = system.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let rooms = rooms.clone();
            // The maker runs on the client's thread, and may fail.
            drop(spawn(&place, move || Async::new(socket).map(|socket| Client(socket, rooms))));
        }
    });
    copy(&mut stdin(), &mut sink())?;
    drop(system.stop_blocking(PATIENCE));
    Ok(())
}
