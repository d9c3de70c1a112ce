//! The lock-free parts under the model checkers: whole mailboxes, and their parts.
//!
//! The models run the real code, with the checker's atomics from `crate::sync`. The event crate has
//! its own loom support; for shuttle, an operation of an event is one step. A lost wake appears as
//! a deadlock. Threads are preempted at most [`PREEMPTIONS`] times in models with too large a state
//! space.

mod end;
mod evicting;
mod flow;
mod lanes;
#[cfg(shuttle)]
mod life;
#[cfg(shuttle)]
mod lives;
#[cfg(shuttle)]
mod relive;
mod room;
mod staff;
mod wake;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as PlainCount;
use std::task::{Poll, Wake, Waker};

use event_listener::listener;

use crate::checker::{block_on, check, check_all, check_some, thread};
use crate::handle::{Handle, TryTellError, mailbox};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::signal::Signal;
use crate::mailbox::{Lane, Mailbox, Message};
use crate::notice::Notice;
use crate::sync::{AtomicUsize, Ordering, store_before_load};

/// Enough to interrupt each protocol of check, listen and second check at every point, and once
/// more.
const PREEMPTIONS: usize = 3;

fn bounded(model: impl Fn() + Send + Sync + 'static) {
    check(PREEMPTIONS, model);
}

/// The use of a signal, reduced to a count: producers publish, and the consumer sleeps until all
/// have published.
struct Counter {
    signal: Arc<Signal>,
    published: AtomicUsize,
    /// Announced sleeps, and wakes. Plain atomics, because only their sums are checked.
    sleeps: PlainCount,
    wakes: Arc<PlainCount>,
}

/// Counts wakes and passes them on.
struct Counting {
    wakes: Arc<PlainCount>,
    waker: Waker,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}

impl Counter {
    fn new() -> (Arc<Self>, Consumer<Signal>) {
        let (sleeps, wakes) = (PlainCount::new(0), Arc::new(PlainCount::new(0)));
        let consumer = Consumer::new(Signal::new(), ());
        let signal = Arc::clone(consumer.shared());
        (Arc::new(Self { signal, published: AtomicUsize::new(0), sleeps, wakes }), consumer)
    }

    fn publish(&self) {
        self.published.fetch_add(1, Ordering::SeqCst);
        store_before_load();
        self.signal.notify();
    }

    async fn wait_for(&self, consumer: &mut Consumer<Signal>, count: usize) {
        let mut waker = None;
        poll_fn(|cx| {
            if self.published.load(Ordering::Relaxed) == count {
                return Poll::Ready(());
            }
            // One waker for all polls, so none of the wakes is the consumer's own.
            let waker = waker.get_or_insert_with(|| {
                let counting =
                    Counting { wakes: Arc::clone(&self.wakes), waker: cx.waker().clone() };
                Waker::from(Arc::new(counting))
            });
            self.sleeps.fetch_add(1, Ordering::Relaxed);
            consumer.local().announce_sleep(waker);
            if self.published.load(Ordering::Relaxed) == count {
                self.signal.cancel_sleep();
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

#[test]
fn a_signal_loses_no_wake() {
    check_all(|| {
        let (counter, mut consumer) = Counter::new();
        let producer = Arc::clone(&counter);
        let producing = thread::spawn(move || producer.publish());
        block_on(counter.wait_for(&mut consumer, 1));
        producing.join().expect("publishing does not panic");
    });
}

#[test]
fn a_signal_wakes_once_for_each_sleep() {
    bounded(|| {
        let (counter, mut consumer) = Counter::new();
        let producing: Vec<_> = (0..2)
            .map(|_| {
                let producer = Arc::clone(&counter);
                thread::spawn(move || producer.publish())
            })
            .collect();
        block_on(counter.wait_for(&mut consumer, 2));
        producing.into_iter().for_each(|thread| thread.join().expect("publishing does not panic"));
        assert!(counter.wakes.load(Ordering::Relaxed) <= counter.sleeps.load(Ordering::Relaxed));
    });
}

struct Two(u32);

impl Message for Two {
    const LANES: &'static [Lane] = &[Lane::fifo("two", 2)];
}

struct One(u32);

impl Message for One {
    const LANES: &'static [Lane] = &[Lane::fifo("one", 1)];
}

async fn take<M: Message>(mailbox: &mut Mailbox<M>) -> Option<M> {
    mailbox.recv().await
}

#[test]
fn a_message_wakes_the_waiting_consumer() {
    bounded(|| {
        let (handle, mut mailbox) = mailbox::<One>();
        let telling = thread::spawn(move || {
            assert!(handle.try_tell(One(7)).is_ok());
            handle
        });
        assert_eq!(block_on(take(&mut mailbox)).map(|One(n)| n), Some(7));
        telling.join().expect("telling does not panic");
    });
}

#[test]
fn the_last_handle_wakes_the_consumer_and_no_message_is_missed() {
    bounded(|| {
        let (handle, mut mailbox) = mailbox::<One>();
        let telling = thread::spawn(move || {
            assert!(handle.try_tell(One(7)).is_ok());
            drop(handle);
        });
        block_on(async {
            assert_eq!(take(&mut mailbox).await.map(|One(n)| n), Some(7));
            assert!(take(&mut mailbox).await.is_none());
        });
        telling.join().expect("telling does not panic");
    });
}

/// Sends a message while the mailbox closes, and compares the accepted with the received messages.
fn tell_against_close(tell: impl Fn(&Handle<One>, u32) -> bool + Send + Sync + Copy + 'static) {
    bounded(move || {
        let (handle, mut mailbox) = mailbox::<One>();
        let telling = thread::spawn(move || tell(&handle, 7));
        mailbox.close();
        let mut received = 0;
        mailbox.drain_undelivered(|_, One(n)| {
            assert_eq!(n, 7);
            received += 1;
        });
        let accepted = telling.join().expect("telling does not panic");
        assert!(mailbox.try_recv().is_none(), "after the close nothing gets in");
        assert_eq!(
            u32::from(accepted),
            received,
            "what was accepted is received, what was not came back"
        );
    });
}

#[test]
fn a_message_to_a_closing_mailbox_is_accepted_or_returned() {
    tell_against_close(|handle, n| match handle.try_tell(One(n)) {
        Ok(()) => true,
        Err(TryTellError::Closed(One(back)) | TryTellError::Full(One(back))) => {
            assert_eq!(back, n);
            false
        }
    });
}

/// Two concurrent first messages, and a sleeping consumer.
#[test]
fn a_message_in_a_lane_just_created_by_another_sender_wakes_the_consumer() {
    // A lane's first message has too many steps for all interleavings of three threads.
    check_some(2, || {
        let (handle, mut mailbox) = mailbox::<Two>();
        let handle = Arc::new(handle);
        let telling: Vec<_> = (0..2)
            .map(|n| {
                let handle = Arc::clone(&handle);
                thread::spawn(move || assert!(handle.try_tell(Two(n)).is_ok()))
            })
            .collect();
        let sum = block_on(async {
            let mut sum = 0;
            for _ in 0..2 {
                sum += take(&mut mailbox).await.map_or(9, |Two(n)| n);
            }
            sum
        });
        assert_eq!(sum, 1);
        telling.into_iter().for_each(|one| one.join().expect("telling does not panic"));
    });
}

#[test]
fn a_notice_reaches_the_waiting_task() {
    bounded(|| {
        let (notice, come) = (Arc::new(Notice::new()), Arc::new(AtomicUsize::new(0)));
        let (telling, coming) = (Arc::clone(&notice), Arc::clone(&come));
        let teller = thread::spawn(move || {
            coming.store(1, Ordering::Relaxed);
            telling.notify();
        });
        block_on(async {
            while come.load(Ordering::Relaxed) == 0 {
                listener!(notice.event() => coming);
                if come.load(Ordering::Relaxed) == 0 {
                    coming.await;
                }
            }
        });
        teller.join().expect("telling does not panic");
    });
}
