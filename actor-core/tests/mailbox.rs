//! A mailbox without an actor: the test receives.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use actor_core::{Handle, Lane, Mailbox, Message, TryTellError, mailbox};
use futures::StreamExt;
use futures::executor::block_on;

/// A number, with its lane.
struct Number(usize, u64);

const FIFO: usize = 1;
const NEWEST: usize = 2;
const LATEST: usize = 3;

impl Message for Number {
    const LANES: &'static [Lane] = &[
        Lane::control("control", 4),
        Lane::fifo("fifo", 4),
        Lane::newest_first("newest", 4),
        Lane::latest("latest"),
    ];

    fn lane(&self) -> usize {
        self.0
    }
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn fill(handle: &Handle<Number>, lane: usize, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|n| handle.try_tell(Number(lane, n)).expect("there is room"));
}

fn rest(mailbox: &mut Mailbox<Number>) -> Vec<u64> {
    std::iter::from_fn(|| mailbox.try_recv()).map(|Number(_, n)| n).collect()
}

#[test]
fn a_mailbox_ends_after_its_last_handle_and_its_last_message() {
    let (handle, mut mailbox) = mailbox();
    fill(&handle, FIFO, [1, 2]);
    let second = handle.clone();
    drop(handle);
    fill(&second, FIFO, [3]);
    drop(second);
    let received =
        block_on(async { mailbox.by_ref().map(|Number(_, n)| n).collect::<Vec<_>>().await });
    assert_eq!(received, [1, 2, 3]);
    assert!(block_on(mailbox.recv()).is_none(), "and stays ended");
}

#[test]
fn a_closed_mailbox_ends_after_its_last_message() {
    let (handle, mut mailbox) = mailbox();
    fill(&handle, FIFO, [1, 2]);
    mailbox.close();
    assert!(handle.is_closed());
    assert!(matches!(handle.try_tell(Number(FIFO, 3)), Err(TryTellError::Closed(Number(FIFO, 3)))));
    block_on(async {
        assert!(matches!(mailbox.recv().await, Some(Number(_, 1))));
        assert!(matches!(mailbox.recv().await, Some(Number(_, 2))));
        assert!(mailbox.recv().await.is_none());
    });
}

#[test]
fn a_mailbox_without_handles_is_reopened_by_a_new_handle() {
    let (handle, mut mailbox) = mailbox();
    drop(handle);
    assert!(block_on(mailbox.recv()).is_none());
    let handle = mailbox.handle();
    fill(&handle, FIFO, [1]);
    assert!(block_on(mailbox.recv()).is_some());
}

#[test]
fn the_drop_of_the_last_handle_wakes_the_consumer() {
    let (handle, mut mailbox) = mailbox::<Number>();
    let waiting = thread::spawn(move || block_on(mailbox.recv()).is_none());
    drop(handle);
    assert!(waiting.join().expect("receiving does not panic"));
}

#[test]
fn a_dropped_receive_loses_nothing() {
    let (handle, mut mailbox) = mailbox();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(pin!(mailbox.recv()).as_mut().poll(&mut cx).is_pending());
    fill(&handle, FIFO, [1]);
    drop(mailbox.recv());
    assert_eq!(rest(&mut mailbox), [1]);
}

#[test]
fn undelivered_messages_are_returned_by_lane_oldest_first() {
    let (handle, mut mailbox) = mailbox();
    fill(&handle, NEWEST, 1..=2);
    assert!(matches!(mailbox.try_recv(), Some(Number(NEWEST, 2))));
    fill(&handle, NEWEST, 3..=4);
    fill(&handle, FIFO, 5..=6);
    fill(&handle, 0, 7..=8);
    let mut left = Vec::new();
    mailbox.drain_undelivered(|lane, Number(_, n)| left.push((lane, n)));
    assert_eq!(
        left,
        [
            ("control", 7),
            ("control", 8),
            ("fifo", 5),
            ("fifo", 6),
            ("newest", 1),
            ("newest", 3),
            ("newest", 4)
        ]
    );
    let stats = mailbox.stats();
    assert_eq!(stats.iter().map(|lane| lane.undelivered).collect::<Vec<_>>(), [2, 2, 3, 0]);
    assert_eq!(stats[NEWEST].handled, 1, "the one in hand is done with");
}

#[test]
fn a_dropped_mailbox_returns_later_messages() {
    let (handle, mailbox) = mailbox();
    fill(&handle, LATEST, [1]);
    drop(mailbox);
    for lane in 0..4 {
        assert!(matches!(
            handle.try_tell(Number(lane, 2)),
            Err(TryTellError::Closed(Number(_, 2)))
        ));
    }
    assert_eq!(handle.stats()[LATEST].undelivered, 1);
}

#[test]
#[should_panic(expected = "lane 9")]
fn a_lane_that_does_not_exist_panics_in_the_sender() {
    let (handle, _mailbox) = mailbox();
    drop(handle.try_tell(Number(9, 1)));
}

#[test]
fn many_sends_wake_a_sleeping_consumer_once() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 500;

    struct Burst;
    impl Message for Burst {
        const LANES: &'static [Lane] = &[Lane::fifo("burst", (SENDERS * EACH) as usize)];
    }

    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let (handle, mut mailbox) = mailbox();
    for round in 1..=20 {
        assert!(mailbox.poll_recv(&mut cx).is_pending());
        thread::scope(|threads| {
            for _ in 0..SENDERS {
                threads.spawn(|| {
                    (0..EACH).for_each(|_| handle.try_tell(Burst).expect("there is room"))
                });
            }
        });
        assert_eq!(wakes.0.load(Ordering::SeqCst), round, "{} messages came", SENDERS * EACH);
        let mut received = 0;
        while let Poll::Ready(message) = mailbox.poll_recv(&mut cx) {
            assert!(message.is_some());
            received += 1;
        }
        assert_eq!(received, SENDERS * EACH);
    }
}

#[test]
fn a_send_to_an_awake_consumer_wakes_nothing() {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let (handle, mut mailbox) = mailbox();
    fill(&handle, FIFO, [1, 2]);
    assert!(mailbox.poll_recv(&mut cx).is_ready());
    fill(&handle, FIFO, [3, 4]);
    assert_eq!(rest(&mut mailbox), [2, 3, 4]);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
}

/// Sends another message of its kind in its drop, while any are left.
struct Hydra {
    handle: Handle<Self>,
    left: Arc<AtomicU64>,
}

impl Message for Hydra {
    const LANES: &'static [Lane] = &[Lane::newest_first("heads", 4)];
}

impl Drop for Hydra {
    fn drop(&mut self) {
        let some_left = |left: u64| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, some_left).is_ok() {
            let next = Self { handle: self.handle.clone(), left: Arc::clone(&self.left) };
            // Leaked, because the drop of a returned message would send again.
            std::mem::forget(self.handle.try_tell(next));
        }
    }
}

#[test]
fn endless_senders_do_not_delay_a_receive() {
    const HEADS: u64 = 100_000;

    let left = Arc::new(AtomicU64::new(HEADS));
    let (handle, mut mailbox) = mailbox();
    let head = || Hydra { handle: handle.clone(), left: Arc::clone(&left) };
    for _ in 0..4 {
        handle.try_tell(head()).unwrap_or_else(|_| panic!("the lane evicts"));
    }
    let first = mailbox.try_recv().expect("one waits");
    for _ in 0..4 {
        handle.try_tell(head()).unwrap_or_else(|_| panic!("the lane evicts"));
    }
    // Each evicted message sends another one. Taking one message must not wait for all of them.
    let second = mailbox.try_recv().expect("one waits");
    assert!(
        left.load(Ordering::Relaxed) > HEADS - 100,
        "{} were evicted",
        HEADS - left.load(Ordering::Relaxed)
    );
    left.store(0, Ordering::Relaxed);
    drop((first, second, mailbox));
}

/// A message alternating between two lanes, call by call.
struct Wavering(AtomicUsize);

impl Message for Wavering {
    const LANES: &'static [Lane] = &[Lane::fifo("one", 1), Lane::fifo("other", 1)];

    fn lane(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed) % 2
    }
}

#[test]
fn a_sender_waits_for_room_in_the_lane_of_its_message() {
    let (handle, mut mailbox) = mailbox();
    for lane in [0, 1] {
        handle.try_tell(Wavering(AtomicUsize::new(lane))).expect("there is room");
    }
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let mut tells: Vec<_> =
        [0, 1].map(|lane| Box::pin(handle.tell(Wavering(AtomicUsize::new(lane))))).into();
    assert!(tells.iter_mut().all(|tell| tell.as_mut().poll(&mut cx).is_pending()));
    // Each lane in turn has room: the sender waiting for this lane is woken, and its message is
    // accepted.
    for done in [1, 2] {
        assert!(mailbox.try_recv().is_some());
        assert_eq!(wakes.0.load(Ordering::SeqCst), done);
        let before = tells.len();
        tells.retain_mut(|tell| tell.as_mut().poll(&mut cx).is_pending());
        assert_eq!(tells.len(), before - 1);
    }
}
