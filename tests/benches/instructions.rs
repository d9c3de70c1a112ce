//! A program for counting instructions: it repeats one operation, on one thread and without a
//! runtime.
//!
//! ```text
//! cargo bench -p actor-tests --bench instructions --no-run
//! valgrind --tool=callgrind target/release/deps/instructions-… tell 100000
//! ```
//!
//! It also prints the time of each operation, meaningful only without valgrind. To get the
//! instructions per message, divide the difference of two runs by the difference of their message
//! counts.

use std::cell::RefCell;
use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::flow::Credits;
use actor_lanes::observe::{Exporter, Observer, Spans};
use actor_lanes::runtime::{ExecutorStopped, Maker, SmolRuntime, Timer};
use actor_lanes::{
    Actor, Context, Executor, Handle, Lane, Message, Reply, Runtime, Spawn, mailbox,
};

/// Messages sent before the actor is polled.
const BURST: u64 = 64;

thread_local! {
    static TASKS: RefCell<Vec<Pin<Box<dyn Future<Output = ()>>>>> = const { RefCell::new(Vec::new()) };
}

/// Keeps futures for [`Tasks`].
#[derive(Debug)]
struct Here(Arc<dyn Executor>);

impl Executor for Here {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        TASKS.with_borrow_mut(|tasks| tasks.push(maker()));
        Ok(())
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.0.timer()
    }

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.0.wall_now()
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        work();
    }

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

/// The futures of the actors. In a variable of the workload, because an access to a thread-local
/// costs more or less from build to build, and is no part of what is counted.
#[derive(Default)]
struct Tasks(Vec<Pin<Box<dyn Future<Output = ()>>>>);

impl Tasks {
    /// Takes the actors spawned since the last call, and polls all.
    fn begin(&mut self) {
        TASKS.with_borrow_mut(|new| self.0.append(new));
        self.poll();
    }

    #[inline(never)]
    fn poll(&mut self) {
        let mut cx = task::Context::from_waker(Waker::noop());
        self.0.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
    }
}

enum Ping {
    Count(u64),
    Ask(Reply<u64>),
    /// Passes the message on this many times.
    Hop(u64),
    Control,
}

impl Message for Ping {
    const LANES: &'static [Lane] = &[Lane::fifo("pings", 256)];
}

/// The same message type with three lanes.
struct Routed(Ping);

impl Message for Routed {
    const LANES: &'static [Lane] =
        &[Lane::control("control", 16), Lane::fifo("pings", 256), Lane::fifo("asks", 64)];

    fn lane(&self) -> usize {
        match self.0 {
            Ping::Control => 0,
            Ping::Ask(_) => 2,
            Ping::Count(_) | Ping::Hop(_) => 1,
        }
    }
}

/// The same message type in 256 bytes.
struct Large(Ping, [u64; 30]);

impl Message for Large {
    const LANES: &'static [Lane] = Ping::LANES;
}

impl From<Ping> for Large {
    fn from(ping: Ping) -> Self {
        Self(ping, [1; 30])
    }
}

impl From<Large> for Ping {
    fn from(Large(ping, words): Large) -> Self {
        black_box(words);
        ping
    }
}

/// The same message type on one of many lanes, not the first.
struct Wide<const LANES: usize>(Ping);

impl<const LANES: usize> Message for Wide<LANES> {
    const LANES: &'static [Lane] = &[Lane::fifo("lane", 256); LANES];

    fn lane(&self) -> usize {
        LANES / 2
    }
}

impl<const LANES: usize> From<Ping> for Wide<LANES> {
    fn from(ping: Ping) -> Self {
        Self(ping)
    }
}

impl<const LANES: usize> From<Wide<LANES>> for Ping {
    fn from(Wide(ping): Wide<LANES>) -> Self {
        ping
    }
}

impl From<Ping> for Routed {
    fn from(ping: Ping) -> Self {
        Self(ping)
    }
}

impl From<Routed> for Ping {
    fn from(Routed(ping): Routed) -> Self {
        ping
    }
}

/// The same message type with a name for each kind.
struct Kinds(Ping);

impl Message for Kinds {
    const LANES: &'static [Lane] = Ping::LANES;
    const KINDS: &'static [&'static str] = &["Count", "Ask", "Hop", "Control"];

    fn kind(&self) -> usize {
        match self.0 {
            Ping::Count(_) => 0,
            Ping::Ask(_) => 1,
            Ping::Hop(_) => 2,
            Ping::Control => 3,
        }
    }
}

impl From<Ping> for Kinds {
    fn from(ping: Ping) -> Self {
        Self(ping)
    }
}

impl From<Kinds> for Ping {
    fn from(Kinds(ping): Kinds) -> Self {
        ping
    }
}

/// Sees everything, and does nothing.
struct Quiet;
impl<M: Message> Observer<M> for Quiet {}

struct Counter<M: Message> {
    sum: u64,
    other: Option<Handle<M>>,
    has_timer: bool,
}

impl<M: Message + From<Ping> + Into<Ping>> Actor for Counter<M> {
    type Message = M;

    async fn started(&mut self, cx: &mut Context<M>) {
        if self.has_timer {
            cx.after(Duration::from_secs(1_000), Ping::Control.into());
        }
    }

    async fn handle(&mut self, message: M, _cx: &mut Context<M>) {
        match message.into() {
            Ping::Count(n) => self.sum += black_box(n),
            Ping::Ask(reply) => reply.send(7),
            Ping::Hop(0) | Ping::Control => {}
            Ping::Hop(left) => {
                drop(self.other.as_ref().map(|other| other.try_tell(Ping::Hop(left - 1).into())))
            }
        }
    }
}

fn counter<M: Message + From<Ping> + Into<Ping>>(
    executor: &Arc<dyn Executor>,
    has_timer: bool,
) -> (Handle<M>, Tasks) {
    let mut tasks = Tasks::default();
    (counter_in(&mut tasks, executor, has_timer), tasks)
}

fn counter_in<M: Message + From<Ping> + Into<Ping>>(
    tasks: &mut Tasks,
    executor: &Arc<dyn Executor>,
    has_timer: bool,
) -> Handle<M> {
    let (handle, mailbox) = mailbox::<M>();
    drop(
        Spawn::new(mailbox)
            .start(executor, move || Counter { sum: 0, other: None, has_timer })
            .expect("it takes all"),
    );
    tasks.begin();
    handle
}

fn tell<M: Message + From<Ping> + Into<Ping>>(
    executor: &Arc<dyn Executor>,
    n: u64,
    has_timer: bool,
) {
    let (counter, mut tasks) = counter::<M>(executor, has_timer);
    for _ in 0..n / BURST {
        for n in 0..BURST {
            assert!(counter.try_tell(Ping::Count(n).into()).is_ok());
        }
        tasks.poll();
    }
}

/// Sends by a permit: room is reserved first.
fn permit(executor: &Arc<dyn Executor>, n: u64) {
    let (counter, mut tasks) = counter::<Ping>(executor, false);
    for _ in 0..n / BURST {
        for n in 0..BURST {
            let permit = counter.try_reserve(0).expect("the lane has room");
            assert!(permit.send(Ping::Count(n)).is_ok());
        }
        tasks.poll();
    }
}

/// Sends while one place of the lane is reserved.
fn tell_beside_permit(executor: &Arc<dyn Executor>, n: u64) {
    let (counter, mut tasks) = counter::<Ping>(executor, false);
    let _permit = counter.try_reserve(0).expect("the lane has room");
    for _ in 0..n / BURST {
        for n in 0..BURST {
            assert!(counter.try_tell(Ping::Count(n)).is_ok());
        }
        tasks.poll();
    }
}

/// Takes and returns a credit.
fn credit(n: u64) {
    let credits = Credits::new(4);
    for _ in 0..n {
        drop(black_box(credits.try_take()));
    }
}

fn tell_observed(executor: &Arc<dyn Executor>, n: u64, observer: impl Observer<Kinds>) {
    let (counter, mailbox) = mailbox::<Kinds>();
    let make = || Counter { sum: 0, other: None, has_timer: false };
    drop(Spawn::new(mailbox).observed(observer).start(executor, make).expect("it takes all"));
    let mut tasks = Tasks::default();
    tasks.begin();
    for _ in 0..n / BURST {
        for n in 0..BURST {
            assert!(counter.try_tell(Ping::Count(n).into()).is_ok());
        }
        tasks.poll();
    }
}

/// Reads figures of an actor that has handled messages.
fn figures(executor: &Arc<dyn Executor>, n: u64, read: impl Fn(&Handle<Ping>)) {
    let (counter, mut tasks) = counter::<Ping>(executor, false);
    (0..BURST).for_each(|n| assert!(counter.try_tell(Ping::Count(n)).is_ok()));
    tasks.poll();
    (0..n).for_each(|_| read(&counter));
}

fn ask(executor: &Arc<dyn Executor>, n: u64) {
    let (counter, mut tasks) = counter::<Ping>(executor, false);
    let mut cx = task::Context::from_waker(Waker::noop());
    for _ in 0..n {
        let mut asking = pin!(counter.ask(Ping::Ask));
        assert!(asking.as_mut().poll(&mut cx).is_pending());
        tasks.poll();
        assert!(matches!(asking.as_mut().poll(&mut cx), Poll::Ready(Ok(7))));
    }
}

fn hop(executor: &Arc<dyn Executor>, n: u64) {
    let ((left, left_mailbox), (right, right_mailbox)) = (mailbox::<Ping>(), mailbox::<Ping>());
    for (mailbox, other) in [(left_mailbox, right), (right_mailbox, left.clone())] {
        let make = move || Counter { sum: 0, other: Some(other), has_timer: false };
        drop(Spawn::new(mailbox).start(executor, make).expect("it takes all"));
    }
    let mut tasks = Tasks::default();
    tasks.begin();
    assert!(left.try_tell(Ping::Hop(n)).is_ok());
    (0..=n / 2).for_each(|_| tasks.poll());
}

fn spawn(executor: &Arc<dyn Executor>, n: u64) {
    let mut tasks = Tasks::default();
    for _ in 0..n {
        drop(counter_in::<Ping>(&mut tasks, executor, false));
        tasks.poll();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let workload = arguments.next().unwrap_or_default();
    let n = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let clock = SmolRuntime::new()
        .start_executor(actor_lanes::ThreadConfig::named("clock"))
        .expect("a thread starts");
    let start = clock.now();
    let executor: Arc<dyn Executor> = Arc::new(Here(Arc::clone(&clock)));
    match workload.as_str() {
        "tell-lanes" => tell::<Routed>(&executor, n, false),
        "tell-1" => tell::<Wide<1>>(&executor, n, false),
        "tell-3" => tell::<Wide<3>>(&executor, n, false),
        "tell-4" => tell::<Wide<4>>(&executor, n, false),
        "tell-5" => tell::<Wide<5>>(&executor, n, false),
        "tell-40" => tell::<Wide<40>>(&executor, n, false),
        "tell-1000" => tell::<Wide<1000>>(&executor, n, false),
        "tell-timer" => tell::<Ping>(&executor, n, true),
        "tell-large" => tell::<Large>(&executor, n, false),
        "permit" => permit(&executor, n),
        "tell-permit" => tell_beside_permit(&executor, n),
        "credit" => credit(n),
        "tell-kinds" => tell::<Kinds>(&executor, n, false),
        "tell-observed" => tell_observed(&executor, n, Quiet),
        "tell-spans" => tell_observed(&executor, n, Spans::new()),
        "figures" => figures(&executor, n, |counter| drop(black_box(counter.figures()))),
        "page" => figures(&executor, n, |counter| {
            let exporter = Exporter::new().actor("counter", counter.gauge());
            drop(black_box(exporter.render()));
        }),
        "ask" => ask(&executor, n),
        "hop" => hop(&executor, n),
        "spawn" => spawn(&executor, n),
        _ => tell::<Ping>(&executor, n, false),
    }
    let took = clock.now().duration_since(start);
    println!("{workload}: {:.1} ns each", took.as_secs_f64() * 1e9 / n as f64);
}
