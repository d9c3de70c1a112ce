//! Messages whose drop sends or panics, while the mailbox is at work on them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use actor_core::reply::ReplyDropped;
use actor_core::{Handle, Lane, Mailbox, Message, Reply, Spawn, mailbox};
use futures::FutureExt;

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

/// Panics in its drop if it is told to.
struct Brittle {
    lane: usize,
    panics: bool,
    _reply: Option<Reply<()>>,
}

impl Message for Brittle {
    const LANES: &'static [Lane] = &[Lane::fifo("fifo", 4), Lane::newest_first("newest", 2)];

    fn lane(&self) -> usize {
        self.lane
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        assert!(!self.panics, "this drop panics, as the test wants it to");
    }
}

fn brittle(lane: usize, panics: bool) -> Brittle {
    Brittle { lane, panics, _reply: None }
}

#[test]
fn a_panic_in_the_drop_of_an_evicted_message_loses_no_other() {
    let (handle, mut mailbox) = mailbox();
    for panics in [true, false] {
        handle.try_tell(brittle(1, panics)).expect("it never refuses");
    }
    // One is given out, and the one that panics has been looked at: it is evicted by the second that comes.
    drop(mailbox.try_recv().expect("one waits"));
    (0..2).for_each(|_| handle.try_tell(brittle(1, false)).expect("it never refuses"));
    assert!(catch_unwind(AssertUnwindSafe(|| mailbox.try_recv())).is_err());
    assert!(mailbox.try_recv().is_some() && mailbox.try_recv().is_some() && mailbox.try_recv().is_none());
    let lane = &mailbox.stats()[1];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.depth), (4, 3, 1, 0));
}

#[test]
fn a_panic_in_the_drop_of_an_undelivered_message_does_not_keep_the_askers_behind_it() {
    let (handle, mailbox) = mailbox();
    handle.try_tell(brittle(0, true)).expect("there is room");
    let ask = |reply| Brittle { lane: 0, panics: false, _reply: Some(reply) };
    let answer = handle.try_ask(ask).expect("there is room");
    handle.try_tell(brittle(0, true)).expect("there is room");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(mailbox))).is_err(), "the panic is not hidden");
    assert_eq!(answer.now_or_never(), Some(Err(ReplyDropped)));
    assert_eq!(handle.stats()[0].undelivered, 3);
}

/// A message of a kind that sends another when it is dropped, once.
struct Successor<const LANE: usize> {
    next: Option<Handle<Self>>,
}

impl<const LANE: usize> Message for Successor<LANE> {
    const LANES: &'static [Lane] = &[Lane::fifo("fifo", 1), Lane::newest_first("newest", 1), Lane::latest("latest")];

    fn lane(&self) -> usize {
        LANE
    }
}

impl<const LANE: usize> Drop for Successor<LANE> {
    fn drop(&mut self) {
        if let Some(handle) = self.next.take() {
            _ = handle.try_tell(Self { next: None });
        }
    }
}

fn sends_when_it_is_evicted<const LANE: usize>() {
    let (handle, mut mailbox) = mailbox();
    for _ in 0..100 {
        handle.try_tell(Successor::<LANE> { next: Some(handle.clone()) }).expect("it never refuses");
        handle.try_tell(Successor::<LANE> { next: None }).expect("it never refuses");
        assert!(mailbox.try_recv().is_some() && mailbox.try_recv().is_none(), "the successor took the place");
    }
    let lane = &mailbox.stats()[LANE];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.depth), (300, 100, 200, 0));
}

#[test]
fn a_message_that_sends_when_it_is_evicted_takes_the_place_of_its_evictor() {
    sends_when_it_is_evicted::<1>();
    sends_when_it_is_evicted::<2>();
}

/// A waker that sends when it is woken.
struct Sends(Handle<Brittle>, AtomicUsize);

impl Wake for Sends {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.try_tell(brittle(0, false)).expect("there is room");
    }
}

#[test]
fn a_waker_that_sends_when_it_is_woken_is_woken_once() {
    let (handle, mut mailbox) = mailbox();
    let sends = Arc::new(Sends(handle.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&sends));
    assert!(mailbox.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    handle.try_tell(brittle(0, false)).expect("there is room");
    assert_eq!(sends.1.load(Ordering::SeqCst), 1);
    assert_eq!(std::iter::from_fn(|| mailbox.try_recv()).count(), 2);
}

/// What a panic may be raised with: its own drop panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a payload that panics in its drop, as the test wants it to");
    }
}

/// Panics with a bomb when it is dropped.
struct Mine(Option<Reply<()>>);

impl Message for Mine {}

impl Drop for Mine {
    fn drop(&mut self) {
        if self.0.is_none() {
            std::panic::panic_any(Bomb);
        }
    }
}

#[test]
fn panics_whose_payload_panics_do_not_keep_the_askers_behind_them() {
    let (handle, mailbox) = mailbox();
    assert!((0..3).all(|_| handle.try_tell(Mine(None)).is_ok()));
    let answer = handle.try_ask(|reply| Mine(Some(reply))).expect("there is room");
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(mailbox)));
    std::mem::forget(dropped.expect_err("the panic is not hidden"));
    assert_eq!(answer.now_or_never(), Some(Err(ReplyDropped)));
    assert_eq!(handle.stats()[0].undelivered, 4);
}

#[test]
fn a_hook_whose_panics_have_payloads_that_panic_is_given_every_message() {
    let (handle, mailbox) = mailbox::<Number>();
    assert!((0..3).all(|n| handle.try_tell(Number(n)).is_ok()));
    let seen = Arc::new(AtomicUsize::new(0));
    let hook_seen = Arc::clone(&seen);
    let spawn = Spawn::new(mailbox).on_undelivered(move |_, Number(n)| {
        hook_seen.fetch_add(1, Ordering::SeqCst);
        if n < 2 {
            std::panic::panic_any(Bomb);
        }
    });
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(spawn)));
    assert_eq!(seen.load(Ordering::SeqCst), 3);
    assert!(dropped.map_err(std::mem::forget).is_ok(), "whoever drops it is not to blame");
}

struct Number(u32);

impl Message for Number {}
