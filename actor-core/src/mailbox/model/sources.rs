//! The count of each source's messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as PlainCount, Ordering as Plain};

use crate::checker::{check, thread};
use crate::mailbox::sources::{CountError, Sources};

/// The source of each sender, and the limit on counted messages of one source.
fn count(senders: &'static [u64], share: usize, preemptions: usize) {
    check(preemptions, move || {
        let sources = Arc::new(Sources::new(2, share));
        let counted: Arc<[PlainCount; 2]> = Arc::new(std::array::from_fn(|_| PlainCount::new(0)));
        let threads: Vec<_> = senders
            .iter()
            .map(|&source| {
                let (sources, counted) = (Arc::clone(&sources), Arc::clone(&counted));
                thread::spawn(move || {
                    let entry = sources.add(source).ok()?;
                    assert!(
                        counted[source as usize].fetch_add(1, Plain::Relaxed) < share,
                        "over its share"
                    );
                    Some(entry)
                })
            })
            .collect();
        let entries: Vec<_> = threads
            .into_iter()
            .filter_map(|one| one.join().expect("counting does not panic"))
            .collect();
        entries.into_iter().for_each(|entry| sources.remove(entry));
        // No message is counted any more: each source has its whole share again.
        for source in 0..2 {
            (0..share).for_each(|_| assert!(sources.add(source).is_ok()));
            assert_eq!(sources.add(source), Err(CountError::OverShare));
        }
    });
}

#[test]
fn two_concurrent_messages_of_one_source_keep_its_share() {
    count(&[0, 0], 1, 4);
}

#[test]
fn a_source_is_counted_beside_another_that_uses_its_line() {
    count(&[0, 1], 1, 4);
}

#[test]
fn messages_within_the_share_are_counted_together() {
    count(&[0, 0, 1], 2, 2);
}

/// Two senders of source 0 race while the only other message, of the given source, leaves. The
/// share is 1.
fn meet_while_one_leaves(of: u64) {
    check(3, move || {
        let sources = Arc::new(Sources::new(1, 1));
        let leaving = sources.add(of).expect("nothing waits");
        let waiting = Arc::new(PlainCount::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (sources, waiting) = (Arc::clone(&sources), Arc::clone(&waiting));
                thread::spawn(move || {
                    if sources.add(0).is_ok() {
                        assert_eq!(waiting.fetch_add(1, Plain::Relaxed), 0, "over its share");
                    }
                })
            })
            .collect();
        sources.remove(leaving);
        threads.into_iter().for_each(|one| one.join().expect("counting does not panic"));
    });
}

/// An entry becomes free while senders search for one: the source may be counted in two entries.
#[test]
fn a_source_that_is_counted_twice_keeps_its_share() {
    meet_while_one_leaves(1);
}

#[test]
fn a_message_that_leaves_makes_room_for_one() {
    meet_while_one_leaves(0);
}
