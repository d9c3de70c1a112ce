//! Messages with a send or a panic in their drop, dropped by the mailbox.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use actor_core::reply::ReplyDropped;
use actor_core::{Handle, Lane, Mailbox, Message, Reply, Spawn, mailbox};
use futures::FutureExt;

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A cancelled ask. Its drop sends another one, while any are left.
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
        if self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
        {
            ask_and_leave(&self.handle, &self.left);
        }
    }
}

fn ask_and_leave<const LANE: usize>(handle: &Handle<Fickle<LANE>>, left: &Arc<AtomicU64>) {
    let ask = |_: Reply<()>| Fickle { handle: handle.clone(), left: Arc::clone(left) };
    // Leaked, because the drop of a returned message would ask again.
    std::mem::forget(handle.try_ask(ask).map(drop));
}

fn returns_although_asks_keep_arriving<const LANE: usize>() {
    const ASKS: u64 = 10_000;

    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let (handle, mut mailbox): (_, Mailbox<Fickle<LANE>>) = mailbox();
    let left = Arc::new(AtomicU64::new(ASKS));
    (0..4).for_each(|_| ask_and_leave(&handle, &left));
    let polled = mailbox.poll_recv(&mut Context::from_waker(&waker));
    assert!(matches!(polled, Poll::Pending));
    assert!(
        left.load(Ordering::Relaxed) > ASKS / 2,
        "it was kept for {} asks",
        ASKS - left.load(Ordering::Relaxed)
    );
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "and is woken for those that came meanwhile");
    left.store(0, Ordering::Relaxed);
}

#[test]
fn endless_cancelled_asks_do_not_block_the_consumer() {
    returns_although_asks_keep_arriving::<0>();
    returns_although_asks_keep_arriving::<1>();
}

/// Panics in its drop if `panics` is set.
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
fn a_panic_in_the_drop_of_an_evicted_message_loses_no_other_message() {
    let (handle, mut mailbox) = mailbox();
    for panics in [true, false] {
        handle.try_tell(brittle(1, panics)).expect("it never refuses");
    }
    // The first receive also moves the panicking message to the stash. The second later message
    // evicts it.
    drop(mailbox.try_recv().expect("one waits"));
    (0..2).for_each(|_| handle.try_tell(brittle(1, false)).expect("it never refuses"));
    assert!(catch_unwind(AssertUnwindSafe(|| mailbox.try_recv())).is_err());
    assert!(
        mailbox.try_recv().is_some()
            && mailbox.try_recv().is_some()
            && mailbox.try_recv().is_none()
    );
    let lane = &mailbox.stats()[1];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.depth), (4, 3, 1, 0));
}

#[test]
fn a_panic_in_the_drop_of_an_undelivered_message_does_not_block_later_askers() {
    let (handle, mailbox) = mailbox();
    handle.try_tell(brittle(0, true)).expect("there is room");
    let ask = |reply| Brittle { lane: 0, panics: false, _reply: Some(reply) };
    let answer = handle.try_ask(ask).expect("there is room");
    handle.try_tell(brittle(0, true)).expect("there is room");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(mailbox))).is_err(), "the panic is not hidden");
    assert_eq!(answer.now_or_never(), Some(Err(ReplyDropped)));
    assert_eq!(handle.stats()[0].undelivered, 3);
}

/// A message sending one other message in its drop.
struct Successor<const LANE: usize> {
    next: Option<Handle<Self>>,
}

impl<const LANE: usize> Message for Successor<LANE> {
    const LANES: &'static [Lane] =
        &[Lane::fifo("fifo", 1), Lane::newest_first("newest", 1), Lane::latest("latest")];

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

fn sends_in_its_eviction<const LANE: usize>() {
    let (handle, mut mailbox) = mailbox();
    for _ in 0..100 {
        handle
            .try_tell(Successor::<LANE> { next: Some(handle.clone()) })
            .expect("it never refuses");
        handle.try_tell(Successor::<LANE> { next: None }).expect("it never refuses");
        assert!(
            mailbox.try_recv().is_some() && mailbox.try_recv().is_none(),
            "the successor took the place"
        );
    }
    let lane = &mailbox.stats()[LANE];
    assert_eq!((lane.accepted, lane.handled, lane.evicted, lane.depth), (300, 100, 200, 0));
}

#[test]
fn a_message_sent_by_an_eviction_replaces_the_evicting_message() {
    sends_in_its_eviction::<1>();
    sends_in_its_eviction::<2>();
}

/// A waker sending a message in its wake.
struct Sends(Handle<Brittle>, AtomicUsize);

impl Wake for Sends {
    fn wake(self: Arc<Self>) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.try_tell(brittle(0, false)).expect("there is room");
    }
}

#[test]
fn a_waker_sending_a_message_is_woken_once() {
    let (handle, mut mailbox) = mailbox();
    let sends = Arc::new(Sends(handle.clone(), AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&sends));
    assert!(mailbox.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    handle.try_tell(brittle(0, false)).expect("there is room");
    assert_eq!(sends.1.load(Ordering::SeqCst), 1);
    assert_eq!(std::iter::from_fn(|| mailbox.try_recv()).count(), 2);
}

/// A panic's payload with a panic in its own drop.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a payload that panics in its drop, as the test wants it to");
    }
}

/// Panics with a bomb in its drop.
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
fn panicking_panic_payloads_do_not_block_later_askers() {
    let (handle, mailbox) = mailbox();
    assert!((0..3).all(|_| handle.try_tell(Mine(None)).is_ok()));
    let answer = handle.try_ask(|reply| Mine(Some(reply))).expect("there is room");
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(mailbox)));
    std::mem::forget(dropped.expect_err("the panic is not hidden"));
    assert_eq!(answer.now_or_never(), Some(Err(ReplyDropped)));
    assert_eq!(handle.stats()[0].undelivered, 4);
}

#[test]
fn a_hook_receives_every_message_despite_panicking_panic_payloads() {
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
