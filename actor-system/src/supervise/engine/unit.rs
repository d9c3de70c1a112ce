//! One worker or team of a tree: its place, its accounts and its state.

use std::time::Instant;

use actor_core::ExitReason;
use actor_core::life::{Restart, Restarts};

use super::{Cause, Number};
use crate::supervise::Strategy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Down,
    Delayed(Instant),
    Rising,
    Up,
    Falling,
    Ending,
    Over,
}

/// How a unit is ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    /// Its queue is handled first.
    Stop,
    /// At once.
    End,
}

/// What follows when the children are down.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// The children from the floor on are raised at this time.
    Raise(Instant),
    /// The team is down.
    Lower,
    /// The team has failed.
    Fail(Cause),
    /// The team is over.
    Finish(Finish),
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Resting,
    Raising { next: usize },
    Up,
    Lowering { floor: usize, top: usize, goal: Goal },
    Pausing { floor: usize, until: Instant },
}

pub(super) struct Team {
    pub(super) strategy: Strategy,
    pub(super) children: Vec<Number>,
    /// The number of children in the state `Over`.
    pub(super) over: usize,
    /// The policy of its children without one of their own, and the account of all of them.
    pub(super) policy: Restart,
    pub(super) account: Restarts,
    pub(super) phase: Phase,
}

pub(super) struct Unit {
    /// The team, and the place in it. `None` for the root.
    pub(super) place: Option<(Number, usize)>,
    /// Its own policy, or the one of the team above.
    pub(super) policy: Restart,
    pub(super) has_own_policy: bool,
    /// Whether it never begins again.
    pub(super) is_temporary: bool,
    /// The account of this child alone.
    pub(super) account: Restarts,
    pub(super) state: State,
    /// `None` for a worker.
    pub(super) team: Option<Box<Team>>,
}

impl Team {
    pub(super) fn new(strategy: Strategy, policy: Restart) -> Self {
        let (account, phase) = (Restarts::new(policy.clone()), Phase::Resting);
        Self { strategy, children: Vec::new(), over: 0, policy, account, phase }
    }

    pub(super) fn forget(&mut self) {
        self.account = Restarts::new(self.policy.clone());
    }
}

impl Unit {
    pub(super) fn new(
        place: Option<(Number, usize)>,
        policy: Restart,
        has_own_policy: bool,
        team: Option<Team>,
    ) -> Self {
        let is_temporary = !policy.follows(&ExitReason::Panicked(String::new()));
        let account = Restarts::new(policy.clone());
        let (state, team) = (State::Down, team.map(Box::new));
        Self { place, policy, has_own_policy, is_temporary, account, state, team }
    }

    pub(super) fn forget(&mut self) {
        self.account = Restarts::new(self.policy.clone());
    }
}
