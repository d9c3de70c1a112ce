//! Senders that wait for room.

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
fn a_sender_that_waits_for_room_is_told_of_it() {
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

/// Takes as an actor does, whose task sees to the senders only when it rests.
async fn take_and_rest<M: Message>(mailbox: &mut Mailbox<M>) -> Option<M> {
    poll_fn(|cx| {
        mailbox.shared().signal().begin();
        mailbox.receiver().poll_next(cx)
    })
    .await
}

/// Has two senders of one thread wait for room in a lane that is full, while an actor takes everything.
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
fn a_sender_that_waits_for_room_is_told_by_an_actor_that_rests() {
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
fn two_senders_that_wait_are_told_of_one_place_that_is_free_twice() {
    two_wait_for_an_actor(1, One);
}

#[test]
fn two_senders_that_wait_are_told_of_two_places() {
    two_wait_for_an_actor(2, Two);
}

#[test]
fn a_sender_that_waits_for_room_is_told_of_the_end() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let telling = thread::spawn(move || block_on(handle.tell(One(2))).is_ok());
        mailbox.close();
        assert!(!telling.join().expect("telling does not panic"));
    });
}

/// A sender that is told and not polled again, with another one behind it: the one behind it is served by whatever is sent and
/// taken after that, as by the watch's second look.
#[test]
fn a_sender_behind_one_that_is_not_polled_is_told() {
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
            if polled.is_pending() && mailbox.shared().waits_for_told() {
                mailbox.shared().tell_of_room(true);
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

/// A message of one of two sources, in a lane of which each may have one place.
struct Sourced(u64, u32);

impl Message for Sourced {
    const LANES: &'static [Lane] = &[Lane::fifo("sourced", 1).share(1)];

    fn source(&self) -> Option<u64> {
        Some(self.0)
    }
}

/// A sender is refused because another one of its source is counted, whose message then finds no room. Meanwhile the lane is
/// emptied, and its consumer sleeps.
#[test]
fn a_sender_that_backs_out_tells_those_that_it_was_in_the_way_of() {
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
