//! The ring that refuses.
#![expect(unsafe_code, reason = "a ring's consumer promises to be the only one")]

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, thread};
use crate::mailbox::places::Places;
use crate::mailbox::ring::ClaimError;
use crate::mailbox::signal::Signal;

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

/// Two producers, one of which has the other's word for it that there is room.
#[test]
fn room_that_another_has_seen_is_room() {
    check(3, || {
        let count = Arc::new(());
        let places = Arc::new(Places::new(2, None));
        (1..=2).for_each(|n| assert!(push(&places, (n, Arc::clone(&count))).is_ok()));
        let producers: Vec<_> = (3..=4)
            .map(|n| {
                let (pushing, value) = (Arc::clone(&places), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, value).is_ok())
            })
            .collect();
        (1..=2).for_each(|n| assert_eq!(pop(&places), Some(n)));
        let accepted: usize = producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(std::iter::from_fn(|| pop(&places)).count(), accepted);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// A consumer that leaves while messages come: each is taken once, or comes back to its sender.
fn meet_the_end(producers: u32, preemptions: usize) {
    check(preemptions, move || {
        let count = Arc::new(());
        let (places, signal) = (Arc::new(Places::new(2, None)), Arc::new(Signal::new()));
        let producers: Vec<_> = (0..producers)
            .map(|n| {
                let (pushing, looking) = (Arc::clone(&places), Arc::clone(&signal));
                let value = (n, Arc::clone(&count));
                thread::spawn(move || match push(&pushing, value) {
                    Ok(position) => !looking.notify() || pushing.take_back(position).is_none(),
                    Err(_refused) => false,
                })
            })
            .collect();
        // One whose sender has yet to look at the signal may be out by then.
        let early = usize::from(pop(&places).is_some());
        places.close();
        places.leave();
        // SAFETY: this thread alone is the consumer.
        unsafe { signal.leave() };
        // SAFETY: as above.
        let taken = early + std::iter::from_fn(|| unsafe { places.settle() }).count();
        let accepted: usize = producers.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(accepted, taken);
        assert_eq!(accepted, places.accepted() as usize);
        drop(places);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_message_that_meets_the_end_is_taken_or_comes_back() {
    meet_the_end(1, 6);
}

#[test]
fn messages_that_meet_the_end_are_taken_or_come_back() {
    meet_the_end(2, 3);
}
