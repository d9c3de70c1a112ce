//! Views under the model checkers: publishers, readers and the owner's end at the same time.

use crate::checker::{block_on, check, thread};
use crate::view::{OwnerEnded, publisher};

const PREEMPTIONS: usize = 3;

#[test]
fn a_waiting_reader_sees_the_newest_value_and_then_the_end() {
    check(PREEMPTIONS, || {
        let (publisher, mut view) = publisher(0);
        let publishing = thread::spawn(move || {
            publisher.publish(1);
            publisher.publish(2);
        });
        let mut last = 0;
        let end = loop {
            match block_on(view.changed()) {
                Ok(value) if *value > last => last = *value,
                other => break other,
            }
        };
        assert_eq!((last, end), (2, Err(OwnerEnded)));
        publishing.join().expect("publishing does not panic");
    });
}

#[test]
fn two_readers_both_see_a_change() {
    check(PREEMPTIONS, || {
        let (publisher, view) = publisher(0);
        let readers = [(); 2].map(|()| {
            let mut view = view.clone();
            thread::spawn(move || block_on(view.changed()).map(|value| *value))
        });
        publisher.publish(1);
        for reader in readers {
            assert_eq!(reader.join().expect("reading does not panic"), Ok(1));
        }
    });
}

#[test]
fn an_older_value_never_replaces_a_newer_one() {
    check(PREEMPTIONS, || {
        let (publisher, view) = publisher(0);
        let other = publisher.clone();
        // The numbers are given in this order, and the publications follow in any order.
        let older = publisher.prepare(1);
        assert!(older.is_none());
        let waiting = publisher.waiting();
        let publishing = thread::spawn(move || waiting.publish());
        other.publish(2);
        assert_eq!(*view.get(), 2, "a reader after a publication sees it");
        publishing.join().expect("publishing does not panic");
        assert_eq!(*view.get(), 2);
    });
}

#[test]
fn a_value_that_waits_is_published_before_the_owners_end() {
    // Three threads: two preemptions keep the run of all interleavings below a minute.
    check(2, || {
        let (publisher, mut view) = publisher(0);
        assert!(publisher.prepare(1).is_none());
        let waiting = publisher.waiting();
        let ending = thread::spawn(move || drop(publisher));
        let turn = thread::spawn(move || waiting.publish());
        assert_eq!(block_on(view.changed()).as_deref(), Ok(&1));
        assert_eq!(block_on(view.changed()), Err(OwnerEnded));
        ending.join().expect("ending does not panic");
        turn.join().expect("publishing does not panic");
    });
}
