//! Random streams: each one arrives in order and without a loss, up to its end or its detaching.

use std::pin::Pin;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context as Task, Poll, Waker};
use std::thread;
use std::time::Duration;

use actor_core::actor::{StreamId, Streamed};
use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
use futures::Stream;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

const PATIENCE: Duration = Duration::from_secs(30);

/// What a stream does at one of its polls.
#[derive(Clone, Copy, Debug)]
enum Step {
    Item,
    /// Wakes itself, and has no item.
    Nap,
    /// Is woken by another thread, and has no item.
    Away,
}

#[derive(Clone, Debug)]
struct Plan {
    steps: Vec<Step>,
    /// The number of items after which the actor detaches the stream.
    detached: Option<u64>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let step = prop_oneof![4 => Just(Step::Item), 1 => Just(Step::Nap), 1 => Just(Step::Away)];
    (vec(step, 0..24), option::of(1..16_u64)).prop_map(|(steps, detached)| Plan { steps, detached })
}

impl Plan {
    /// Returns the events that reach the actor.
    fn events(&self) -> Vec<Streamed<u64>> {
        let items = self.steps.iter().filter(|step| matches!(step, Step::Item)).count() as u64;
        match self.detached {
            Some(most) if most <= items => (0..most).map(Streamed::Item).collect(),
            _ => (0..items).map(Streamed::Item).chain([Streamed::Ended]).collect(),
        }
    }
}

/// A stream by its plan.
struct Planned {
    steps: std::vec::IntoIter<Step>,
    items: u64,
    /// Wakes what it receives.
    wakes: SyncSender<Waker>,
}

impl Stream for Planned {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<u64>> {
        match self.steps.next() {
            None => return Poll::Ready(None),
            Some(Step::Nap) => task.waker().wake_by_ref(),
            Some(Step::Away) => {
                self.wakes.send(task.waker().clone()).expect("the other thread waits");
            }
            Some(Step::Item) => {
                self.items += 1;
                return Poll::Ready(Some(self.items - 1));
            }
        }
        Poll::Pending
    }
}

/// An event of the stream with this number.
struct Event(usize, Streamed<u64>);

impl Message for Event {}

struct Owner {
    plans: Vec<Plan>,
    ids: Vec<StreamId>,
    events: Vec<Vec<Streamed<u64>>>,
    wakes: SyncSender<Waker>,
    done: SyncSender<Vec<Vec<Streamed<u64>>>>,
}

impl Actor for Owner {
    type Message = Event;

    async fn started(&mut self, cx: &mut Context<Event>) {
        for (n, plan) in self.plans.iter().enumerate() {
            let steps = plan.steps.clone().into_iter();
            let stream = Planned { steps, items: 0, wakes: self.wakes.clone() };
            self.ids.push(cx.attach(stream, move |event| Event(n, event)));
        }
    }

    async fn handle(&mut self, Event(n, event): Event, cx: &mut Context<Event>) {
        self.events[n].push(event);
        if self.plans[n].detached == Some(self.events[n].len() as u64) {
            cx.detach(self.ids[n]);
        }
    }

    async fn stopped(&mut self, _reason: &ExitReason) {
        self.done.send(std::mem::take(&mut self.events)).expect("the test waits");
    }
}

fn compare(plans: Vec<Plan>) -> Result<(), TestCaseError> {
    let (wakes, woken) = sync_channel::<Waker>(256);
    let waking = thread::spawn(move || woken.into_iter().for_each(Waker::wake));
    let (done, events) = sync_channel(1);
    let expected: Vec<_> = plans.iter().map(Plan::events).collect();
    let runtime = actor_smol::SmolRuntime::new();
    let executor = runtime.start_executor(ThreadConfig::named("owner")).expect("it starts");
    let make = move || Owner {
        events: vec![Vec::new(); plans.len()],
        ids: Vec::new(),
        plans,
        wakes,
        done,
    };
    // The streams keep it: it ends by itself once all have ended.
    let (owner, running) = spawn(&executor, make).expect("it starts");
    drop(owner);
    let exit = running.join_blocking(PATIENCE).expect("it ends in time");
    waking.join().expect("a wake does not panic");
    prop_assert_eq!(events.recv().expect("it has stopped"), expected.clone());
    let all = expected.iter().map(Vec::len).sum::<usize>() as u64;
    prop_assert_eq!((exit.lanes[0].accepted, exit.lanes[0].handled), (all, all));
    prop_assert_eq!(exit.lost_work, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn streams_arrive_in_order_up_to_their_end_or_their_detaching(plans in vec(plan(), 0..8)) {
        compare(plans)?;
    }
}

/// A number for an actor that counts them.
struct Number(u64);
impl Message for Number {}

/// Runs `start` in `started`, and counts the messages.
struct Counting<F>(Option<F>);

impl<F: FnOnce(&mut Context<Number>) + Send + 'static> Actor for Counting<F> {
    type Message = Number;

    async fn started(&mut self, cx: &mut Context<Number>) {
        if let Some(start) = self.0.take() {
            start(cx);
        }
    }

    async fn handle(&mut self, Number(number): Number, cx: &mut Context<Number>) {
        if number == STOP {
            cx.stop();
        }
    }
}

const STOP: u64 = u64::MAX;

/// A stream that wakes itself at each poll, and has no item.
fn restless() -> impl Stream<Item = u64> {
    futures::stream::poll_fn(|task| {
        task.waker().wake_by_ref();
        Poll::Pending
    })
}

#[test]
fn an_always_ready_weak_stream_keeps_no_actor() {
    let runtime = actor_smol::SmolRuntime::new();
    let executor = runtime.start_executor(ThreadConfig::named("weak")).expect("a thread");
    let start = |cx: &mut Context<Number>| {
        for _ in 0..2 {
            let items = futures::stream::repeat(7);
            assert!(cx.attaching().weak().run_items(items, Number).is_ok());
        }
    };
    let (handle, running) = spawn(&executor, move || Counting(Some(start))).expect("it starts");
    drop(handle);
    let exit = running.join_blocking(PATIENCE).expect("nothing keeps it");
    assert!(matches!(exit.reason, ExitReason::Unreachable), "{}", exit.reason);
}

#[test]
fn streams_that_wake_themselves_starve_neither_lanes_nor_timers() {
    let runtime = actor_smol::SmolRuntime::new();
    let executor = runtime.start_executor(ThreadConfig::named("restless")).expect("a thread");
    let start = |cx: &mut Context<Number>| {
        (0..100).for_each(|_| _ = cx.attach_items(restless(), Number));
        _ = cx.timer().after(Duration::from_millis(1), Number(0));
    };
    let (handle, running) = spawn(&executor, move || Counting(Some(start))).expect("it starts");
    (0..100).for_each(|n| handle.tell_blocking(Number(n), PATIENCE).expect("it handles"));
    // The timer is among the handled ones.
    while handle.stats()[0].handled < 101 {
        thread::yield_now();
    }
    handle.tell_blocking(Number(STOP), PATIENCE).expect("it handles");
    let exit = running.join_blocking(PATIENCE).expect("it stops");
    assert!(exit.reason.is_normal(), "{}", exit.reason);
}
