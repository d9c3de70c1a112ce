//! The wakes of streams, against everything that the actor may do with a stream.
//!
//! In each run other threads change streams and wake them, while the actor polls, sleeps, detaches
//! or ends its life. A lost wake appears as a deadlock.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use futures::stream;

use crate::actor::streams::attached::Streams;
use crate::actor::streams::source::{Attachment, OfItems};
use crate::checker::{block_on, check, thread};
use crate::mailbox::{Mailbox, Message};
use crate::sync::{AtomicUsize, Ordering};

/// Enough to interrupt each step of a wake by each step of the actor.
const PREEMPTIONS: usize = 3;

struct Item;

impl Message for Item {}

/// An actor with streams.
struct Rig {
    mailbox: Mailbox<Item>,
    streams: Option<Streams<Item>>,
}

/// A stream of another thread: the number of its items so far, and its waker.
struct Remote {
    number: u64,
    ready: Arc<AtomicUsize>,
    waker: Waker,
}

impl Rig {
    fn new() -> Self {
        let (_handle, mailbox) = crate::handle::mailbox::<Item>();
        let streams = Some(Streams::new(Arc::clone(mailbox.shared())));
        Self { mailbox, streams }
    }

    fn streams(&mut self) -> &mut Streams<Item> {
        self.streams.as_mut().expect("the life has not ended")
    }

    /// Attaches a stream, and polls it once.
    fn attach(&mut self) -> Remote {
        let ready = Arc::new(AtomicUsize::new(0));
        let waker = Rc::new(Cell::new(None));
        let (items, gives) = (Arc::clone(&ready), Rc::clone(&waker));
        let mut pulled = 0;
        let stream = stream::poll_fn(move |cx| {
            // The latest waker is the first one: a stream has the same one at all times.
            gives.set(Some(cx.waker().clone()));
            // Relaxed: the mark orders it.
            if items.load(Ordering::Relaxed) == pulled {
                return Poll::Pending;
            }
            pulled += 1;
            Poll::Ready(Some(()))
        });
        let source = Box::pin(Attachment::new(stream, OfItems(|()| Item)));
        let number = self.streams().add(source, true);
        assert!(self.streams().poll_message().is_none());
        let waker = waker.take().expect("it was polled");
        Remote { number, ready, waker }
    }

    /// Waits for an item as the actor's loop does.
    fn next(&mut self) {
        let Self { mailbox, streams } = self;
        let streams = streams.as_mut().expect("the life has not ended");
        block_on(poll_fn(|task| {
            mailbox.shared().signal().begin();
            if streams.poll_message().is_some() {
                return Poll::Ready(());
            }
            mailbox.receiver().local().signal_side().announce_wait(task.waker());
            Poll::Pending
        }));
    }
}

impl Remote {
    /// Adds an item, and wakes the stream.
    fn item(ready: &AtomicUsize, waker: &Waker) {
        ready.fetch_add(1, Ordering::Relaxed);
        waker.wake_by_ref();
    }

    /// Adds an item on a thread of its own.
    fn start(&self) -> thread::JoinHandle<()> {
        let (ready, waker) = (Arc::clone(&self.ready), self.waker.clone());
        thread::spawn(move || Self::item(&ready, &waker))
    }
}

fn join(remote: thread::JoinHandle<()>) {
    remote.join().expect("a wake does not panic");
}

#[test]
fn an_item_of_another_thread_wakes_its_actor() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        let remote = rig.attach();
        let sending = remote.start();
        rig.next();
        join(sending);
        assert!(rig.streams().poll_message().is_none());
    });
}

#[test]
fn items_that_meet_the_polls_of_their_stream_are_all_pulled() {
    check(2, || {
        let mut rig = Rig::new();
        let remote = rig.attach();
        let (ready, waker) = (Arc::clone(&remote.ready), remote.waker.clone());
        let sending = thread::spawn(move || {
            Remote::item(&ready, &waker);
            Remote::item(&ready, &waker);
        });
        rig.next();
        rig.next();
        join(sending);
        // A wake that met a poll may have left the number once, and not more often.
        assert!(rig.streams().waiting() <= 1);
        assert!(rig.streams().poll_message().is_none());
        assert_eq!(rig.streams().waiting(), 0);
    });
}

#[test]
fn two_threads_wake_two_streams() {
    check(2, || {
        let mut rig = Rig::new();
        let remotes = [rig.attach(), rig.attach()];
        let sending = remotes.each_ref().map(Remote::start);
        rig.next();
        rig.next();
        sending.into_iter().for_each(join);
    });
}

#[test]
fn a_wake_of_a_detached_stream_leaves_nothing() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        let remote = rig.attach();
        let sending = remote.start();
        assert!(rig.streams().detach(remote.number));
        join(sending);
        Remote::item(&remote.ready, &remote.waker);
        assert!(rig.streams().waiting() <= 1);
        assert!(rig.streams().poll_message().is_none());
        assert_eq!(rig.streams().waiting(), 0);
    });
}

#[test]
fn a_wake_after_the_detaching_adds_nothing() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        let _other = rig.attach();
        let remote = rig.attach();
        assert!(rig.streams().detach(remote.number));
        let waking = remote.start();
        assert!(rig.streams().poll_message().is_none());
        join(waking);
        assert_eq!(rig.streams().waiting(), 0);
    });
}

#[test]
fn a_wake_at_the_end_of_the_life_leaves_nothing() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        // The remote is kept to the end: the checker does not see that the last owner's drop comes
        // after all others.
        let remote = rig.attach();
        let sending = remote.start();
        drop(rig.streams.take());
        join(sending);
        assert_eq!(Arc::strong_count(&remote.ready), 1, "the stream is dropped");
    });
}
