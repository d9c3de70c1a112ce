//! Panics of foreign code affect only the owner of this code.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context as Task, Poll, Wake, Waker};
use std::time::Duration;

use actor_core::{
    Actor, Context, Executor, ExitReason, Lane, Message, Reply, Runtime, Spawn, ThreadConfig,
    mailbox,
};
use actor_smol::SmolRuntime;

const PATIENCE: Duration = Duration::from_secs(30);

/// A waker with a panic in every wake, until this is switched off.
struct Stranger(AtomicBool);

impl Wake for Stranger {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.load(Ordering::SeqCst), "this waker panics, as the test wants it to");
    }
}

fn stranger() -> Waker {
    Waker::from(Arc::new(Stranger(AtomicBool::new(true))))
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (Arc::clone(&wakes), Waker::from(wakes))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn is_pending<F: Future>(future: Pin<&mut F>, waker: &Waker) -> bool {
    future.poll(&mut Task::from_waker(waker)).is_pending()
}

enum Work {
    Note(usize),
    Answer(Reply<u32>),
    Hold(std::sync::mpsc::Receiver<()>),
}

impl Message for Work {
    const LANES: &'static [Lane] = &[Lane::fifo("one", 1), Lane::fifo("other", 1)];

    fn lane(&self) -> usize {
        match self {
            Self::Note(lane) => *lane,
            Self::Answer(_) | Self::Hold(_) => 0,
        }
    }
}

#[derive(Default)]
struct Worker;

impl Actor for Worker {
    type Message = Work;

    async fn handle(&mut self, work: Work, _cx: &mut Context<Work>) {
        match work {
            Work::Note(_) => {}
            Work::Answer(reply) => reply.send(7),
            Work::Hold(until) => drop(until.recv_timeout(PATIENCE)),
        }
    }
}

fn executor() -> Arc<dyn Executor> {
    SmolRuntime::new().start_executor(ThreadConfig::named("foreign")).expect("it starts")
}

#[test]
fn a_close_reaches_every_waiter_despite_panics_of_other_wakers() {
    let (handle, mut mailbox) = mailbox();
    let (wakes, counting) = Wakes::new();
    let bad = stranger();
    assert!(matches!(mailbox.poll_recv(&mut Task::from_waker(&counting)), Poll::Pending));
    for lane in [0, 1] {
        handle.try_tell(Work::Note(lane)).expect("there is room");
    }
    // The first message ended the announced sleep, and its wake is counted.
    assert_eq!(wakes.count(), 1);
    let (mut a, mut b) = (pin!(handle.tell(Work::Note(0))), pin!(handle.tell(Work::Note(1))));
    let (mut c, mut d) = (pin!(handle.tell(Work::Note(0))), pin!(handle.tell(Work::Note(1))));
    let (mut closed, mut also_closed) = (pin!(handle.closed()), pin!(handle.closed()));
    assert!(
        is_pending(a.as_mut(), &bad)
            && is_pending(b.as_mut(), &bad)
            && is_pending(closed.as_mut(), &bad)
    );
    assert!(is_pending(c.as_mut(), &counting) && is_pending(d.as_mut(), &counting));
    assert!(is_pending(also_closed.as_mut(), &counting));
    mailbox.close();
    assert_eq!(wakes.count(), 4, "two senders and one that waits for the end");
    for tell in [a, b, c, d] {
        let told = tell.poll(&mut Task::from_waker(Waker::noop()));
        assert!(matches!(told, Poll::Ready(Err(_))), "its message comes back");
    }
}

#[test]
fn a_panic_of_a_senders_waker_ends_neither_the_actor_nor_another_senders_wait() {
    let executor = executor();
    let (handle, mailbox) = mailbox();
    let (go, until) = std::sync::mpsc::sync_channel(1);
    let running = Spawn::new(mailbox).start(&executor, Worker::default).expect("it starts");
    handle.try_tell(Work::Hold(until)).expect("there is room");
    while handle.try_tell(Work::Note(0)).is_err() {
        std::thread::yield_now();
    }
    let mut bad = pin!(handle.tell(Work::Note(0)));
    assert!(is_pending(bad.as_mut(), &stranger()));
    let other = handle.clone();
    let telling = std::thread::spawn(move || other.tell_blocking(Work::Note(0), PATIENCE).is_ok());
    go.send(()).expect("the handler waits");
    assert!(telling.join().expect("it does not panic"), "the sender behind it is told");
    assert_eq!(handle.ask_blocking(Work::Answer, PATIENCE).ok(), Some(7), "the actor lives");
    running.stop(PATIENCE);
    assert!(matches!(
        running.join_blocking(PATIENCE).map(|exit| exit.reason),
        Some(ExitReason::Stopped)
    ));
}

#[test]
fn a_panic_of_an_askers_waker_does_not_end_the_actor() {
    let executor = executor();
    let (handle, mailbox) = mailbox();
    let mut answer = pin!(handle.try_ask(Work::Answer).expect("there is room"));
    assert!(is_pending(answer.as_mut(), &stranger()));
    let running = Spawn::new(mailbox).start(&executor, Worker::default).expect("it starts");
    assert_eq!(handle.ask_blocking(Work::Answer, PATIENCE).ok(), Some(7));
    assert!(matches!(answer.poll(&mut Task::from_waker(Waker::noop())), Poll::Ready(Ok(7))));
    assert!(running.exit().is_none());
}

#[test]
fn every_joiner_is_notified_despite_a_panic_of_the_first_waker() {
    let executor = executor();
    let (handle, mailbox) = mailbox::<Work>();
    let running = Spawn::new(mailbox).start(&executor, Worker::default).expect("it starts");
    let mut bad = pin!(running.join());
    assert!(is_pending(bad.as_mut(), &stranger()));
    let other = running.clone();
    let joining = std::thread::spawn(move || other.join_blocking(PATIENCE).is_some());
    drop(handle);
    assert!(joining.join().expect("it does not panic"));
    assert!(matches!(bad.poll(&mut Task::from_waker(Waker::noop())), Poll::Ready(_)));
}

/// A waker with a panic in its first wake. Counts its wakes.
#[derive(Default)]
struct Once(AtomicUsize);

impl Wake for Once {
    fn wake(self: Arc<Self>) {
        assert!(
            self.0.fetch_add(1, Ordering::SeqCst) > 0,
            "this waker panics once, as the test wants it to"
        );
    }
}

/// Makes the waker of a sleeping consumer panic in a send. Returns its number of wakes after
/// `next`.
fn wakes_after_a_failure(
    next: impl FnOnce(actor_core::Handle<Work>, &actor_core::Mailbox<Work>),
) -> usize {
    let (handle, mut mailbox) = mailbox();
    let once = Arc::new(Once::default());
    let waker = Waker::from(Arc::clone(&once));
    assert!(mailbox.poll_recv(&mut Task::from_waker(&waker)).is_pending());
    let told = catch_unwind(AssertUnwindSafe(|| handle.try_tell(Work::Note(0)).is_ok()));
    assert!(told.is_err(), "whoever wakes is told of the panic");
    next(handle, &mailbox);
    assert!(matches!(mailbox.try_recv(), Some(Work::Note(0))), "what it sent is there");
    once.0.load(Ordering::SeqCst)
}

#[test]
fn a_waker_with_one_panic_is_woken_by_the_next_event() {
    assert_eq!(
        wakes_after_a_failure(|handle, _| assert!(handle.try_tell(Work::Note(1)).is_ok())),
        2
    );
    assert_eq!(wakes_after_a_failure(|handle, _| drop(handle)), 2, "the last handle");
    assert_eq!(wakes_after_a_failure(|_handle, mailbox| mailbox.close()), 2, "the close");
}
