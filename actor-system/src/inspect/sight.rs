//! What one look reads, for an inspection and for a watchdog.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actor_core::mailbox::{ActorSeen, LaneStats, SeenWait, Sleep};

use crate::executors::Slot;
use crate::inspect::data::{Doing, InHand, WaitFor, WaitView};
use crate::inspect::everyone;
use crate::inspect::round::{ActorRound, ExecutorRound, LaneRound, Round};
use crate::inspect::threads::processor_wait;
use crate::system::{Entry, Shared};

/// The actors of other systems that one round follows.
const MOST_OTHERS: usize = 256;

/// One look at the actors and executors of a system.
pub(crate) struct Sight {
    pub(crate) actors: Vec<ActorSight>,
    pub(crate) slots: Vec<Arc<Slot>>,
}

pub(crate) struct ActorSight {
    pub(crate) entry: Arc<Entry>,
    pub(crate) seen: ActorSeen,
    pub(crate) lanes: Vec<LaneStats>,
    /// For at least how long it has had its message in hand, or its turn without one.
    pub(crate) at_least: Duration,
}

impl Sight {
    pub(crate) fn of(shared: &Shared) -> Self {
        let now = shared.uptime();
        let look = |entry: Arc<Entry>| {
            let seen = entry.running.seen();
            let at_least = entry.since.look(state_of(&seen), now).unwrap_or_default();
            let lanes = entry.running.lanes();
            ActorSight { entry, seen, lanes, at_least }
        };
        let actors = shared.members().into_iter().map(look).collect();
        Self { actors, slots: shared.slots() }
    }

    /// Returns the actors on one executor.
    pub(crate) fn on(&self, slot: &Slot) -> impl Iterator<Item = &ActorSight> {
        self.actors.iter().filter(|actor| actor.entry.facts.thread == slot.name)
    }

    /// Returns the look as a round of a watchdog, with the actors of other systems that its own
    /// ones wait for.
    pub(crate) fn into_round(self) -> Round {
        let executors: Vec<_> = self.slots.iter().map(|slot| self.executor_round(slot)).collect();
        let places: HashMap<_, _> =
            executors.iter().enumerate().map(|(i, executor)| (executor.name.clone(), i)).collect();
        let own = self.actors.into_iter().map(|actor| ActorRound {
            path: Arc::clone(&actor.entry.facts.path),
            other_system: None,
            executor: places.get(&actor.entry.facts.thread).copied(),
            lanes: actor.lanes.iter().map(lane_round).collect(),
            seen: actor.seen,
        });
        let mut actors: Vec<_> = own.collect();
        add_others(&mut actors);
        Round { actors, executors }
    }

    fn executor_round(&self, slot: &Slot) -> ExecutorRound {
        let thread = self.thread_of(slot);
        let is_busy = self.on(slot).any(|actor| actor.seen.sleep == Sleep::Awake);
        let processor_wait = thread.filter(|_| is_busy).and_then(processor_wait);
        ExecutorRound { name: Arc::clone(&slot.name), thread, processor_wait }
    }

    /// Returns the thread on which the actors of an executor had their last turns.
    pub(crate) fn thread_of(&self, slot: &Slot) -> Option<u32> {
        let latest = self.on(slot).max_by_key(|actor| (actor.seen.has_turn, actor.seen.turns));
        latest?.seen.thread
    }
}

/// What an actor is at, as a number that changes with each message.
fn state_of(seen: &ActorSeen) -> Option<u64> {
    match (seen.in_hand, seen.has_turn) {
        (Some(_), _) => Some(2 * seen.ended),
        (None, true) => Some(2 * seen.turns + 1),
        (None, false) => None,
    }
}

fn lane_round(lane: &LaneStats) -> LaneRound {
    LaneRound {
        name: lane.name,
        accepted: lane.accepted,
        handled: lane.handled + lane.expired + lane.cancelled,
        waiting: lane.depth,
    }
}

/// Adds the actors of other systems that the actors wait for, and those that these wait for.
fn add_others(actors: &mut Vec<ActorRound>) {
    let next = |seen: &ActorSeen| {
        let waits = seen.waits.iter().map(|wait| wait.number);
        waits.chain(seen.passes_on.iter().copied()).collect::<Vec<_>>()
    };
    let mut to_find: VecDeque<u64> = actors.iter().flat_map(|actor| next(&actor.seen)).collect();
    let mut found = 0;
    while let Some(number) = to_find.pop_front().filter(|_| found < MOST_OTHERS) {
        if actors.iter().any(|actor| actor.seen.number == number) {
            continue;
        }
        let Some(entry) = everyone::find(number) else { continue };
        let seen = entry.running.seen();
        to_find.extend(next(&seen));
        found += 1;
        actors.push(ActorRound {
            path: Arc::clone(&entry.facts.path),
            other_system: Some(Arc::clone(&entry.facts.system)),
            seen,
            ..ActorRound::default()
        });
    }
}

/// Returns what an actor does.
pub(crate) fn doing_of(seen: &ActorSeen, at_least: Duration) -> Doing {
    let message = seen.in_hand.map(|message| InHand {
        lane: message.lane.to_owned(),
        kind: message.kind.map(str::to_owned),
    });
    match (message, seen.has_turn, seen.sleep) {
        (Some(message), true, _) => Doing::Handling { message, at_least },
        (Some(message), false, _) => Doing::Awaiting { message, at_least },
        (None, _, _) if !seen.has_started => Doing::Starting,
        (None, _, Sleep::Awake | Sleep::ForOther) if seen.is_closed => Doing::Stopping,
        (None, true, _) => Doing::Turning,
        (None, false, Sleep::Awake) => Doing::Ready,
        (None, false, Sleep::ForMessages) => Doing::Idle,
        (None, false, Sleep::ForOther) => Doing::Resting,
    }
}

/// Returns the waits of an actor's handler. `name` returns the path and the system of an actor.
pub(crate) fn waits_of(
    seen: &ActorSeen,
    name: impl Fn(u64) -> Option<(String, Option<String>)>,
) -> Vec<WaitView> {
    let view = |wait: &SeenWait| {
        let (actor, system) = name(wait.number).unzip();
        let what = if wait.is_for_room { WaitFor::Room } else { WaitFor::Answer };
        WaitView { actor, system: system.flatten(), what }
    };
    seen.waits.iter().map(view).collect()
}
