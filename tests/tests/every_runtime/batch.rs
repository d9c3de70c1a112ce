//! Several messages in one call: their number, their order, and the reasons for ending a batch
//! early.

use std::time::Duration;

use actor_lanes::actor::Batch;
use actor_lanes::{Actor, Context, Handle, Lane, Message, Reply, Runtime, Spawn, mailbox};
use actor_tests::{PATIENCE, end_of, executor, on_every_runtime};

on_every_runtime! {
    a_batch_takes_the_waiting_messages_up_to_the_lanes_limit,
    a_lane_without_batches_is_handled_one_by_one,
    messages_left_in_a_batch_are_in_the_next_one,
    messages_left_by_a_batch_are_handled_one_by_one,
    control_cuts_a_batch_short,
    a_batch_of_control_is_cut_short_by_other_control_only,
    a_due_timer_cuts_a_batch_short,
    a_long_batch_ends_with_its_time,
    an_immediate_stop_cuts_a_batch_short,
    an_actor_that_ends_itself_takes_no_more_of_its_batch,
    every_message_of_a_batch_is_accounted_for,
}

enum Work {
    Control,
    Single(u64),
    Batched(u64),
    Newest(u64),
    Tick,
    Read(Reply<Vec<Call>>),
}

impl Message for Work {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 8),
        Lane::fifo("single", 64),
        Lane::fifo("batched", 256).batch(16),
        Lane::newest_first("newest", 64).batch(4),
    ];

    fn lane(&self) -> usize {
        match self {
            Self::Control | Self::Tick => 0,
            Self::Single(_) | Self::Read(_) => 1,
            Self::Batched(_) => 2,
            Self::Newest(_) => 3,
        }
    }
}

/// The arguments of one call of the actor.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Call {
    One(u64),
    Batch(Vec<u64>),
    Control,
    Tick,
}

/// The actor's special behaviour at the message 0.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Twist {
    None,
    TakesTwo,
    TakesNone,
    SendsControl,
    Dawdles,
    Stops,
    EndsItself,
}

struct Worker {
    calls: Vec<Call>,
    twist: Twist,
    /// Arms a timer in `started`, due after 2 ms.
    ticks: bool,
    stop: Option<std::sync::mpsc::SyncSender<()>>,
    go_on: Option<std::sync::mpsc::Receiver<()>>,
}

fn number(work: &Work) -> u64 {
    match work {
        Work::Single(n) | Work::Batched(n) | Work::Newest(n) => *n,
        Work::Control | Work::Tick | Work::Read(_) => panic!("no batch has this"),
    }
}

impl Actor for Worker {
    type Message = Work;

    async fn started(&mut self, cx: &mut Context<Work>) {
        if self.ticks {
            cx.after(Duration::from_millis(2), Work::Tick);
        }
    }

    async fn handle(&mut self, work: Work, _cx: &mut Context<Work>) {
        match work {
            Work::Control => self.calls.push(Call::Control),
            Work::Tick => self.calls.push(Call::Tick),
            Work::Read(reply) => reply.send(self.calls.clone()),
            other => self.calls.push(Call::One(number(&other))),
        }
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Work>, cx: &mut Context<Work>) {
        if self.twist == Twist::TakesNone {
            return;
        }
        let most = if self.twist == Twist::TakesTwo { 2 } else { usize::MAX };
        let mut numbers = Vec::new();
        for work in batch.take(most) {
            numbers.push(number(&work));
            if number(&work) == 0 {
                match self.twist {
                    Twist::SendsControl => assert!(cx.handle().try_tell(Work::Control).is_ok()),
                    // Computing, from the framework's point of view.
                    Twist::Dawdles => {
                        let until = cx.now() + Duration::from_millis(4);
                        while cx.now() < until {
                            std::hint::spin_loop();
                        }
                    }
                    Twist::Stops => {
                        self.stop.take().expect("it stops once").send(()).expect("the test waits");
                        self.go_on
                            .take()
                            .expect("it stops once")
                            .recv_timeout(PATIENCE)
                            .expect("the test goes on");
                    }
                    Twist::EndsItself => cx.stop(),
                    Twist::None | Twist::TakesTwo | Twist::TakesNone => {}
                }
            }
        }
        self.calls.push(Call::Batch(numbers));
    }
}

impl Worker {
    fn with(twist: Twist) -> Self {
        Self { calls: Vec::new(), twist, ticks: false, stop: None, go_on: None }
    }
}

/// Lets a worker handle the messages sent before its start, and returns its calls.
fn calls(runtime: &dyn Runtime, worker: Worker, sent: impl IntoIterator<Item = Work>) -> Vec<Call> {
    let (handle, mailbox) = mailbox();
    for work in sent {
        assert!(handle.try_tell(work).is_ok(), "there is room");
    }
    let running = Spawn::new(mailbox).start(&executor(runtime), || worker).expect("it starts");
    let calls = read_when_idle(&handle);
    running.stop(PATIENCE);
    assert!(end_of(&running).reason.is_normal());
    calls
}

fn read_when_idle(handle: &Handle<Work>) -> Vec<Call> {
    while handle.stats().iter().any(|lane| lane.depth > 0) {
        std::thread::yield_now();
    }
    handle.ask_blocking(Work::Read, PATIENCE).expect("the worker answers")
}

fn batched(numbers: std::ops::Range<u64>) -> impl Iterator<Item = Work> {
    numbers.map(Work::Batched)
}

fn batch(numbers: std::ops::Range<u64>) -> Call {
    Call::Batch(numbers.collect())
}

/// Returns the numbers of all batches, in order. The division of a lane's messages into batches
/// also depends on the machine: a slow one ends a batch by its time.
fn numbers(calls: &[Call]) -> Vec<u64> {
    let of = |call: &Call| match call {
        Call::Batch(numbers) => numbers.clone(),
        Call::One(_) | Call::Control | Call::Tick => Vec::new(),
    };
    calls.iter().flat_map(of).collect()
}

fn longest(calls: &[Call]) -> usize {
    calls
        .iter()
        .map(|call| if let Call::Batch(numbers) = call { numbers.len() } else { 0 })
        .max()
        .unwrap_or(0)
}

fn a_batch_takes_the_waiting_messages_up_to_the_lanes_limit(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::None), batched(0..40));
    assert_eq!(numbers(&calls), Vec::from_iter(0..40));
    assert!((2..=16).contains(&longest(&calls)), "{calls:?}");
}

fn a_lane_without_batches_is_handled_one_by_one(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::None), (0..3).map(Work::Single));
    assert_eq!(calls, [Call::One(0), Call::One(1), Call::One(2)]);
}

fn messages_left_in_a_batch_are_in_the_next_one(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::TakesTwo), batched(0..5));
    assert_eq!(numbers(&calls), Vec::from_iter(0..5));
    assert!(longest(&calls) <= 2, "{calls:?}");
}

fn messages_left_by_a_batch_are_handled_one_by_one(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::TakesNone), batched(0..3));
    assert_eq!(calls, [Call::One(0), Call::One(1), Call::One(2)]);
}

fn control_cuts_a_batch_short(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::SendsControl), batched(0..5));
    assert_eq!(calls[..2], [batch(0..1), Call::Control]);
    assert_eq!(numbers(&calls), Vec::from_iter(0..5));
}

/// Control messages handled in batches, and other control messages.
enum Order {
    Batched,
    Other,
    Read(Reply<Vec<usize>>),
}

impl Message for Order {
    const LANES: &'static [Lane] =
        &[Lane::control("batched", 8).batch(8), Lane::control("other", 8), Lane::fifo("read", 1)];

    fn lane(&self) -> usize {
        match self {
            Self::Batched => 0,
            Self::Other => 1,
            Self::Read(_) => 2,
        }
    }
}

/// The batch length of each call.
#[derive(Default)]
struct Orders(Vec<usize>);

impl Actor for Orders {
    type Message = Order;

    async fn handle(&mut self, order: Order, _cx: &mut Context<Order>) {
        match order {
            Order::Read(reply) => reply.send(self.0.clone()),
            Order::Batched | Order::Other => self.0.push(0),
        }
    }

    async fn handle_batch(&mut self, batch: &mut Batch<'_, Order>, _cx: &mut Context<Order>) {
        self.0.push(batch.count());
    }
}

fn a_batch_of_control_is_cut_short_by_other_control_only(runtime: &dyn Runtime) {
    for (others, expected) in [(0, 3), (1, 2)] {
        let (handle, mailbox) = mailbox();
        (0..3).for_each(|_| assert!(handle.try_tell(Order::Batched).is_ok()));
        (0..others).for_each(|_| assert!(handle.try_tell(Order::Other).is_ok()));
        let running =
            Spawn::new(mailbox).start(&executor(runtime), Orders::default).expect("it starts");
        drop(running);
        let lengths = handle.ask_blocking(Order::Read, PATIENCE).expect("it answers");
        // The batches before the other control message, if any, and the batches after it.
        let mut parts = lengths.split(|&length| length == 0).rev();
        assert_eq!(parts.next().map(|part| part.iter().sum()), Some(expected), "{lengths:?}");
        assert!(parts.all(|part| part == [1]), "{lengths:?}");
    }
}

fn a_due_timer_cuts_a_batch_short(runtime: &dyn Runtime) {
    let mut worker = Worker::with(Twist::Dawdles);
    worker.ticks = true;
    let calls = calls(runtime, worker, batched(0..5));
    // On a slow machine it is due before the first batch.
    let is_first = calls[0] == Call::Tick;
    assert!(is_first || calls[..2] == [batch(0..1), Call::Tick], "{calls:?}");
    assert_eq!(numbers(&calls), Vec::from_iter(0..5));
}

fn a_long_batch_ends_with_its_time(runtime: &dyn Runtime) {
    let calls = calls(runtime, Worker::with(Twist::Dawdles), batched(0..5));
    assert_eq!(calls[0], batch(0..1));
    assert_eq!(numbers(&calls), Vec::from_iter(0..5));
}

fn an_actor_that_ends_itself_takes_no_more_of_its_batch(runtime: &dyn Runtime) {
    let (handle, mailbox) = mailbox();
    batched(0..5).for_each(|work| assert!(handle.try_tell(work).is_ok()));
    let running = Spawn::new(mailbox)
        .start(&executor(runtime), || Worker::with(Twist::EndsItself))
        .expect("it starts");
    let exit = end_of(&running);
    assert!(exit.reason.is_normal());
    assert_eq!((exit.lanes[2].handled, exit.lanes[2].undelivered), (1, 4));
}

fn an_immediate_stop_cuts_a_batch_short(runtime: &dyn Runtime) {
    let (handle, mailbox) = mailbox();
    batched(0..5).for_each(|work| assert!(handle.try_tell(work).is_ok()));
    let (stop, stopping) = actor_tests::signal();
    let (go_on, going_on) = actor_tests::signal();
    let mut worker = Worker::with(Twist::Stops);
    (worker.stop, worker.go_on) = (Some(stop), Some(going_on));
    let running = Spawn::new(mailbox).start(&executor(runtime), || worker).expect("it starts");
    actor_tests::wait(&stopping);
    running.kill();
    go_on.send(()).expect("the worker waits");
    let exit = end_of(&running);
    let lane = &exit.lanes[2];
    assert_eq!((lane.accepted, lane.handled, lane.undelivered), (5, 1, 4));
}

fn every_message_of_a_batch_is_accounted_for(runtime: &dyn Runtime) {
    let (handle, mailbox) = mailbox();
    batched(0..40)
        .chain((0..10).map(Work::Newest))
        .for_each(|work| assert!(handle.try_tell(work).is_ok()));
    let running = Spawn::new(mailbox)
        .start(&executor(runtime), || Worker::with(Twist::None))
        .expect("it starts");
    let calls = read_when_idle(&handle);
    assert_eq!(numbers(&calls).len(), 50, "{calls:?}");
    running.stop(PATIENCE);
    let lanes = end_of(&running).lanes;
    assert_eq!((lanes[2].handled, lanes[2].depth), (40, 0));
    assert_eq!((lanes[3].handled, lanes[3].depth), (10, 0));
}
