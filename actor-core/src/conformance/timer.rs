//! Timers and their clock.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::rig::{SOON, expired, give_way, go, has_expired, result_of, signal, start, wait};
use crate::runtime::{Executor, Runtime};

const LONG: Duration = Duration::from_secs(3600);

pub(super) fn the_time_never_runs_backwards(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let before = executor.now();
    let own = Arc::clone(&executor);
    let mut seen = result_of(&executor, || async move {
        let mut seen = Vec::new();
        for _ in 0..1_000 {
            seen.push(own.now());
            give_way().await;
        }
        seen
    });
    seen.insert(0, before);
    seen.push(executor.now());
    assert!(seen.is_sorted());
}

pub(super) fn a_timer_is_never_early(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        // Runtimes round the times between a timer's ticks.
        for micros in [1, 499, 1_001, 1_999, 3_333, 7_777] {
            let at = executor.now() + Duration::from_micros(micros);
            timer.arm(at);
            expired(&mut *timer).await;
            assert!(executor.now() >= at, "ready {:?} too early", at - executor.now());
        }
    });
}

pub(super) fn a_time_in_the_past_is_due_immediately(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        for _ in 0..10 {
            let now = executor.now();
            timer.arm(now.checked_sub(SOON).unwrap_or(now));
            expired(&mut *timer).await;
        }
    });
}

pub(super) fn a_timer_never_armed_is_never_ready(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let (mut never, mut other) = (executor.timer(), executor.timer());
        assert!(!has_expired(&mut *never).await);
        other.arm(executor.now() + SOON);
        expired(&mut *other).await;
        assert!(!has_expired(&mut *never).await);
    });
}

pub(super) fn a_timer_can_be_armed_earlier(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        timer.arm(executor.now() + LONG);
        assert!(!has_expired(&mut *timer).await);
        timer.arm(executor.now() + SOON);
        expired(&mut *timer).await;
    });
}

pub(super) fn a_timer_can_be_armed_later(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        timer.arm(executor.now() + SOON);
        has_expired(&mut *timer).await;
        let later = executor.now() + 3 * SOON;
        timer.arm(later);
        expired(&mut *timer).await;
        assert!(executor.now() >= later, "the earlier time no longer counts");
    });
}

pub(super) fn a_timer_stays_ready_until_armed_again(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        timer.arm(executor.now() + SOON);
        expired(&mut *timer).await;
        for _ in 0..1_000 {
            assert!(has_expired(&mut *timer).await, "ready on every poll, however many in a row");
        }
        let later = executor.now() + LONG;
        timer.arm(later);
        assert!(!has_expired(&mut *timer).await, "armed anew, it waits anew");
    });
}

pub(super) fn a_timer_can_be_armed_many_times(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        for _ in 0..50 {
            let at = executor.now() + Duration::from_millis(1);
            timer.arm(at);
            expired(&mut *timer).await;
            assert!(executor.now() >= at);
        }
    });
}

pub(super) fn timers_fire_in_the_order_of_their_times(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let start = executor.now() + SOON;
        let mut timers: Vec<_> = (0..8).map(|_| executor.timer()).collect();
        // Not armed in the order of their times.
        for n in [3_usize, 7, 1, 0, 6, 2, 5, 4] {
            timers[n].arm(start + Duration::from_millis(5) * n as u32);
        }
        poll_fn(|cx| {
            // The latest first: if it is ready, all the earlier ones are.
            let ready: Vec<_> =
                timers.iter_mut().rev().map(|timer| timer.poll_expired(cx).is_ready()).collect();
            assert!(ready.is_sorted(), "a later timer was ready before an earlier one: {ready:?}");
            if ready[0] { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
}

pub(super) fn timers_fire_beside_a_busy_future(runtime: &dyn Runtime) {
    let executor = start(runtime);
    let rang = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&rang);
    let (tell, told) = signal();
    go(&executor, move || async move {
        while !heard.load(Ordering::Relaxed) {
            give_way().await;
        }
        tell.send(()).expect("the check waits");
    });
    let own = Arc::clone(&executor);
    go(&executor, move || async move {
        let mut timer = own.timer();
        timer.arm(own.now() + SOON);
        expired(&mut *timer).await;
        rang.store(true, Ordering::Relaxed);
    });
    wait(&told);
}

pub(super) fn a_time_far_in_the_future_can_be_armed(runtime: &dyn Runtime) {
    with_clock(runtime, |executor| async move {
        let mut timer = executor.timer();
        let years = 24 * 365 * LONG;
        for far in [years, 10 * years, 100 * years] {
            timer.arm(executor.now() + far);
            assert!(!has_expired(&mut *timer).await, "{far:?} are not over");
        }
    });
}

/// Runs a check on its executor, and passes its panic on to this thread.
fn with_clock<F: Future<Output = ()> + 'static>(
    runtime: &dyn Runtime,
    check: impl FnOnce(Arc<dyn Executor>) -> F + Send + 'static,
) {
    let executor = start(runtime);
    let own = Arc::clone(&executor);
    result_of(&executor, || check(own));
}
