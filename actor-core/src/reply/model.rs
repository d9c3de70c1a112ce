//! The slot under the model checkers.
//!
//! A lost wake shows as a deadlock. The slot is built here of the checker's allocator and cells, so
//! the checker detects memory freed twice, never, or during another party's access. The first two
//! happen if two parties, or none, consider themselves the last.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::checker::{block_on, check, check_all, thread};
use crate::reply::{Answer, Asker, Reply, ReplyDropped};

/// The sent value. It is dropped once, or the count shows the difference.
fn counted() -> (Arc<()>, Arc<()>) {
    let value = Arc::new(());
    (Arc::clone(&value), value)
}

fn look<T>(answer: &mut Answer<T>, waker: &Waker) -> Poll<Result<T, ReplyDropped>> {
    pin!(answer).poll(&mut Context::from_waker(waker))
}

/// The bound for three parties. The same models hold without a bound, but two of them take more
/// than a minute.
const PREEMPTIONS: usize = 4;

/// Runs the three parties of a queued ask at the same time.
fn three_parties(
    reply: impl Fn(Reply<Arc<()>>, Arc<()>) + Send + Sync + Copy + 'static,
    answer: impl Fn(Answer<Arc<()>>) + Send + Sync + Copy + 'static,
    envelope: impl Fn(Asker) + Send + Sync + Copy + 'static,
) {
    check(PREEMPTIONS, move || {
        let (value, sent) = counted();
        let (replier, awaiter, asker) = Reply::queued();
        let replying = thread::spawn(move || reply(replier, sent));
        let handling = thread::spawn(move || envelope(asker));
        answer(awaiter);
        replying.join().expect("replying does not panic");
        handling.join().expect("letting go does not panic");
        assert_eq!(Arc::strong_count(&value), 1, "whatever was sent is dropped");
    });
}

#[test]
fn a_reply_that_is_sent_arrives() {
    check_all(|| {
        let (reply, answer) = Reply::pair();
        let sending = thread::spawn(move || reply.send(7));
        assert_eq!(block_on(answer), Ok(7));
        sending.join().expect("sending does not panic");
    });
}

#[test]
fn a_reply_that_is_dropped_is_seen() {
    check_all(|| {
        let (reply, answer) = Reply::<u32>::pair();
        let dropping = thread::spawn(move || drop(reply));
        assert_eq!(block_on(answer), Err(ReplyDropped));
        dropping.join().expect("dropping does not panic");
    });
}

#[test]
fn a_value_whose_asker_leaves_is_dropped_once() {
    check_all(|| {
        let (value, sent) = counted();
        let (reply, answer) = Reply::pair();
        let sending = thread::spawn(move || reply.send(sent));
        drop(answer);
        sending.join().expect("sending does not panic");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_value_whose_asker_waits_and_leaves_is_dropped_once() {
    check_all(|| {
        let (value, sent) = counted();
        let (reply, mut answer) = Reply::pair();
        let sending = thread::spawn(move || reply.send(sent));
        block_on(std::future::poll_fn(|cx| {
            drop(look(&mut answer, cx.waker()));
            Poll::Ready(())
        }));
        drop(answer);
        sending.join().expect("sending does not panic");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn a_waker_that_is_replaced_while_the_reply_is_sent_is_woken() {
    check_all(|| {
        let (value, sent) = counted();
        let (reply, mut answer) = Reply::pair();
        let sending = thread::spawn(move || reply.send(sent));
        // Another waker, with no effect.
        match look(&mut answer, Waker::noop()) {
            Poll::Ready(answered) => assert!(answered.is_ok()),
            Poll::Pending => assert!(block_on(answer).is_ok()),
        }
        sending.join().expect("sending does not panic");
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

#[test]
fn an_answer_moved_to_another_thread_sees_the_value() {
    check_all(|| {
        let (reply, mut answer) = Reply::pair();
        let sending = thread::spawn(move || reply.send(7));
        _ = look(&mut answer, Waker::noop());
        let awaiting = thread::spawn(move || {
            // An error if the first poll already returned the value.
            if let Ok(n) = block_on(answer) {
                assert_eq!(n, 7);
            }
        });
        sending.join().expect("sending does not panic");
        awaiting.join().expect("awaiting does not panic");
    });
}

#[test]
fn an_envelope_is_released_while_its_ask_is_answered() {
    three_parties(Reply::send, |answer| assert!(block_on(answer).is_ok()), drop);
}

#[test]
fn an_envelope_is_released_while_its_reply_is_dropped() {
    three_parties(
        |reply, _unsent| drop(reply),
        |answer| assert!(block_on(answer).is_err()),
        |asker| _ = asker.release(),
    );
}

#[test]
fn an_envelope_is_released_while_its_asker_drops_the_answer() {
    three_parties(Reply::send, drop, |asker| _ = asker.release());
}

#[test]
fn an_envelope_is_released_while_both_ends_are_dropped() {
    three_parties(|reply, _unsent| drop(reply), drop, drop);
}

#[test]
fn the_envelope_and_the_replier_see_a_dropped_answer() {
    check_all(|| {
        let (reply, answer, asker) = Reply::<u32>::queued();
        let leaving = thread::spawn(move || drop(answer));
        let was_left = asker.release();
        assert!(!was_left || reply.is_cancelled());
        leaving.join().expect("leaving does not panic");
        assert!(reply.is_cancelled());
        reply.send(7);
    });
}
