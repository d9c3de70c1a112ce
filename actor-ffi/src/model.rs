//! The owner under the model checkers: wakes, sleep and the destroy, with a sending thread.
//!
//! The mailbox and the foreign wake below have models of their own. These check their combination:
//! the sleep announced by a drain, and the order of the destroy.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize as PlainCount;

use actor_core::checker::{CROWD, check, thread};
use actor_core::handle::Refusal;
use actor_core::{Handle, Lane};
#[cfg(loom)]
use loom::sync::atomic::{AtomicUsize, Ordering};
#[cfg(shuttle)]
use shuttle::sync::atomic::{AtomicUsize, Ordering};

use crate::letter::{Letter, NO_SOURCE};
use crate::owner::{Next, Owner};
use crate::wake::HostWake;

/// Enough to interrupt each step once, and another step meanwhile.
const PREEMPTIONS: usize = 3;

static LANES: [Lane; 1] = [Lane::fifo("work", 2)];
static LATEST: [Lane; 1] = [Lane::latest("setting")];

/// A message, counted when it is dropped.
struct Token(Arc<PlainCount>);

impl Drop for Token {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

type Tokens = Owner<Token, Token>;

#[derive(Clone)]
struct Counts {
    /// Known to the checkers: loom must see that a wake depends on its order with the destroy.
    wakes: Arc<AtomicUsize>,
    /// Hidden from the checkers: read after joining the threads.
    ended: Arc<PlainCount>,
}

impl Default for Counts {
    fn default() -> Self {
        Self { wakes: Arc::new(AtomicUsize::new(0)), ended: Arc::default() }
    }
}

impl Counts {
    fn owner(&self, lanes: &'static [Lane]) -> Tokens {
        let wakes = Arc::clone(&self.wakes);
        let wake = HostWake::new(move || _ = wakes.fetch_add(1, Ordering::SeqCst));
        Owner::new(lanes, Some(wake)).expect("the lanes fit")
    }

    fn letter(&self) -> Letter<Token, Token> {
        let token = || Token(Arc::clone(&self.ended));
        Letter { message: token(), reply: Some(token()), tag: NO_SOURCE, lane: 0 }
    }

    /// Sends on a new thread. The thread returns whether the message was accepted.
    fn send(&self, door: &Handle<Letter<Token, Token>>) -> thread::JoinHandle<bool> {
        let (counts, door) = (self.clone(), door.clone());
        thread::spawn(move || match door.offer(counts.letter()) {
            Ok(()) => true,
            Err(Refusal::Closed(_letter)) => false,
            Err(refusal) => panic!("there is room: {refusal}"),
        })
    }

    fn wakes(&self) -> usize {
        self.wakes.load(Ordering::SeqCst)
    }

    fn ended(&self) -> usize {
        self.ended.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// A drained owner with a message that came later has been woken, and once for each sleep.
#[test]
fn a_message_is_taken_or_wakes_the_owner() {
    check(PREEMPTIONS, || {
        let counts = Counts::default();
        let owner = counts.owner(&LANES);
        let sending: Vec<_> = (0..CROWD).map(|_| counts.send(owner.door())).collect();
        let mut taken = 0;
        let turn = owner.drain(9, |letter| {
            taken += 1;
            drop(letter);
        });
        assert!(!turn.expect("it is idle").has_more);
        assert!(sending.into_iter().all(|thread| thread.join().expect("it ends")));
        // One sleep was announced by the maker, and one by the drain.
        assert!(counts.wakes() <= 2, "one wake for each announced sleep");
        if taken < CROWD {
            assert!(counts.wakes() >= 1, "the owner knows of the rest");
        }
        let rest = owner.drain(9, drop).expect("it is idle").handled;
        assert_eq!((taken + rest, counts.ended()), (CROWD, 2 * CROWD));
    });
}

/// Each message has one end, and nothing wakes the host after the destroy.
#[test]
fn after_a_destroy_every_message_has_ended_once_and_no_wake_comes() {
    check(PREEMPTIONS, || {
        let counts = Counts::default();
        let owner = counts.owner(&LANES);
        let door = owner.door().clone();
        let sending = counts.send(&door);
        let mut undelivered = 0;
        owner.destroy(|letter| {
            undelivered += 1;
            drop(letter);
        });
        let wakes = counts.wakes();
        let was_accepted = sending.join().expect("it ends");
        assert_eq!(counts.wakes(), wakes, "no wake after the destroy");
        assert_eq!(undelivered, usize::from(was_accepted));
        assert_eq!(counts.ended(), 2, "the message and its ask");
        assert!(matches!(door.offer(counts.letter()), Err(Refusal::Closed(_))));
    });
}

/// An evicting lane: the evicted message ends on its evictor's thread, before or after the destroy.
#[test]
fn an_eviction_beside_a_destroy_ends_each_message_once() {
    check(PREEMPTIONS, || {
        let counts = Counts::default();
        let owner = counts.owner(&LATEST);
        let door = owner.door().clone();
        assert!(door.offer(counts.letter()).is_ok());
        let sending = counts.send(&door);
        let taken = matches!(owner.next(), Ok(Next::Message(_)));
        let mut undelivered = 0;
        owner.destroy(|letter| {
            undelivered += 1;
            drop(letter);
        });
        _ = sending.join().expect("it ends");
        assert!(usize::from(taken) + undelivered <= 2);
        assert_eq!(counts.ended(), 4, "both messages and both asks");
    });
}
