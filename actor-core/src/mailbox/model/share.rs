//! The ring with a share for each source.

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::share::{PushError, SourcedRing};
use crate::mailbox::signal::Signal;
use crate::mailbox::turns::Turns;

fn push(ring: &SourcedRing<Counted>, source: u64, value: Counted) -> Result<u64, PushError> {
    ring.push(Some(source), value, || {}).map_err(|(why, _value)| why)
}

fn take(consumer: &mut Consumer<SourcedRing<Counted>>, turns: &mut Turns<Counted>) -> Option<u32> {
    consumer.side().take(turns).map(|(n, _)| n)
}

/// Senders against each other and the consumer: every message is taken once, and all shares are
/// whole again at the end.
fn send_and_take(senders: &'static [u64], share: usize, capacity: usize, preemptions: usize) {
    check(preemptions, move || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(SourcedRing::new(capacity, share), ());
        let ring = Arc::clone(consumer.shared());
        let threads: Vec<_> = (0..)
            .zip(senders)
            .map(|(n, &source)| {
                let (pushing, value) = (Arc::clone(&ring), (n, Arc::clone(&count)));
                thread::spawn(move || push(&pushing, source, value).is_ok())
            })
            .collect();
        let mut turns = Turns::new();
        let early = usize::from(take(&mut consumer, &mut turns).is_some());
        let accepted: usize =
            threads.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        let late = std::iter::from_fn(|| take(&mut consumer, &mut turns)).count();
        assert_eq!(accepted, early + late, "what was accepted is taken once");
        for source in 0..2 {
            let room = (share + 1).min(capacity + 1);
            let accepted =
                (0..room).filter(|_| push(&ring, source, (9, Arc::clone(&count))).is_ok()).count();
            assert_eq!(accepted, share.min(capacity), "each source has its whole share again");
            while take(&mut consumer, &mut turns).is_some() {}
        }
        drop((ring, consumer, turns));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

#[test]
fn messages_of_two_sources_are_taken_once() {
    send_and_take(&[0, 1], 1, 2, 3);
}

#[test]
fn messages_of_one_source_stay_within_its_share() {
    send_and_take(&[0, 0], 1, 2, 3);
}

#[test]
fn a_message_that_finds_no_room_gives_its_share_back() {
    send_and_take(&[0, 1], 1, 1, 3);
}

#[test]
fn a_share_is_free_again_once_its_message_is_taken() {
    check(3, || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(SourcedRing::new(1, 1), ());
        let ring = Arc::clone(consumer.shared());
        assert!(push(&ring, 0, (1, Arc::clone(&count))).is_ok());
        let taking = thread::spawn(move || take(&mut consumer, &mut Turns::new()));
        let second = push(&ring, 0, (2, Arc::clone(&count)));
        assert_eq!(taking.join().expect("no panic"), Some(1));
        assert!(
            matches!(second, Ok(1) | Err(PushError::OverShare)),
            "room in its share is room in the lane: {second:?}"
        );
        drop(ring);
        assert_eq!(Arc::strong_count(&count), 1);
    });
}

/// A consumer departs while messages arrive: each is taken once, or returned to its sender.
#[test]
fn a_message_sent_during_the_end_is_taken_or_returned() {
    check(3, || {
        let count = Arc::new(());
        let mut consumer = Consumer::new(SourcedRing::new(2, 1), ());
        let mut sleeper = Consumer::new(Signal::new(), ());
        let (ring, signal) = (Arc::clone(consumer.shared()), Arc::clone(sleeper.shared()));
        let threads: Vec<_> = (0..2)
            .map(|n| {
                let (pushing, looking) = (Arc::clone(&ring), Arc::clone(&signal));
                let value = (n, Arc::clone(&count));
                thread::spawn(move || match push(&pushing, u64::from(n), value) {
                    Ok(position) => !looking.notify() || pushing.take_back(position).is_none(),
                    Err(_refused) => false,
                })
            })
            .collect();
        let mut turns = Turns::new();
        let early = usize::from(take(&mut consumer, &mut turns).is_some());
        ring.ring.places.close();
        ring.ring.places.leave();
        sleeper.local().leave();
        let taken = early + std::iter::from_fn(|| consumer.side().settle(&mut turns)).count();
        let accepted: usize =
            threads.into_iter().map(|one| usize::from(one.join().expect("no panic"))).sum();
        assert_eq!(accepted, taken);
        assert_eq!(accepted, ring.ring.places.accepted() as usize);
        drop((ring, consumer, turns));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}
