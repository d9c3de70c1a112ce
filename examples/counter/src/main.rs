//! Eight threads count with one owner of state.
//!
//! An argument names the runtime; the default is the first of the program's own features.
//!
//! ```text
//! cargo run -p counter
//! cargo run -p counter --no-default-features --features smol
//! cargo run -p counter --no-default-features --features thread
//! cargo run -p counter --features smol,thread -- thread
//! ```

use std::error::Error;
use std::thread;
use std::time::Duration;

use actor_lanes::{Actor, Context, Message, Reply, ThreadConfig, spawn};

const THREADS: u64 = 8;
const EACH: u64 = 10_000;

/// The runtimes named by this program's own features.
const OWN: &[&str] = &[
    #[cfg(feature = "tokio")]
    "tokio",
    #[cfg(feature = "smol")]
    "smol",
    #[cfg(feature = "thread")]
    "thread",
];

/// Timeout of each wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// All messages to a counter.
enum Count {
    Add(u64),
    Read(Reply<u64>),
}

impl Message for Count {}

/// Owns the total. Only the actor's thread accesses it, so there is no lock.
struct Counter {
    total: u64,
}

impl Actor for Counter {
    type Message = Count;

    async fn handle(&mut self, message: Count, _cx: &mut Context<Count>) {
        match message {
            Count::Add(n) => self.total += n,
            Count::Read(reply) => reply.send(self.total),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // By name, because other crates of the build may enable further runtimes.
    let name = std::env::args().nth(1);
    let name = name.as_deref().or(OWN.first().copied()).ok_or("enable a runtime's feature")?;
    let runtime = actor_lanes::runtime_named(name)?;
    let executor = runtime.start_executor(ThreadConfig::named("counter"))?;
    // The counter is made on the executor's thread, and never leaves it.
    let (counter, running) = spawn(&executor, || Counter { total: 0 })?;

    // Any thread may send, with or without a runtime. These sends wait if the lane is full.
    thread::scope(|threads| {
        let counting: Vec<_> = (0..THREADS)
            .map(|_| {
                threads.spawn(|| {
                    (0..EACH).try_for_each(|_| counter.tell_blocking(Count::Add(1), PATIENCE))
                })
            })
            .collect();
        counting.into_iter().try_for_each(|thread| thread.join().expect("counting does not panic"))
    })?;

    let total = counter.ask_blocking(Count::Read, PATIENCE)?;
    println!("{THREADS} threads counted to {total} on {}", runtime.name());

    // The actor accepts nothing new, handles its queue, and ends.
    running.stop(PATIENCE);
    let exit = running.join_blocking(PATIENCE).ok_or("the counter did not end in time")?;
    println!("the counter {}, having handled {} messages", exit.reason, exit.lanes[0].handled);
    Ok(())
}
