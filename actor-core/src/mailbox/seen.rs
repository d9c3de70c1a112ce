//! What a look from another thread finds of an actor at work.

use std::sync::Arc;

use crate::mailbox::figures::InHand;
use crate::mailbox::signal::Sleep;

/// A look at one actor, for an owner of executors such as a system. Without a promise of stability.
///
/// Its parts are read one after another while the actor runs.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct ActorSeen {
    /// The number of the named actor, different for each one of the process. 0 without a name.
    pub number: u64,
    /// The actor's name.
    pub name: Option<Arc<str>>,
    /// Whether `started` has returned.
    pub has_started: bool,
    /// Whether the mailbox is closed.
    pub is_closed: bool,
    /// How often the actor has been started again.
    pub restarts: u64,
    /// The number of begun turns. 0 without a name.
    pub turns: u64,
    /// Whether the last turn still lasts. False without a name.
    pub has_turn: bool,
    /// The number of the thread of the last turn for the operating system.
    pub thread: Option<u32>,
    /// The message in hand.
    pub in_hand: Option<InHand>,
    /// The number of messages with an end: with the same message in hand, it stays the same.
    pub ended: u64,
    /// Whether the actor's task sleeps.
    pub sleep: Sleep,
    /// Armed timers, as of the last turn.
    pub timers: usize,
    /// Work in flight, as of the last turn.
    pub work: usize,
    /// Work that ended without a message.
    pub lost_work: u64,
    /// Attached streams, as of the last turn.
    pub streams: usize,
    /// The waits of its handler for other actors.
    pub waits: Vec<SeenWait>,
    /// The numbers of the actors that it passes messages on to, such as the workers of a queue.
    pub passes_on: Vec<u64>,
}

/// One wait of a handler for another actor.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenWait {
    /// The number of the other actor. 0 if it has no name.
    pub number: u64,
    /// Whether it waits for room in a lane. Otherwise it waits for an answer.
    pub is_for_room: bool,
    /// Different for each wait of one actor: a wait seen twice has lasted in between.
    pub stamp: u64,
}
