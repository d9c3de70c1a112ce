//! The refusing ring.

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, check_some, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::ring::{ClaimError, Frees, RefusingRing};
use crate::mailbox::signal::Signal;

fn push(ring: &RefusingRing<Counted>, value: Counted) -> Result<u64, ClaimError> {
    Ok(ring.fill(ring.claim()?, value))
}

type Consuming = Consumer<RefusingRing<Counted>>;

fn consume(capacity: usize, frees: Frees) -> (Consuming, Arc<RefusingRing<Counted>>) {
    let consumer = Consumer::new(RefusingRing::new(capacity, frees), ());
    let ring = Arc::clone(consumer.shared());
    (consumer, ring)
}

fn pop(consumer: &mut Consuming) -> Option<u32> {
    consumer.side().pop().map(|(n, _)| n)
}

/// A producer sends two messages, retrying while there is no room, against one consumer.
fn one_producer(capacity: usize) {
    let count = Arc::new(());
    let (mut consumer, ring) = consume(capacity, Frees::WhenTaken);
    let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
    let producer = thread::spawn(move || {
        for n in 1..=2 {
            while push(&pushing, (n, Arc::clone(&share))) == Err(ClaimError::Full) {
                thread::yield_now();
            }
        }
    });
    let mut next = 1;
    while next <= 2 {
        match pop(&mut consumer) {
            Some(n) => {
                assert_eq!(n, next, "in order");
                next += 1;
            }
            None => thread::yield_now(),
        }
    }
    producer.join().expect("pushing does not panic");
    drop((ring, consumer));
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn a_place_is_reused_only_after_its_message_was_taken() {
    check(3, || one_producer(1));
}

#[test]
fn one_producers_messages_keep_their_order() {
    check(3, || one_producer(2));
}

/// Two producers with a message each, and a consumer polling early and late.
fn two_producers(capacity: usize) {
    check(3, move || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(capacity, Frees::WhenTaken);
        let producers: Vec<_> = (0..2)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&ring), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value).is_ok())
            })
            .collect();
        let early = pop(&mut consumer);
        let accepted: usize =
            producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        let late = std::iter::from_fn(|| pop(&mut consumer)).count();
        assert_eq!(
            accepted,
            usize::from(early.is_some()) + late,
            "what was accepted is taken once"
        );
        assert_eq!(accepted, ring.places.accepted() as usize);
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn two_producers_of_one_place_lose_nothing() {
    two_producers(1);
}

#[test]
fn two_producers_growing_a_ring_lose_nothing() {
    two_producers(2);
}

#[test]
fn a_place_is_free_once_its_message_was_taken() {
    check(3, || {
        let (mut consumer, ring) = consume(1, Frees::WhenTaken);
        assert!(push(&ring, (1, Arc::new(()))).is_ok());
        let taking = thread::spawn(move || pop(&mut consumer));
        let pushed = push(&ring, (2, Arc::new(()))).is_ok();
        assert_eq!(taking.join().expect("no panic"), Some(1));
        assert!(
            pushed || push(&ring, (3, Arc::new(()))).is_ok(),
            "the place is free once it is out"
        );
        drop(ring);
    });
}

/// Two producers. One of them relies on the other's observation of room.
#[test]
fn room_seen_by_one_producer_is_room_for_another() {
    check(3, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2, Frees::WhenTaken);
        (1..=2).for_each(|n| assert!(push(&ring, (n, Arc::clone(&count))).is_ok()));
        let producers: Vec<_> = (3..=4)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&ring), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value).is_ok())
            })
            .collect();
        (1..=2).for_each(|n| assert_eq!(pop(&mut consumer), Some(n)));
        let accepted: usize =
            producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(std::iter::from_fn(|| pop(&mut consumer)).count(), accepted);
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// In this ring a message makes room when it is released, not when it is taken.
#[test]
fn a_message_makes_room_only_when_released() {
    check(3, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2, Frees::WhenReleased);
        (1..=2).for_each(|n| assert!(push(&ring, (n, Arc::clone(&count))).is_ok()));
        let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
        let producer = thread::spawn(move || {
            (3..=4).filter(|&n| push(&pushing, (n, Arc::clone(&share))).is_ok()).count()
        });
        (1..=2).for_each(|n| assert_eq!(pop(&mut consumer), Some(n)));
        consumer.side().release();
        let accepted = producer.join().expect("no panic");
        assert!(accepted <= 1, "one of two has made room");
        assert!(
            accepted == 1 || push(&ring, (5, Arc::clone(&count))).is_ok(),
            "and there is room for it"
        );
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// A consumer departs while messages arrive: each is taken once, or returned to its sender.
fn push_during_the_end(producers: u32, preemptions: usize) {
    check(preemptions, move || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2, Frees::WhenTaken);
        let mut sleeper = Consumer::new(Signal::new(), ());
        let signal = Arc::clone(sleeper.shared());
        let producers: Vec<_> = (0..producers)
            .map(|n| {
                let (pushing, looking) = (Arc::clone(&ring), Arc::clone(&signal));
                let value = (n, Arc::clone(&count));
                thread::spawn(move || match push(&pushing, value) {
                    Ok(position) => !looking.notify() || pushing.take_back(position).is_none(),
                    Err(_refused) => false,
                })
            })
            .collect();
        // A message may be taken before its sender checks the signal.
        let early = usize::from(pop(&mut consumer).is_some());
        ring.places.close();
        ring.places.leave();
        sleeper.local().leave();
        let taken = early + std::iter::from_fn(|| consumer.side().settle()).count();
        let accepted: usize =
            producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(accepted, taken);
        assert_eq!(accepted, ring.places.accepted() as usize);
        assert!(!ring.has_slots(), "no thread needs the memory, although the ring is kept");
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_message_sent_during_the_end_is_taken_or_returned() {
    push_during_the_end(1, 6);
}

#[test]
fn messages_sent_during_the_end_are_taken_or_returned() {
    push_during_the_end(2, 3);
}

/// A consumer frees the grown slots whenever it finds no message, while producers grow the ring.
fn shrink(check: fn(usize, Box<dyn Fn() + Send + Sync>), producers: u32, each: u32) {
    let model = move || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2, Frees::WhenTaken);
        (0..2).for_each(|n| assert!(push(&ring, (n, Arc::clone(&count))).is_ok()));
        (0..2).for_each(|n| assert_eq!(pop(&mut consumer), Some(n)));
        let producers: Vec<_> = (0..producers)
            .map(|_| {
                let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
                thread::spawn(move || {
                    (0..each).filter(|&n| push(&pushing, (n, Arc::clone(&share))).is_ok()).count()
                })
            })
            .collect();
        let mut taken = 2;
        for _ in 0..2 {
            consumer.side().shrink();
            taken += usize::from(pop(&mut consumer).is_some());
        }
        let accepted: usize = producers.into_iter().map(|one| one.join().expect("no panic")).sum();
        taken += std::iter::from_fn(|| pop(&mut consumer)).count();
        assert_eq!(accepted + 2, taken);
        assert_eq!(accepted + 2, ring.places.accepted() as usize);
        (0..2).for_each(|n| {
            assert!(push(&ring, (n, Arc::clone(&count))).is_ok(), "there is room for two")
        });
        (0..2).for_each(|n| assert_eq!(pop(&mut consumer), Some(n)));
        // Twice, because the next check finds slots allocated in vain.
        (0..2).for_each(|_| consumer.side().shrink());
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    };
    check(2, Box::new(model));
}

#[test]
fn a_ring_that_shrinks_while_it_grows_loses_nothing() {
    shrink(|preemptions, model| check(preemptions, model), 1, 2);
}

#[test]
fn a_ring_that_shrinks_while_two_grow_it_loses_nothing() {
    shrink(|preemptions, model| check_some(preemptions, model), 2, 1);
}

/// A departed consumer looks for a message again, as `try_recv` after a drain does.
#[test]
fn a_take_after_the_departure_touches_no_freed_slot() {
    check(4, || {
        let (mut consumer, ring) = consume(1, Frees::WhenTaken);
        let mut sleeper = Consumer::new(Signal::new(), ());
        let signal = Arc::clone(sleeper.shared());
        let pushing = Arc::clone(&ring);
        let producer = thread::spawn(move || {
            if let Ok(position) = push(&pushing, (1, Arc::new(())))
                && signal.notify()
            {
                drop(pushing.take_back(position));
            }
        });
        ring.places.close();
        ring.places.leave();
        sleeper.local().leave();
        while consumer.side().settle().is_some() {}
        assert!(pop(&mut consumer).is_none());
        producer.join().expect("no panic");
    });
}
