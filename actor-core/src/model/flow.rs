//! Reservations, credits and watermarks of whole mailboxes: no waiting task is missed.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use futures::future::join;

use super::{One, Two, bounded};
use crate::checker::{block_on, check_some, thread};
use crate::flow::Credits;
use crate::handle::mailbox;
use crate::mailbox::Mailbox;
use crate::mailbox::Message;

/// Takes a message as an actor does. Its task looks at waiting tasks only when it is idle.
async fn take_and_rest<M: Message>(mailbox: &mut Mailbox<M>) -> Option<M> {
    poll_fn(|cx| {
        mailbox.shared().signal().begin();
        mailbox.receiver().poll_next(cx)
    })
    .await
}

#[test]
fn a_sender_waiting_for_a_reserved_place_is_notified_of_its_return() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        let permit = handle.try_reserve(0).expect("there is room");
        let telling = thread::spawn(move || block_on(handle.tell(One(1))).is_ok());
        drop(permit);
        assert!(telling.join().expect("telling does not panic"));
        drop(mailbox);
    });
}

#[test]
fn a_reserver_is_notified_of_a_message_taken() {
    check_some(3, || {
        let (handle, mut mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let reserving = thread::spawn(move || {
            let permit = block_on(handle.reserve(0)).expect("the mailbox is open");
            assert!(permit.send(One(2)).is_ok());
            handle
        });
        block_on(async {
            for n in 1..=2 {
                assert_eq!(take_and_rest(&mut mailbox).await.map(|One(n)| n), Some(n));
            }
        });
        reserving.join().expect("reserving does not panic");
    });
}

#[test]
fn a_reserver_is_notified_of_the_end() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        assert!(handle.try_tell(One(1)).is_ok());
        let reserving = thread::spawn(move || block_on(handle.reserve(0)).is_err());
        mailbox.close();
        assert!(reserving.join().expect("reserving does not panic"));
    });
}

/// One reserver gives up at the time of its notification, and the other one proceeds.
#[test]
fn a_reserver_that_gives_up_passes_its_notification_on() {
    check_some(2, || {
        let (handle, mailbox) = mailbox::<One>();
        let permit = handle.try_reserve(0).expect("there is room");
        let reserving = thread::spawn(move || {
            block_on(async {
                let mut first = Box::pin(handle.reserve(0));
                let mut second = pin!(handle.reserve(0));
                poll_fn(|cx| {
                    if first.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(());
                    }
                    first.set(handle.reserve(0));
                    second.as_mut().poll(cx).map(|permit| assert!(permit.is_ok()))
                })
                .await;
            });
        });
        drop(permit);
        reserving.join().expect("reserving does not panic");
        drop(mailbox);
    });
}

/// Reservations and messages of two threads for two places, against an actor.
#[test]
fn permits_and_messages_are_all_handled() {
    check_some(2, || {
        let (handle, mut mailbox) = mailbox::<Two>();
        let other = handle.clone();
        let reserving = thread::spawn(move || {
            let (one, two) = block_on(join(handle.reserve(0), handle.reserve(0)));
            assert!(one.expect("it is open").send(Two(1)).is_ok());
            drop(two);
        });
        let telling = thread::spawn(move || {
            assert!(block_on(other.tell(Two(2))).is_ok());
        });
        let mut sum = 0;
        block_on(async {
            while let Some(Two(n)) = take_and_rest(&mut mailbox).await {
                sum += n;
            }
        });
        assert_eq!(sum, 3);
        reserving.join().expect("reserving does not panic");
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn a_source_waiting_for_credit_is_woken_by_its_return() {
    bounded(|| {
        let credits = Credits::new(1);
        let credit = credits.try_take().expect("one is available");
        let waiting = credits.clone();
        let taking = thread::spawn(move || drop(block_on(waiting.take())));
        drop(credit);
        taking.join().expect("taking does not panic");
        assert_eq!(credits.available(), 1);
    });
}

#[test]
fn two_sources_waiting_for_credit_are_both_woken() {
    check_some(3, || {
        let credits = Credits::new(2);
        let (one, two) = (credits.try_take(), credits.try_take());
        let waiting = credits.clone();
        let taking = thread::spawn(move || {
            // Both hold a credit at the same time, so both returns are needed.
            drop(block_on(join(waiting.take(), waiting.take())));
        });
        let other = thread::spawn(move || drop(one));
        drop(two);
        taking.join().expect("taking does not panic");
        other.join().expect("returning does not panic");
        assert_eq!(credits.available(), 2);
    });
}

/// One source gives up at the time of its notification, and the other one takes the credit.
#[test]
fn a_source_that_gives_up_passes_its_notification_on() {
    check_some(3, || {
        let credits = Credits::new(1);
        let credit = credits.try_take();
        let waiting = credits.clone();
        let taking = thread::spawn(move || {
            block_on(async {
                let mut first = Box::pin(waiting.take());
                let mut second = pin!(waiting.take());
                poll_fn(|cx| {
                    if first.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(());
                    }
                    first.set(waiting.take());
                    second.as_mut().poll(cx).map(drop)
                })
                .await;
            });
        });
        drop(credit);
        taking.join().expect("taking does not panic");
        assert_eq!(credits.available(), 1);
    });
}

#[test]
fn a_task_waiting_for_a_low_depth_sees_it() {
    check_some(3, || {
        let (handle, mut mailbox) = mailbox::<One>();
        let marks = handle.watermarks(0, 0, 1).expect("they are in order");
        assert!(handle.try_tell(One(1)).is_ok());
        let waiting = thread::spawn(move || {
            assert!(block_on(marks.below()).is_ok());
            drop(handle);
        });
        block_on(async {
            assert!(take_and_rest(&mut mailbox).await.is_some());
            assert!(take_and_rest(&mut mailbox).await.is_none(), "no handle is left");
        });
        waiting.join().expect("waiting does not panic");
    });
}

/// The consumer takes nothing: the sender without room looks.
#[test]
fn a_task_waiting_for_a_high_depth_is_woken_by_a_sender_without_room() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        let marks = handle.watermarks(0, 0, 1).expect("they are in order");
        let waiting = thread::spawn(move || assert!(block_on(marks.above()).is_ok()));
        assert!(handle.try_tell(One(1)).is_ok());
        assert!(handle.try_tell(One(2)).is_err());
        waiting.join().expect("waiting does not panic");
        drop(mailbox);
    });
}

#[test]
fn a_task_waiting_for_an_edge_is_woken_by_the_end() {
    bounded(|| {
        let (handle, mailbox) = mailbox::<One>();
        let marks = handle.watermarks(0, 0, 1).expect("they are in order");
        let waiting = thread::spawn(move || assert!(block_on(marks.above()).is_err()));
        mailbox.close();
        waiting.join().expect("waiting does not panic");
    });
}
