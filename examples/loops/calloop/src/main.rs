//! A calloop program with a timer of its own, and an actor as one more source.
//!
//! ```text
//! cargo run -p calloop-loop
//! ```

use std::error::Error;
use std::thread;
use std::time::Duration;

use actor_lanes::{Actor, Context, Message, Reply, spawn};
use calloop::EventLoop;
use calloop::timer::{TimeoutAction, Timer};
use calloop_loop::Actors;

/// Timeout of each wait.
const PATIENCE: Duration = Duration::from_secs(10);

enum Count {
    Add(u64),
    Read(Reply<u64>),
}

impl Message for Count {}

struct Counter(u64);

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => self.0 += n,
            Count::Read(reply) => reply.send(self.0),
        }
    }
}

/// The loop's own state, which its callbacks get.
#[derive(Default)]
struct Program {
    beats: u32,
    has_ended: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut events = EventLoop::<Program>::try_new()?;
    let (executor, actors) = Actors::new()?;
    events.handle().insert_source(actors, |(), (), program| program.has_ended = true)?;
    // The program's own source beside it.
    let beat = Duration::from_millis(1);
    events.handle().insert_source(Timer::from_duration(beat), move |_, (), program| {
        program.beats += 1;
        TimeoutAction::ToDuration(beat)
    })?;

    let (counter, running) = spawn(&executor, || Counter(0))?;
    executor.stop(); // No further actors: the source ends with this one.
    let senders: Vec<_> = (0..4)
        .map(|_| {
            let counter = counter.clone();
            thread::spawn(move || {
                (0..1000).try_for_each(|_| counter.tell_blocking(Count::Add(1), PATIENCE))
            })
        })
        .collect();
    let reading = thread::spawn(move || {
        for sender in senders {
            sender.join().expect("a sender does not panic").expect("the counter runs");
        }
        // With the last handle, the counter ends.
        counter.ask_blocking(Count::Read, PATIENCE)
    });

    let mut program = Program::default();
    while !program.has_ended || program.beats < 3 {
        events.dispatch(PATIENCE, &mut program)?;
    }

    let total = reading.join().expect("reading does not panic")?;
    let exit = running.exit().ok_or("the source ends after the actor")?;
    println!("4 threads counted to {total} in a calloop program; the counter {}", exit.reason);
    println!("the program's own timer fired {} times beside it", program.beats);
    assert_eq!(total, 4000);
    Ok(())
}
