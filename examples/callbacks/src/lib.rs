//! A Rust library with an actor, for a host in C: callbacks enqueue, and the actor owns the state.
//!
//! ```c
//! struct votes;
//! struct votes *votes_start(void);
//! bool votes_on_vote(const struct votes *votes, uint64_t slot);  /* any thread; false: full */
//! uint64_t votes_stop(struct votes *votes);                      /* returns the number counted */
//! ```
#![expect(unsafe_code, reason = "C passes raw pointers, and finds functions by their names")]

use std::ptr::null_mut;
use std::time::Duration;

use actor_lanes::runtime::ThreadRuntime;
use actor_lanes::{Actor, Context, Handle, Message, Reply, Running, Runtime, ThreadConfig, spawn};

/// Timeout of each wait.
const PATIENCE: Duration = Duration::from_secs(10);

enum Vote {
    Cast(u64),
    Count(Reply<u64>),
}

impl Message for Vote {}

/// Owns the count. Only its thread accesses it, so there is no lock.
#[derive(Default)]
struct Counter {
    votes: u64,
    last_slot: u64,
}

impl Actor for Counter {
    type Message = Vote;

    async fn handle(&mut self, vote: Vote, _cx: &mut Context<Vote>) {
        match vote {
            Vote::Cast(slot) => {
                self.votes += 1;
                self.last_slot = self.last_slot.max(slot);
            }
            Vote::Count(reply) => reply.send(self.votes),
        }
    }
}

/// The handle for C, and the spawner's side.
#[derive(Debug)]
pub struct Votes {
    handle: Handle<Vote>,
    running: Running,
}

/// Starts the actor on a thread of its own. NULL: the system gave no thread.
#[unsafe(no_mangle)]
pub extern "C" fn votes_start() -> *mut Votes {
    let runtime = ThreadRuntime::new();
    let start = || -> Result<Votes, Box<dyn std::error::Error>> {
        let executor = runtime.start_executor(ThreadConfig::named("votes"))?;
        let (handle, running) = spawn(&executor, Counter::default)?;
        Ok(Votes { handle, running })
    };
    start().map_or(null_mut(), |votes| Box::into_raw(Box::new(votes)))
}

/// The callback: enqueues one vote, on any thread, without a wait. Returns false if the lane is
/// full or the actor has ended.
///
/// # Safety
///
/// `votes` is from `votes_start`, and not stopped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn votes_on_vote(votes: *const Votes, slot: u64) -> bool {
    // SAFETY: the caller's promise. A handle serves any number of threads.
    let votes = unsafe { &*votes };
    votes.handle.try_tell(Vote::Cast(slot)).is_ok()
}

/// Handles what was enqueued, stops the actor, and returns the number of votes.
///
/// # Safety
///
/// `votes` is from `votes_start`, and no other call uses it now or later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn votes_stop(votes: *mut Votes) -> u64 {
    // SAFETY: the caller's promise.
    let Votes { handle, running } = *unsafe { Box::from_raw(votes) };
    let counted = handle.ask_blocking(Vote::Count, PATIENCE).unwrap_or(0);
    running.stop(PATIENCE);
    running.join_blocking(PATIENCE).map_or(0, |_exit| counted)
}
