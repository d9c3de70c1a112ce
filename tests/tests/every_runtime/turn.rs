//! The length of an actor's turn on its thread, and of a batch, by a clock moved by the messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::task;
use std::time::{Duration, Instant, SystemTime};

use actor_lanes::actor::Batch;
use actor_lanes::runtime::{ExecutorStopped, Maker, Timer};
use actor_lanes::{Actor, Context, Executor, ExitReason, Lane, Message, Runtime, Spawn};
use actor_tests::{Desk, FIFO, Letter, end_of, executor, on_every_runtime, signal, wait};

on_every_runtime! {
    a_turn_ends_after_128_messages,
    a_turn_ends_after_1_ms,
    a_timer_due_within_a_batch_ends_the_batch,
}

/// An executor with a clock moved by the messages. Reports the number of messages handled so far at
/// the end of each turn.
#[derive(Debug)]
struct Watched {
    executor: Arc<dyn Executor>,
    start: Instant,
    /// Nanoseconds since the start.
    passed: AtomicU64,
    handled: AtomicU64,
    ends: SyncSender<u64>,
}

impl Watched {
    fn new(runtime: &dyn Runtime, ends: SyncSender<u64>) -> Arc<Self> {
        let executor = executor(runtime);
        let (passed, handled) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { start: executor.now(), executor, passed, handled, ends })
    }

    /// Counts a message, and moves the clock by the time of its handling.
    fn handle(&self, time: Duration) {
        self.handled.fetch_add(1, Ordering::SeqCst);
        self.passed.fetch_add(time.as_nanos() as u64, Ordering::SeqCst);
    }
}

impl Executor for Watched {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        self.executor.spawn(maker)
    }

    fn timer(&self) -> Box<dyn Timer> {
        self.executor.timer()
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_nanos(self.passed.load(Ordering::SeqCst))
    }

    fn wall_now(&self) -> SystemTime {
        self.executor.wall_now()
    }

    fn spins(&self) -> bool {
        self.executor.spins()
    }

    fn give_way(&self, cx: &mut task::Context<'_>) {
        self.ends.send(self.handled.load(Ordering::SeqCst)).expect("the test waits");
        self.executor.give_way(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.executor.run_blocking(work);
    }

    fn stop(&self) {
        self.executor.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.executor.join(timeout)
    }
}

const LETTERS: u64 = 600;

/// The number of letters in the lane until the last ones. With this number, more always wait.
const WAITING: u64 = 60;

/// Creates a letter. Its handling takes the given time by the executor's clock.
fn letter(watched: &Arc<Watched>, n: u64, time: Duration) -> Letter {
    let watched = Arc::clone(watched);
    Letter::act(FIFO, move |_, cx| {
        watched.handle(time);
        if n + WAITING < LETTERS {
            cx.handle().try_tell(letter(&watched, n + WAITING, time)).expect("there is room");
        }
    })
}

/// Returns the length of each turn in letters, except the last turn's.
fn turns(runtime: &dyn Runtime, time: Duration) -> Vec<u64> {
    let (ends, ended) = signal();
    let watched = Watched::new(runtime, ends);
    let (desk, mailbox) = actor_lanes::mailbox();
    (0..WAITING).for_each(|n| desk.try_tell(letter(&watched, n, time)).expect("there is room"));
    drop(desk);
    let executor: Arc<dyn Executor> = watched.clone();
    let running = Spawn::new(mailbox).start(&executor, Desk::default).expect("it starts");
    assert_eq!(end_of(&running).lanes[FIFO].handled, LETTERS);
    let mut before = 0;
    ended.try_iter().map(|end| end - std::mem::replace(&mut before, end)).collect()
}

fn a_turn_ends_after_128_messages(runtime: &dyn Runtime) {
    assert_eq!(turns(runtime, Duration::ZERO), [128; 4], "of {LETTERS} letters");
}

fn a_turn_ends_after_1_ms(runtime: &dyn Runtime) {
    let turns = turns(runtime, Duration::from_micros(100));
    assert!(turns.len() >= 54, "{turns:?}");
    assert!(turns.iter().all(|letters| (10..=11).contains(letters)), "{turns:?}");
}

enum Step {
    Work(u64),
    Tick,
}

impl Message for Step {
    const LANES: &'static [Lane] = &[Lane::fifo("steps", 8).batch(8)];
}

/// Records its steps, and `None` for a tick. A step of work takes 60 µs.
struct Stepper {
    watched: Arc<Watched>,
    steps: Vec<Option<u64>>,
    ending: SyncSender<Vec<Option<u64>>>,
}

impl Stepper {
    fn take(&mut self, step: Step) {
        match step {
            Step::Work(n) => {
                self.watched.handle(Duration::from_micros(60));
                self.steps.push(Some(n));
            }
            Step::Tick => self.steps.push(None),
        }
    }
}

impl Actor for Stepper {
    type Message = Step;

    async fn started(&mut self, cx: &mut Context<Step>) {
        cx.after(Duration::from_micros(100), Step::Tick);
    }

    async fn handle(&mut self, step: Step, _cx: &mut Context<Step>) {
        self.take(step);
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Step>, _cx: &mut Context<Step>) {
        batch.for_each(|step| self.take(step));
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.ending.send(std::mem::take(&mut self.steps)).expect("the test waits");
    }
}

fn a_timer_due_within_a_batch_ends_the_batch(runtime: &dyn Runtime) {
    let (ends, _ended) = signal();
    let watched = Watched::new(runtime, ends);
    let (handle, mailbox) = actor_lanes::mailbox();
    (0..5).for_each(|n| assert!(handle.try_tell(Step::Work(n)).is_ok()));
    drop(handle);
    let executor: Arc<dyn Executor> = watched.clone();
    let (ending, ended) = signal();
    let make = || Stepper { watched, steps: Vec::new(), ending };
    let running = Spawn::new(mailbox).start(&executor, make).expect("it starts");
    assert!(end_of(&running).reason.is_normal());
    // The whole batch takes 300 µs, far less than the limit of 1 ms.
    assert_eq!(wait(&ended), [Some(0), Some(1), None, Some(2), Some(3), Some(4)]);
}
