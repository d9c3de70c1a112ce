//! The decisions of a watchdog: rounds in, findings out. No clock, no thread, no system.
//!
//! # Time
//!
//! A problem must last for the budget. Its time is the sum of the rounds that found it, and a round
//! counts less than the time since the last one in these cases:
//!
//! | case | counted |
//! |---|---|
//! | the round comes late, after more than two periods: the process was stopped | half a period |
//! | the thread waited for a processor in between | without that time |
//! | a handler awaits, and its executor gives no turns because of another actor | nothing |
//!
//! So a paused process, a suspended machine and a slow one raise no false alarm.
//!
//! # Same problem
//!
//! A problem has a key: it is the same one as long as rounds in a row find the key. A handler is
//! known by its actor and the number of messages ended before. A wait is known by its stamp
//! (`waits` in the core), so a ring of old waits was closed at one moment.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use actor_core::mailbox::{ActorSeen, Sleep};

use crate::inspect::data::Doing;
use crate::inspect::finding::{Finding, Problem};
use crate::inspect::ring::{Ring, rings};
use crate::inspect::round::{ActorRound, Round};
use crate::inspect::sight::{doing_of, waits_of};
use crate::inspect::threads::ThreadView;

/// The problems that last at the same time and are reported. Further ones are not.
pub(crate) const MOST: usize = 256;

/// The limits of a watchdog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) budget: Duration,
    pub(crate) every: Duration,
    pub(crate) filling: Duration,
}

/// What makes a problem the same one in the next round.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Handler(u64, State),
    Ring(Ring),
    Executor(String),
    Lane(u64, usize),
}

/// What an actor is at. It changes with each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    InHand {
        ended: u64,
    },
    InTurn {
        turns: u64,
    },
    /// Its first `started` awaits something.
    Starts,
    /// Its `stopped` awaits something, or its end does.
    Stops,
}

/// An actor in the last round.
#[derive(Debug)]
struct Actor {
    state: Option<State>,
    held: Duration,
    turns: u64,
    had_turn: bool,
    lanes: Vec<Filling>,
}

/// A lane since the last message taken from it.
#[derive(Clone, Copy, Debug)]
struct Filling {
    handled: u64,
    accepted: u64,
    held: Duration,
}

/// An executor in the last round.
#[derive(Debug, Default)]
struct Executor {
    turns: u64,
    held: Duration,
    processor_wait: Option<Duration>,
}

/// A problem that has been reported.
#[derive(Debug)]
struct Lasting {
    problem: Problem,
    lasted: Duration,
}

/// The decisions, with what they remember of earlier rounds.
#[derive(Debug)]
pub(crate) struct Engine {
    limits: Limits,
    last: Option<Duration>,
    actors: HashMap<u64, Actor>,
    executors: HashMap<String, Executor>,
    /// For how long each wait has lasted, by actor and stamp.
    waits: HashMap<(u64, u64), Duration>,
    lasting: BTreeMap<Key, Lasting>,
}

impl Engine {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            last: None,
            actors: HashMap::new(),
            executors: HashMap::new(),
            waits: HashMap::new(),
            lasting: BTreeMap::new(),
        }
    }

    /// Decides about one round. `now` is the time on any steady clock.
    pub(crate) fn round(&mut self, system: &str, now: Duration, round: &Round) -> Vec<Finding> {
        let credit = self.credit(now);
        let credits = self.look_at_executors(round, credit);
        self.look_at_actors(round, &credits);
        self.look_at_waits(round, credit);
        let found = self.problems(round);
        self.report(system, credit, found)
    }

    /// Ends all problems.
    pub(crate) fn end(&mut self, system: &str) -> Vec<Finding> {
        self.report(system, Duration::ZERO, Vec::new())
    }

    /// Returns the time that this round counts for.
    fn credit(&mut self, now: Duration) -> Duration {
        let Limits { every, .. } = self.limits;
        let since = self.last.replace(now).map_or(Duration::ZERO, |last| now.saturating_sub(last));
        if since > 2 * every { every / 2 } else { since }
    }

    /// Returns for each executor the time counted for an actor in its turn, and for others.
    fn look_at_executors(&mut self, round: &Round, credit: Duration) -> Vec<Credits> {
        let mut credits = Vec::with_capacity(round.executors.len());
        let mut next = HashMap::with_capacity(round.executors.len());
        for (index, executor) in round.executors.iter().enumerate() {
            let mut last = self.executors.remove(&*executor.name).unwrap_or_default();
            let waited = match (last.processor_wait, executor.processor_wait) {
                (Some(before), Some(now)) => now.saturating_sub(before),
                _ => Duration::ZERO,
            };
            let in_turn = credit.saturating_sub(waited);
            let on_it = || round.actors.iter().filter(|actor| actor.executor == Some(index));
            let turns = on_it().map(|actor| actor.seen.turns).sum();
            let is_same = |actor: &ActorRound| {
                self.actors.get(&actor.seen.number).is_some_and(|old| old.turns == actor.seen.turns)
            };
            let is_busy = on_it().any(|actor| actor.seen.has_turn);
            let is_held = on_it().any(|actor| actor.seen.has_turn && is_same(actor));
            let has_ready = on_it().any(|actor| is_ready(&actor.seen) && is_same(actor));
            let stands = has_ready && !is_busy && turns == last.turns;
            last.held = if stands { last.held + in_turn } else { Duration::ZERO };
            (last.turns, last.processor_wait) = (turns, executor.processor_wait);
            let awaiting = if is_held || stands { Duration::ZERO } else { in_turn };
            credits.push(Credits { in_turn, awaiting });
            next.insert(executor.name.to_string(), last);
        }
        self.executors = next;
        credits
    }

    fn look_at_actors(&mut self, round: &Round, credits: &[Credits]) {
        let mut next = HashMap::with_capacity(round.actors.len());
        for actor in &round.actors {
            let Some(credits) = actor.executor.and_then(|index| credits.get(index)) else {
                continue;
            };
            let (seen, state) = (&actor.seen, state_of(&actor.seen));
            let mut old = self.actors.remove(&seen.number).unwrap_or(Actor {
                state: None,
                held: Duration::ZERO,
                turns: 0,
                had_turn: false,
                lanes: Vec::new(),
            });
            let is_same = state.is_some() && state == old.state;
            // A turn that came between the rounds ends the wait for it.
            let credit = if seen.has_turn { credits.in_turn } else { credits.awaiting };
            old.held = if is_same { old.held + credit } else { Duration::ZERO };
            look_at_lanes(&mut old.lanes, actor, credits.in_turn);
            (old.state, old.turns, old.had_turn) = (state, seen.turns, seen.has_turn);
            next.insert(seen.number, old);
        }
        self.actors = next;
    }

    fn look_at_waits(&mut self, round: &Round, credit: Duration) {
        let mut next = HashMap::new();
        for actor in &round.actors {
            for wait in &actor.seen.waits {
                let key = (actor.seen.number, wait.stamp);
                let held = self.waits.get(&key).map_or(Duration::ZERO, |held| *held + credit);
                next.insert(key, held);
            }
        }
        self.waits = next;
    }

    /// Returns the problems of this round.
    fn problems(&self, round: &Round) -> Vec<(Key, Problem, Duration)> {
        let budget = self.limits.budget;
        let mut found = Vec::new();
        let is_old = |number, stamp| self.waits.get(&(number, stamp)).is_some_and(|h| *h >= budget);
        let mut explained = HashSet::new();
        for (ring, problem) in rings(round, is_old) {
            let held = ring.stamps().filter_map(|key| self.waits.get(&key)).min();
            explained.extend(ring.members());
            found.push((Key::Ring(ring), problem, held.copied().unwrap_or_default()));
        }
        let mut standing = HashSet::new();
        for (index, executor) in round.executors.iter().enumerate() {
            let held = self.executors.get(&*executor.name).map_or(Duration::ZERO, |old| old.held);
            if held >= budget {
                standing.insert(index);
                found.push((
                    Key::Executor(executor.name.to_string()),
                    executor_problem(round, index),
                    held,
                ));
            }
        }
        for actor in &round.actors {
            let Some(old) = self.actors.get(&actor.seen.number) else { continue };
            let number = actor.seen.number;
            if let Some(state) = old.state
                && old.held >= budget
                && !explained.contains(&number)
            {
                explained.insert(number);
                let key = Key::Handler(number, state);
                found.push((key, handler_problem(round, actor, old.held), old.held));
            }
            let is_explained = explained.contains(&number)
                || actor.executor.is_some_and(|index| standing.contains(&index));
            if is_explained {
                continue;
            }
            for (index, (lane, old)) in actor.lanes.iter().zip(&old.lanes).enumerate() {
                let accepted = lane.accepted.saturating_sub(old.accepted);
                if old.held >= self.limits.filling && accepted > 0 {
                    let problem = Problem::Lane {
                        actor: actor.path.to_string(),
                        lane: lane.name.to_owned(),
                        accepted,
                        waiting: lane.waiting,
                    };
                    found.push((Key::Lane(number, index), problem, old.held));
                }
            }
        }
        found
    }

    /// Reports the new problems and the ended ones.
    fn report(
        &mut self,
        system: &str,
        credit: Duration,
        found: Vec<(Key, Problem, Duration)>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut before = std::mem::take(&mut self.lasting);
        for (key, problem, held) in found {
            if let Some(old) = before.remove(&key) {
                self.lasting.insert(key, Lasting { lasted: old.lasted + credit, ..old });
            } else if self.lasting.len() + before.len() < MOST && !self.lasting.contains_key(&key) {
                findings.push(Finding::begins(system, problem.clone(), held));
                self.lasting.insert(key, Lasting { problem, lasted: held });
            }
        }
        let ended = before.into_values();
        findings.extend(ended.map(|old| Finding::ends(system, old.problem, old.lasted)));
        findings
    }

    /// Returns the problems that last now.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = (&Problem, Duration)> {
        self.lasting.values().map(|lasting| (&lasting.problem, lasting.lasted))
    }
}

/// What a round counts for the actors of one executor.
#[derive(Clone, Copy, Debug)]
struct Credits {
    in_turn: Duration,
    awaiting: Duration,
}

/// Returns whether an actor waits for its turn.
fn is_ready(seen: &ActorSeen) -> bool {
    !seen.has_turn && seen.sleep == Sleep::Awake
}

fn state_of(seen: &ActorSeen) -> Option<State> {
    match (seen.in_hand, seen.has_turn) {
        (Some(_), _) => Some(State::InHand { ended: seen.ended }),
        (None, true) => Some(State::InTurn { turns: seen.turns }),
        (None, false) => match doing_of(seen, Duration::ZERO) {
            // Not while it only waits for its turn.
            _ if seen.sleep != Sleep::ForOther => None,
            Doing::Starting => Some(State::Starts),
            Doing::Stopping => Some(State::Stops),
            _ => None,
        },
    }
}

fn look_at_lanes(old: &mut Vec<Filling>, actor: &ActorRound, credit: Duration) {
    let fresh = |lane: &crate::inspect::round::LaneRound| Filling {
        handled: lane.handled,
        accepted: lane.accepted,
        held: Duration::ZERO,
    };
    if old.len() != actor.lanes.len() {
        *old = actor.lanes.iter().map(fresh).collect();
    }
    for (old, lane) in old.iter_mut().zip(&actor.lanes) {
        if lane.waiting == 0 || lane.handled != old.handled {
            *old = fresh(lane);
        } else {
            old.held += credit;
        }
    }
}

fn executor_problem(round: &Round, index: usize) -> Problem {
    let executor = &round.executors[index];
    let on_it = round.actors.iter().filter(|actor| actor.executor == Some(index));
    let ready = on_it.filter(|actor| is_ready(&actor.seen));
    Problem::Executor {
        name: executor.name.to_string(),
        ready: ready.map(|actor| actor.path.to_string()).collect(),
        thread: executor.thread.and_then(ThreadView::of),
    }
}

fn handler_problem(round: &Round, actor: &ActorRound, held: Duration) -> Problem {
    let thread = actor.seen.thread.filter(|_| actor.seen.has_turn);
    let name = |number| {
        let other = round.actors.iter().find(|actor| actor.seen.number == number)?;
        Some((other.path.to_string(), other.other_system.as_ref().map(|name| name.to_string())))
    };
    Problem::Handler {
        actor: actor.path.to_string(),
        doing: doing_of(&actor.seen, held),
        waits: waits_of(&actor.seen, name),
        thread: thread.and_then(ThreadView::of),
    }
}

#[cfg(test)]
mod tests;
