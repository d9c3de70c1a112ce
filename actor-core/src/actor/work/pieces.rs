//! All work in flight of one life. Used by the actor's task alone, except for its bell and the way
//! of results (`mailbox/returns.rs`).
//!
//! A piece is in flight from its start until its message is handed to the actor. A piece is one
//! entry of a map, so an abort removes it at any time, also after its result has come.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures::Stream;
use futures::stream::FuturesUnordered;

use crate::actor::work::deadlines::Deadlines;
use crate::actor::work::error::WorkError;
use crate::actor::work::local::{Entry, Outcome, Place};
use crate::actor::work::offload::Remote;
use crate::actor::work::order::{Oldest, Order};
use crate::mailbox::{Collector, Message, Returned, Returns, Shared};
use crate::panic::drop_contained;
use crate::runtime::Executor;
use crate::sync::{AtomicBool, Ordering};

pub(crate) struct Pieces<M> {
    shared: Arc<Shared<M>>,
    pieces: HashMap<u64, Piece<M>>,
    /// The pieces with a result, in the order of delivery. May contain aborted ones.
    ready: VecDeque<u64>,
    order: Order,
    deadlines: Deadlines,
    futures: FuturesUnordered<Entry<M>>,
    /// The polls of futures left in this call. Shared with all entries of the set.
    polls_left: Rc<Cell<u32>>,
    /// The number of calls that polled futures.
    calls: u32,
    bell: Arc<Bell<M>>,
    bell_waker: Waker,
    collector: Collector<M>,
    limit: usize,
    /// [`Self::end`] for the drop: a context exists for every type `M`, so that the error for a
    /// type without `Message` comes once, and only a real message type has work.
    end: fn(&mut Self),
}

struct Piece<M> {
    state: State<M>,
    is_ordered: bool,
}

enum State<M> {
    /// A future of the actor.
    Local(Rc<Place<M>>),
    /// Work on another thread.
    Remote(Arc<dyn Remote<M>>),
    Ready(M),
}

/// How a piece is started.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    pub(super) is_ordered: bool,
    pub(super) deadline: Option<Instant>,
}

/// Rung by the waker of every future. One interrupt for any number of woken futures, and no poll of
/// the set while none is woken.
struct Bell<M> {
    is_rung: AtomicBool,
    returns: Arc<Returns<M>>,
}

impl<M: Message> Wake for Bell<M> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Release, before the interrupt: the turn that follows sees the mark.
        self.is_rung.store(true, Ordering::Release);
        self.returns.interrupt();
    }
}

/// The limit on work in flight, unless the actor sets another one.
pub(super) const LIMIT: usize = 65_536;

/// At most about this many results, deadlines and futures have their turn in one call. Then the
/// lanes, the timers and the actor's neighbours have theirs.
const AT_ONCE: u32 = 32;

impl<M: Message> Pieces<M> {
    pub(in crate::actor) fn new(shared: Arc<Shared<M>>) -> Self {
        let collector = Collector::new(Arc::clone(&shared));
        let returns = Arc::clone(collector.returns());
        let bell = Arc::new(Bell { is_rung: AtomicBool::new(false), returns });
        Self {
            shared,
            pieces: HashMap::new(),
            ready: VecDeque::new(),
            order: Order::new(),
            deadlines: Deadlines::new(),
            futures: FuturesUnordered::new(),
            polls_left: Rc::new(Cell::new(0)),
            calls: 0,
            bell_waker: Waker::from(Arc::clone(&bell)),
            bell,
            collector,
            limit: LIMIT,
            end: Self::end,
        }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Returns whether another piece may start. Work on other threads counts until its thread drops
    /// it, also after an abort.
    pub(super) fn has_room(&self) -> bool {
        // Two shares belong to the bell and the collector.
        let on_threads = self.collector.shares().saturating_sub(1);
        self.pieces.len().max(on_threads) < self.limit
    }

    pub(super) fn returns(&self) -> &Arc<Returns<M>> {
        self.collector.returns()
    }

    /// Returns the number of a new piece.
    pub(super) fn number(&self) -> u64 {
        self.shared.make_beside().number_of_work()
    }

    pub(super) fn add_local(&mut self, id: u64, manner: Manner, place: Rc<Place<M>>) {
        let polls_left = Rc::clone(&self.polls_left);
        self.futures.push(Entry { id, place: Rc::clone(&place), polls_left });
        // A new future has no waker yet.
        self.bell.is_rung.store(true, Ordering::Relaxed);
        self.add(id, manner, State::Local(place));
    }

    pub(super) fn add_remote(&mut self, id: u64, manner: Manner, remote: Arc<dyn Remote<M>>) {
        self.add(id, manner, State::Remote(remote));
    }

    /// Adds a piece that was not started, with its message.
    pub(super) fn add_refused(&mut self, id: u64, message: Option<M>) {
        match message.and_then(|message| self.shared.with_lane(message)) {
            Some(message) => {
                self.add(id, Manner::default(), State::Ready(message));
                self.ready.push_back(id);
            }
            None => self.shared.make_beside().work_is_lost(1, 0),
        }
    }

    fn add(&mut self, id: u64, Manner { is_ordered, deadline }: Manner, state: State<M>) {
        if is_ordered {
            let (in_flight, pieces) = (self.pieces.len(), &self.pieces);
            self.order.add(id, in_flight, |id| pieces.contains_key(&id));
        }
        if let Some(at) = deadline {
            let (in_flight, pieces) = (self.pieces.len(), &self.pieces);
            self.deadlines.add(at, id, in_flight, |id| is_in_flight(pieces, id));
        }
        self.pieces.insert(id, Piece { state, is_ordered });
    }

    /// Ends a piece without a message. Returns whether there was one.
    pub(super) fn abort(&mut self, id: u64) -> bool {
        let Some(piece) = self.pieces.remove(&id) else { return false };
        let is_ordered = piece.is_ordered;
        piece.state.forget();
        if is_ordered {
            self.release_ordered();
        }
        if self.pieces.is_empty() {
            // The set is polled only while work is in flight. All its futures were dropped.
            self.futures.clear();
        }
        true
    }

    /// Records the result of a piece.
    fn arrive(&mut self, id: u64, message: Option<M>) {
        let message = message.and_then(|message| self.shared.with_lane(message));
        let Some(piece) = self.pieces.get_mut(&id) else {
            // Aborted, or its deadline has passed.
            drop(drop_contained(message));
            return;
        };
        let is_ordered = piece.is_ordered;
        match message {
            Some(message) => {
                // The piece itself: its drop runs nothing of the program.
                drop(mem::replace(&mut piece.state, State::Ready(message)));
                if !is_ordered {
                    self.ready.push_back(id);
                }
            }
            None => {
                self.pieces.remove(&id);
                self.shared.make_beside().work_is_lost(1, 0);
            }
        }
        if is_ordered {
            self.release_ordered();
        }
    }

    fn release_ordered(&mut self) {
        let pieces = &self.pieces;
        while let Some(id) = self.order.next(|id| match pieces.get(&id) {
            None => Oldest::Gone,
            Some(Piece { state: State::Ready(_), .. }) => Oldest::Ready,
            Some(_) => Oldest::InFlight,
        }) {
            self.ready.push_back(id);
        }
    }

    /// Returns the next message: of offloaded work, of a passed deadline, or of a future.
    pub(crate) fn poll_message(&mut self, executor: &dyn Executor) -> Option<M> {
        for _ in 0..AT_ONCE {
            let Some(Returned { id, message }) = self.collector.next() else { break };
            self.arrive(id, message);
        }
        if !self.deadlines.is_empty() {
            self.pass_deadlines(executor);
        }
        self.begin_polls();
        loop {
            while let Some(id) = self.ready.pop_front() {
                if let Some(Piece { state: State::Ready(message), .. }) = self.pieces.remove(&id) {
                    return Some(message);
                }
            }
            // One result at a time, so that the messages of the lanes have their turn.
            if self.polls_left.get() == 0 || !self.poll_futures() {
                break;
            }
        }
        if self.polls_left.get() == 0 || self.collector.holds_any() {
            // The rest has the next turn.
            self.bell_waker.wake_by_ref();
        }
        None
    }

    /// The number of polls varies between the calls. Each call may pass over two woken futures, and
    /// with a constant number these could be the same two in each round.
    fn begin_polls(&mut self) {
        if self.bell.is_rung.load(Ordering::Relaxed) {
            self.calls = self.calls.wrapping_add(1);
        }
        let varied = self.calls.wrapping_mul(0x9e37_79b1) >> 28;
        self.polls_left.set(AT_ONCE - varied);
    }

    /// Polls the woken futures until one of them ends. Returns whether one did.
    fn poll_futures(&mut self) -> bool {
        if !self.bell.is_rung.load(Ordering::Relaxed) {
            return false;
        }
        // Acquire: pairs with the Release of the bell. Cleared before the poll, which may ring it.
        self.bell.is_rung.swap(false, Ordering::Acquire);
        let mut cx = Context::from_waker(&self.bell_waker);
        match Pin::new(&mut self.futures).poll_next(&mut cx) {
            Poll::Ready(Some((id, outcome))) => {
                // More of them may have been woken.
                self.bell.is_rung.store(true, Ordering::Relaxed);
                if let Outcome::Done(message) = outcome {
                    self.arrive(id, message);
                }
                true
            }
            Poll::Ready(None) | Poll::Pending => false,
        }
    }

    fn pass_deadlines(&mut self, executor: &dyn Executor) {
        let now = executor.now();
        for _ in 0..AT_ONCE {
            let Some(id) = self.deadlines.take_due(now) else { return };
            let failed = match self.pieces.get(&id).map(|piece| &piece.state) {
                Some(State::Local(place)) => Some(place.fail(WorkError::DeadlinePassed)),
                Some(State::Remote(remote)) => remote.fail(WorkError::DeadlinePassed),
                Some(State::Ready(_)) | None => None,
            };
            if let Some(message) = failed {
                self.arrive(id, message);
            }
        }
    }

    /// Returns `Ready` once a deadline has come. Called before the actor's task waits.
    pub(crate) fn poll_deadline(
        &mut self,
        executor: &dyn Executor,
        task: &mut Context<'_>,
    ) -> Poll<()> {
        if self.deadlines.is_empty() {
            return Poll::Pending;
        }
        let pieces = &self.pieces;
        self.deadlines.poll(|id| is_in_flight(pieces, id), executor, task)
    }

    /// Returns whether a message may be ready.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.is_empty()
            || self.collector.holds_any()
            || self.bell.is_rung.load(Ordering::Relaxed)
    }

    /// Ends all work. Results in time are left in the mailbox, and everything else is lost.
    fn end(&mut self) {
        while let Some(Returned { id, message }) = self.collector.next_of_last() {
            self.arrive(id, message);
        }
        let mut lost = 0;
        let mut in_flight = 0;
        let mut left = Vec::new();
        for id in mem::take(&mut self.ready) {
            left.extend(self.pieces.remove(&id));
        }
        // The results that wait for an older one.
        let mut rest: Vec<_> = mem::take(&mut self.pieces).into_iter().collect();
        rest.sort_unstable_by_key(|(id, _)| *id);
        left.extend(rest.into_iter().map(|(_, piece)| piece));
        for piece in left {
            match piece.state {
                State::Ready(message) => {
                    if let Err(refused) = self.shared.make_beside().left().push(message) {
                        drop(drop_contained(refused));
                        lost += 1;
                    }
                }
                state => {
                    state.forget();
                    in_flight += 1;
                }
            }
        }
        if lost + in_flight > 0 {
            self.shared.make_beside().work_is_lost(lost + in_flight, in_flight);
        }
    }
}

impl<M> Drop for Pieces<M> {
    fn drop(&mut self) {
        (self.end)(self);
    }
}

impl<M> State<M> {
    /// Drops what the piece holds, without a message.
    fn forget(self) {
        match self {
            Self::Local(place) => place.forget(),
            Self::Remote(remote) => remote.forget(),
            Self::Ready(message) => drop(drop_contained(message)),
        }
    }
}

fn is_in_flight<M>(pieces: &HashMap<u64, Piece<M>>, id: u64) -> bool {
    pieces.get(&id).is_some_and(|piece| !matches!(piece.state, State::Ready(_)))
}
