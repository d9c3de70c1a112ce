//! The ends of a driver: in the order of the spawns, whole after every panic.

use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::{Context as Task, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use actor_core::runtime::Timer;
use actor_core::{Actor, Context, Executor, ExitReason, Message, spawn};
use actor_embed::{Budget, Clock, Driver, Embed, ManualClock};
use concurrent_queue::ConcurrentQueue;

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

fn start() -> (Arc<dyn Executor>, Driver) {
    Embed::new(|| {}).build().expect("it is built")
}

fn go<F: Future<Output = ()> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) {
    let maker = move || Box::pin(make()) as Pin<Box<dyn Future<Output = ()>>>;
    executor.spawn(Box::new(maker)).expect("the executor takes futures");
}

/// Sends its number when it is dropped.
struct Dropped(u32, SyncSender<u32>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.1.send(self.0).expect("there is room");
    }
}

fn numbers() -> (SyncSender<u32>, Receiver<u32>) {
    sync_channel(64)
}

#[test]
fn futures_are_dropped_in_the_order_of_their_spawns_and_the_uncalled_makers_last() {
    let (executor, mut driver) = start();
    let (sender, dropped) = numbers();
    // The places of ended futures are taken again in another order.
    for _ in 0..3 {
        go(&executor, || async {});
    }
    driver.run_until_stalled();
    for n in 0..6 {
        let held = Dropped(n, sender.clone());
        go(&executor, move || async move {
            let _held = held;
            pending::<()>().await;
        });
        if n == 3 {
            driver.run_until_stalled();
        }
    }
    drop((driver, sender));
    assert_eq!(Vec::from_iter(dropped), [0, 1, 2, 3, 4, 5]);
    assert!(executor.spawn(Box::new(|| Box::pin(async {}))).is_err());
    assert!(executor.join(Duration::ZERO));
}

#[test]
fn futures_begin_in_the_order_of_their_spawns_though_old_wakers_ring() {
    let (executor, mut driver) = start();
    for _ in 0..3 {
        let (lend, lent) = sync_channel(8);
        for _ in 0..8 {
            let lend = lend.clone();
            go(&executor, move || {
                poll_fn(move |cx| {
                    lend.send(cx.waker().clone()).expect("there is room");
                    Poll::Ready(())
                })
            });
        }
        driver.run_until_stalled();
        // The bells of half of the free places have been rung, before the new futures come.
        let wakers: Vec<Waker> = lent.try_iter().collect();
        wakers.iter().step_by(2).for_each(Waker::wake_by_ref);
        let (sender, begun) = numbers();
        for n in 0..8 {
            let sender = sender.clone();
            go(&executor, move || async move { sender.send(n).expect("there is room") });
        }
        drop(sender);
        driver.run_until_stalled();
        assert_eq!(Vec::from_iter(begun), Vec::from_iter(0..8));
    }
}

struct Nothing;

impl Message for Nothing {}

struct Idle;

impl Actor for Idle {
    type Message = Nothing;

    async fn handle(&mut self, _message: Nothing, _cx: &mut Context<Nothing>) {}
}

#[test]
fn a_dropped_driver_ends_its_actors_as_abandoned() {
    let (executor, mut driver) = start();
    let begun = spawn(&executor, || Idle).expect("the executor runs");
    driver.run_until_stalled();
    let unbegun = spawn(&executor, || Idle).expect("the executor runs");
    drop(driver);
    for (handle, running) in [begun, unbegun] {
        let exit = running.join_blocking(Duration::ZERO).expect("it has ended");
        assert!(matches!(exit.reason, ExitReason::Abandoned));
        assert!(handle.try_tell(Nothing).is_err());
    }
}

#[test]
fn a_thread_that_joins_sees_the_end_of_the_driver() {
    let (executor, driver) = start();
    let joins = Arc::clone(&executor);
    let joining = thread::spawn(move || joins.join(PATIENCE));
    assert!(!executor.join(PATIENCE), "on the driver's thread there is no wait");
    drop(driver);
    assert!(joining.join().expect("joining does not panic"));
}

/// Panics when it is called, and when it is dropped.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics, as the test wants it to");
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        if !thread::panicking() {
            panic!("this drop panics, as the test wants it to");
        }
    }
}

#[test]
fn no_panic_of_foreign_code_leaves_a_turn_or_the_drop() {
    let clock = ManualClock::new();
    let wake = || panic!("this wake panics, as the test wants it to");
    let embed = Embed::new(wake).clock(clock).blocking_in_turns();
    let (executor, mut driver) = embed.build().expect("it is built");
    driver.turn(Budget::polls(64));
    executor
        .spawn(Box::new(|| panic!("this maker panics, as the test wants it to")))
        .expect("the executor runs");
    go(&executor, || async { panic!("this future panics, as the test wants it to") });
    go(&executor, || async {
        let _held = Panics;
        pending::<()>().await;
    });
    executor.run_blocking(Box::new(|| panic!("this work panics, as the test wants it to")));
    // Timers whose wakers panic when they are called, and when they are dropped.
    let own = Arc::clone(&executor);
    go(&executor, move || {
        let mut timers = [own.timer(), own.timer()];
        for (timer, delay) in timers.iter_mut().zip([1, 100]) {
            timer.arm(own.now() + Duration::from_secs(delay));
            let waker = Waker::from(Arc::new(Panics));
            assert!(timer.poll_expired(&mut Task::from_waker(&waker)).is_pending());
            std::mem::forget(waker);
        }
        poll_fn(move |_| {
            let _held = &timers;
            Poll::<()>::Pending
        })
    });
    driver.advance(Duration::from_secs(2));
    let bomb = Panics;
    executor.run_blocking(Box::new(move || drop(bomb)));
    let bomb = Panics;
    executor.spawn(Box::new(move || Box::pin(async move { drop(bomb) }))).expect("it runs");
    let (sender, ran) = numbers();
    go(&executor, move || async move { sender.send(7).expect("there is room") });
    driver.turn(Budget::polls(3));
    driver.run_until_stalled();
    assert_eq!(ran.try_recv(), Ok(7), "the driver still runs");
    let bomb = Panics;
    executor.spawn(Box::new(move || Box::pin(async move { drop(bomb) }))).expect("it runs");
    let bomb = Panics;
    executor.run_blocking(Box::new(move || drop(bomb)));
    drop(driver);
    assert!(executor.join(Duration::ZERO));
}

/// A waker with a timer of its own, as of a task that its waker keeps alive.
struct KeepsTimer {
    timer: ConcurrentQueue<Box<dyn Timer>>,
    /// Dropped after the timer.
    seen: SawPanic,
}

struct SawPanic(SyncSender<bool>);

impl Drop for SawPanic {
    fn drop(&mut self) {
        self.0.send(thread::panicking()).expect("there is room");
    }
}

impl Wake for KeepsTimer {
    fn wake(self: Arc<Self>) {
        _ = &self.seen;
    }
}

#[test]
fn a_timer_dropped_by_the_drop_of_a_waker_at_the_end_causes_no_panic() {
    let (executor, mut driver) = start();
    let (sender, seen) = sync_channel(1);
    let own = Arc::clone(&executor);
    go(&executor, move || async move {
        let (timer, seen) = (ConcurrentQueue::bounded(1), SawPanic(sender));
        let keeps = Arc::new(KeepsTimer { timer, seen });
        let mut timer = own.timer();
        timer.arm(own.now() + PATIENCE);
        let waker = Waker::from(Arc::clone(&keeps));
        assert!(timer.poll_expired(&mut Task::from_waker(&waker)).is_pending());
        assert!(keeps.timer.push(timer).is_ok());
        pending::<()>().await;
    });
    driver.run_until_stalled();
    drop(driver);
    assert_eq!(seen.try_recv(), Ok(false));
}

#[test]
fn a_clock_that_panics_or_runs_backwards_stands_still() {
    let start = ManualClock::new().now();
    let (panics, is_early) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (must_panic, must_be_early) = (Arc::clone(&panics), Arc::clone(&is_early));
    let clock = Clock::from_fn(move || {
        assert!(!must_panic.load(Ordering::Relaxed), "as the test wants it to");
        let is_early = must_be_early.load(Ordering::Relaxed);
        start + Duration::from_secs(if is_early { 1 } else { 2 })
    });
    let (executor, driver) = Embed::new(|| {}).clock(clock).build().expect("it is built");
    let latest = start + Duration::from_secs(2);
    assert_eq!(executor.now(), latest);
    is_early.store(true, Ordering::Relaxed);
    assert_eq!(executor.now(), latest);
    panics.store(true, Ordering::Relaxed);
    assert_eq!([executor.now(), driver.now()], [latest; 2]);
}

#[test]
fn a_driver_that_is_stopped_ends_with_its_last_future_and_stays_ended() {
    let (executor, mut driver) = start();
    let (release, released) = sync_channel(1);
    go(&executor, move || {
        poll_fn(move |cx| {
            release.try_send(cx.waker().clone()).map_or(Poll::Ready(()), |()| Poll::Pending)
        })
    });
    executor.stop();
    assert!(!driver.turn(Budget::polls(64)).has_ended);
    let waker = released.try_recv().expect("it was polled");
    // The channel is full again after one more poll, and the future ends after two.
    waker.wake_by_ref();
    assert!(!driver.turn(Budget::polls(64)).has_ended);
    waker.wake_by_ref();
    for _ in 0..2 {
        let turn = driver.turn(Budget::polls(64));
        assert!(turn.has_ended && !turn.has_more);
        assert_eq!(turn.timeout(driver.now()), None);
    }
    assert!(executor.join(Duration::ZERO));
}

/// Stops its executor in its drop, and turns until the end.
struct Orderly(Arc<dyn Executor>, Driver);

impl Drop for Orderly {
    fn drop(&mut self) {
        self.0.stop();
        (0..100).find(|_| self.1.turn(Budget::polls(64)).has_ended);
    }
}

#[test]
fn a_driver_turns_to_its_end_while_its_thread_ends() {
    thread_local!(static LAST: RefCell<Option<Orderly>> = const { RefCell::new(None) });

    let (sender, times) = sync_channel(1);
    let ending = thread::spawn(move || {
        // Registered before all other locals, so dropped after them.
        LAST.set(None);
        let clock = ManualClock::new();
        let embed = Embed::new(|| {}).clock(clock.clone());
        let (executor, mut driver) = embed.build().expect("it is built");
        let own = Arc::clone(&executor);
        go(&executor, move || async move {
            let mut timer = own.timer();
            timer.arm(own.now() + Duration::from_secs(1));
            poll_fn(|cx| {
                let polled = timer.poll_expired(cx);
                clock.advance(Duration::from_secs(1));
                polled
            })
            .await;
            sender.send("ended").expect("there is room");
        });
        driver.turn(Budget::polls(1));
        LAST.set(Some(Orderly(executor, driver)));
    });
    ending.join().expect("the thread ends");
    assert_eq!(times.try_recv(), Ok("ended"));
}
