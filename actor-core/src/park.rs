//! Waiting on a plain thread: a future runs by spinning for a short time, then parking, with a
//! timeout.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::spin::{Spin, now};

/// The longest spin before a park. It equals the latency of a parked thread's wake, so that a wait
/// takes at most twice as long as with the better choice.
///
/// Waking a parked thread costs its waker a system call, 11 to 15 µs on the measured machine, and
/// the thread runs 24 to 43 µs later. An actor awake on a core of its own answers within 1 µs.
const SPIN: Duration = Duration::from_micros(20);

/// Runs the future on this thread until it is ready, and returns its output. Returns `None`
/// `timeout` after the first pending poll.
///
/// Calls may be nested: a future polled here may block on another.
pub(crate) fn block_on_for<F: Future>(
    mut future: Pin<&mut F>,
    timeout: Duration,
) -> Option<F::Output> {
    let parker = Lent::new();
    let mut cx = Context::from_waker(&parker.waker);
    let mut patience = None;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
        let deadline = *patience.get_or_insert_with(|| deadline(timeout));
        if !parker.wait(deadline) {
            return None;
        }
    }
}

/// A flag that ends this thread's wait, and the waker setting it.
struct Parker {
    woken: Arc<Woken>,
    waker: Waker,
    spin: Spin,
}

struct Woken {
    /// The condition of a wait, because parking also ends spuriously, and spinning needs a word to
    /// load.
    is_set: AtomicBool,
    /// The waiting thread. Unparking it is a system call only if it is parked.
    thread: Thread,
}

thread_local! {
    /// This thread's parker, while no call uses it. A nested call must not consume the wakes of the
    /// outer one, so it uses another parker.
    static PARKER: Cell<Option<Parker>> = const { Cell::new(None) };
}

/// A parker in use.
struct Lent {
    /// Present until the drop.
    parker: Option<Parker>,
}

impl Lent {
    /// Takes the thread's parker. Creates one if it is in use, or gone because the thread is
    /// ending.
    fn new() -> Self {
        let parker = PARKER.try_with(Cell::take).ok().flatten();
        Self { parker: Some(parker.unwrap_or_else(Parker::new)) }
    }
}

impl std::ops::Deref for Lent {
    type Target = Parker;

    fn deref(&self) -> &Parker {
        self.parker.as_ref().expect("it is taken by the drop only")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let parker = self.parker.take();
        // Dropped if the thread is ending and has no place for it. A late wake of this call ends a
        // later wait early, and the later call then polls once more.
        _ = PARKER.try_with(|kept| kept.set(parker));
    }
}

impl Parker {
    fn new() -> Self {
        let woken = Arc::new(Woken { is_set: AtomicBool::new(false), thread: thread::current() });
        Self { waker: Waker::from(Arc::clone(&woken)), woken, spin: Spin::new(SPIN) }
    }

    /// Waits for a wake, and returns `false` at the deadline.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let woken = || self.woken.is_set() && self.woken.take();
        (Spin::helps() && self.spin.until(deadline, woken)) || self.woken.park(deadline)
    }
}

impl Woken {
    fn is_set(&self) -> bool {
        // A load leaves the cache line shared with the waker, which is about to write it.
        self.is_set.load(Ordering::Relaxed)
    }

    fn park(&self, deadline: Option<Instant>) -> bool {
        while !self.take() {
            match deadline.map(|deadline| deadline.saturating_duration_since(now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return false,
                Some(patience) => thread::park_timeout(patience),
            }
        }
        true
    }

    fn take(&self) -> bool {
        // Acquire pairs with the Release in `wake_by_ref`: the next poll sees the cause of the
        // wake. A swap, because a store after a load could overwrite a wake between the two.
        self.is_set.swap(false, Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_set.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// Returns the end of a wait. `None` if it is beyond the range of the clock.
fn deadline(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::{Poll, Waker};
    use std::thread;
    use std::time::Duration;

    use super::{Parker, SPIN, block_on_for};

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_wake_that_comes_while_a_call_is_nested_is_not_lost() {
        let mut polls = 0;
        let output = block_on_for(
            pin!(poll_fn(|outer| {
                polls += 1;
                if polls == 2 {
                    return Poll::Ready(7);
                }
                let mut inner_polls = 0;
                let inner = poll_fn(|inner| {
                    inner_polls += 1;
                    inner.waker().wake_by_ref();
                    outer.waker().wake_by_ref();
                    if inner_polls < 3 { Poll::Pending } else { Poll::Ready(inner_polls) }
                });
                assert_eq!(block_on_for(pin!(inner), LONG), Some(3));
                Poll::Pending
            })),
            LONG,
        );
        assert_eq!(output, Some(7));
    }

    #[test]
    fn a_thread_that_parks_is_woken_whenever_the_wake_comes() {
        const ROUNDS: usize = 1000;

        let here = Parker::new();
        let (give, given) = std::sync::mpsc::sync_channel(0);
        thread::scope(|threads| {
            let waker = here.waker.clone();
            threads.spawn(move || {
                let there = Parker::new();
                give.send(there.waker.clone()).expect("it is waited for");
                for _ in 0..ROUNDS {
                    assert!(there.woken.park(None));
                    waker.wake_by_ref();
                }
            });
            let there: Waker = given.recv().expect("it begins");
            for _ in 0..ROUNDS {
                there.wake_by_ref();
                assert!(here.woken.park(None));
            }
        });
    }

    #[test]
    fn patience_ends_also_when_it_is_shorter_than_a_spin() {
        for timeout in [Duration::ZERO, Duration::from_nanos(1), SPIN / 2, 3 * SPIN] {
            let mut polls = 0;
            let output = block_on_for(
                pin!(poll_fn(|_| {
                    polls += 1;
                    Poll::<()>::Pending
                })),
                timeout,
            );
            assert_eq!(output, None);
            // Twice if a wake of an earlier call arrives late. Spinning itself does not poll.
            assert!(polls <= 2, "polled {polls} times");
        }
        assert_eq!(block_on_for(pin!(async { 7 }), Duration::ZERO), Some(7));
    }
}
