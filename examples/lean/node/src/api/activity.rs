//! The current occupation of a connection: it waits for a request, computes an answer, or writes
//! one.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

/// An answer without progress for this time no longer protects its connection.
const STALLED: Duration = Duration::from_secs(1);

/// A connection's occupation, shared between its task and the table of places.
#[derive(Debug)]
pub(super) struct Activity {
    state: Cell<State>,
    requests: Cell<u32>,
    /// The time at which the connection may send no further request.
    end: Instant,
}

#[derive(Clone, Copy, Debug)]
struct State {
    is_computing: bool,
    /// The number of answers whose bytes are not yet all with the writer. Requests sent ahead can
    /// cause several.
    unwritten: u32,
    /// Set from an answer's start until the socket has all bytes.
    writing: Option<Writing>,
    waiting_since: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Writing {
    since: Instant,
    last_progress: Instant,
    bytes: u64,
    is_blocked: bool,
}

/// The order in which connections are replaced. Connections without a rank are not replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It has waited for a request since this time. An incomplete request counts as none.
    Waiting(Instant),
    /// Its answer has made no progress since this time.
    Stalled(Instant),
    /// It still writes, and its lifetime is over since this time.
    Over(Instant),
}

impl Activity {
    /// A new connection, which may send requests until `end`.
    pub(super) fn new(now: Instant, end: Instant) -> Self {
        let state = State { is_computing: false, unwritten: 0, writing: None, waiting_since: now };
        Self { state: Cell::new(state), requests: Cell::new(0), end }
    }

    /// Records a request's head. Returns the number of requests so far, this one included.
    pub(super) fn requested(&self) -> u32 {
        self.requests.set(self.requests.get().saturating_add(1));
        self.requests.get()
    }

    /// Records a complete request.
    pub(super) fn received(&self) {
        self.update(|state| state.is_computing = true);
    }

    /// Records a computed answer.
    pub(super) fn answered(&self, now: Instant) {
        self.update(|state| {
            state.is_computing = false;
            state.unwritten += 1;
            let new = Writing { since: now, last_progress: now, bytes: 0, is_blocked: false };
            state.writing.get_or_insert(new);
        });
    }

    /// Records that the writer has all bytes of an answer.
    pub(super) fn handed_over(&self) {
        self.update(|state| state.unwritten = state.unwritten.saturating_sub(1));
    }

    /// Records bytes taken by the socket.
    pub(super) fn wrote(&self, bytes: usize, now: Instant) {
        self.update(|state| {
            if let Some(writing) = &mut state.writing {
                writing.bytes = writing.bytes.saturating_add(bytes as u64);
                writing.last_progress = now;
                writing.is_blocked = false;
            }
        });
    }

    /// Records that the socket takes no bytes now. Returns whether it took some before.
    pub(super) fn blocked(&self) -> bool {
        let mut is_new = false;
        self.update(|state| {
            if let Some(writing) = &mut state.writing {
                is_new = !std::mem::replace(&mut writing.is_blocked, true);
            }
        });
        is_new
    }

    /// Records that the socket has taken all bytes of the writer.
    pub(super) fn flushed(&self, now: Instant) {
        self.update(|state| {
            if state.unwritten == 0 && state.writing.take().is_some() {
                state.waiting_since = now;
            }
        });
    }

    /// Returns the connection's rank among those that may be replaced, if it may be.
    pub(super) fn rank(&self, now: Instant) -> Option<Rank> {
        let State { is_computing, writing, waiting_since, .. } = self.state.get();
        match writing {
            _ if is_computing => None,
            None => Some(Rank::Waiting(waiting_since)),
            Some(writing) if now.duration_since(writing.last_progress) >= STALLED => {
                Some(Rank::Stalled(writing.last_progress))
            }
            Some(_) => (self.end <= now).then_some(Rank::Over(self.end)),
        }
    }

    /// Returns the bytes per second read by the client, if the answer waits for it to read.
    pub(super) fn reading_speed(&self, now: Instant) -> Option<u64> {
        let writing = self.state.get().writing.filter(|writing| writing.is_blocked)?;
        // The socket takes the first bytes at once, however slow the client is.
        let seconds = now.duration_since(writing.since).as_secs().max(1);
        Some(writing.bytes / seconds)
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.get();
        change(&mut state);
        self.state.set(state);
    }
}
