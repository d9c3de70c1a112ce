//! The cost of waking an actor on each runtime: for the sender, and until the message has been
//! handled.
//!
//! `cargo bench -p actor-tests` prints a Markdown table of medians, with the quarter of the rounds
//! below and above. It takes some ten seconds. The sender has core 1 and the actors have core 0.
//! Without this, the operating system would now and then put both on one core. No other program
//! should use the two cores.

use std::future::{Future, poll_fn};
use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::Poll;
use std::time::{Duration, Instant};

use actor_lanes::runtime::{SmolRuntime, ThreadRuntime, TokioRuntime};
use actor_lanes::{
    Actor, Context, Executor, Handle, Message, Reply, Runtime, Spawn, ThreadConfig, mailbox, spawn,
};
use actor_tests::PATIENCE;

/// Shorter than a thread spins before it parks.
const BRISK: Duration = Duration::from_micros(5);

/// Long enough for any thread to be asleep.
const LEISURELY: Duration = Duration::from_micros(300);

/// Repeats an operation, and returns the time of each in nanoseconds.
type Run = fn(&dyn Runtime) -> Vec<f64>;

const WORKLOADS: &[(&str, Run)] = &[
    ("a tell 5 µs after the last was handled: the sender", |runtime| tells(runtime, BRISK).0),
    ("… until it is handled", |runtime| tells(runtime, BRISK).1),
    ("a tell 300 µs after the last was handled: the sender", |runtime| {
        tells(runtime, LEISURELY).0
    }),
    ("… until it is handled", |runtime| tells(runtime, LEISURELY).1),
    ("an ask from a plain thread, which parks", asks),
    ("a hop between actors on two executors", hops),
    ("a future wakes itself and is polled", turns),
];

/// The core of the benchmark itself, and of the second actor if there are two.
const HERE: usize = 1;

/// The core of the actors.
const THERE: usize = 0;

fn main() {
    // Created before pinning, so they see two cores.
    let runtimes: [(&str, Box<dyn Runtime>); 4] = [
        ("tokio", Box::new(TokioRuntime::new())),
        ("smol", Box::new(SmolRuntime::new())),
        ("thread, parks at once", Box::new(ThreadRuntime::new().spin(Duration::ZERO))),
        ("thread", Box::new(ThreadRuntime::new())),
    ];
    let config = ThreadConfig::named("benchmark").on_core(HERE);
    let ((), end) =
        config.start(|| Ok(((), ())), move |()| run(&runtimes)).expect("there are two cores");
    assert!(end.wait(Duration::MAX));
}

fn executor(runtime: &dyn Runtime, core: usize) -> Arc<dyn Executor> {
    runtime.start_executor(ThreadConfig::named("actor").on_core(core)).expect("there are two cores")
}

fn run(runtimes: &[(&str, Box<dyn Runtime>)]) {
    let names: Vec<_> = runtimes.iter().map(|(name, _)| *name).collect();
    println!("| ns | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (name, run) in WORKLOADS {
        let cells: Vec<_> =
            runtimes.iter().map(|(_, runtime)| quartiles(run(&**runtime))).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn quartiles(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    let at = |quarter: usize| times[(times.len() - 1) * quarter / 4];
    format!("{:.0} ({:.0}–{:.0})", at(2), at(1), at(3))
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures the machine's time")]
fn now() -> Instant {
    Instant::now()
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

enum Ping {
    Count,
    Ask(Reply<u64>),
    /// Passes the message on this many times, then reports.
    Hop(u64, SyncSender<()>),
}

impl Message for Ping {}

struct Counter {
    handled: Arc<AtomicU64>,
    /// The receiver of hops.
    other: Option<Handle<Ping>>,
}

impl Actor for Counter {
    type Message = Ping;

    async fn handle(&mut self, message: Ping, _cx: &mut Context<Ping>) {
        match (message, &self.other) {
            (Ping::Count, _) => _ = self.handled.fetch_add(1, Ordering::Release),
            (Ping::Ask(reply), _) => reply.send(7),
            (Ping::Hop(0, tell), _) => tell.send(()).expect("the benchmark waits"),
            (Ping::Hop(left, tell), Some(other)) => drop(other.try_tell(Ping::Hop(left - 1, tell))),
            (Ping::Hop(..), None) => {}
        }
    }
}

/// Sends each message this long after the last was handled. Returns the times of the calls, and the
/// times until handled.
fn tells(runtime: &dyn Runtime, gap: Duration) -> (Vec<f64>, Vec<f64>) {
    const TELLS: u64 = 2_000;

    let handled = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&handled);
    let (counter, _running) =
        spawn(&executor(runtime, THERE), || Counter { handled: counts, other: None })
            .expect("it runs");
    let (mut sending, mut until_handled) = (Vec::new(), Vec::new());
    for n in 1..=TELLS {
        let resting = now();
        while resting.elapsed() < gap {
            spin_loop();
        }
        let start = now();
        counter.try_tell(Ping::Count).expect("there is room");
        sending.push(nanoseconds(start.elapsed()));
        while handled.load(Ordering::Acquire) < n {
            spin_loop();
        }
        until_handled.push(nanoseconds(start.elapsed()));
    }
    (sending, until_handled)
}

fn asks(runtime: &dyn Runtime) -> Vec<f64> {
    const ASKS: usize = 5_000;

    let make = || Counter { handled: Arc::default(), other: None };
    let (counter, _running) = spawn(&executor(runtime, THERE), make).expect("it runs");
    let ask = |_| {
        let start = now();
        assert_eq!(counter.ask_blocking(Ping::Ask, PATIENCE).ok(), Some(7));
        nanoseconds(start.elapsed())
    };
    (0..ASKS).map(ask).collect()
}

fn hops(runtime: &dyn Runtime) -> Vec<f64> {
    const HOPS: u64 = 500;
    const ROUNDS: usize = 51;

    let ((left, left_mailbox), (right, right_mailbox)) = (mailbox(), mailbox());
    let start = |mailbox, other: &Handle<Ping>, core| {
        let other = Some(other.clone());
        let make = || Counter { handled: Arc::default(), other };
        Spawn::new(mailbox).start(&executor(runtime, core), make).expect("it runs")
    };
    let ends = [start(left_mailbox, &right, THERE), start(right_mailbox, &left, HERE)];
    let round = |_| {
        let (tell, told) = sync_channel(1);
        let start = now();
        left.try_tell(Ping::Hop(HOPS, tell)).expect("there is room");
        told.recv_timeout(PATIENCE).expect("it comes back");
        nanoseconds(start.elapsed()) / HOPS as f64
    };
    let times = (0..ROUNDS).map(round).collect();
    // They hold handles of each other, so they do not end by themselves.
    ends.iter().for_each(|end| end.kill());
    times
}

fn turns(runtime: &dyn Runtime) -> Vec<f64> {
    const TURNS: u64 = 20_000;
    const ROUNDS: usize = 51;

    let (tell, told) = sync_channel(1);
    let turning = move || async move {
        for _ in 0..ROUNDS {
            let (start, mut left) = (now(), TURNS);
            poll_fn(|cx| {
                left -= 1;
                cx.waker().wake_by_ref();
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            tell.send(nanoseconds(start.elapsed()) / TURNS as f64).expect("the benchmark waits");
        }
    };
    let maker = move || Box::pin(turning()) as Pin<Box<dyn Future<Output = ()>>>;
    executor(runtime, THERE).spawn(Box::new(maker)).expect("the executor takes futures");
    told.iter().collect()
}
