//! A program for counting instructions: the workloads of `c/instructions.c` in Rust, on one thread.
//!
//! ```text
//! cargo bench -p actor-ffi --bench instructions --no-run
//! valgrind --tool=callgrind target/release/deps/instructions-… declared 100000
//! ```
//!
//! The difference of two runs, divided by the difference of their counts, is the cost of one
//! message. `declared`: the lane is a constant of the message type. `given`: the lane is given when
//! the mailbox is made, as C does it.

use std::hint::black_box;
use std::task::{Context, Poll, Waker};

use actor_core::{Handle, Lane, Mailbox, Message};

/// Messages sent before a drain.
const BURST: u64 = 64;

const ONE_LANE: &[Lane] = &[Lane::fifo("pings", 256)];

/// A message with its lane declared.
struct Declared(u64);

impl Message for Declared {
    const LANES: &'static [Lane] = ONE_LANE;
}

/// A message for lanes given later.
struct Given(u64);

impl Message for Given {
    const LANES: &'static [Lane] = &[];

    fn lane(&self) -> usize {
        0
    }

    fn source(&self) -> Option<u64> {
        None
    }

    fn key(&self) -> u64 {
        0
    }
}

/// Sends bursts and drains them. Returns the sum of the messages.
fn bursts<M: Message>(
    n: u64,
    handle: &Handle<M>,
    mailbox: &mut Mailbox<M>,
    make: fn(u64) -> M,
    value: fn(M) -> u64,
) -> u64 {
    let mut cx = Context::from_waker(Waker::noop());
    let mut sum = 0;
    for _ in 0..n / BURST {
        for n in 0..BURST {
            assert!(handle.try_tell(make(black_box(n))).is_ok());
        }
        while let Poll::Ready(Some(message)) = mailbox.poll_turn(&mut cx) {
            sum += black_box(value(message));
        }
    }
    sum
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let workload = arguments.next().unwrap_or_default();
    let n = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let sum = if workload == "given" {
        let mut mailbox = Mailbox::with_lanes(ONE_LANE).expect("the lane is possible");
        bursts(n, &mailbox.handle(), &mut mailbox, Given, |message| message.0)
    } else {
        let (handle, mut mailbox) = actor_core::mailbox();
        bursts(n, &handle, &mut mailbox, Declared, |message| message.0)
    };
    assert_eq!(sum, n / BURST * (BURST * (BURST - 1) / 2));
    println!("{workload}: {n} handled");
}
