//! Messages whose drop sends or panics, while the mailbox is at work on them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use actor_core::{Handle, Lane, Mailbox, Message, Reply, mailbox};

/// Counts how often it is woken.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// An ask whose asker has left; another comes when it is dropped, as long as any are left to come.
struct Fickle<const LANE: usize> {
    handle: Handle<Self>,
    left: Arc<AtomicU64>,
}

impl<const LANE: usize> Message for Fickle<LANE> {
    const LANES: &'static [Lane] = &[Lane::fifo("asks", 4), Lane::newest_first("fresh asks", 4)];

    fn lane(&self) -> usize {
        LANE
    }
}

impl<const LANE: usize> Drop for Fickle<LANE> {
    fn drop(&mut self) {
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            ask_and_leave(&self.handle, &self.left);
        }
    }
}

fn ask_and_leave<const LANE: usize>(handle: &Handle<Fickle<LANE>>, left: &Arc<AtomicU64>) {
    let ask = |_: Reply<()>| Fickle { handle: handle.clone(), left: Arc::clone(left) };
    // What comes back would ask again in this very drop.
    std::mem::forget(handle.try_ask(ask).map(drop));
}

fn looks_up_from_asks_that_keep_coming<const LANE: usize>() {
    const ASKS: u64 = 10_000;

    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let (handle, mut mailbox): (_, Mailbox<Fickle<LANE>>) = mailbox();
    let left = Arc::new(AtomicU64::new(ASKS));
    (0..4).for_each(|_| ask_and_leave(&handle, &left));
    let polled = mailbox.poll_recv(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
    assert!(left.load(Ordering::Relaxed) > ASKS / 2, "it was kept for {} asks", ASKS - left.load(Ordering::Relaxed));
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "and is woken for those that came meanwhile");
    left.store(0, Ordering::Relaxed);
}

#[test]
fn asks_that_are_cancelled_without_rest_do_not_keep_the_consumer() {
    looks_up_from_asks_that_keep_coming::<0>();
    looks_up_from_asks_that_keep_coming::<1>();
}
