//! Reserved places of the refusing ring.

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, check_some, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::ring::{ClaimError, Frees, RefusingRing};
use crate::mailbox::share::{PushError, SourcedRing};
use crate::mailbox::signal::Signal;
use crate::mailbox::turns::Turns;

type Ring = RefusingRing<Counted>;

fn push(ring: &Ring, value: Counted) -> Result<u64, ClaimError> {
    Ok(ring.fill(ring.claim()?, value))
}

fn send_reserved(ring: &Ring, value: Counted) -> Option<u64> {
    let (claim, _was_last) = ring.claim_reserved()?;
    Some(ring.fill(claim, value))
}

fn consume(capacity: usize) -> (Consumer<Ring>, Arc<Ring>) {
    let consumer = Consumer::new(RefusingRing::new(capacity, Frees::WhenTaken), ());
    let ring = Arc::clone(consumer.shared());
    (consumer, ring)
}

fn pop(consumer: &mut Consumer<Ring>) -> Option<u32> {
    consumer.side().pop().map(|(n, _)| n)
}

/// Messages and reserved places together never exceed the capacity, and no room is lost.
fn reserve_against_push(capacity: usize, check: fn(usize, Box<dyn Fn() + Send + Sync>)) {
    let model = move || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(capacity);
        let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
        let pusher = thread::spawn(move || {
            (0..2).filter(|&n| push(&pushing, (n, Arc::clone(&share))).is_ok()).count()
        });
        let reserved = (0..2).filter(|_| ring.reserve().is_ok()).count();
        let pushed = pusher.join().expect("no panic");
        assert_eq!(reserved + pushed, capacity.min(4), "exactly as many as there is room for");
        assert_eq!(ring.places.promised() as usize, reserved + pushed);
        // The lane is full: each reserved place is still good for a message.
        (0..reserved).for_each(|_| {
            assert!(send_reserved(&ring, (9, Arc::clone(&count))).is_some());
        });
        assert_eq!(std::iter::from_fn(|| pop(&mut consumer)).count(), reserved + pushed);
        assert_eq!(ring.places.accepted() as usize, reserved + pushed);
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    };
    check(3, Box::new(model));
}

#[test]
fn one_place_is_reserved_or_taken_by_a_message() {
    reserve_against_push(1, |preemptions, model| check(preemptions, model));
}

#[test]
fn places_reserved_while_the_ring_grows_are_exact() {
    reserve_against_push(2, |preemptions, model| check(preemptions, model));
}

#[test]
fn the_last_place_of_three_is_given_once() {
    reserve_against_push(3, |preemptions, model| check_some(preemptions, model));
}

/// A reserved place is used while others push and the consumer takes. Its slot is free by then, and
/// the message of the place does not delay the others.
#[test]
fn a_reserved_place_has_a_free_slot_while_others_push_and_take() {
    check_some(3, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2);
        assert!(push(&ring, (1, Arc::clone(&count))).is_ok());
        assert!(ring.reserve().is_ok());
        let (sending, share) = (Arc::clone(&ring), Arc::clone(&count));
        let sender = thread::spawn(move || send_reserved(&sending, (2, share)).is_some());
        let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
        let pusher = thread::spawn(move || push(&pushing, (3, share)).is_ok());
        let mut taken = usize::from(pop(&mut consumer).is_some());
        assert!(taken == 1, "the message does not wait for the reserved place");
        taken += usize::from(pop(&mut consumer).is_some());
        assert!(sender.join().expect("no panic"), "it always has room");
        let pushed = pusher.join().expect("no panic");
        taken += std::iter::from_fn(|| pop(&mut consumer)).count();
        assert_eq!(taken, 2 + usize::from(pushed));
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// A place given back on one thread is room for another one, and only once.
#[test]
fn a_place_given_back_is_room_for_one() {
    check(3, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(1);
        assert!(ring.reserve().is_ok());
        let giving = Arc::clone(&ring);
        let giver = thread::spawn(move || giving.give_back());
        let early = push(&ring, (1, Arc::clone(&count))).is_ok();
        giver.join().expect("no panic");
        assert_eq!(push(&ring, (2, Arc::clone(&count))).is_ok(), !early);
        assert!(ring.reserve().is_err());
        assert!(pop(&mut consumer).is_some());
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// The memory seen by a reservation stays, although the consumer tries to shrink the ring.
#[test]
fn a_ring_with_a_reserved_place_keeps_its_memory() {
    check(3, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(2);
        // The ring grows, and is empty again.
        (0..2).for_each(|n| assert!(push(&ring, (n, Arc::clone(&count))).is_ok()));
        (0..2).for_each(|_| assert!(pop(&mut consumer).is_some()));
        let (sending, share) = (Arc::clone(&ring), Arc::clone(&count));
        let sender = thread::spawn(move || {
            let reserved = (0..2).filter(|_| sending.reserve().is_ok()).count();
            // The position given up by a shrink takes room for a moment.
            assert!(reserved >= 1, "at most one place is missing");
            (0..reserved)
                .filter(|&n| send_reserved(&sending, (n as u32, Arc::clone(&share))).is_some())
                .count()
        });
        consumer.side().shrink();
        let early = usize::from(pop(&mut consumer).is_some());
        consumer.side().shrink();
        let sent = sender.join().expect("no panic");
        assert_eq!(early + std::iter::from_fn(|| pop(&mut consumer)).count(), sent);
        (0..2).for_each(|_| consumer.side().shrink());
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// A consumer departs while a reserved place is used: its message is taken once, or returned.
#[test]
fn a_message_for_a_reserved_place_is_taken_or_returned_at_the_end() {
    check(4, || {
        let count = Arc::new(());
        let (mut consumer, ring) = consume(1);
        let mut sleeper = Consumer::new(Signal::new(), ());
        let signal = Arc::clone(sleeper.shared());
        assert!(ring.reserve().is_ok());
        let (sending, share) = (Arc::clone(&ring), Arc::clone(&count));
        let sender = thread::spawn(move || match send_reserved(&sending, (1, share)) {
            Some(position) => !signal.notify() || sending.take_back(position).is_none(),
            None => false,
        });
        ring.places.close();
        ring.places.leave();
        sleeper.local().leave();
        let taken = std::iter::from_fn(|| consumer.side().settle()).count();
        let accepted = usize::from(sender.join().expect("no panic"));
        assert_eq!(accepted, taken);
        assert!(!ring.has_slots(), "no thread needs the memory");
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// Reserved room of a source counts in its share, and in the lane.
#[test]
fn a_reserved_place_counts_in_its_sources_share() {
    check(3, || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(SourcedRing::<Counted>::new(2, 1), ());
        let ring = Arc::clone(consumer.shared());
        let (pushing, share) = (Arc::clone(&ring), Arc::clone(&count));
        let pusher = thread::spawn(move || pushing.push(Some(7), (1, share), || {}).is_ok());
        let reserved = ring.reserve(Some(7), || {});
        let pushed = pusher.join().expect("no panic");
        // Two that meet may both be refused, and then notify the waiting ones.
        assert!(!(pushed && reserved.is_ok()), "the share is 1");
        if let Ok(entry) = reserved {
            let again = ring.reserve(Some(7), || {});
            assert!(matches!(again, Err(PushError::OverShare)));
            assert!(ring.push_reserved(entry, (2, Arc::clone(&count))).is_ok());
        }
        let mut turns = Turns::new();
        while consumer.side().take(&mut turns).is_some() {}
        assert!(ring.reserve(Some(7), || {}).is_ok_and(|entry| {
            ring.give_back(entry);
            ring.push(Some(7), (3, Arc::clone(&count)), || {}).is_ok()
        }));
        while consumer.side().take(&mut turns).is_some() {}
        drop((ring, consumer, turns));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}
