//! The inbox under the model checkers.
//!
//! The code under test is the real one, with the checker's atomics from `crate::sync`, and the wake
//! of the core. The loop is a thread that parks. A lost wake shows as a deadlock. Threads are
//! preempted at most [`PREEMPTIONS`] times where the whole state space would take too long.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as PlainCount;

use actor_core::checker::{check, check_all, thread};
use actor_core::runtime::adapter::ForeignWake;
use concurrent_queue::ConcurrentQueue;

use crate::inbox::{Bell, DOOR, Inbox};
use crate::sync::{AtomicUsize, Ordering};

/// Enough to interrupt each protocol here anywhere, and once more.
const PREEMPTIONS: usize = 3;

fn bounded(model: impl Fn() + Send + Sync + 'static) {
    check(PREEMPTIONS, model);
}

/// A driver and its loop, reduced to their operations on the inbox.
struct Listener {
    inbox: Arc<Inbox>,
    bells: Vec<Arc<Bell>>,
    /// The number of its attempts to sleep.
    sleeps: usize,
}

impl Listener {
    fn new(bells: usize) -> Self {
        let here = thread::current();
        let inbox = Arc::new(Inbox::new(ForeignWake::new(move || here.unpark())));
        let bells =
            (0..bells).map(|number| Arc::new(Bell::new(number, Arc::clone(&inbox)))).collect();
        Self { inbox, bells, sleeps: 0 }
    }

    /// Rings the bell on a new thread, after `before`. The thread returns the number of sleeps it
    /// ended.
    fn ring_elsewhere(
        &self,
        number: usize,
        before: impl FnOnce() + Send + 'static,
    ) -> thread::JoinHandle<usize> {
        let bell = Arc::clone(&self.bells[number]);
        thread::spawn(move || {
            before();
            usize::from(bell.ring())
        })
    }

    /// Takes the rung bells and answers them.
    fn take(&self) -> Vec<usize> {
        let mut taken = Vec::new();
        self.inbox.take(|number| &self.bells[number], |number| taken.push(number));
        taken.iter().for_each(|number| self.bells[*number].answer());
        taken
    }

    /// Takes turns until a bell was rung, and sleeps between them.
    fn wait(&mut self) -> Vec<usize> {
        loop {
            self.inbox.cancel_sleep();
            let taken = self.take();
            if !taken.is_empty() {
                return taken;
            }
            self.sleeps += 1;
            if self.inbox.announce_sleep() {
                // Only the wake ends it, early or not: a foreign loop does not look at the list.
                thread::park();
            }
        }
    }
}

fn ended(threads: impl IntoIterator<Item = thread::JoinHandle<usize>>) -> usize {
    threads.into_iter().map(|thread| thread.join().expect("ringing does not panic")).sum()
}

#[test]
fn a_bell_that_is_rung_ends_a_sleep() {
    check_all(|| {
        let mut listener = Listener::new(1);
        let ringing = listener.ring_elsewhere(0, || {});
        assert_eq!(listener.wait(), [0]);
        assert!(ended([ringing]) <= listener.sleeps);
    });
}

#[test]
fn every_bell_is_taken_once_and_ends_at_most_one_sleep() {
    bounded(|| {
        let mut listener = Listener::new(3);
        let ringing: Vec<_> = (0..2).map(|number| listener.ring_elsewhere(number, || {})).collect();
        let mut taken = Vec::new();
        while taken.len() < 2 {
            taken.extend(listener.wait());
        }
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
        assert!(ended(ringing) <= listener.sleeps);
        assert_eq!(listener.take(), [], "nothing comes twice");
    });
}

#[test]
fn bells_are_taken_in_the_order_of_ringing() {
    bounded(|| {
        let mut listener = Listener::new(3);
        let others: Vec<_> = listener.bells[..2].iter().map(Arc::clone).collect();
        let ringing =
            thread::spawn(move || others.iter().map(|bell| usize::from(bell.ring())).sum());
        let third = listener.ring_elsewhere(2, || {});
        let mut taken = Vec::new();
        while taken.len() < 3 {
            taken.extend(listener.wait());
        }
        taken.retain(|number| *number != 2);
        assert_eq!(taken, [0, 1]);
        assert!(ended([ringing, third]) <= listener.sleeps);
    });
}

#[test]
fn writes_before_a_ring_are_seen_whichever_ring_is_first() {
    bounded(|| {
        let mut listener = Listener::new(1);
        let done = Arc::new(AtomicUsize::new(0));
        let ringing: Vec<_> = (0..2)
            .map(|_| {
                let done = Arc::clone(&done);
                // Relaxed: its visibility must result from the bell.
                listener.ring_elsewhere(0, move || _ = done.fetch_add(1, Ordering::Relaxed))
            })
            .collect();
        while done.load(Ordering::Relaxed) < 2 {
            listener.wait();
        }
        assert!(ended(ringing) <= listener.sleeps);
    });
}

#[test]
fn a_bell_can_be_rung_again_once_it_is_answered() {
    bounded(|| {
        let mut listener = Listener::new(1);
        let rung = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&rung);
        let bell = Arc::clone(&listener.bells[0]);
        let ringing = thread::spawn(move || {
            (0..2)
                .map(|_| {
                    counts.fetch_add(1, Ordering::Relaxed);
                    usize::from(bell.ring())
                })
                .sum()
        });
        while rung.load(Ordering::Relaxed) < 2 {
            listener.wait();
        }
        assert!(ended([ringing]) <= listener.sleeps);
    });
}

#[test]
fn a_bell_rung_while_the_loop_comes_for_another_event_is_taken() {
    check_all(|| {
        let listener = Listener::new(1);
        let ringing = listener.ring_elsewhere(0, || {});
        if listener.inbox.announce_sleep() {
            listener.inbox.cancel_sleep();
        }
        let early = listener.take();
        ended([ringing]);
        assert_eq!([early, listener.take()].concat(), [0]);
    });
}

#[test]
fn makers_spawned_before_the_end_are_taken_and_the_end_is_seen() {
    bounded(|| {
        let mut listener = Listener::new(1);
        let makers = Arc::new(ConcurrentQueue::unbounded());
        let accepted = Arc::new(PlainCount::new(0));
        let (spawns, counts) = (Arc::clone(&makers), Arc::clone(&accepted));
        let spawning = listener.ring_elsewhere(DOOR, move || {
            if spawns.push(7).is_ok() {
                counts.fetch_add(1, Ordering::Relaxed);
            }
        });
        let closes = Arc::clone(&makers);
        let stopping = listener.ring_elsewhere(DOOR, move || _ = closes.close());
        let mut taken = 0;
        while !(makers.is_closed() && makers.is_empty()) {
            listener.wait();
            taken += makers.try_iter().count();
        }
        ended([spawning, stopping]);
        assert_eq!(taken, accepted.load(Ordering::Relaxed));
    });
}

#[test]
fn no_ring_calls_the_wake_after_the_close() {
    bounded(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&calls);
        let wake = ForeignWake::new(move || _ = counts.fetch_add(1, Ordering::Relaxed));
        let inbox = Arc::new(Inbox::new(wake));
        let bells: Vec<_> =
            (0..2).map(|number| Arc::new(Bell::new(number, Arc::clone(&inbox)))).collect();
        assert!(inbox.announce_sleep());
        let ringing: Vec<_> = bells
            .iter()
            .map(|bell| {
                let bell = Arc::clone(bell);
                thread::spawn(move || usize::from(bell.ring()))
            })
            .collect();
        inbox.close();
        // Relaxed: its visibility must result from the close.
        let seen = calls.load(Ordering::Relaxed);
        assert_eq!(ended(ringing), seen);
        assert_eq!(calls.load(Ordering::Relaxed), seen);
    });
}
