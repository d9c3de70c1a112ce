//! The evicting ring.

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::evicting::{EvictingRing, SPARE};
use crate::mailbox::signal::Signal;

/// Pushes into an evicting ring. Returns the number of accepted and of evicted messages.
fn push(ring: &EvictingRing<Counted>, value: Counted) -> (usize, usize) {
    match ring.push(value) {
        Ok(evicted) => (1, evicted.len()),
        Err(_refused) => (0, 0),
    }
}

/// Producers against each other and the consumer, on a ring for one message: every message is taken
/// once or evicted once.
fn evict(producers: u32, preemptions: usize, closes: bool) {
    check(preemptions, move || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(EvictingRing::new(1, SPARE), ());
        let ring = Arc::clone(consumer.shared());
        assert_eq!(push(&ring, (0, Arc::clone(&count))), (1, 0));
        let threads: Vec<_> = (1..=producers)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&ring), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value))
            })
            .collect();
        if closes {
            ring.places.close();
        }
        let mut taken = std::iter::from_fn(|| consumer.side().pop()).count();
        let (mut accepted, mut evicted) = (1, 0);
        for one in threads {
            let (more, gone) = one.join().expect("no panic");
            accepted += more;
            evicted += gone;
        }
        if !closes {
            let rest = std::iter::from_fn(|| consumer.side().pop()).count();
            assert!(rest <= 1, "as many as there is room for");
            taken += rest;
        }
        assert!(consumer.side().pop().is_none());
        assert_eq!(accepted, taken + evicted, "taken once or evicted once");
        assert_eq!(accepted, ring.places.accepted() as usize);
        drop((ring, consumer));
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
fn a_closed_evicting_ring_returns_every_message() {
    evict(2, 2, true);
}

/// A ring with as many slots as threads in the middle of a push: laps overlap.
#[test]
fn a_lapped_producer_tries_again() {
    check(3, || {
        let count = Arc::new(());
        // Two slots for one message, so the very next lap reaches a stopped thread's slot.
        let mut consumer = Consumer::new(EvictingRing::new(1, 1), ());
        let ring = Arc::clone(consumer.shared());
        let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
        let other = thread::spawn(move || push(&pushing, (9, share)));
        let (mut accepted, mut evicted) = (0, 0);
        for n in 0..3 {
            let (more, gone) = push(&ring, (n, Arc::clone(&count)));
            accepted += more;
            evicted += gone;
        }
        let (more, gone) = other.join().expect("no panic");
        let taken = std::iter::from_fn(|| consumer.side().pop()).count();
        assert!(taken <= 1, "as many as there is room for");
        assert_eq!(accepted + more, taken + evicted + gone);
        assert_eq!(accepted + more, 4);
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// The consumer skips producers holding the memory of their slots, and another producer reaches the
/// same slots. The ring has a spare slot for each producer that may be stopped.
fn skip_producers(producers: u32, preemptions: usize) {
    check(preemptions, move || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(EvictingRing::new(1, producers as usize), ());
        let ring = Arc::clone(consumer.shared());
        let rounds = 2 * producers;
        let threads: Vec<_> = (0..producers)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&ring), (9 + n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value))
            })
            .collect();
        let (mut accepted, mut evicted, mut taken) = (0, 0, 0);
        for n in 0..rounds {
            let (more, gone) = push(&ring, (n, Arc::clone(&count)));
            accepted += more;
            evicted += gone;
            taken += usize::from(consumer.side().pop().is_some());
        }
        for one in threads {
            let (more, gone) = one.join().expect("no panic");
            accepted += more;
            evicted += gone;
        }
        taken += std::iter::from_fn(|| consumer.side().pop()).count();
        assert_eq!(accepted, (rounds + producers) as usize);
        assert_eq!(accepted, taken + evicted);
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_skipped_producer_keeps_its_memory() {
    skip_producers(1, 3);
}

#[test]
fn a_skipped_position_stays_void_when_its_memory_is_returned() {
    skip_producers(2, 2);
}

/// A consumer departs while messages arrive: each is taken, evicted or returned, and the memory is
/// freed.
fn push_during_the_end(producers: u32, preemptions: usize) {
    check(preemptions, move || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(EvictingRing::new(1, 2), ());
        let mut sleeper = Consumer::new(Signal::new(), ());
        let (ring, signal) = (Arc::clone(consumer.shared()), Arc::clone(sleeper.shared()));
        let producers: Vec<_> = (0..producers)
            .map(|n| {
                let (pushing, looking) = (Arc::clone(&ring), Arc::clone(&signal));
                let value = (n, Arc::clone(&count));
                thread::spawn(move || {
                    let pushed = push(&pushing, value);
                    if looking.notify() {
                        pushing.free_if_unused();
                    }
                    pushed
                })
            })
            .collect();
        ring.places.close();
        ring.places.leave();
        sleeper.local().leave();
        let taken = std::iter::from_fn(|| consumer.side().pop()).count();
        consumer.side().settle();
        let (mut accepted, mut evicted) = (0, 0);
        for one in producers {
            let (more, gone) = one.join().expect("no panic");
            accepted += more;
            evicted += gone;
        }
        assert_eq!(accepted, taken + evicted);
        assert!(!ring.has_slots(), "no thread needs the memory, although the ring is kept");
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_push_during_the_end_leaks_no_memory() {
    push_during_the_end(1, 4);
}

#[test]
fn pushes_during_the_end_leak_no_memory() {
    push_during_the_end(2, 2);
}

/// A departed consumer drains twice, as the end of every actor does.
#[test]
fn a_second_drain_touches_no_freed_slot() {
    check(4, || {
        let mut consumer = Consumer::new(EvictingRing::new(1, 1), ());
        let mut sleeper = Consumer::new(Signal::new(), ());
        let (ring, signal) = (Arc::clone(consumer.shared()), Arc::clone(sleeper.shared()));
        let pushing = Arc::clone(&ring);
        let producer = thread::spawn(move || {
            _ = pushing.push((1, Arc::new(())));
            if signal.notify() {
                pushing.free_if_unused();
            }
        });
        ring.places.close();
        ring.places.leave();
        sleeper.local().leave();
        for _ in 0..2 {
            while consumer.side().pop().is_some() {}
            consumer.side().settle();
        }
        producer.join().expect("no panic");
    });
}
