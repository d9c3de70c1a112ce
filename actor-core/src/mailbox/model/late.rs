//! The stack of late results.

use std::sync::Arc;

use super::Counted;
use crate::checker::{check, thread};
use crate::mailbox::consumer::Consumer;
use crate::mailbox::late::Late;

fn next(actor: &mut Consumer<Late<Counted>>) -> Option<u32> {
    actor.side().next().map(|(n, _)| n)
}

fn next_of_last(actor: &mut Consumer<Late<Counted>>) -> Option<u32> {
    actor.side().next_of_last().map(|(n, _)| n)
}

fn push(late: &Late<Counted>, n: u32, count: &Arc<()>) -> bool {
    late.push((n, Arc::clone(count))).is_ok()
}

/// Two workers push while the actor takes once and then ends: each message is taken once or
/// returned.
#[test]
fn each_late_message_is_taken_once_or_returned() {
    check(3, || {
        let (mut actor, count) = (Consumer::new(Late::new(), ()), Arc::new(()));
        let late = Arc::clone(actor.shared());
        let pushing: Vec<_> = (0..2)
            .map(|n| {
                let (late, count) = (Arc::clone(&late), Arc::clone(&count));
                thread::spawn(move || push(&late, n, &count))
            })
            .collect();
        let mut received: Vec<u32> = next(&mut actor).into_iter().collect();
        received.extend(std::iter::from_fn(|| next_of_last(&mut actor)));
        let accepted: Vec<bool> =
            pushing.into_iter().map(|one| one.join().expect("no panic")).collect();
        assert!(next_of_last(&mut actor).is_none(), "nothing comes after the end");
        received.sort_unstable();
        let expected: Vec<u32> = (0..2).filter(|&n| accepted[n as usize]).collect();
        assert_eq!(received, expected);
        assert_eq!(Arc::strong_count(&count), 1, "returned messages were dropped");
    });
}

/// Late messages of one worker are taken in their order, and untaken messages are dropped.
#[test]
fn late_messages_are_taken_oldest_first_and_the_rest_is_dropped() {
    check(3, || {
        let (mut actor, count) = (Consumer::new(Late::new(), ()), Arc::new(()));
        let late = Arc::clone(actor.shared());
        let (pushing, share) = (Arc::clone(&late), Arc::clone(&count));
        let worker = thread::spawn(move || (0..2).all(|n| push(&pushing, n, &share)));
        let first = next(&mut actor);
        assert!(worker.join().expect("no panic"));
        let second = next(&mut actor);
        assert_eq!((first.or(second), first.and(second)), (Some(0), first.map(|_| 1)));
        drop((late, actor));
        assert_eq!(Arc::strong_count(&count), 1);
    });
}
