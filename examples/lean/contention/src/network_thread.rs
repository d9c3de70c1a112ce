//! The thread that stands for the network: replays the recorded load at its times and measures every call into the node.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use chain::{Request, Wanted};
use network::{BlocksResponse, RequestFailure};

use super::ContentionError;
use super::recording::{Incoming, Recording};
use super::site::Site;
use super::timeline::Timeline;

/// How long a peer takes to answer.
const ROUND_TRIP: Duration = Duration::from_millis(5);

/// How long after the last event the node gets to work off what it was given.
const PATIENCE: Duration = Duration::from_secs(60);

/// How the network thread reaches the chain.
pub(super) trait Dispatch {
    /// Makes one call and tells what it cost this thread.
    fn call(&mut self, call: Incoming) -> Cost;

    /// Takes up what the node has for the network, and gives the blocks that it asks peers for. Registers the waker for
    /// more.
    fn turn(&mut self, cx: &mut Context<'_>) -> Vec<Request>;

    /// Says whether everything that was given to the node has been worked off.
    fn is_idle(&self) -> bool;
}

/// What a call cost the thread that made it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// From the call to its return.
    pub(super) total: Duration,
    /// How much of it was spent on waiting for a lock.
    pub(super) waited: Duration,
}

/// One call, measured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// How long what came had lain in its socket, because this thread was in the calls before.
    pub(super) lay: Duration,
    /// What the call cost.
    pub(super) cost: Cost,
}

/// Each call of the network thread, by its site.
pub(super) type Calls = BTreeMap<Site, Vec<Call>>;

/// Replays a recording on this thread, and waits until the node has worked everything off and counted all votes.
///
/// # Errors
///
/// [`ContentionError::NotDrained`] when it has not within [`PATIENCE`].
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
        let next = events.peek().map(|event| event.at).into_iter().chain(answers.front().map(|(at, _)| *at)).min();
        let wake = match (next, end) {
            (Some(next), _) => next,
            (None, None) if dispatch.is_idle() => *end.insert(timeline.all_counted(now)),
            // It is worked off by others, whose messages wake this thread; not all of them lead to one.
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

/// Gives what a peer that has every block answers.
fn answer(request: Request, recording: &Recording) -> BlocksResponse {
    let outcome = match request.wanted {
        Wanted::Block(root) => {
            recording.blocks.get(&root).map(|block| vec![block.clone()]).ok_or(RequestFailure::Timeout)
        }
        // Nobody is ever far behind here.
        Wanted::Range(_) => Err(RequestFailure::Unsupported),
    };
    BlocksResponse { request_id: request.id, peer: request.peer, outcome }
}

/// Wakes the network thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
