//! The wake of a foreign loop: calls on any thread, and one close.

use std::sync::Arc;

use super::bounded;
use crate::checker::{CROWD, thread};
use crate::runtime::adapter::ForeignWake;
use crate::sync::{AtomicUsize, Ordering};

/// What a host frees after the close. Relaxed: its visibility must result from the close.
#[derive(Default)]
struct Host {
    begun: AtomicUsize,
    returned: AtomicUsize,
}

impl Host {
    fn wake(self: &Arc<Self>) -> ForeignWake {
        let host = Arc::clone(self);
        ForeignWake::new(move || {
            host.begun.fetch_add(1, Ordering::Relaxed);
            host.returned.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// Returns the number of calls, all of which have returned.
    fn calls(&self) -> usize {
        let begun = self.begun.load(Ordering::Relaxed);
        assert_eq!(self.returned.load(Ordering::Relaxed), begun, "no call is in progress");
        begun
    }
}

fn call_elsewhere(wake: &Arc<ForeignWake>) -> thread::JoinHandle<usize> {
    let wake = Arc::clone(wake);
    thread::spawn(move || usize::from(wake.call()))
}

fn made(calling: Vec<thread::JoinHandle<usize>>) -> usize {
    calling.into_iter().map(|made| made.join().expect("a call does not panic")).sum()
}

#[test]
fn a_close_returns_after_all_calls_and_none_begins_later() {
    bounded(|| {
        let host = Arc::new(Host::default());
        let wake = Arc::new(host.wake());
        let calling: Vec<_> = (0..CROWD).map(|_| call_elsewhere(&wake)).collect();
        wake.close();
        let seen = host.calls();
        assert_eq!(made(calling), seen);
        assert_eq!(host.calls(), seen);
    });
}

#[test]
fn a_close_inside_a_call_waits_for_the_other_calls_only() {
    bounded(|| {
        let host = Arc::new(Host::default());
        let inner = Arc::new(host.wake());
        let closes = Arc::clone(&inner);
        // The outer wake calls the inner one, which some other thread calls as well, and closes it.
        let outer = ForeignWake::new(move || {
            assert!(closes.call());
            closes.close();
        });
        let calling = call_elsewhere(&inner);
        assert!(outer.call());
        let seen = host.calls();
        assert_eq!(1 + made(vec![calling]), seen);
        outer.close();
    });
}

#[test]
fn a_wake_that_closes_itself_returns() {
    bounded(|| {
        let host = Arc::new(Host::default());
        let itself = Arc::new(std::sync::OnceLock::<std::sync::Weak<ForeignWake>>::new());
        let (reaches, counts) = (Arc::clone(&itself), Arc::clone(&host));
        let is_mine = thread::current().id();
        let wake = Arc::new(ForeignWake::new(move || {
            counts.begun.fetch_add(1, Ordering::Relaxed);
            if thread::current().id() == is_mine {
                let wake = reaches.get().and_then(std::sync::Weak::upgrade).expect("it is set");
                wake.close();
            }
            counts.returned.fetch_add(1, Ordering::Relaxed);
        }));
        itself.set(Arc::downgrade(&wake)).expect("it is set once");
        let calling = call_elsewhere(&wake);
        assert!(wake.call());
        let seen = host.calls();
        assert_eq!(1 + made(vec![calling]), seen);
        assert!(!wake.call());
    });
}
