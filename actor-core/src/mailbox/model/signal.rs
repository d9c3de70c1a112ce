//! The signal and its waker.
#![expect(unsafe_code, reason = "a signal's consumer promises to be the only one")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as PlainCount, Ordering as Plain};
use std::task::{Wake, Waker};

use crate::checker::{check, thread};
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicBool, Ordering, store_before_load};

struct Wakes(PlainCount);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Plain::Relaxed);
    }
}

/// A consumer that sleeps with one waker and then with another, while a producer wakes: the last one that it slept with is
/// woken, or it sees for itself.
#[test]
fn a_waker_is_replaced_while_another_wakes() {
    check(3, || {
        let (signal, published) = (Arc::new(Signal::new()), Arc::new(AtomicBool::new(false)));
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
            // SAFETY: this thread alone is the consumer.
            unsafe { signal.announce_sleep(&Waker::from(Arc::clone(&last))) };
            seen = published.load(Ordering::SeqCst);
        }
        producer.join().expect("notifying does not panic");
        assert!(seen || last.0.load(Plain::Relaxed) > 0, "neither seen nor woken");
    });
}

/// A task that waits in a handler is woken by whoever stops the actor, and not by messages.
#[test]
fn a_wait_is_interrupted_and_not_notified() {
    check(3, || {
        let (signal, asked) = (Arc::new(Signal::new()), Arc::new(AtomicBool::new(false)));
        let (stopping, asking) = (Arc::clone(&signal), Arc::clone(&asked));
        let telling = Arc::clone(&signal);
        let stop = thread::spawn(move || {
            asking.store(true, Ordering::SeqCst);
            stopping.interrupt();
        });
        let tell = thread::spawn(move || telling.notify());
        let wakes = Arc::new(Wakes(PlainCount::new(0)));
        // SAFETY: this thread alone is the consumer.
        unsafe { signal.announce_wait(&Waker::from(Arc::clone(&wakes))) };
        let seen = asked.load(Ordering::SeqCst);
        stop.join().expect("no panic");
        assert!(!tell.join().expect("no panic"), "nobody has left");
        assert!(wakes.0.load(Plain::Relaxed) <= 1);
        assert!(seen || wakes.0.load(Plain::Relaxed) == 1, "neither seen nor woken");
    });
}
