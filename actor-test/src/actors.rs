//! The actors of a harness: their turns, their figures, and the time of their next wake.
//!
//! Each actor has an executor of its own, and it passes everything to that of the harness. So the
//! harness knows the task of each actor, and the time of its next wake.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use actor_core::Executor;
use actor_core::life::WeakGauge;
use actor_core::runtime::{ExecutorStopped, Maker, Timer};

use crate::fault::Faults;

/// No wake is armed.
const NEVER: u64 = u64::MAX;

/// Every actor has its turns.
const ALL: u64 = 0;

/// Whose turn it is. Everything runs on one thread, so the order of memory does not matter.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The number of the only actor that may run, or [`ALL`].
    only: AtomicU64,
}

impl Turns {
    pub(crate) fn only(&self, entry: &Entry) {
        self.only.store(entry.number, Ordering::Relaxed);
    }

    pub(crate) fn all(&self) {
        self.only.store(ALL, Ordering::Relaxed);
    }
}

/// One actor of a harness.
pub(crate) struct Entry {
    /// Counted from 1.
    number: u64,
    pub(crate) name: String,
    turns: Arc<Turns>,
    gauge: OnceLock<WeakGauge>,
    polls: AtomicU64,
    start: Instant,
    /// Nanoseconds from the start to the next wake, or [`NEVER`].
    wake: AtomicU64,
    /// Futures started by the actor on its executor.
    spawned: AtomicUsize,
    pub(crate) faults: Faults,
}

impl Entry {
    pub(crate) fn new(number: u64, name: String, turns: &Arc<Turns>, start: Instant) -> Arc<Self> {
        Arc::new(Self {
            number,
            name,
            turns: Arc::clone(turns),
            gauge: OnceLock::new(),
            polls: AtomicU64::new(0),
            start,
            wake: AtomicU64::new(NEVER),
            spawned: AtomicUsize::new(0),
            faults: Faults::new(),
        })
    }

    pub(crate) fn set_gauge(&self, gauge: WeakGauge) {
        drop(self.gauge.set(gauge));
    }

    pub(crate) fn gauge(&self) -> Option<&WeakGauge> {
        self.gauge.get()
    }

    /// Returns the number of the actor's turns so far.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    pub(crate) fn spawned(&self) -> usize {
        self.spawned.load(Ordering::Relaxed)
    }

    /// Returns the time of the next wake, from the start of the harness.
    pub(crate) fn wake(&self) -> Option<Duration> {
        let wake = self.wake.load(Ordering::Relaxed);
        (wake != NEVER).then(|| Duration::from_nanos(wake))
    }

    fn may_run(&self) -> bool {
        let only = self.turns.only.load(Ordering::Relaxed);
        only == ALL || only == self.number
    }

    fn armed(&self, at: Instant) {
        let after = at.saturating_duration_since(self.start).as_nanos();
        self.wake.store(u64::try_from(after).unwrap_or(NEVER), Ordering::Relaxed);
    }

    fn woken(&self) {
        self.wake.store(NEVER, Ordering::Relaxed);
    }
}

/// The executor of one actor.
pub(crate) struct ActorExecutor {
    inner: Arc<dyn Executor>,
    entry: Arc<Entry>,
    /// Whether the actor itself was started. Everything after it was started by the actor.
    is_started: AtomicBool,
}

impl ActorExecutor {
    /// Creates the executor of an actor not yet started on it.
    pub(crate) fn of_place(inner: &Arc<dyn Executor>, entry: &Arc<Entry>) -> Arc<dyn Executor> {
        Self::started(inner, entry, false)
    }

    /// Creates the executor of an actor whose life the harness polls itself.
    pub(crate) fn of_life(inner: &Arc<dyn Executor>, entry: &Arc<Entry>) -> Arc<dyn Executor> {
        Self::started(inner, entry, true)
    }

    fn started(inner: &Arc<dyn Executor>, entry: &Arc<Entry>, is: bool) -> Arc<dyn Executor> {
        let (inner, entry) = (Arc::clone(inner), Arc::clone(entry));
        Arc::new(Self { inner, entry, is_started: AtomicBool::new(is) })
    }
}

impl Executor for ActorExecutor {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        if self.is_started.swap(true, Ordering::Relaxed) {
            self.entry.spawned.fetch_add(1, Ordering::Relaxed);
            return self.inner.spawn(maker);
        }
        let entry = Arc::clone(&self.entry);
        self.inner.spawn(Box::new(move || Box::pin(Gate::new(entry, maker()))))
    }

    fn timer(&self) -> Box<dyn Timer> {
        Box::new(SeenTimer { inner: self.inner.timer(), entry: Arc::clone(&self.entry) })
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn wall_now(&self) -> SystemTime {
        self.inner.wall_now()
    }

    fn spins(&self) -> bool {
        self.inner.spins()
    }

    fn turn_time(&self) -> Option<Instant> {
        self.inner.turn_time()
    }

    fn give_way(&self, cx: &mut Context<'_>) {
        self.inner.give_way(cx);
    }

    fn run_blocking(&self, work: Box<dyn FnOnce() + Send>) {
        self.inner.run_blocking(work);
    }

    fn stop(&self) {
        self.inner.stop();
    }

    fn join(&self, timeout: Duration) -> bool {
        self.inner.join(timeout)
    }
}

/// A timer whose time the harness can show.
struct SeenTimer {
    inner: Box<dyn Timer>,
    entry: Arc<Entry>,
}

impl Timer for SeenTimer {
    fn arm(&mut self, at: Instant) {
        self.entry.armed(at);
        self.inner.arm(at);
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let expired = self.inner.poll_expired(cx);
        if expired.is_ready() {
            self.entry.woken();
        }
        expired
    }
}

/// The life of an actor, polled only in its turns.
pub(crate) struct Gate<F: ?Sized> {
    entry: Arc<Entry>,
    life: Pin<Box<F>>,
}

impl<F: Future<Output = ()> + ?Sized> Gate<F> {
    pub(crate) fn new(entry: Arc<Entry>, life: Pin<Box<F>>) -> Self {
        Self { entry, life }
    }
}

impl<F: Future<Output = ()> + ?Sized> Future for Gate<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.entry.may_run() {
            // Ready again in the same order, once the other actor had its turn.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.entry.polls.fetch_add(1, Ordering::Relaxed);
        self.life.as_mut().poll(cx)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for ActorExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorExecutor").field("actor", &self.entry.name).finish_non_exhaustive()
    }
}

/// Returns the last segment of a type's name, without its parameters.
pub(crate) fn short_name(full: &str) -> &str {
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain)
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn the_name_of_an_actor_is_the_last_segment_of_its_type() {
        assert_eq!(short_name("chain::actor::ChainActor"), "ChainActor");
        assert_eq!(short_name("pool::Worker<alloc::string::String>"), "Worker");
        assert_eq!(short_name("Plain"), "Plain");
    }
}
