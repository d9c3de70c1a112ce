//! The ring holding the newest message of each key.

use std::sync::Arc;

use crate::checker::{check, thread};
use crate::mailbox::by_key::KeyedRing;
use crate::mailbox::consumer::Consumer;
use crate::mailbox::signal::Signal;
use crate::sync::Ordering;

/// A key, a number increasing with each message of a sender, and a share in the count of live
/// values.
type Counted = (u64, u32, Arc<()>);

/// Returns the number of accepted messages.
fn push(ring: &KeyedRing<Counted>, value: Counted) -> u64 {
    u64::from(ring.push(value.0, value).is_ok())
}

/// Takes like the consumer of a lane. Returns the message, and counts the skipped positions.
fn take(consumer: &mut Consumer<KeyedRing<Counted>>, skipped: &mut u64) -> Option<(u64, u32)> {
    loop {
        let (position, key, (of, n, _share)) = consumer.side().pop()?;
        assert_eq!(key, of, "a message's key is that of its sender");
        if !consumer.shared().has_newer(key, position) {
            return Some((key, n));
        }
        *skipped += 1;
    }
}

/// Senders, each with messages in order, against each other and a consumer taking early and late.
fn send(
    waiting: &'static [u64],
    senders: &'static [&'static [u64]],
    keys: usize,
    closes: bool,
    preemptions: usize,
) {
    check(preemptions, move || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(KeyedRing::new(keys), ());
        let ring = Arc::clone(consumer.shared());
        let (mut accepted, mut skipped) = (0, 0);
        for &key in waiting {
            accepted += push(&ring, (key, 0, Arc::clone(&count)));
        }
        let threads: Vec<_> = senders
            .iter()
            .map(|&messages| {
                let (pushing, count) = (Arc::clone(&ring), Arc::clone(&count));
                thread::spawn(move || {
                    let send = |(n, &key)| push(&pushing, (key, n, Arc::clone(&count)));
                    (1..).zip(messages).map(send).sum::<u64>()
                })
            })
            .collect();
        if closes {
            ring.ring.places.close();
        }
        let mut taken: Vec<_> = take(&mut consumer, &mut skipped).into_iter().collect();
        accepted += threads.into_iter().map(|one| one.join().expect("no panic")).sum::<u64>();
        let early = taken.len();
        taken.extend(std::iter::from_fn(|| take(&mut consumer, &mut skipped)));
        assert!(closes || taken.len() - early <= keys, "as many as there is room for");
        let evicted = ring.ring.places.producers.evicted.load(Ordering::Relaxed) + skipped;
        assert_eq!(accepted, taken.len() as u64 + evicted, "taken once or evicted once");
        assert_eq!(accepted, ring.ring.places.accepted() + ring.replaced.load(Ordering::Relaxed));
        if senders.len() == 1 {
            for (_, of_key) in
                [1, 2].map(|key| (key, taken.iter().filter(move |(other, _)| *other == key)))
            {
                assert!(
                    of_key.map(|(_, n)| n).is_sorted_by(|a, b| a < b),
                    "newer each time: {taken:?}"
                );
            }
        }
        drop((ring, consumer));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn a_message_is_replaced_or_taken_and_never_both() {
    send(&[1], &[&[1]], 1, false, 4);
}

#[test]
fn the_messages_of_a_key_get_newer_each_time() {
    send(&[1], &[&[1, 1]], 2, false, 3);
}

#[test]
fn a_skipped_replacement_is_pushed_again() {
    send(&[1, 2], &[&[1]], 2, false, 4);
}

#[test]
fn two_senders_of_one_key_lose_nothing() {
    send(&[], &[&[1], &[1]], 2, false, 2);
}

#[test]
fn two_senders_that_replace_one_message_lose_nothing() {
    send(&[1], &[&[1], &[1]], 1, false, 2);
}

#[test]
fn a_message_is_replaced_or_evicted_and_never_both() {
    send(&[1], &[&[1], &[2]], 1, false, 2);
}

#[test]
fn a_replacement_in_a_closing_ring_is_taken_or_returned() {
    send(&[1], &[&[1]], 1, true, 4);
}

/// A sender of a key is slow to note its position. Meanwhile the line of the key is full, so that
/// the position of a later message stays unknown. The late note must not hide the later message.
#[test]
fn a_late_note_does_not_put_a_newer_message_before_an_older_one() {
    check(3, || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(KeyedRing::new(4), ());
        let ring = Arc::clone(consumer.shared());
        assert_eq!(push(&ring, (1, 0, Arc::clone(&count))), 1);
        let same_line: Vec<_> = (2..).filter(|&key| ring.share_a_line(1, key)).take(2).collect();
        assert_eq!(push(&ring, (same_line[0], 0, Arc::clone(&count))), 1);
        let key = same_line[1];
        let (slow, value) = (Arc::clone(&ring), (key, 1, Arc::clone(&count)));
        let slow = thread::spawn(move || push(&slow, value));
        let mut accepted = 2 + push(&ring, (key, 2, Arc::clone(&count)));
        let mut skipped = 0;
        let mut taken: Vec<_> = take(&mut consumer, &mut skipped).into_iter().collect();
        accepted += push(&ring, (key, 3, Arc::clone(&count)));
        accepted += slow.join().expect("no panic");
        taken.extend(std::iter::from_fn(|| take(&mut consumer, &mut skipped)));
        let evicted = ring.ring.places.producers.evicted.load(Ordering::Relaxed) + skipped;
        assert_eq!(accepted, taken.len() as u64 + evicted, "taken once or evicted once");
        let of_one_sender = taken.iter().filter(|&&(of, n)| of == key && n > 1).map(|&(_, n)| n);
        assert!(of_one_sender.is_sorted(), "newer each time: {taken:?}");
    });
}

/// Senders during the end: every message is accounted for, and the slots are freed although the
/// ring remains.
#[test]
fn the_slots_are_freed_after_the_last_senders_check() {
    check(3, || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(KeyedRing::new(1), ());
        let mut sleeper = Consumer::new(Signal::new(), ());
        let (ring, signal) = (Arc::clone(consumer.shared()), Arc::clone(sleeper.shared()));
        assert_eq!(push(&ring, (1, 0, Arc::clone(&count))), 1);
        let threads: Vec<_> = [1, 2]
            .into_iter()
            .map(|key| {
                let (pushing, signal, value) =
                    (Arc::clone(&ring), Arc::clone(&signal), (key, 1, Arc::clone(&count)));
                thread::spawn(move || {
                    let accepted = push(&pushing, value);
                    if signal.notify() {
                        pushing.ring.free_if_unused();
                    }
                    accepted
                })
            })
            .collect();
        ring.ring.places.close();
        ring.ring.places.leave();
        sleeper.local().leave();
        let taken = std::iter::from_fn(|| consumer.side().pop()).count() as u64;
        consumer.side().ring_side().settle();
        let accepted =
            1 + threads.into_iter().map(|one| one.join().expect("no panic")).sum::<u64>();
        assert_eq!(accepted, taken + ring.ring.places.producers.evicted.load(Ordering::Relaxed));
        assert!(!ring.ring.has_slots(), "no thread needs them any more");
        assert_eq!(Arc::strong_count(&count), 1);
    });
}
