//! A stream with backpressure: a fast producer waits for a slow actor, with no queue in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use actor_lanes::actor::Streamed;
use actor_lanes::{Actor, Context, ExitReason, Message, System, spawn};
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::{SinkExt, Stream};
use tour::{Done, PATIENCE};

/// The numbers sent by the producer.
const NUMBERS: u64 = 1000;
/// The most numbers on their way: two in the channel, one in the handler, one about to be sent.
const MOST: u64 = 4;

struct Number(Streamed<u64>);
impl Message for Number {}

struct Slow<S> {
    numbers: Option<S>,
    sum: u64,
    handled: Arc<AtomicU64>,
}

impl<S: Stream<Item = u64> + 'static> Actor for Slow<S> {
    type Message = Number;

    async fn started(&mut self, cx: &mut Context<Number>) {
        let numbers = self.numbers.take().expect("the actor has one life");
        cx.attach(numbers, Number);
    }

    async fn handle(&mut self, Number(event): Number, cx: &mut Context<Number>) {
        match event {
            Streamed::Item(number) => {
                self.sum += number;
                self.handled.fetch_add(1, Ordering::SeqCst);
            }
            Streamed::Ended => cx.stop(),
            failed => cx.fail(failed.to_string()),
        }
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        assert_eq!(self.sum, NUMBERS * (NUMBERS + 1) / 2);
    }
}

fn main() -> Done {
    let system = System::new("tour", tour::runtime()?)?;
    let handled = Arc::new(AtomicU64::new(0));
    let (mut sender, numbers) = mpsc::channel(1);
    let count = Arc::clone(&handled);
    let make = move || Slow { numbers: Some(numbers), sum: 0, handled: count };
    let (_slow, running) = spawn(&system, make)?;
    let producer = thread::spawn(move || {
        let lead = (1..=NUMBERS).map(|n| {
            block_on(sender.send(n)).expect("the stream is attached");
            n - handled.load(Ordering::SeqCst)
        });
        lead.max()
    });
    let lead = producer.join().map_err(|_| "the producer panicked")?;
    assert!(lead <= Some(MOST), "the producer was {lead:?} numbers ahead");
    let exit = running.join_blocking(PATIENCE).ok_or("the stream has ended")?;
    println!("{NUMBERS} numbers, at most {MOST} on their way: {}", exit.reason);
    Ok(())
}
