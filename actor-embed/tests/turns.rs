//! The limits of a turn, and what it reports.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::task::Poll;
use std::time::Duration;

use actor_core::Executor;
use actor_embed::{Budget, Driver, Embed, ManualClock};

fn start() -> (Arc<dyn Executor>, Driver) {
    let embed = Embed::new(|| {}).clock(ManualClock::new()).blocking_in_turns();
    embed.build().expect("it is built")
}

fn go<F: Future<Output = ()> + 'static>(
    executor: &Arc<dyn Executor>,
    make: impl FnOnce() -> F + Send + 'static,
) {
    let maker = move || Box::pin(make()) as Pin<Box<dyn Future<Output = ()>>>;
    executor.spawn(Box::new(maker)).expect("the executor takes futures");
}

/// Spawns futures that are always ready. They send their number at each poll, while there is room.
fn busy(executor: &Arc<dyn Executor>, count: u32) -> (SyncSender<u32>, Receiver<u32>) {
    let (sender, polled) = sync_channel(1024);
    for n in 0..count {
        let sender = sender.clone();
        go(executor, move || {
            poll_fn(move |cx| {
                _ = sender.try_send(n);
                cx.waker().wake_by_ref();
                Poll::Pending
            })
        });
    }
    (sender, polled)
}

fn all(polled: &Receiver<u32>) -> Vec<u32> {
    polled.try_iter().collect()
}

#[test]
fn a_turn_polls_at_most_as_often_as_its_budget_and_at_least_once() {
    let (executor, mut driver) = start();
    let (_sender, polled) = busy(&executor, 3);
    for (most, polls) in [(0, 1), (1, 1), (2, 2), (7, 7)] {
        assert!(driver.turn(Budget::polls(most)).has_more);
        assert_eq!(all(&polled).len(), polls);
    }
    assert!(driver.turn(Duration::ZERO).has_more);
    assert_eq!(all(&polled).len(), 1, "the time was over before");
}

#[test]
fn a_turn_with_a_time_limit_ends_between_two_polls() {
    let (executor, mut driver) = start();
    let (_sender, polled) = busy(&executor, 3);
    // The limit is measured by the system's clock, because the manual one stands still.
    assert!(driver.turn(Duration::from_millis(1)).has_more);
    assert!(!all(&polled).is_empty());
}

#[test]
fn small_budgets_change_no_order() {
    let (executor, mut driver) = start();
    let (_sender, polled) = busy(&executor, 3);
    for _ in 0..9 {
        driver.turn(Budget::polls(1));
    }
    assert_eq!(all(&polled), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

#[test]
fn a_new_future_and_a_due_timer_wait_for_at_most_one_round_of_the_busy_ones() {
    let (executor, mut driver) = start();
    let (sender, polled) = busy(&executor, 3);
    let own = Arc::clone(&executor);
    let sends = sender.clone();
    go(&executor, move || {
        let mut timer = own.timer();
        timer.arm(own.now());
        poll_fn(move |cx| timer.poll_expired(cx).map(|()| sends.send(100).expect("there is room")))
    });
    go(&executor, move || async move { sender.send(200).expect("there is room") });
    driver.turn(Budget::polls(5));
    assert_eq!(all(&polled), [0, 1, 2, 100, 200]);
}

#[test]
fn a_round_polls_each_ready_task_once() {
    let (executor, mut driver) = start();
    let (_sender, polled) = busy(&executor, 3);
    for _ in 0..3 {
        assert!(driver.turn(Budget::round()).has_more);
        assert_eq!(all(&polled), [0, 1, 2]);
    }
}

#[test]
fn work_in_turns_runs_one_piece_in_each_round() {
    let (executor, mut driver) = start();
    let (sender, polled) = busy(&executor, 2);
    for n in [10, 11] {
        let sender = sender.clone();
        executor.run_blocking(Box::new(move || sender.send(n).expect("there is room")));
    }
    for n in [10, 11] {
        assert!(driver.turn(Budget::round()).has_more);
        assert_eq!(all(&polled), [0, 1, n]);
    }
    drop(driver);
    executor.run_blocking(Box::new(move || sender.send(12).expect("there is room")));
    assert_eq!(all(&polled), [], "nothing runs it any more");
}

#[test]
fn work_in_turns_has_its_place_in_each_round_under_the_smallest_budgets() {
    for budget in [Budget::polls(1), Budget::time(Duration::ZERO)] {
        let (executor, mut driver) = start();
        let (sender, polled) = busy(&executor, 2);
        for n in [10, 11] {
            let sender = sender.clone();
            executor.run_blocking(Box::new(move || sender.send(n).expect("there is room")));
        }
        for _ in 0..7 {
            assert!(driver.turn(budget).has_more);
        }
        assert_eq!(all(&polled), [0, 1, 10, 0, 1, 11, 0]);
    }
}

#[test]
fn advancing_handles_each_timer_at_its_own_time() {
    let (executor, mut driver) = start();
    let start = executor.now();
    let (sender, times) = sync_channel(64);
    for delay in [30, 10, 20] {
        let (own, sender) = (Arc::clone(&executor), sender.clone());
        go(&executor, move || async move {
            let mut timer = own.timer();
            // Twice: the second timer is armed by the first one's expiry.
            for _ in 0..2 {
                timer.arm(own.now() + Duration::from_millis(delay));
                poll_fn(|cx| timer.poll_expired(cx)).await;
                sender.send((own.now() - start).as_millis()).expect("there is room");
            }
        });
    }
    let turn = driver.advance(Duration::from_millis(35));
    assert_eq!(Vec::from_iter(times.try_iter()), [10, 20, 20, 30]);
    assert_eq!(turn.timeout(driver.now()), Some(Duration::from_millis(5)));
    assert_eq!(driver.now() - start, Duration::from_millis(35));
    driver.advance(Duration::from_millis(25));
    assert_eq!(Vec::from_iter(times.try_iter()), [40, 60]);
}

#[test]
fn work_in_turns_runs_beside_busy_futures_whatever_the_budget() {
    for budget in [Budget::time(Duration::ZERO), Budget::polls(0), Budget::polls(1)] {
        let (executor, mut driver) = start();
        let (sender, polled) = busy(&executor, 2);
        for n in [10, 11] {
            let sender = sender.clone();
            executor.run_blocking(Box::new(move || sender.send(n).expect("there is room")));
        }
        for _ in 0..8 {
            assert!(driver.turn(budget).has_more);
        }
        assert_eq!(all(&polled), [0, 1, 10, 0, 1, 11, 0, 1], "{budget:?}");
    }
}

#[test]
fn the_longest_advance_stops_at_the_end_of_the_clock() {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    let (executor, mut driver) = start();
    let start = executor.now();
    let (sender, times) = sync_channel(64);
    for years in [580, 590] {
        let (own, sender) = (Arc::clone(&executor), sender.clone());
        go(&executor, move || async move {
            let mut timer = own.timer();
            timer.arm(own.now() + years * YEAR);
            poll_fn(|cx| timer.poll_expired(cx)).await;
            sender.send(years).expect("there is room");
        });
    }
    for _ in 0..2 {
        let turn = driver.advance(Duration::MAX);
        assert_eq!(turn.next_deadline, Some(start + 590 * YEAR), "the clock stops before");
        assert_eq!(driver.now() - start, Duration::from_nanos(u64::MAX));
    }
    assert_eq!(Vec::from_iter(times.try_iter()), [580]);
}

#[test]
#[should_panic(expected = "build with `Embed::clock(ManualClock::new())`")]
fn the_systems_clock_cannot_be_advanced() {
    let (_executor, mut driver) = Embed::new(|| {}).build().expect("it is built");
    driver.advance(Duration::from_secs(1));
}
