//! Waiting on a plain thread: a future run by spinning for a little and then parking, with an end to the patience.

use std::cell::Cell;
use std::future::Future;
use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// The longest that a thread spins before it parks: about what a thread that parked is late by, so that waiting takes no more
/// than twice what the best choice would have.
///
/// Waking a parked thread costs whoever wakes it a system call, 11 to 15 µs on the machine where this was measured, and the
/// thread runs 24 to 43 µs later. An actor that is awake, on a core of its own, answers in less than one.
const SPIN: Duration = Duration::from_micros(20);

/// How long a thread parks at once after it gave way while it spun and came back late, which costs it some milliseconds each
/// time: others want its core.
const CROWDED: Duration = Duration::from_millis(100);

/// How long a round of looks takes at least if the thread gave way to another that wanted a whole time slice.
const AWAY: Duration = Duration::from_millis(1);

/// Looks at the flag for each look at the clock, which costs as much as several of them.
const LOOKS: usize = 16;

/// Runs the future on this thread until it is ready, or gives up `timeout` after it first had to wait.
///
/// It may be nested: a future that is polled here may block on another.
pub(crate) fn block_on_for<F: Future>(mut future: Pin<&mut F>, timeout: Duration) -> Option<F::Output> {
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

/// A flag that ends this thread's wait, and the waker that sets it.
struct Parker {
    woken: Arc<Woken>,
    waker: Waker,
    /// Until when not to spin.
    crowded_until: Cell<Option<Instant>>,
}

struct Woken {
    /// Parking also ends by itself, and spinning needs something to look at.
    is_set: AtomicBool,
    /// The one that waits. Unparking it is no system call unless it is parked.
    thread: Thread,
}

thread_local! {
    /// This thread's parker, while none of its calls uses it: a call inside another one must not take the other's wakes.
    static PARKER: Cell<Option<Parker>> = const { Cell::new(None) };
}

/// A parker in use.
struct Lent {
    /// There until the drop.
    parker: Option<Parker>,
}

impl Lent {
    /// Takes the thread's parker, or makes one where it is in use, or gone because the thread is ending.
    fn new() -> Self {
        let parker = PARKER.try_with(Cell::take).ok().flatten();
        Self { parker: Some(parker.unwrap_or_else(Parker::new)) }
    }
}

impl std::ops::Deref for Lent {
    type Target = Parker;

    fn deref(&self) -> &Parker {
        self.parker.as_ref().expect("it is given back by the drop only")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let parker = self.parker.take();
        // One that the thread, which is ending, has no place for is dropped. A wake that comes late ends a later wait too
        // early, which then polls once more.
        _ = PARKER.try_with(|kept| kept.set(parker));
    }
}

impl Parker {
    fn new() -> Self {
        let woken = Arc::new(Woken { is_set: AtomicBool::new(false), thread: thread::current() });
        Self { waker: Waker::from(Arc::clone(&woken)), woken, crowded_until: Cell::new(None) }
    }

    /// Waits for a wake. Gives up at the deadline, if there is one.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        (spinning_helps() && self.spin(deadline)) || self.woken.park(deadline)
    }

    fn spin(&self, deadline: Option<Instant>) -> bool {
        let start = now();
        if self.crowded_until.get().is_some_and(|until| start < until) {
            return false;
        }
        let end = start + SPIN;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        let (mut looked, mut time) = (start, start);
        while time < end {
            for _ in 0..LOOKS {
                if self.woken.is_set() && self.woken.take() {
                    return true;
                }
                spin_loop();
            }
            // Where there are more threads than cores, the answerer may be waiting for this very one.
            thread::yield_now();
            (looked, time) = (time, now());
        }
        self.crowded_until.set((time.duration_since(looked) >= AWAY).then(|| time + CROWDED));
        false
    }
}

impl Woken {
    fn is_set(&self) -> bool {
        // A load does not take the line away from the one who is going to write it.
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
        // Acquire pairs with the Release in `wake_by_ref`: the next poll sees what the wake was for. A swap, because a wake
        // that comes between a load and a store would be overwritten unseen.
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

/// The end of a wait. One that is too long for the clock is as good as none.
fn deadline(timeout: Duration) -> Option<Instant> {
    now().checked_add(timeout)
}

#[expect(clippy::disallowed_methods, reason = "a plain thread has no executor, so it goes by its own clock")]
fn now() -> Instant {
    Instant::now()
}

/// Tells whether another thread can get to the wake while this one spins.
fn spinning_helps() -> bool {
    static SEVERAL: OnceLock<bool> = OnceLock::new();
    *SEVERAL.get_or_init(|| thread::available_parallelism().is_ok_and(|threads| threads.get() > 1))
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
            // Once more if a wake of an earlier call came late, and never while it spins.
            assert!(polls <= 2, "polled {polls} times");
        }
        assert_eq!(block_on_for(pin!(async { 7 }), Duration::ZERO), Some(7));
    }
}
