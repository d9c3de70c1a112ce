//! The thread standing in for the network. It replays the recorded load at the recorded times, and
//! measures every call into the node.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use chain::{Request, Wanted};
use network::{AnswerCredit, BlocksResponse, RequestFailure};

use super::ContentionError;
use super::recording::{Incoming, Recording};
use super::site::Site;
use super::timeline::Timeline;

/// The time from a request to a peer's answer.
const ROUND_TRIP: Duration = Duration::from_millis(5);

/// The time limit for the node to process its load, counted from the last event.
const PATIENCE: Duration = Duration::from_secs(60);

/// A way for the network thread to call the chain.
pub(super) trait Dispatch {
    /// Makes one call, and returns its cost for the calling thread.
    fn call(&mut self, call: Incoming) -> Cost;

    /// Takes the node's output for the network, and returns its block requests to peers. Registers
    /// the waker for further output.
    fn turn(&mut self, cx: &mut Context<'_>) -> Vec<Request>;

    /// Returns whether the node has processed all its input.
    fn is_idle(&self) -> bool;
}

/// The cost of a call for the calling thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// The time from the call to its return.
    pub(super) total: Duration,
    /// The part of it spent waiting for a lock.
    pub(super) waited: Duration,
}

/// The measurement of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// The delay of the input in its socket, caused by earlier calls on this thread.
    pub(super) lay: Duration,
    /// The cost of the call.
    pub(super) cost: Cost,
}

/// All calls of the network thread, by site.
pub(super) type Calls = BTreeMap<Site, Vec<Call>>;

/// Replays a recording on this thread. Returns when the node has processed all input and counted
/// all votes.
///
/// # Errors
///
/// [`ContentionError::NotDrained`] when the node needs longer than [`PATIENCE`] after the last
/// event.
pub(super) fn replay<D: Dispatch>(
    dispatch: &mut D,
    recording: &Recording,
    timeline: &Timeline,
) -> Result<Calls, ContentionError> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    let mut calls = Calls::new();
    let mut make = |dispatch: &mut D, call: Incoming, lay| {
        let site = call.site();
        let cost = dispatch.call(call);
        calls.entry(site).or_default().push(Call { lay, cost });
    };
    let mut events = recording.events.iter().peekable();
    let mut answers: VecDeque<(Duration, BlocksResponse)> = VecDeque::new();
    let mut end = None;
    let last = recording.events.last().map_or(Duration::ZERO, |event| event.at);
    loop {
        for request in dispatch.turn(&mut cx) {
            answers.push_back((timeline.now() + ROUND_TRIP, answer(request, recording)));
        }
        let now = timeline.now();
        let is_answer_due = answers.front().is_some_and(|(at, _)| *at <= now);
        if is_answer_due && let Some((at, response)) = answers.pop_front() {
            make(dispatch, Incoming::Blocks(response), now - at);
            continue;
        }
        if let Some(event) = events.next_if(|event| event.at <= now && timeline.has_begun()) {
            make(dispatch, event.call.clone(), now - event.at);
            continue;
        }
        let next = events
            .peek()
            .map(|event| event.at)
            .into_iter()
            .chain(answers.front().map(|(at, _)| *at))
            .min();
        let wake = match (next, end) {
            (Some(next), _) => next,
            (None, None) if dispatch.is_idle() => *end.insert(timeline.all_counted(now)),
            // Other threads are processing the input. Not all of their steps wake this thread, so
            // it also wakes after a round trip.
            (None, None) if now < last + PATIENCE => now + ROUND_TRIP,
            (None, None) => return Err(ContentionError::NotDrained(PATIENCE)),
            (None, Some(end)) if now < end => end,
            (None, Some(_)) if dispatch.is_idle() => return Ok(calls),
            (None, Some(_)) => {
                end = None;
                continue;
            }
        };
        thread::park_timeout(timeline.until(wake));
    }
}

/// Returns the answer of a peer that has every block.
fn answer(request: Request, recording: &Recording) -> BlocksResponse {
    let outcome = match request.wanted {
        Wanted::Block(root) => recording
            .blocks
            .get(&root)
            .map(|block| vec![block.clone()])
            .ok_or(RequestFailure::Timeout),
        // The node is never far behind in this load, so ranges are not supported.
        Wanted::Range(_) => Err(RequestFailure::Unsupported),
    };
    BlocksResponse {
        request_id: request.id,
        peer: request.peer,
        outcome,
        credit: AnswerCredit::default(),
    }
}

/// Wakes the network thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
