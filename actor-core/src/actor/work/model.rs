//! The result of a piece of work, against everything that the actor may do with the piece.
//!
//! In each run a worker settles a piece while the actor aborts it, lets its deadline pass, or ends
//! the life. Every piece ends once: as a message, as a lost piece, or aborted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::actor::work::error::WorkError;
use crate::actor::work::offload::{Job, Piece};
use crate::actor::work::pieces::{Manner, Pieces};
use crate::checker::{check, thread};
use crate::mailbox::{Closeable, Lane, Mailbox, Message, Returns};
use crate::runtime::{Executor, ExecutorStopped, Maker, Timer};

/// Enough to interrupt each step of the worker by each step of the actor.
const PREEMPTIONS: usize = 3;

/// A result, with a share of a counter, so that leaked messages are noticed.
struct Done(
    Result<Arc<()>, WorkError>,
    #[expect(dead_code, reason = "only its drop counts")] Arc<()>,
);

impl Message for Done {
    const LANES: &'static [Lane] = &[Lane::fifo("done", 1)];
}

/// A clock that stands still.
#[derive(Debug)]
struct Clock(Instant);

impl Executor for Clock {
    fn spawn(&self, maker: Maker) -> Result<(), ExecutorStopped> {
        Err(ExecutorStopped(maker))
    }

    fn timer(&self) -> Box<dyn Timer> {
        unreachable!("the models wait for no time")
    }

    fn now(&self) -> Instant {
        self.0
    }

    fn run_blocking(&self, _work: Box<dyn FnOnce() + Send>) {}

    fn stop(&self) {}

    fn join(&self, _timeout: Duration) -> bool {
        true
    }
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make an `Instant`, and its value is of no account"
    )]
    fn start() -> Self {
        Self(Instant::now())
    }
}

/// An actor with work in flight, and the counter of all values.
struct Rig {
    mailbox: Mailbox<Done>,
    pieces: Option<Pieces<Done>>,
    clock: Clock,
    count: Arc<()>,
    /// Kept to the end: the checker does not see that the last owner's drop comes after all others.
    returns: Arc<Returns<Done>>,
}

type Worker = thread::JoinHandle<()>;

impl Rig {
    fn new() -> Self {
        let (_handle, mailbox) = crate::handle::mailbox::<Done>();
        let pieces = Pieces::new(Arc::clone(mailbox.shared()));
        let returns = Arc::clone(pieces.returns());
        Self { mailbox, pieces: Some(pieces), clock: Clock::start(), count: Arc::new(()), returns }
    }

    fn pieces(&mut self) -> &mut Pieces<Done> {
        self.pieces.as_mut().expect("the life has not ended")
    }

    /// Starts a piece. Its worker runs it, or drops it unrun.
    fn start(&mut self, manner: Manner, runs: bool) -> (u64, Worker) {
        let (value, share) = (Arc::clone(&self.count), Arc::clone(&self.count));
        let returns = Arc::clone(&self.returns);
        let pieces = self.pieces();
        let id = pieces.number();
        let piece = Piece::new(id, move |result| Done(result, share), None, returns);
        pieces.add_remote(id, manner, Arc::clone(&piece) as _);
        let job = Job::new(move || value, piece);
        (id, thread::spawn(move || if runs { job.run() } else { drop(job) }))
    }

    fn next(&mut self) -> Option<Done> {
        let Self { pieces, clock, .. } = self;
        pieces.as_mut().expect("the life has not ended").poll_message(clock)
    }

    /// Ends the life and the actor. Returns the numbers of undelivered and lost results.
    fn end(mut self) -> (u64, u64, u64) {
        drop(self.pieces.take());
        let mut undelivered = 0;
        self.mailbox.drain_undelivered(|_, _| undelivered += 1);
        let shared = self.mailbox.shared();
        let (lost, in_flight) = (shared.lost_work(), shared.in_flight());
        assert_eq!(shared.stats()[0].undelivered, undelivered);
        let Self { mailbox, returns, count, .. } = self;
        drop((mailbox, returns));
        assert_eq!(Arc::strong_count(&count), 1, "every value is dropped");
        (undelivered, lost, in_flight)
    }
}

fn join(worker: Worker) {
    worker.join().expect("a worker does not panic");
}

#[test]
fn an_aborted_piece_sends_no_message_and_is_not_lost() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        let (id, worker) = rig.start(Manner::default(), true);
        assert!(rig.pieces().abort(id));
        assert!(rig.pieces().is_empty());
        join(worker);
        assert!(rig.next().is_none());
        assert_eq!(rig.end(), (0, 0, 0));
    });
}

#[test]
fn a_piece_at_its_deadline_has_one_result() {
    check(PREEMPTIONS, || {
        let mut rig = Rig::new();
        let deadline = Some(rig.clock.0);
        let (_, worker) = rig.start(Manner { deadline, is_ordered: false }, true);
        let early = rig.next();
        join(worker);
        let late = rig.next();
        let (Some(Done(result, _)), None) = (early.or(late), rig.next()) else {
            panic!("one result comes, and no other")
        };
        assert!(matches!(result, Ok(_) | Err(WorkError::DeadlinePassed)));
        assert!(rig.pieces().is_empty());
        drop(result);
        assert_eq!(rig.end(), (0, 0, 0));
    });
}

#[test]
fn a_piece_at_the_end_of_its_life_is_undelivered_or_lost() {
    for runs in [true, false] {
        check(PREEMPTIONS, move || {
            let mut rig = Rig::new();
            let (_, worker) = rig.start(Manner::default(), runs);
            let pieces = rig.pieces.take();
            drop(pieces);
            join(worker);
            let (undelivered, lost, in_flight) = rig.end();
            assert_eq!((undelivered + lost, in_flight), (1, lost));
        });
    }
}

#[test]
fn two_ordered_pieces_are_handled_in_order_or_lost_at_the_end_of_their_life() {
    check(2, || {
        let mut rig = Rig::new();
        let ordered = Manner { deadline: None, is_ordered: true };
        let (first, one) = rig.start(ordered, true);
        let (_, other) = rig.start(ordered, false);
        let early = u64::from(rig.next().is_some());
        if early == 1 {
            assert!(!rig.pieces().abort(first), "the first one came first");
        }
        let pieces = rig.pieces.take();
        drop(pieces);
        join(one);
        join(other);
        let (undelivered, lost, in_flight) = rig.end();
        assert_eq!((early + undelivered + lost, in_flight), (2, lost));
    });
}
