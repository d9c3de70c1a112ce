//! The decisions of a supervision tree, as plain data: events and the time come in, orders go out.
//!
//! There is no thread, no task and no clock here. The [actor](super::tree) around it passes on
//! the children's reports, and carries out the orders.
//!
//! # Units
//!
//! A tree has two kinds of units: workers are actors, and teams are supervisors. A team is data
//! only. A whole tree, with all its nested supervisors, is decided in one place, so no
//! order or report is ever in flight between two supervisors.
//!
//! ```text
//!              raise                 started
//!      Down ──────────▶ Rising ─────────────────▶ Up
//!       ▲ ▲               │  failed               │  failed
//!       │ └── Delayed ◀───┴───────────────────────┤
//!       │                                         │  lower: a life ends, the mailbox stays
//!       └──────────────── Falling ◀───────────────┤
//!                                                 │  finish: the actor ends
//!                         Over ◀─────── Ending ◀──┘
//! ```
//!
//! A worker is raised only when it is `Down` or `Delayed`, and then it has no life. So it never has
//! two states of its actor at once. A team is `Up` when all its children are.
//!
//! # Phases of a team
//!
//! * `Raising` starts the children in order. Each is started before the next one is begun.
//! * `Up` is the usual phase.
//! * `Lowering` ends children in reverse order, down to a floor. Each has ended before the one
//!   before it is ended. Then the team is raised again, is down, escalates, or is over.
//! * `Pausing` is the delay before a group of children is raised again.
//!
//! # Invariants
//!
//! * Every reaction is a step in [`run`](Engine::run), and no step calls another one. A child's
//!   report therefore never changes a team in the middle of a decision of this team.
//! * A unit has an entry in `due` exactly while it is delayed or its team pauses.

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests;
mod unit;

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use actor_core::ExitReason;
use actor_core::life::Restart;

use super::Strategy;
use unit::{Finish, Goal, Phase, State, Team, Unit};

/// The number of a worker or a team in its tree.
pub(super) type Number = usize;

/// What a worker has reported.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Its `started` has returned.
    Started,
    /// Its life has ended. It waits for an order, and its mailbox is open.
    LifeEnded(ExitReason),
    /// The actor has ended.
    Over,
}

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Begin a life.
    Begin(Number),
    /// End the life, and wait for the next order. The mailbox stays open.
    EndLife(Number),
    /// Accept nothing new, handle the queue until the deadline of the stop, and end.
    Stop(Number),
    /// End the actor.
    End(Number),
}

/// The last failure of a tree, after too many restarts.
#[derive(Clone, Debug)]
pub(super) struct Cause {
    /// The worker.
    pub(super) worker: Number,
    /// Why its last life ended.
    pub(super) reason: ExitReason,
}

/// One due reaction.
enum Step {
    Advance(Number),
    Failed(Number, Cause),
}

/// The decisions of one tree.
pub(super) struct Engine {
    units: Vec<Unit>,
    due: BTreeSet<(Instant, Number)>,
    steps: VecDeque<Step>,
    orders: VecDeque<Order>,
    has_started: bool,
    cause: Option<Cause>,
}

/// The root of every tree.
const ROOT: Number = 0;

/// Longer than any program runs: 100 years.
const NEVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

impl Engine {
    /// Creates a tree with a root and no children.
    pub(super) fn new(strategy: Strategy, policy: Restart) -> Self {
        let root = Unit::new(None, policy.clone(), false, Some(Team::new(strategy, policy)));
        Self {
            units: vec![root],
            due: BTreeSet::new(),
            steps: VecDeque::new(),
            orders: VecDeque::new(),
            has_started: false,
            cause: None,
        }
    }

    /// Adds a worker as the last child of a team. Called before the [start](Self::start).
    pub(super) fn add_worker(&mut self, team: Number, own: Option<Restart>) -> Number {
        self.add(team, own, None)
    }

    /// Adds a team as the last child of a team, with the policy of its children. Called before the
    /// [start](Self::start).
    pub(super) fn add_team(
        &mut self,
        team: Number,
        own: Option<Restart>,
        strategy: Strategy,
        policy: Restart,
    ) -> Number {
        self.add(team, own, Some(Team::new(strategy, policy)))
    }

    fn add(&mut self, parent: Number, own: Option<Restart>, team: Option<Team>) -> Number {
        let number = self.units.len();
        let above = self.team_mut(parent);
        let place = Some((parent, above.children.len()));
        above.children.push(number);
        let has_own_policy = own.is_some();
        let policy = own.unwrap_or_else(|| above.policy.clone());
        self.units.push(Unit::new(place, policy, has_own_policy, team));
        number
    }

    /// The number of the root, for [`add_worker`](Self::add_worker).
    pub(super) const fn root() -> Number {
        ROOT
    }

    /// Starts the tree.
    pub(super) fn start(&mut self, now: Instant) {
        self.raise(ROOT);
        self.run(now);
    }

    /// Takes a worker's report.
    pub(super) fn take(&mut self, worker: Number, event: Event, now: Instant) {
        match event {
            Event::Started => {
                if self.units[worker].state == State::Rising {
                    self.set(worker, State::Up);
                    self.advance_team_of(worker);
                }
            }
            Event::LifeEnded(reason) => self.life_ended(Cause { worker, reason }),
            Event::Over => self.over(worker),
        }
        self.run(now);
    }

    /// Ends the tree: the last child first, each after its queue. An ending tree goes on as
    /// before.
    pub(super) fn stop(&mut self, now: Instant) {
        if !matches!(self.units[ROOT].state, State::Ending | State::Over) {
            self.finish(ROOT, Finish::Stop);
            self.run(now);
        }
    }

    /// Carries out due reactions.
    pub(super) fn tick(&mut self, now: Instant) {
        while let Some(&(at, unit)) = self.due.first()
            && at <= now
        {
            self.due.remove(&(at, unit));
            if matches!(self.units[unit].state, State::Delayed(_)) {
                // The state has lost its entry already.
                self.units[unit].state = State::Down;
                if self.is_team_rising(unit) {
                    self.raise(unit);
                }
                self.advance_team_of(unit);
            } else {
                self.steps.push_back(Step::Advance(unit));
            }
        }
        self.run(now);
    }

    /// Returns the next order, in the order of the decisions.
    pub(super) fn next_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// Returns the time for the next [`tick`](Self::tick).
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Returns whether all children have been up once.
    pub(super) fn has_started(&self) -> bool {
        self.has_started
    }

    /// Returns whether all actors of the tree have ended.
    pub(super) fn is_over(&self) -> bool {
        self.units[ROOT].state == State::Over
    }

    /// Returns the failure after too many restarts.
    pub(super) fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }
}

/// The reactions.
impl Engine {
    fn run(&mut self, now: Instant) {
        while let Some(step) = self.steps.pop_front() {
            match step {
                Step::Advance(team) => self.advance(team, now),
                Step::Failed(unit, cause) => self.failed(unit, cause, now),
            }
        }
    }

    /// Takes a team as far as its children allow.
    fn advance(&mut self, team: Number, now: Instant) {
        loop {
            match self.team(team).phase.clone() {
                Phase::Resting => return,
                Phase::Up => return self.end_if_all_are_over(team),
                Phase::Pausing { until, .. } if until > now => return,
                Phase::Pausing { floor, .. } => {
                    self.set_phase(team, Phase::Raising { next: floor })
                }
                Phase::Raising { next } => {
                    if !self.raise_next(team, next) {
                        return;
                    }
                }
                Phase::Lowering { floor, top, goal } => {
                    if top == floor {
                        self.lowered(team, floor, goal);
                    } else if !self.lower_next(team, floor, top, goal) {
                        return;
                    }
                }
            }
        }
    }

    /// Begins the next child, or passes over one in the state `Up`. Returns whether there is more
    /// to do.
    fn raise_next(&mut self, team: Number, next: usize) -> bool {
        let Some(&child) = self.team(team).children.get(next) else {
            self.set_phase(team, Phase::Up);
            self.has_started |= team == ROOT;
            if self.units[team].state == State::Rising {
                self.set(team, State::Up);
            }
            self.advance_team_of(team);
            return true;
        };
        match self.units[child].state {
            State::Up | State::Over => {
                self.set_phase(team, Phase::Raising { next: next + 1 });
                true
            }
            State::Down => {
                self.raise(child);
                false
            }
            State::Delayed(_) | State::Rising | State::Falling | State::Ending => false,
        }
    }

    /// Ends the last of the children to be ended. Returns whether there is more to do.
    fn lower_next(&mut self, team: Number, floor: usize, top: usize, goal: Goal) -> bool {
        let child = self.team(team).children[top - 1];
        let finish = match goal {
            Goal::Finish(finish) => Some(finish),
            Goal::Raise(_) | Goal::Lower | Goal::Fail(_) => {
                self.units[child].is_temporary.then_some(Finish::End)
            }
        };
        match (self.units[child].state, finish) {
            (State::Delayed(_), _) => self.set(child, State::Down),
            (State::Over, _) | (State::Down, None) => {
                self.set_phase(team, Phase::Lowering { floor, top: top - 1, goal });
            }
            (State::Down | State::Rising | State::Up, Some(finish)) => {
                self.finish(child, finish);
                return false;
            }
            (State::Rising | State::Up, None) => {
                self.lower(child);
                return false;
            }
            (State::Falling | State::Ending, _) => return false,
        }
        true
    }

    /// All children from the floor on are down.
    fn lowered(&mut self, team: Number, floor: usize, goal: Goal) {
        match goal {
            Goal::Raise(until) => self.set_phase(team, Phase::Pausing { floor, until }),
            Goal::Lower => {
                self.set_phase(team, Phase::Resting);
                self.set(team, State::Down);
                self.advance_team_of(team);
            }
            Goal::Fail(cause) => {
                self.set_phase(team, Phase::Resting);
                self.steps.push_back(Step::Failed(team, cause));
            }
            Goal::Finish(_) => {
                self.set_phase(team, Phase::Resting);
                self.over(team);
            }
        }
    }

    fn raise(&mut self, unit: Number) {
        self.set(unit, State::Rising);
        if self.units[unit].team.is_none() {
            self.orders.push_back(Order::Begin(unit));
            return;
        }
        // A new begin of a team has no past.
        self.team_mut(unit).forget();
        for at in 0..self.team(unit).children.len() {
            let child = self.team(unit).children[at];
            self.units[child].forget();
        }
        self.set_phase(unit, Phase::Raising { next: 0 });
        self.steps.push_back(Step::Advance(unit));
    }

    fn lower(&mut self, unit: Number) {
        self.set(unit, State::Falling);
        self.lower_team(unit, Goal::Lower);
        if self.units[unit].team.is_none() {
            self.orders.push_back(Order::EndLife(unit));
        }
    }

    fn finish(&mut self, unit: Number, finish: Finish) {
        self.set(unit, State::Ending);
        self.lower_team(unit, Goal::Finish(finish));
        if self.units[unit].team.is_none() {
            self.orders.push_back(match finish {
                Finish::Stop => Order::Stop(unit),
                Finish::End => Order::End(unit),
            });
        }
    }

    /// Lowers all children, for this goal instead of an earlier one.
    fn lower_team(&mut self, unit: Number, goal: Goal) {
        if let Some(team) = &self.units[unit].team {
            let top = team.children.len();
            self.set_phase(unit, Phase::Lowering { floor: 0, top, goal });
            self.steps.push_back(Step::Advance(unit));
        }
    }

    fn over(&mut self, unit: Number) {
        if self.units[unit].state == State::Over {
            return;
        }
        self.set(unit, State::Over);
        if let Some((team, _)) = self.units[unit].place {
            self.team_mut(team).over += 1;
        }
        self.advance_team_of(unit);
    }

    /// A team ends with its last child.
    fn end_if_all_are_over(&mut self, team: Number) {
        if self.team(team).over == self.team(team).children.len() {
            self.set_phase(team, Phase::Resting);
            self.over(team);
        }
    }

    fn life_ended(&mut self, cause: Cause) {
        let worker = cause.worker;
        match self.units[worker].state {
            State::Falling => {
                self.set(worker, State::Down);
                self.advance_team_of(worker);
            }
            State::Rising | State::Up if self.units[worker].policy.follows(&cause.reason) => {
                self.steps.push_back(Step::Failed(worker, cause));
            }
            State::Rising | State::Up => self.finish(worker, Finish::End),
            // A stopped worker handles its queue without this tree's help.
            State::Ending | State::Down | State::Delayed(_) | State::Over => {}
        }
    }

    /// Lets a failed child begin again, by the strategy of its team.
    fn failed(&mut self, unit: Number, cause: Cause, now: Instant) {
        let Some((team, index)) = self.units[unit].place else { return };
        if self.units[unit].state == State::Ending {
            return;
        }
        self.set(unit, State::Down);
        self.advance_team_of(unit);
        let earlier = match self.team(team).phase {
            // It was to be ended, and ended itself before.
            Phase::Lowering { floor, .. } if index >= floor => return,
            Phase::Lowering { goal: Goal::Raise(until), .. } | Phase::Pausing { until, .. } => {
                Some(until)
            }
            _ => None,
        };
        if self.units[unit].is_temporary {
            return self.finish(unit, Finish::End);
        }
        let Some(delay) = self.count(unit, now) else { return self.escalate(team, cause) };
        // A delay past the end of the clock never ends.
        let at = now.checked_add(delay).unwrap_or_else(|| now + NEVER);
        let floor = match self.team(team).strategy {
            Strategy::OneForOne if delay.is_zero() => return self.raise(unit),
            Strategy::OneForOne => return self.set(unit, State::Delayed(at)),
            Strategy::OneForAll => 0,
            Strategy::RestForOne => index,
        };
        let goal = Goal::Raise(earlier.map_or(at, |earlier| earlier.max(at)));
        let top = self.team(team).children.len();
        self.set_phase(team, Phase::Lowering { floor, top, goal });
    }

    /// Counts one more failure of the unit. Returns the delay before it begins again, or `None` if
    /// there were too many.
    fn count(&mut self, unit: Number, now: Instant) -> Option<Duration> {
        let (team, _) = self.units[unit].place?;
        let of_team = self.team_mut(team).account.count(now)?;
        // Without a policy of its own, the child never has more restarts than its team.
        let of_child = self.units[unit].account.count(now)?;
        let is_alone = self.team(team).strategy == Strategy::OneForOne;
        Some(if is_alone || self.units[unit].has_own_policy { of_child } else { of_team })
    }

    /// A team has failed too often. Its children end, and the team above decides.
    fn escalate(&mut self, team: Number, cause: Cause) {
        if team == ROOT {
            self.cause = Some(cause);
            self.finish(ROOT, Finish::End);
        } else {
            self.lower_team(team, Goal::Fail(cause));
        }
    }
}

/// Access.
impl Engine {
    fn team(&self, unit: Number) -> &Team {
        self.units[unit].team.as_ref().expect("a parent is a team")
    }

    fn team_mut(&mut self, unit: Number) -> &mut Team {
        self.units[unit].team.as_mut().expect("a parent is a team")
    }

    fn set(&mut self, unit: Number, state: State) {
        let before = std::mem::replace(&mut self.units[unit].state, state);
        if let State::Delayed(at) = before {
            self.due.remove(&(at, unit));
        }
        if let State::Delayed(at) = state {
            self.due.insert((at, unit));
        }
    }

    fn set_phase(&mut self, team: Number, phase: Phase) {
        let next = if let Phase::Pausing { until, .. } = phase { Some(until) } else { None };
        let before = std::mem::replace(&mut self.team_mut(team).phase, phase);
        if let Phase::Pausing { until, .. } = before {
            self.due.remove(&(until, team));
        }
        if let Some(until) = next {
            self.due.insert((until, team));
        }
    }

    fn is_team_rising(&self, unit: Number) -> bool {
        let Some((team, _)) = self.units[unit].place else { return false };
        matches!(self.team(team).phase, Phase::Raising { .. } | Phase::Up)
    }

    fn advance_team_of(&mut self, unit: Number) {
        if let Some((team, _)) = self.units[unit].place {
            self.steps.push_back(Step::Advance(team));
        }
    }
}
