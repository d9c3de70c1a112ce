//! One round of a watchdog's look: what its decisions need, as plain data.

use std::sync::Arc;
use std::time::Duration;

use actor_core::mailbox::ActorSeen;

/// One round.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// The actors of the system, and those of other systems that one of them waits for, directly or
    /// through others.
    pub(crate) actors: Vec<ActorRound>,
    pub(crate) executors: Vec<ExecutorRound>,
}

/// One actor.
#[derive(Debug, Default)]
pub(crate) struct ActorRound {
    pub(crate) path: Arc<str>,
    /// The name of the other system, if it is not an actor of this one.
    pub(crate) other_system: Option<Arc<str>>,
    /// The index of its executor in the round. `None` for an actor of another system.
    pub(crate) executor: Option<usize>,
    pub(crate) seen: ActorSeen,
    pub(crate) lanes: Vec<LaneRound>,
}

/// One lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LaneRound {
    pub(crate) name: &'static str,
    pub(crate) accepted: u64,
    /// Messages taken by the actor with an outcome: handled, expired or cancelled.
    pub(crate) handled: u64,
    pub(crate) waiting: u64,
}

/// One executor.
#[derive(Debug, Default)]
pub(crate) struct ExecutorRound {
    pub(crate) name: Arc<str>,
    /// The number of its thread, once an actor had a turn there.
    pub(crate) thread: Option<u32>,
    /// For how long its thread has waited for a processor since its start, if that is known.
    pub(crate) processor_wait: Option<Duration>,
}
