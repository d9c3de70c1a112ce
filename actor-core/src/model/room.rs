//! Senders waiting for room.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures::future::join;

use super::{One, Two, bounded, take};
use crate::checker::{block_on, check_some, thread};
use crate::handle::mailbox;
use crate::mailbox::{Lane, Mailbox, Message};
use crate::sync::comes_back;

#[test]
fn a_sender_waiting_for_room_is_notified() {
    bounded(|| {
        let (handle, mut mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let telling = thread::spawn(move || {
            let mut tell = pin!(handle.tell(One(2)));
            block_on(poll_fn(|cx| tell.as_mut().poll(cx))).is_ok()
        });
        block_on(async {
            assert_eq!(take(&mut mailbox).await.map(|One(n)| n), Some(1));
            assert_eq!(take(&mut mailbox).await.map(|One(n)| n), Some(2));
        });
        assert!(telling.join().expect("telling does not panic"));
    });
}

/// Takes a message as an actor does. Its task notifies senders only when it is idle.
async fn take_and_rest<M: Message>(mailbox: &mut Mailbox<M>) -> Option<M> {
    poll_fn(|cx| {
        mailbox.shared().signal().begin();
        mailbox.receiver().poll_next(cx)
    })
    .await
}

/// Two senders of one thread wait for room in a full lane, while an actor takes all messages.
fn two_wait_for_an_actor<M: Message>(full: usize, make: fn(u32) -> M) {
    check_some(2, move || {
        let (handle, mut mailbox) = mailbox::<M>();
        (0..full).for_each(|_| assert!(handle.try_tell(make(0)).is_ok()));
        let telling = thread::spawn(move || {
            let (one, other) = block_on(join(handle.tell(make(1)), handle.tell(make(2))));
            assert!(one.is_ok() && other.is_ok());
            handle
        });
        block_on(async {
            for _ in 0..full + 2 {
                assert!(take_and_rest(&mut mailbox).await.is_some());
            }
        });
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn a_sender_waiting_for_room_is_notified_by_an_idle_actor() {
    bounded(|| {
        let (handle, mut mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let telling = thread::spawn(move || {
            assert!(block_on(handle.tell(One(2))).is_ok());
            handle
        });
        block_on(async {
            for _ in 0..2 {
                assert!(take_and_rest(&mut mailbox).await.is_some());
            }
        });
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn two_waiting_senders_are_notified_of_one_place_freed_twice() {
    two_wait_for_an_actor(1, One);
}

#[test]
fn two_waiting_senders_are_notified_of_two_places() {
    two_wait_for_an_actor(2, Two);
}

#[test]
fn a_sender_waiting_for_room_is_notified_of_the_end() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let telling = thread::spawn(move || block_on(handle.tell(One(2))).is_ok());
        mailbox.close();
        assert!(!telling.join().expect("telling does not panic"));
    });
}

/// A sender is notified and not polled, and another sender waits behind it. The latter proceeds at
/// a later send and take, or at the watch's second check.
#[test]
fn a_sender_behind_one_without_polls_is_notified() {
    check_some(2, || {
        let (handle, mut mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(0)).is_ok());
        let mut idle = Box::pin(handle.tell(One(1)));
        assert!(idle.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let other = handle.clone();
        let telling = thread::spawn(move || block_on(other.tell(One(2))).is_ok());
        block_on(poll_fn(|cx| {
            mailbox.shared().signal().begin();
            let polled = mailbox.receiver().poll_next(cx);
            if polled.is_pending() && mailbox.shared().waits_for_notified() {
                mailbox.shared().notify_of_room(true);
            }
            match polled {
                Poll::Ready(Some(One(2))) => Poll::Ready(()),
                Poll::Ready(_) => {
                    cx.waker().wake_by_ref();
                    comes_back();
                    Poll::Pending
                }
                Poll::Pending => Poll::Pending,
            }
        }));
        assert!(telling.join().expect("telling does not panic"));
        drop(idle);
    });
}

/// A message of a source, in a lane with one place per source.
struct Sourced(u64, u32);

impl Message for Sourced {
    const LANES: &'static [Lane] = &[Lane::fifo("sourced", 1).share(1)];

    fn source(&self) -> Option<u64> {
        Some(self.0)
    }
}

/// One sender is refused because another sender of its source is counted, and the latter's message
/// then finds no room. Meanwhile the lane becomes empty and its consumer sleeps.
#[test]
fn a_sender_backing_out_notifies_the_senders_blocked_by_it() {
    check_some(2, || {
        let (handle, mut mailbox) = mailbox::<Sourced>();
        assert!(handle.try_tell(Sourced(0, 0)).is_ok());
        let other = handle.clone();
        let trying = thread::spawn(move || _ = other.try_tell(Sourced(1, 1)));
        let taking = async {
            let mut last = 0;
            while last != 2 {
                last = take_and_rest(&mut mailbox).await.map_or(2, |Sourced(_, n)| n);
            }
        };
        let (told, ()) = block_on(join(handle.tell(Sourced(1, 2)), taking));
        assert!(told.is_ok());
        trying.join().expect("trying does not panic");
    });
}
