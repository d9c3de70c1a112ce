//! A reply and its answer: all values, both orders of departure, and several threads.

use std::cell::RefCell;
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use actor_core::reply::{Answer, ReplyDropped};
use actor_core::{AskError, Handle, Lane, Message, Reply, mailbox};
use futures::FutureExt;
use futures::executor::block_on;

fn look<T>(answer: &mut Answer<T>, waker: &Waker) -> Poll<Result<T, ReplyDropped>> {
    pin!(answer).poll(&mut Context::from_waker(waker))
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn waker() -> (Arc<Wakes>, Waker) {
    let wakes = Arc::new(Wakes::default());
    (Arc::clone(&wakes), Waker::from(wakes))
}

/// Sends before the first poll, after it, from another thread, and after the drop of the answer.
fn arrives<T: Send>(make: impl Fn() -> T + Sync, is_it: impl Fn(&T) -> bool) {
    let (reply, answer) = Reply::pair();
    reply.send(make());
    assert!(
        answer.now_or_never().is_some_and(|answered| answered.is_ok_and(|value| is_it(&value)))
    );

    let (wakes, waker) = waker();
    let (reply, mut answer) = Reply::pair();
    assert!(look(&mut answer, &waker).is_pending());
    reply.send(make());
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert!(matches!(look(&mut answer, &waker), Poll::Ready(Ok(value)) if is_it(&value)));

    let (reply, answer) = Reply::pair();
    thread::scope(|threads| {
        threads.spawn(|| reply.send(make()));
        assert!(block_on(answer).is_ok_and(|value| is_it(&value)));
    });

    let (reply, answer) = Reply::pair();
    drop(answer);
    reply.send(make());
}

#[repr(align(256))]
struct Aligned([u8; 300]);

#[test]
fn values_of_any_size_and_alignment_arrive() {
    arrives(|| (), |()| true);
    arrives(|| 7_u64, |n| *n == 7);
    arrives(|| String::from("seven"), |text| text == "seven");
    arrives(|| [7_u8; 33], |bytes| *bytes == [7; 33]);
    arrives(|| [7_u64; 12], |words| *words == [7; 12]);
    arrives(|| [7_u64; 28], |words| *words == [7; 28]);
    arrives(|| [7_u64; 29], |words| *words == [7; 29]);
    arrives(|| [7_u8; 100_000], |bytes| *bytes == [7; 100_000]);
    let is_aligned =
        |aligned: &Aligned| (&raw const *aligned).is_aligned() && aligned.0 == [7; 300];
    arrives(|| Aligned([7; 300]), is_aligned);
    arrives(|| (Aligned([7; 300]), PhantomPinned), move |(aligned, _)| is_aligned(aligned));
}

#[test]
fn replies_of_different_sizes_do_not_share_memory() {
    let mut texts = Vec::new();
    let mut words = Vec::new();
    for round in 0..1000_usize {
        let (reply, answer) = Reply::pair();
        texts.push(answer);
        reply.send(round.to_string());
        let (reply, answer) = Reply::pair();
        words.push(answer);
        reply.send([round; 20]);
        // Some of both are released, so later replies reuse their memory.
        if round % 3 == 0 {
            drop(texts.swap_remove(round / 3 % texts.len()));
            let kept = words.swap_remove(round / 5 % words.len()).now_or_never();
            assert!(matches!(kept, Some(Ok(all)) if all.iter().all(|word| *word == all[0])));
        }
    }
    let texts = texts
        .into_iter()
        .map(|answer| answer.now_or_never().expect("it was sent").expect("and not dropped"));
    assert!(texts.into_iter().all(|text| text.parse::<usize>().is_ok_and(|round| round < 1000)));
}

#[test]
fn an_answer_is_returned_once() {
    let (reply, mut answer) = Reply::pair();
    assert!(format!("{answer:?}").contains("settled: false"));
    reply.send(7);
    assert!(format!("{answer:?}").contains("settled: true"));
    assert_eq!(look(&mut answer, Waker::noop()), Poll::Ready(Ok(7)));
    assert_eq!(look(&mut answer, Waker::noop()), Poll::Ready(Err(ReplyDropped)));
    assert!(format!("{answer:?}").contains("settled: true"));
}

#[test]
fn the_last_waker_is_woken_and_all_are_released() {
    let (old_wakes, old) = waker();
    let (new_wakes, new) = waker();
    let (reply, mut answer) = Reply::<u32>::pair();
    assert!(look(&mut answer, &old).is_pending());
    assert!(look(&mut answer, &old).is_pending());
    assert_eq!(Arc::strong_count(&old_wakes), 3, "the same waker is not registered again");
    assert!(look(&mut answer, &new).is_pending());
    assert_eq!(Arc::strong_count(&old_wakes), 2, "and one that was replaced is not kept");
    drop(reply);
    assert_eq!((old_wakes.0.load(Ordering::SeqCst), new_wakes.0.load(Ordering::SeqCst)), (0, 1));
    assert_eq!(Arc::strong_count(&new_wakes), 2);
    assert_eq!(look(&mut answer, &new), Poll::Ready(Err(ReplyDropped)));

    let (reply, mut answer) = Reply::<u32>::pair();
    assert!(look(&mut answer, &new).is_pending());
    drop(answer);
    assert_eq!(Arc::strong_count(&new_wakes), 2, "an asker that leaves takes its waker along");
    assert!(reply.is_cancelled());
    reply.send(7);
    assert_eq!(new_wakes.0.load(Ordering::SeqCst), 1);
}

/// Counts its drops, and panics in each.
struct Brittle(Arc<AtomicUsize>);

impl Drop for Brittle {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("this drop panics, as the test wants it to");
    }
}

#[test]
fn a_value_with_a_panic_in_its_drop_is_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (reply, answer) = Reply::pair();
    drop(answer);
    assert!(catch_unwind(AssertUnwindSafe(|| reply.send(Brittle(Arc::clone(&drops))))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 1, "by the replier, when the asker has left");

    let (reply, answer) = Reply::pair();
    reply.send(Brittle(Arc::clone(&drops)));
    assert!(catch_unwind(AssertUnwindSafe(|| drop(answer))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 2, "by the asker that leaves it");

    let (reply, answer) = Reply::pair();
    reply.send(7);
    assert_eq!(answer.now_or_never(), Some(Ok(7)));
}

enum Ask {
    Read(Reply<u64>),
    Nothing,
}

impl Message for Ask {
    const LANES: &'static [Lane] = &[Lane::fifo("asks", 64)];
}

#[test]
fn an_ask_without_its_reply_in_the_message_is_cancelled() {
    let (handle, mut mailbox) = mailbox::<Ask>();
    let ask = pin!(handle.ask(|reply: Reply<u64>| {
        drop(reply);
        Ask::Nothing
    }));
    assert!(matches!(ask.now_or_never(), Some(Err(AskError::Dropped))));
    assert!(mailbox.try_recv().is_none());
    assert_eq!(mailbox.stats()[0].cancelled, 1);
}

#[test]
fn an_ask_answered_before_its_message_is_taken_is_handled() {
    let (handle, mut mailbox) = mailbox::<Ask>();
    let answered = |reply: Reply<u64>| {
        reply.send(7);
        Ask::Nothing
    };
    // In three states of the asker: it has its answer, it has departed, it still waits.
    let taken = handle.try_ask(answered).expect("there is room");
    assert_eq!(taken.now_or_never(), Some(Ok(7)));
    drop(handle.try_ask(answered).expect("there is room"));
    let kept = handle.try_ask(answered).expect("there is room");
    (0..3).for_each(|_| assert!(matches!(mailbox.try_recv(), Some(Ask::Nothing))));
    assert!(mailbox.try_recv().is_none());
    assert_eq!((mailbox.stats()[0].handled, mailbox.stats()[0].cancelled), (3, 0));
    assert_eq!(kept.now_or_never(), Some(Ok(7)));
}

#[test]
fn a_reply_outlives_its_envelope_and_its_mailbox() {
    let (handle, mut mailbox) = mailbox::<Ask>();
    let (mut kept, mut dropped) = (None, None);
    let mut first = handle.try_ask(|reply: Reply<String>| {
        kept = Some(reply);
        Ask::Nothing
    });
    let second = handle.try_ask(|reply: Reply<String>| {
        dropped = Some(reply);
        Ask::Nothing
    });
    assert!(matches!(mailbox.try_recv(), Some(Ask::Nothing)));
    drop((mailbox, second));
    let answer = first.as_mut().expect("there was room");
    assert!(look(answer, Waker::noop()).is_pending());
    kept.expect("it was asked").send(String::from("late"));
    assert_eq!(look(answer, Waker::noop()), Poll::Ready(Ok(String::from("late"))));
    let dropped = dropped.expect("it was asked");
    assert!(dropped.is_cancelled());
    dropped.send(String::from("too late"));
}

#[test]
fn a_panic_while_making_the_message_sends_nothing() {
    let (handle, mut mailbox) = mailbox::<Ask>();
    let make = |_: Reply<u64>| -> Ask { panic!("no message, as the test wants it") };
    assert!(catch_unwind(AssertUnwindSafe(|| handle.try_ask(make).map(drop).is_ok())).is_err());
    assert!(mailbox.try_recv().is_none());
}

/// Uses a reply while its thread ends, when the thread's cached memory may be gone already.
struct AtTheEnd(mpsc::Sender<bool>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let (reply, answer) = Reply::pair();
        reply.send(String::from("goodbye"));
        let arrived = answer.now_or_never() == Some(Ok(String::from("goodbye")));
        self.0.send(arrived).expect("the test waits");
    }
}

thread_local!(static AT_THE_END: RefCell<Vec<AtTheEnd>> = const { RefCell::new(Vec::new()) });

#[test]
fn a_reply_works_while_its_thread_ends() {
    #[expect(clippy::disallowed_methods, reason = "two are sent")]
    let (ended, ends) = mpsc::channel();
    for is_first in [true, false] {
        let at_the_end = AtTheEnd(ended.clone());
        let keep = move || AT_THE_END.with_borrow_mut(|all| all.push(at_the_end));
        let reply = || drop(Reply::<u64>::pair());
        // The order of thread-local drops is unspecified. In one of these two cases the cache is
        // gone first.
        let thread =
            thread::spawn(move || if is_first { (keep(), reply()) } else { (reply(), keep()) });
        thread.join().expect("it ends well");
        assert!(ends.recv_timeout(Duration::from_secs(10)).expect("it was there at the end"));
    }
}

/// Asks, and drops every other answer, polled or not. Returns the number of awaited answers.
fn ask_or_leave(handle: &Handle<Ask>, rounds: u64) -> u64 {
    let mut answered = 0;
    for round in 0..rounds {
        let mut answer = loop {
            match handle.try_ask(Ask::Read) {
                Ok(answer) => break answer,
                Err(_full) => thread::yield_now(),
            }
        };
        let waits = round % 4 >= 2;
        if round % 2 == 0
            && let Poll::Ready(early) = look(&mut answer, Waker::noop())
        {
            answered += u64::from(waits && early.is_ok());
        } else if waits {
            answered += u64::from(block_on(answer).is_ok());
        }
    }
    answered
}

#[test]
fn askers_and_repliers_on_many_threads_lose_nothing() {
    const ROUNDS: u64 = 2_000;

    let (handle, mut mailbox) = mailbox::<Ask>();
    thread::scope(|threads| {
        // Some replies move to another thread, so the envelope, the reply and the answer end on
        // three threads.
        let (forward, forwarded) = mpsc::sync_channel::<Reply<u64>>(16);
        threads.spawn(move || {
            forwarded.into_iter().enumerate().for_each(|(n, reply)| reply.send(n as u64))
        });
        threads.spawn(move || {
            let mut n = 0_u64;
            while let Some(message) = block_on(mailbox.recv()) {
                let Ask::Read(reply) = message else { continue };
                n += 1;
                if n.is_multiple_of(2) {
                    forward.send(reply).expect("it forwards until the end");
                } else {
                    reply.send(n);
                }
            }
        });
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let handle = handle.clone();
                threads.spawn(move || ask_or_leave(&handle, ROUNDS))
            })
            .collect();
        drop(handle);
        for asker in askers {
            assert_eq!(asker.join().expect("it asks without a panic"), ROUNDS / 2);
        }
    });
}
