//! Compares the mailbox with the usual channels: async-channel and tokio's mpsc, all with a
//! capacity of 1024.
//!
//! Machines are noisy, so the contestants take turns round by round. Each row shows the median of
//! the rounds, with the lower and the upper quartile. `cargo bench -p actor-core` prints a Markdown
//! table, in about half a minute. A second table compares the kinds of lane. Everything runs on
//! plain threads, which park: no runtime's scheduling is part of a figure.

mod contestant;

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::{Message, mailbox};
use contestant::lanes::{ByKey, NewestFirst, Plain, Replaced, Shared};
use contestant::{AsyncChannel, Contestant, Ours, Parcel, TokioMpsc};
use futures::executor::block_on;
use futures::join;

/// Rounds of each contestant in each workload. Odd, so there is a median.
const ROUNDS: usize = 31;

/// A workload: does `n` operations and returns their duration.
type Run = fn(u64) -> Duration;

struct Workload {
    name: &'static str,
    n: u64,
    /// Ours, async-channel's, tokio's.
    runs: [Run; 3],
}

macro_rules! workload {
    ($name:literal, $n:literal, $run:ident $(::<$producers:literal>)?) => {
        Workload {
            name: $name,
            n: $n,
            runs: [$run::<Ours $(, $producers)?>, $run::<AsyncChannel $(, $producers)?>, $run::<TokioMpsc $(, $producers)?>],
        }
    };
}

const WORKLOADS: &[Workload] = &[
    workload!("tell, one thread", 100_000, tell_local),
    workload!("tell, 1 producer thread", 100_000, tell_across::<1>),
    workload!("tell, 4 producer threads", 100_000, tell_across::<4>),
    workload!("ask, one thread", 20_000, ask_local),
    workload!("ask, across threads", 1_000, ask_across),
    workload!("64 asks at once, across threads", 300, asks_across),
    workload!("sleep and be woken, without a scheduler", 100_000, wake),
];

/// The costs of each kind of lane, the plain one first.
const KINDS: &[(&str, Run)] = &[
    ("`fifo`", through::<Plain>),
    ("`fifo` with a `share`, 16 sources", through::<Shared>),
    ("`newest_first`", through::<NewestFirst>),
    ("`latest_by_key`, a key each", through::<ByKey>),
    ("`latest_by_key`, 16 keys, told and not taken", through::<Replaced>),
];

fn main() {
    compare_contestants();
    compare_kinds();
}

/// Prints a row for each kind of lane.
fn compare_kinds() {
    const N: u64 = 100_000;
    let mut rounds = vec![Vec::new(); KINDS.len()];
    for round in 0..=ROUNDS {
        for (times, (_, run)) in rounds.iter_mut().zip(KINDS) {
            let each = run(N).as_secs_f64() * 1e9 / N as f64;
            // The first round warms up.
            if round > 0 {
                times.push(each);
            }
        }
    }
    let cells: Vec<_> = rounds.iter_mut().map(|times| Quartiles::of(times)).collect();
    println!("\n| ns per tell and take, one thread, by hand | | of `fifo` |\n|---|---|---|");
    for ((name, _), cell) in KINDS.iter().zip(&cells) {
        println!("| {name} | {cell} | {:.2} |", cell.median / cells[0].median);
    }
}

/// Sends 512 messages and takes all not evicted, repeatedly, without a future.
fn through<M: Message + From<u64>>(n: u64) -> Duration {
    let (handle, mut mailbox) = mailbox::<M>();
    let start = now();
    for _ in 0..n / 512 {
        for number in 0..512 {
            assert!(handle.try_tell(M::from(number)).is_ok());
        }
        while let Some(message) = mailbox.try_recv() {
            black_box(message);
        }
    }
    start.elapsed()
}

/// Prints a row for each workload.
fn compare_contestants() {
    println!(
        "| ns per operation | ours | async-channel | tokio mpsc | async-channel / ours | tokio / ours |"
    );
    println!("|---|---|---|---|---|---|");
    for Workload { name, n, runs } in WORKLOADS {
        let mut rounds: [Vec<f64>; 3] = Default::default();
        for round in 0..=ROUNDS {
            for (times, run) in rounds.iter_mut().zip(runs) {
                let each = run(*n).as_secs_f64() * 1e9 / *n as f64;
                // The first round warms up.
                if round > 0 {
                    times.push(each);
                }
            }
        }
        let cells = rounds.each_mut().map(|times| Quartiles::of(times));
        let ratio = |other: usize| cells[other].median / cells[0].median;
        println!(
            "| {name} | {} | {} | {} | {:.2} | {:.2} |",
            cells[0],
            cells[1],
            cells[2],
            ratio(1),
            ratio(2)
        );
    }
}

struct Quartiles {
    median: f64,
    lower: f64,
    upper: f64,
}

impl Quartiles {
    fn of(times: &mut [f64]) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
        Self { median: at(2), lower: at(1), upper: at(3) }
    }
}

impl std::fmt::Display for Quartiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} ({:.0}–{:.0})", self.median, self.lower, self.upper)
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn now() -> Instant {
    Instant::now()
}

/// Sends 512 and receives 512 messages, repeatedly.
fn tell_local<C: Contestant>(n: u64) -> Duration {
    let (sender, mut receiver) = C::pair();
    let start = now();
    block_on(async {
        for _ in 0..n / 512 {
            for number in 0..512 {
                assert!(C::try_send(&sender, Parcel::Number(number)));
            }
            for _ in 0..512 {
                black_box(C::receive(&mut receiver).await);
            }
        }
    });
    start.elapsed()
}

/// Sends from several threads, waiting for room, and receives on this one.
fn tell_across<C: Contestant, const PRODUCERS: usize>(n: u64) -> Duration {
    let (sender, mut receiver) = C::pair();
    let each = n / PRODUCERS as u64;
    let together = Barrier::new(PRODUCERS + 1);
    thread::scope(|threads| {
        for _ in 0..PRODUCERS {
            let (sender, together) = (sender.clone(), &together);
            threads.spawn(move || {
                together.wait();
                block_on(async {
                    for number in 0..each {
                        C::send(&sender, Parcel::Number(number)).await;
                    }
                });
            });
        }
        together.wait();
        let start = now();
        block_on(async {
            for _ in 0..each * PRODUCERS as u64 {
                black_box(C::receive(&mut receiver).await);
            }
        });
        start.elapsed()
    })
}

/// Answers every ask until no handle is left.
async fn serve<C: Contestant>(mut receiver: C::Receiver) {
    while let Some(parcel) = C::receive(&mut receiver).await {
        if let Parcel::Ask(reply) = parcel {
            C::answer(reply, 7);
        }
    }
}

/// Asks one after the other; asker and answerer share a thread.
fn ask_local<C: Contestant>(n: u64) -> Duration {
    let (sender, receiver) = C::pair();
    let asking = async move {
        let start = now();
        for _ in 0..n {
            assert_eq!(C::ask(&sender).await, 7);
        }
        start.elapsed()
    };
    block_on(async { join!(asking, serve::<C>(receiver)) }).0
}

/// Asks one after the other; the answerer sleeps on another thread.
fn ask_across<C: Contestant>(n: u64) -> Duration {
    let (sender, receiver) = C::pair();
    thread::scope(|threads| {
        threads.spawn(|| block_on(serve::<C>(receiver)));
        let start = now();
        block_on(async {
            for _ in 0..n {
                assert_eq!(C::ask(&sender).await, 7);
            }
        });
        drop(sender);
        start.elapsed()
    })
}

/// Asks 64 times before it waits for the answers; an operation is all of these.
fn asks_across<C: Contestant>(n: u64) -> Duration {
    let (sender, receiver) = C::pair();
    thread::scope(|threads| {
        threads.spawn(|| block_on(serve::<C>(receiver)));
        let start = now();
        block_on(async {
            for _ in 0..n {
                let answers = futures::future::join_all((0..64).map(|_| C::ask(&sender))).await;
                assert_eq!(answers.len(), 64);
            }
        });
        drop(sender);
        start.elapsed()
    })
}

/// Polls an empty mailbox, sends a message, and polls again. The wake is an empty call.
fn wake<C: Contestant>(n: u64) -> Duration {
    let (sender, mut receiver) = C::pair();
    let mut cx = Context::from_waker(Waker::noop());
    let start = now();
    for number in 0..n {
        let mut receiving = pin!(C::receive(&mut receiver));
        assert!(receiving.as_mut().poll(&mut cx).is_pending());
        assert!(C::try_send(&sender, Parcel::Number(number)));
        assert!(receiving.as_mut().poll(&mut cx).is_ready());
    }
    start.elapsed()
}
