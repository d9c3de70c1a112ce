//! The signal and its waker.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool as PlainBool, AtomicUsize as PlainCount, Ordering as Plain};
use std::task::{Wake, Waker};

use crate::checker::{check, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicBool, AtomicUsize, Ordering, store_before_load};

struct Wakes(PlainCount);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Plain::Relaxed);
    }
}

/// A consumer sleeps with one waker and then with another, while a producer wakes. Either the last
/// waker is woken, or the consumer sees the message itself.
#[test]
fn a_waker_is_replaced_while_another_wakes() {
    check(3, || {
        let (mut consumer, published) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicBool::new(false)));
        let signal = Arc::clone(consumer.shared());
        let (notifying, publishing) = (Arc::clone(&signal), Arc::clone(&published));
        let producer = thread::spawn(move || {
            publishing.store(true, Ordering::SeqCst);
            store_before_load();
            notifying.notify();
        });
        let mut seen = false;
        let mut last = Arc::new(Wakes(PlainCount::new(0)));
        for _ in 0..2 {
            last = Arc::new(Wakes(PlainCount::new(0)));
            consumer.local().announce_sleep(&Waker::from(Arc::clone(&last)));
            seen = published.load(Ordering::SeqCst);
        }
        producer.join().expect("notifying does not panic");
        assert!(seen || last.0.load(Plain::Relaxed) > 0, "neither seen nor woken");
    });
}

/// A task waiting in a handler is woken by a stop of the actor, not by messages.
#[test]
fn a_wait_is_interrupted_and_not_notified() {
    check(3, || {
        let (mut consumer, asked) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicBool::new(false)));
        let signal = Arc::clone(consumer.shared());
        let (stopping, asking) = (Arc::clone(&signal), Arc::clone(&asked));
        let telling = Arc::clone(&signal);
        let stop = thread::spawn(move || {
            asking.store(true, Ordering::SeqCst);
            stopping.interrupt();
        });
        let tell = thread::spawn(move || telling.notify());
        let wakes = Arc::new(Wakes(PlainCount::new(0)));
        consumer.local().announce_wait(&Waker::from(Arc::clone(&wakes)));
        let seen = asked.load(Ordering::SeqCst);
        stop.join().expect("no panic");
        assert!(!tell.join().expect("no panic"), "the consumer has not departed");
        assert!(wakes.0.load(Plain::Relaxed) <= 1);
        assert!(seen || wakes.0.load(Plain::Relaxed) == 1, "neither seen nor woken");
    });
}

/// A change between the consumer's check and its announcement of sleep is not missed.
#[test]
fn an_interrupt_is_seen_or_wakes_whenever_it_comes() {
    check(3, || {
        let (mut consumer, changed) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicBool::new(false)));
        let signal = Arc::clone(consumer.shared());
        let (interrupting, changing) = (Arc::clone(&signal), Arc::clone(&changed));
        let other = thread::spawn(move || {
            // Relaxed: the interrupt itself publishes it.
            changing.store(true, Ordering::Relaxed);
            interrupting.interrupt();
        });
        let wakes = Arc::new(Wakes(PlainCount::new(0)));
        signal.begin();
        let seen = changed.load(Ordering::Relaxed);
        consumer.local().announce_wait(&Waker::from(Arc::clone(&wakes)));
        other.join().expect("interrupting does not panic");
        assert!(seen || wakes.0.load(Plain::Relaxed) > 0, "neither seen nor woken");
        assert!(wakes.0.load(Plain::Relaxed) <= 1);
        // A change missed before is seen after waking.
        signal.begin();
        assert!(changed.load(Ordering::Relaxed));
    });
}

/// Fails at its first wake, and counts the others.
struct Brittle {
    fails: PlainBool,
    wakes: PlainCount,
}

impl Brittle {
    fn new() -> Arc<Self> {
        Arc::new(Self { fails: PlainBool::new(true), wakes: PlainCount::new(0) })
    }
}

impl Wake for Brittle {
    fn wake(self: Arc<Self>) {
        if self.fails.swap(false, Plain::Relaxed) {
            // Bypasses the panic hook: it would report each of thousands.
            resume_unwind(Box::new("a waker that fails"));
        }
        self.wakes.fetch_add(1, Plain::Relaxed);
    }
}

/// Publishes again, and wakes with a waker of uncertain success.
fn publish(signal: &Signal, published: &AtomicUsize) {
    published.fetch_add(1, Ordering::SeqCst);
    store_before_load();
    drop(catch_unwind(AssertUnwindSafe(|| signal.notify())));
}

/// Two producers may fail to wake, and later producers do not: the consumer is woken.
#[test]
fn after_a_wake_that_fails_the_next_one_wakes() {
    check(3, || {
        let (mut consumer, published) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicUsize::new(0)));
        let signal = Arc::clone(consumer.shared());
        let producing: Vec<_> = (0..2)
            .map(|_| {
                let (signal, published) = (Arc::clone(&signal), Arc::clone(&published));
                thread::spawn(move || publish(&signal, &published))
            })
            .collect();
        let brittle = Brittle::new();
        consumer.local().announce_sleep(&Waker::from(Arc::clone(&brittle)));
        producing.into_iter().for_each(|one| one.join().expect("the panic was caught"));
        publish(&signal, &published);
        // By now one wake has failed at the latest.
        signal.interrupt();
        assert!(brittle.wakes.load(Plain::Relaxed) > 0, "it is never woken again");
    });
}

/// A waker fails while the consumer sleeps with another one. That other waker is woken, by the next
/// wake at the latest.
#[test]
fn a_waker_is_replaced_while_another_wake_fails() {
    check(3, || {
        let (mut consumer, published) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicUsize::new(0)));
        let signal = Arc::clone(consumer.shared());
        let (notifying, publishing) = (Arc::clone(&signal), Arc::clone(&published));
        let producer = thread::spawn(move || publish(&notifying, &publishing));
        let brittle = Brittle::new();
        consumer.local().announce_sleep(&Waker::from(brittle));
        let last = Arc::new(Wakes(PlainCount::new(0)));
        consumer.local().announce_sleep(&Waker::from(Arc::clone(&last)));
        producer.join().expect("the panic was caught");
        publish(&signal, &published);
        assert!(last.0.load(Plain::Relaxed) > 0, "the waker that it slept with last was not woken");
    });
}

/// A wake failing during the consumer's departure restores nothing.
#[test]
fn a_consumer_leaves_while_a_wake_fails() {
    check(3, || {
        let (mut consumer, published) =
            (Consumer::new(Signal::new(), ()), Arc::new(AtomicUsize::new(0)));
        let signal = Arc::clone(consumer.shared());
        let (notifying, publishing) = (Arc::clone(&signal), Arc::clone(&published));
        let brittle = Brittle::new();
        consumer.local().announce_sleep(&Waker::from(Arc::clone(&brittle)));
        let producer = thread::spawn(move || publish(&notifying, &publishing));
        consumer.local().leave();
        producer.join().expect("the panic was caught");
        assert!(signal.notify(), "it is gone");
        signal.interrupt();
        assert_eq!(brittle.wakes.load(Plain::Relaxed), 0, "a departed consumer is not woken");
    });
}
