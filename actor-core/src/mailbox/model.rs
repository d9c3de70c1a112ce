//! The two rings and the waker's cell under the loom model checker: nothing lost, nothing twice, no torn value.
//!
//! loom's cells find a value that two threads touch at once; a value that is lost or dropped twice shows in the count of its
//! owners at the end.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as PlainCount, Ordering as Plain};
use std::task::{Wake, Waker};

use loom::thread;

use crate::mailbox::evicting::SPARE;
use crate::mailbox::places::Places;
use crate::mailbox::ring::ClaimError;
use crate::mailbox::signal::Signal;
use crate::sync::{AtomicBool, Ordering, store_before_load};

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A value, and a share in the count of all that live.
type Counted = (u32, Arc<()>);

fn push(places: &Places<Counted>, value: Counted) -> Result<u64, ClaimError> {
    Ok(places.fill(places.claim()?, value))
}

fn pop(places: &Places<Counted>) -> Option<u32> {
    // SAFETY: each model has one thread that pops.
    unsafe { places.pop() }.map(|(n, _)| n)
}

/// A producer that sends two messages, coming again while there is no room, and one consumer.
fn one_producer(capacity: usize) {
    let count = Arc::new(());
    let places = Arc::new(Places::new(capacity, None));
    let (pushing, share) = (Arc::clone(&places), Arc::clone(&count));
    let producer = thread::spawn(move || {
        for n in 1..=2 {
            while push(&pushing, (n, Arc::clone(&share))) == Err(ClaimError::Full) {
                thread::yield_now();
            }
        }
    });
    let mut next = 1;
    while next <= 2 {
        match pop(&places) {
            Some(n) => {
                assert_eq!(n, next, "in order");
                next += 1;
            }
            None => thread::yield_now(),
        }
    }
    producer.join().expect("pushing does not panic");
    drop(places);
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_place_is_used_again_only_when_its_message_is_out() {
    check(3, || one_producer(1));
}

#[test]
fn one_producers_messages_keep_their_order() {
    check(3, || one_producer(2));
}

/// Two producers with a message each, and a consumer that looks early and late.
fn two_producers(capacity: usize) {
    check(3, move || {
        let count = Arc::new(());
        let places = Arc::new(Places::new(capacity, None));
        let producers: Vec<_> = (0..2)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&places), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value).is_ok())
            })
            .collect();
        let early = pop(&places);
        let accepted: usize = producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        let late = std::iter::from_fn(|| pop(&places)).count();
        assert_eq!(accepted, usize::from(early.is_some()) + late, "what was accepted is taken once");
        assert_eq!(accepted, places.accepted() as usize);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn producers_that_meet_at_one_place_share_it() {
    two_producers(1);
}

#[test]
fn producers_that_make_a_ring_grow_at_once_lose_nothing() {
    two_producers(2);
}

#[test]
fn a_full_ring_with_room_behind_a_slow_look_is_not_full() {
    check(3, || {
        let places = Arc::new(Places::new(1, None));
        let taking = Arc::clone(&places);
        assert!(push(&places, (1, Arc::new(()))).is_ok());
        let consumer = thread::spawn(move || pop(&taking));
        let pushed = push(&places, (2, Arc::new(()))).is_ok();
        assert_eq!(consumer.join().expect("no panic"), Some(1));
        assert!(pushed || push(&places, (3, Arc::new(()))).is_ok(), "the place is free once it is out");
        drop(places);
    });
}

/// A consumer that leaves while messages come: each is taken once, or comes back to its sender.
#[test]
fn a_message_that_meets_the_end_is_taken_or_comes_back() {
    check(3, || {
        let count = Arc::new(());
        let (places, signal) = (Arc::new(Places::new(2, None)), Arc::new(Signal::new()));
        let producers: Vec<_> = (0..2)
            .map(|n| {
                let (pushing, looking) = (Arc::clone(&places), Arc::clone(&signal));
                let value = (n, Arc::clone(&count));
                thread::spawn(move || match push(&pushing, value) {
                    Ok(position) => !looking.notify() || pushing.take_back(position).is_none(),
                    Err(_refused) => false,
                })
            })
            .collect();
        places.close();
        // SAFETY: this thread alone is the consumer.
        unsafe { signal.leave() };
        // SAFETY: as above.
        let taken = std::iter::from_fn(|| unsafe { places.settle() }).count();
        let accepted: usize = producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(accepted, taken);
        assert_eq!(accepted, places.accepted() as usize);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// Pushes into a ring that evicts, and tells what was accepted and what was evicted for it.
fn push_evicting(places: &Places<Counted>, value: Counted) -> (usize, usize) {
    match places.push_evicting(value) {
        Ok(evicted) => (1, evicted.len()),
        Err(_closed) => (0, 0),
    }
}

/// Producers against each other and the consumer, on a ring for one message: everything is taken once or evicted once.
fn evict(producers: u32, preemptions: usize, closes: bool) {
    check(preemptions, move || {
        let count = Arc::new(());
        let places = Arc::new(Places::new(1, Some(SPARE)));
        assert_eq!(push_evicting(&places, (0, Arc::clone(&count))), (1, 0));
        let threads: Vec<_> = (1..=producers)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&places), (n, Arc::clone(&count)));
                thread::spawn(move || push_evicting(&pushing, value))
            })
            .collect();
        if closes {
            places.close();
        }
        let mut taken = std::iter::from_fn(|| places.pop_evicting()).count();
        let (mut accepted, mut evicted) = (1, 0);
        for one in threads {
            let (more, gone) = one.join().expect("no panic");
            accepted += more;
            evicted += gone;
        }
        if !closes {
            taken += std::iter::from_fn(|| places.pop_evicting()).count();
        }
        assert!(places.pop_evicting().is_none());
        assert_eq!(accepted, taken + evicted, "taken once or evicted once");
        assert_eq!(accepted, places.accepted() as usize);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_message_is_evicted_or_taken_and_never_both() {
    evict(1, 4, false);
}

#[test]
fn producers_that_evict_each_other_lose_nothing() {
    evict(2, 2, false);
}

#[test]
fn a_closed_ring_that_evicts_gives_everything_out() {
    evict(2, 2, true);
}

/// A ring of as many slots as there are threads in the middle of a push: laps meet.
#[test]
fn a_producer_that_is_lapped_comes_again() {
    check(3, || {
        let count = Arc::new(());
        // Two slots for one message, so that a thread that is stopped is met again at once.
        let places = Arc::new(Places::new(1, Some(1)));
        let (pushing, share) = (Arc::clone(&places), Arc::clone(&count));
        let other = thread::spawn(move || push_evicting(&pushing, (9, share)));
        let (mut accepted, mut evicted) = (0, 0);
        for n in 0..3 {
            let (more, gone) = push_evicting(&places, (n, Arc::clone(&count)));
            accepted += more;
            evicted += gone;
        }
        let (more, gone) = other.join().expect("no panic");
        let taken = std::iter::from_fn(|| places.pop_evicting()).count();
        assert_eq!(accepted + more, taken + evicted + gone);
        assert_eq!(accepted + more, 4);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

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
