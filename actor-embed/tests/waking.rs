//! The calls of the wake function: one for each sleep, none while the driver is awake, none after
//! its end.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Barrier};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use actor_core::{Actor, Context, Executor, ExitReason, Message, Spawn, spawn};
use actor_embed::{Budget, Driver, Embed};

/// The timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Counts the calls of a wake function that unparks the calling thread.
fn counted() -> (Arc<AtomicU64>, Arc<dyn Executor>, Driver) {
    let calls = Arc::new(AtomicU64::new(0));
    let (counts, here) = (Arc::clone(&calls), thread::current());
    let wake = move || {
        counts.fetch_add(1, Ordering::Relaxed);
        here.unpark();
    };
    let (executor, driver) = Embed::new(wake).build().expect("it is built");
    (calls, executor, driver)
}

fn go<F: Future<Output = ()> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) {
    let maker = move || Box::pin(make()) as Pin<Box<dyn Future<Output = ()>>>;
    executor.spawn(Box::new(maker)).expect("the executor takes futures");
}

/// Lends the waker of a future that never ends.
fn lent_waker(executor: &Arc<dyn Executor>, driver: &mut Driver) -> Waker {
    let (lend, lent) = sync_channel(1);
    go(executor, move || {
        poll_fn(move |cx| {
            _ = lend.try_send(cx.waker().clone());
            Poll::<()>::Pending
        })
    });
    driver.run_until_stalled();
    lent.try_recv().expect("it was polled")
}

#[test]
fn many_rings_of_a_sleeping_loop_call_its_wake_once() {
    let (calls, executor, mut driver) = counted();
    let waker = lent_waker(&executor, &mut driver);
    let before = calls.load(Ordering::Relaxed);
    for sleep in 1..=100 {
        assert!(!driver.turn(Budget::polls(64)).has_more);
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| waker.wake_by_ref());
            }
        });
        assert_eq!(calls.load(Ordering::Relaxed) - before, sleep);
    }
}

#[test]
fn a_loop_that_did_not_announce_sleep_is_not_called() {
    let (calls, executor, mut driver) = counted();
    let waker = lent_waker(&executor, &mut driver);
    driver.turn(Budget::polls(64));
    // The loop came for an event of its own.
    driver.poll(Budget::polls(64));
    let before = calls.load(Ordering::Relaxed);
    thread::scope(|threads| _ = threads.spawn(|| waker.wake_by_ref()));
    assert_eq!(calls.load(Ordering::Relaxed), before);
    assert!(driver.is_woken() && !driver.poll(Budget::polls(64)).has_more);
    waker.wake_by_ref();
    assert!(!driver.turn(Budget::polls(64)).has_more, "the turn takes the ring");
}

#[test]
fn a_ring_on_the_loops_own_thread_outside_a_turn_calls_its_wake() {
    let (calls, executor, mut driver) = counted();
    let waker = lent_waker(&executor, &mut driver);
    let before = calls.load(Ordering::Relaxed);
    waker.wake_by_ref();
    assert_eq!(calls.load(Ordering::Relaxed), before + 1);
}

#[test]
fn a_ring_during_a_turn_calls_no_wake() {
    let (calls, executor, mut driver) = counted();
    driver.turn(Budget::polls(64));
    let mut left = 100;
    go(&executor, move || {
        poll_fn(move |cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
    });
    let before = calls.load(Ordering::Relaxed);
    driver.run_until_stalled();
    assert_eq!(calls.load(Ordering::Relaxed), before);
}

#[test]
fn nothing_calls_the_wake_after_the_drop_of_the_driver() {
    for _ in 0..200 {
        let (calls, executor, mut driver) = counted();
        let waker = lent_waker(&executor, &mut driver);
        let start = Barrier::new(5);
        let after = thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    start.wait();
                    for _ in 0..100 {
                        waker.wake_by_ref();
                        executor.stop();
                    }
                });
            }
            start.wait();
            driver.turn(Budget::polls(1));
            drop(driver);
            calls.load(Ordering::Relaxed)
        });
        assert_eq!(calls.load(Ordering::Relaxed), after);
        assert!(executor.join(Duration::ZERO), "the end has come");
    }
}

#[test]
fn a_flood_from_many_threads_is_taken_with_at_most_one_call_for_each_sleep() {
    const THREADS: u64 = 4;
    const EACH: u64 = 5_000;

    let (calls, executor, mut driver) = counted();
    let sent = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&sent);
    let (lend, lent) = sync_channel(1);
    go(&executor, move || {
        poll_fn(move |cx| {
            _ = lend.try_send(cx.waker().clone());
            // The last wake follows the last count, so no other poll needs to see the full count.
            if seen.load(Ordering::Relaxed) == THREADS * EACH {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
    });
    driver.run_until_stalled();
    let waker = lent.try_recv().expect("it was polled");
    executor.stop();
    let (mut sleeps, before) = (0, calls.load(Ordering::Relaxed));
    thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..EACH {
                    sent.fetch_add(1, Ordering::Relaxed);
                    waker.wake_by_ref();
                }
            });
        }
        loop {
            let turn = driver.turn(Budget::polls(64));
            if turn.has_ended {
                break;
            }
            if !turn.has_more {
                sleeps += 1;
                thread::park_timeout(PATIENCE);
            }
        }
    });
    let made = calls.load(Ordering::Relaxed) - before;
    assert!(made <= sleeps + 1, "{made} calls in {sleeps} sleeps");
}

struct Add(u64);

impl Message for Add {}

struct Sum(Arc<AtomicU64>);

impl Actor for Sum {
    type Message = Add;

    async fn handle(&mut self, Add(n): Add, _cx: &mut Context<Add>) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

#[test]
fn no_message_is_lost_by_a_driver_dropped_among_senders() {
    for round in 0..50 {
        let (_calls, executor, mut driver) = counted();
        let handled = Arc::new(AtomicU64::new(0));
        let returned = Arc::new(AtomicU64::new(0));
        let (sum, counts) = (Arc::clone(&handled), Arc::clone(&returned));
        let (handle, mailbox) = actor_core::mailbox();
        let running = Spawn::new(mailbox)
            .on_undelivered(move |_reason, Add(n)| _ = counts.fetch_add(n, Ordering::Relaxed))
            .start(&executor, || Sum(sum))
            .expect("the executor runs");
        let start = Barrier::new(9);
        let accepted: u64 = thread::scope(|threads| {
            let sending: Vec<_> = (0..8)
                .map(|_| {
                    threads.spawn(|| {
                        start.wait();
                        (0..500).filter(|_| handle.try_tell(Add(1)).is_ok()).count() as u64
                    })
                })
                .collect();
            start.wait();
            for _ in 0..round {
                driver.turn(Budget::polls(1));
            }
            drop(driver);
            sending.into_iter().map(|sent| sent.join().expect("sending does not panic")).sum()
        });
        let exit = running.join_blocking(PATIENCE).expect("it has ended");
        assert!(matches!(exit.reason, ExitReason::Abandoned));
        let (handled, returned) =
            (handled.load(Ordering::Relaxed), returned.load(Ordering::Relaxed));
        assert_eq!(handled + returned, accepted, "{handled} handled, {returned} returned");
    }
}

thread_local! {
    /// A driver within reach of a wake function of the same thread.
    static HELD: RefCell<Option<Driver>> = const { RefCell::new(None) };
}

#[test]
fn a_wake_function_may_drop_its_own_driver() {
    let wake = || drop(HELD.with_borrow_mut(Option::take));
    let (executor, mut driver) = Embed::new(wake).build().expect("it is built");
    let (handle, running) = spawn(&executor, || Sum(Arc::default())).expect("it runs");
    driver.run_until_stalled();
    HELD.set(Some(driver));
    // On the loop's own thread: the wake is called inside this call.
    handle.try_tell(Add(1)).expect("there is room");
    assert!(HELD.take().is_none() && executor.join(Duration::ZERO));
    let exit = running.join_blocking(Duration::ZERO).expect("it has ended");
    assert!(matches!(exit.reason, ExitReason::Abandoned));
    assert!(handle.try_tell(Add(1)).is_err());
}
