//! Threads read the newest state of an owner, without a message and without a lock.

use std::thread;

use actor_lanes::view::{self, Publisher};
use actor_lanes::{Actor, Context, Message, ThreadConfig, spawn};
use tour::{Done, PATIENCE};

struct Add(u64);
impl Message for Add {}

/// The sum, and the number of its parts.
#[derive(Clone, Copy, Default)]
struct Sum {
    sum: u64,
    parts: u64,
}

struct Adder(Sum, Publisher<Sum>);

impl Actor for Adder {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, cx: &mut Context<Add>) {
        self.0.sum += n;
        self.0.parts += 1;
        cx.publish(&self.1, self.0); // at the end of the turn: once for many messages
    }
}

fn main() -> Done {
    let executor = tour::runtime()?.start_executor(ThreadConfig::named("adder"))?;
    let (publisher, view) = view::publisher(Sum::default());
    let (adder, running) = spawn(&executor, move || Adder(Sum::default(), publisher))?;
    let readers = [(); 3].map(|()| {
        let mut view = view.clone();
        thread::spawn(move || {
            while let Ok(Some(sum)) = view.changed_blocking(PATIENCE) {
                assert_eq!(sum.sum, 7 * sum.parts, "a snapshot is consistent");
            }
            view.get().sum // after the owner's end
        })
    });
    for _ in 0..1_000 {
        adder.tell_blocking(Add(7), PATIENCE)?;
    }
    drop(adder);
    running.join_blocking(PATIENCE).ok_or("it did not end in time")?;
    for reader in readers {
        println!("a reader saw {}", reader.join().map_err(|_| "a reader has panicked")?);
    }
    Ok(())
}
