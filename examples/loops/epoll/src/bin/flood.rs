//! Four threads send to an owner in an epoll loop. A test counts the system calls of this program.
//!
//! ```text
//! cargo run -p epoll-loop --bin flood -- awake 100000
//! cargo run -p epoll-loop --bin flood -- sleeping 100000
//! ```
//!
//! `awake` polls the driver in every round of the loop, so the owner never announces sleep and the
//! eventfd is never written. `sleeping` waits in `epoll_wait` whenever the owner has no work.
//! `parking` is the control of the test: two threads that park at each message, without an actor.

use std::error::Error;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Context, Handle, Message, TryTellError, spawn};
use actor_embed::{Driver, Embed};
use epoll_loop::Loop;

const SENDERS: u64 = 4;
const TURN: Duration = Duration::from_millis(1);

/// A message with a number, for a checksum.
struct Add(u64);

impl Message for Add {}

/// Adds all numbers, and stops after the expected count of messages.
struct Sum {
    left: u64,
    total: u64,
    expected: u64,
}

impl Actor for Sum {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, cx: &mut Context<Add>) {
        self.total += n;
        self.left -= 1;
        if self.left == 0 {
            assert_eq!(self.total, self.expected, "each message arrived once");
            cx.stop();
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_else(|| "awake".to_owned());
    let messages: u64 = arguments.next().map_or(Ok(100_000), |n| n.parse())?;
    match mode.as_str() {
        "awake" => flood(messages, stay_awake),
        "sleeping" => flood(messages, |events, driver| Ok(events.host(driver)?)),
        "parking" => park(messages),
        _ => Err("the mode is `awake`, `sleeping` or `parking`".into()),
    }
}

type Host = fn(&mut Loop, &mut Driver) -> Result<(), Box<dyn Error>>;

fn flood(messages: u64, host: Host) -> Result<(), Box<dyn Error>> {
    let each = messages / SENDERS;
    let left = each * SENDERS;
    let expected = left * left.saturating_sub(1) / 2;
    let mut events = Loop::new()?;
    let bell = events.bell();
    let (executor, mut driver) = Embed::new(move || bell.ring()).build()?;
    let (sum, running) = spawn(&executor, move || Sum { left, total: 0, expected })?;
    executor.stop();
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let sum = sum.clone();
            thread::spawn(move || send(&sum, number * each..(number + 1) * each))
        })
        .collect();
    drop(sum);
    host(&mut events, &mut driver)?;
    for sender in senders {
        sender.join().expect("a sender does not panic");
    }
    let exit = running.exit().ok_or("the loop ends after the actor")?;
    assert!(exit.reason.is_normal(), "{}", exit.reason);
    println!("{} messages, {} writes to the eventfd", exit.lanes[0].handled, events.rings());
    Ok(())
}

/// The loop of an owner that never sleeps: it looks after its descriptors without waiting.
fn stay_awake(events: &mut Loop, driver: &mut Driver) -> Result<(), Box<dyn Error>> {
    while !driver.poll(TURN).has_ended {
        events.wait(Some(Duration::ZERO))?;
    }
    Ok(())
}

/// Sends without a wait of the operating system: a full lane is tried again.
fn send(sum: &Handle<Add>, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let mut message = Add(number);
        while let Err(refused) = sum.try_tell(message) {
            let TryTellError::Full(returned) = refused else { return };
            message = returned;
            thread::yield_now();
        }
    }
}

fn park(messages: u64) -> Result<(), Box<dyn Error>> {
    let (ask, asked) = sync_channel(0);
    let (answer, answers) = sync_channel(0);
    let echo = thread::spawn(move || asked.iter().try_for_each(|n: u64| answer.send(n)));
    for n in 0..messages {
        ask.send(n)?;
        assert_eq!(answers.recv()?, n);
    }
    drop(ask);
    echo.join().expect("the echo does not panic")?;
    println!("{messages} messages between two threads that park");
    Ok(())
}
