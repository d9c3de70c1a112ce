//! The engine against the rules of OTP's supervisors, in invented worlds.
//!
//! A world holds the real lives of the workers. It carries out each order, checks that the order
//! was allowed at this moment, and reports events chosen by chance.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use actor_core::ExitReason;
use actor_core::life::{Backoff, Restart};
use proptest::prelude::*;
use proptest::strategy::Strategy as Values;
use proptest::test_runner::TestCaseResult;

use super::{Engine, Event, Number, Order};
use crate::supervise::Strategy;

/// Which ends a child begins again after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Permanent,
    Transient,
    Temporary,
}

/// The shape of a tree.
#[derive(Clone, Debug)]
enum Shape {
    Worker(Kind),
    Team(Kind, Strategy, u32, Vec<Shape>),
}

/// What a worker really does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    None,
    Starting,
    Running,
    /// Its life is to end, and has not ended.
    Ending,
    Over,
}

#[derive(Clone, Debug)]
struct Worker {
    team: Number,
    kind: Kind,
    /// It or a team above it.
    is_temporary: bool,
    strategy: Strategy,
    life: Life,
    /// The number of lives so far.
    lives: u32,
    /// It was told to stop or to end.
    stops: bool,
    ends: bool,
}

struct World {
    engine: Engine,
    /// In the order of the tree, so in the order of starts.
    workers: BTreeMap<Number, Worker>,
    now: Instant,
    is_stopped: bool,
}

const WITHIN: Duration = Duration::from_secs(10);
const DELAY: Duration = Duration::from_secs(1);

impl Kind {
    /// A child's own policy, without a limit.
    fn policy(self) -> Restart {
        let policy = match self {
            Self::Permanent => Restart::permanent(),
            Self::Transient => Restart::transient(),
            Self::Temporary => Restart::temporary(),
        };
        policy.most(u32::MAX).within(WITHIN).backoff(backoff())
    }
}

/// The policy of a team.
fn up_to(limit: u32) -> Restart {
    Restart::up_to(limit).within(WITHIN).backoff(backoff())
}

fn backoff() -> Backoff {
    Backoff::exponential(DELAY, 4 * DELAY)
}

fn boom() -> ExitReason {
    ExitReason::Panicked("boom".to_owned())
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "the world's time only begins here")]
    fn new(shape: &Shape) -> Self {
        let Shape::Team(_, strategy, restarts, children) = shape else {
            panic!("the root is a team")
        };
        let engine = Engine::new(*strategy, up_to(*restarts));
        let (workers, now) = (BTreeMap::new(), Instant::now());
        let mut world = Self { engine, workers, now, is_stopped: false };
        world.add(Engine::root(), *strategy, false, children);
        world
    }

    fn add(&mut self, team: Number, strategy: Strategy, temporary: bool, children: &[Shape]) {
        for child in children {
            match child {
                Shape::Worker(kind) => {
                    let number = self.engine.add_worker(team, Some(kind.policy()));
                    let (life, lives, stops, ends) = (Life::None, 0, false, false);
                    let (kind, is_temporary) = (*kind, temporary || *kind == Kind::Temporary);
                    let worker =
                        Worker { team, kind, is_temporary, strategy, life, lives, stops, ends };
                    self.workers.insert(number, worker);
                }
                Shape::Team(kind, strategy, restarts, children) => {
                    let (own, policy) = (Some(kind.policy()), up_to(*restarts));
                    let number = self.engine.add_team(team, own, *strategy, policy);
                    let temporary = temporary || *kind == Kind::Temporary;
                    self.add(number, *strategy, temporary, children);
                }
            }
        }
    }

    fn start(&mut self) -> TestCaseResult {
        self.engine.start(self.now);
        self.obey()
    }

    fn report(&mut self, worker: Number, event: Event) -> TestCaseResult {
        let life = &mut self.workers.get_mut(&worker).expect("it exists").life;
        *life = match event {
            Event::Started => Life::Running,
            Event::LifeEnded(_) => Life::None,
            Event::Over => Life::Over,
        };
        self.engine.take(worker, event, self.now);
        self.obey()
    }

    fn stop(&mut self) -> TestCaseResult {
        self.is_stopped = true;
        self.engine.stop(self.now);
        self.obey()
    }

    fn pass(&mut self, time: Duration) -> TestCaseResult {
        self.now += time;
        self.engine.tick(self.now);
        prop_assert!(self.engine.next_due().is_none_or(|due| due > self.now));
        self.obey()
    }

    /// Carries out all orders, and checks each.
    fn obey(&mut self) -> TestCaseResult {
        while let Some(order) = self.engine.next_order() {
            match order {
                Order::Begin(worker) => self.begin(worker)?,
                Order::EndLife(worker) => self.end_life(worker)?,
                Order::Stop(worker) | Order::End(worker) => {
                    prop_assert!(!self.workers[&worker].ends, "{order:?} after the end");
                    prop_assert!(self.workers[&worker].life != Life::Over, "{order:?} when over");
                    if matches!(order, Order::Stop(_)) {
                        prop_assert!(self.is_stopped && !self.workers[&worker].stops);
                    }
                    // Neither a life ended by itself nor a temporary child of a team ended before
                    // has a turn to wait for.
                    let has_turn = matches!(order, Order::Stop(_))
                        || (self.workers[&worker].life != Life::None
                            && !self.workers[&worker].is_temporary);
                    if self.is_ending() && has_turn && !self.workers[&worker].stops {
                        self.check_later_are_over(worker)?;
                    }
                    let told = self.workers.get_mut(&worker).expect("it exists");
                    told.stops |= matches!(order, Order::Stop(_));
                    told.ends |= matches!(order, Order::End(_));
                }
            }
        }
        Ok(())
    }

    fn is_ending(&self) -> bool {
        self.is_stopped || self.engine.cause().is_some()
    }

    fn check_later_are_over(&self, worker: Number) -> TestCaseResult {
        for (later, state) in self.workers.range(worker + 1..) {
            prop_assert_eq!(state.life, Life::Over, "{} was told to end before {}", worker, later);
        }
        Ok(())
    }

    fn begin(&mut self, number: Number) -> TestCaseResult {
        let worker = self.workers[&number].clone();
        prop_assert_eq!(worker.life, Life::None, "{} has two states", number);
        prop_assert!(!worker.ends);
        if !worker.stops {
            for (earlier, state) in self.siblings(number).filter(|(other, _)| *other < number) {
                let is_up = matches!(state.life, Life::Running | Life::Over) || state.ends;
                let was_up = state.lives > 0 && state.strategy == Strategy::OneForOne;
                prop_assert!(is_up || was_up, "{} begins before {} has started", number, earlier);
            }
        }
        let begun = self.workers.get_mut(&number).expect("it exists");
        begun.life = Life::Starting;
        begun.lives += 1;
        Ok(())
    }

    fn end_life(&mut self, number: Number) -> TestCaseResult {
        let life = self.workers[&number].life;
        prop_assert!(matches!(life, Life::Starting | Life::Running), "{number}: {life:?}");
        prop_assert_ne!(self.workers[&number].kind, Kind::Temporary, "it would wait for ever");
        for (later, state) in self.siblings(number).filter(|(other, _)| *other > number) {
            let is_down = matches!(state.life, Life::None | Life::Over);
            prop_assert!(is_down, "{} was to end before {}", number, later);
        }
        self.workers.get_mut(&number).expect("it exists").life = Life::Ending;
        Ok(())
    }

    fn siblings(&self, number: Number) -> impl Iterator<Item = (Number, &Worker)> {
        let team = self.workers[&number].team;
        let siblings = self.workers.iter().filter(move |(_, worker)| worker.team == team);
        siblings.map(|(other, worker)| (*other, worker))
    }

    /// Returns the possible next reports of a worker. Reports by chance come later in the list.
    fn possible(&self, number: Number) -> Vec<Event> {
        let worker = &self.workers[&number];
        let failed = Event::LifeEnded(boom());
        let done = Event::LifeEnded(ExitReason::Stopped);
        match worker.life {
            Life::Over => Vec::new(),
            _ if worker.ends => vec![Event::Over],
            Life::None if worker.stops => vec![Event::Over],
            Life::None => Vec::new(),
            Life::Starting => vec![Event::Started, failed, done, Event::Over],
            Life::Running if worker.stops => vec![Event::Over, failed, done],
            Life::Ending => vec![Event::LifeEnded(ExitReason::Killed), failed, done, Event::Over],
            Life::Running => vec![failed, done, Event::Over],
        }
    }

    /// Carries out all requests, without another failure, until nothing more happens.
    fn settle(&mut self) -> TestCaseResult {
        for _ in 0..100_000 {
            let asked = self.workers.iter().find_map(|(number, worker)| {
                let is_asked = worker.stops || worker.ends || worker.life != Life::Running;
                let event = self.possible(*number).into_iter().next()?;
                is_asked.then_some((*number, event))
            });
            if let Some((number, event)) = asked {
                self.report(number, event)?;
            } else if let Some(due) = self.engine.next_due() {
                self.pass(due.saturating_duration_since(self.now))?;
            } else {
                return self.check_settled();
            }
        }
        prop_assert!(false, "it never comes to rest");
        Ok(())
    }

    fn check_settled(&self) -> TestCaseResult {
        let (life, is_over) = (|worker: &Worker| worker.life, self.engine.is_over());
        let lives: Vec<_> = self.workers.values().map(life).collect();
        let is_right = |life: &Life| *life == Life::Over || (!is_over && *life == Life::Running);
        prop_assert!(lives.iter().all(is_right), "{:?}", lives);
        prop_assert_eq!(is_over, lives.iter().all(|life| *life == Life::Over));
        prop_assert!(is_over || self.engine.has_started());
        prop_assert!(is_over || !self.is_ending());
        Ok(())
    }

    fn lives(&self) -> Vec<u32> {
        self.workers.values().map(|worker| worker.lives).collect()
    }
}

fn kinds() -> impl Values<Value = Kind> {
    prop_oneof![Just(Kind::Permanent), Just(Kind::Transient), Just(Kind::Temporary)]
}

fn strategies() -> impl Values<Value = Strategy> {
    prop_oneof![Just(Strategy::OneForOne), Just(Strategy::OneForAll), Just(Strategy::RestForOne)]
}

fn trees() -> impl Values<Value = Shape> {
    let shapes = kinds().prop_map(Shape::Worker).prop_recursive(3, 16, 4, |inner| {
        let children = proptest::collection::vec(inner, 0..4);
        (kinds(), strategies(), 0..4_u32, children).prop_map(|(kind, strategy, limit, children)| {
            Shape::Team(kind, strategy, limit, children)
        })
    });
    (strategies(), 0..6_u32, proptest::collection::vec(shapes, 1..5))
        .prop_map(|(strategy, limit, all)| Shape::Team(Kind::Permanent, strategy, limit, all))
}

/// Lets something happen, by chance.
fn happen(world: &mut World, (choice, with): (u8, u16)) -> TestCaseResult {
    if choice < 10 {
        return world.pass(DELAY / 4 * u32::from(choice));
    }
    if choice == 10 {
        return world.stop();
    }
    let can_report: Vec<_> = world
        .workers
        .keys()
        .copied()
        .filter(|worker| !world.possible(*worker).is_empty())
        .collect();
    if can_report.is_empty() {
        return Ok(());
    }
    let worker = can_report[usize::from(with) % can_report.len()];
    let possible = world.possible(worker);
    let event = possible[usize::from(choice) % possible.len()].clone();
    world.report(worker, event)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The order of starts and ends, one state at a time, and rest in the end, are checked at each
    /// order by the world.
    #[test]
    fn every_order_is_allowed_and_every_tree_comes_to_rest(
        shape in trees(),
        happenings in proptest::collection::vec((0..80_u8, any::<u16>()), 0..150),
    ) {
        let mut world = World::new(&shape);
        world.start()?;
        for happening in happenings {
            happen(&mut world, happening)?;
        }
        world.settle()?;
        world.stop()?;
        world.settle()?;
        prop_assert!(world.engine.is_over(), "a stop ends the tree");
    }

    #[test]
    fn a_failure_begins_exactly_the_children_of_its_strategy_again(
        strategy in strategies(),
        kinds in proptest::collection::vec(kinds(), 1..8),
        failing in any::<prop::sample::Index>(),
    ) {
        let failing = failing.index(kinds.len());
        let children = kinds.iter().map(|kind| Shape::Worker(*kind)).collect();
        let mut world = World::new(&Shape::Team(Kind::Permanent, strategy, 1, children));
        world.start()?;
        world.settle()?;
        let numbers: Vec<_> = world.workers.keys().copied().collect();
        world.report(numbers[failing], Event::LifeEnded(boom()))?;
        world.settle()?;
        let begins_again = |(at, kind): (usize, &Kind)| {
            let of_strategy = match strategy {
                Strategy::OneForOne => at == failing,
                Strategy::OneForAll => true,
                Strategy::RestForOne => at >= failing,
            };
            let has_effect = kinds[failing] != Kind::Temporary;
            1 + u32::from(has_effect && of_strategy && *kind != Kind::Temporary)
        };
        let expected: Vec<_> = kinds.iter().enumerate().map(begins_again).collect();
        prop_assert_eq!(world.lives(), expected);
    }

    /// As OTP's: one restart more than the limit within the window.
    #[test]
    fn a_team_escalates_at_the_first_failure_over_the_limit(
        strategy in strategies(),
        limit in 0..5_u32,
        pauses in proptest::collection::vec(0..6_u64, 1..30),
    ) {
        let worker = Shape::Worker(Kind::Permanent);
        let all = vec![worker.clone(), worker];
        let mut world = World::new(&Shape::Team(Kind::Permanent, strategy, limit, all));
        world.start()?;
        world.settle()?;
        let (mut times, first) = (Vec::new(), *world.workers.keys().next().expect("there are two"));
        for pause in pauses {
            world.pass(Duration::from_secs(pause))?;
            times.push(world.now);
            world.report(first, Event::LifeEnded(boom()))?;
            let within = times.iter().filter(|then| world.now - **then < WITHIN).count();
            let is_too_many = within > limit as usize;
            prop_assert_eq!(world.engine.cause().is_some(), is_too_many, "after {:?}", times);
            world.settle()?;
            prop_assert_eq!(world.engine.is_over(), is_too_many);
            if is_too_many {
                break;
            }
        }
    }
}

/// Creates a started world of workers of one kind.
fn settled(strategy: Strategy, limit: u32, workers: &[Kind]) -> (World, Vec<Number>) {
    let children = workers.iter().map(|kind| Shape::Worker(*kind)).collect();
    started(&Shape::Team(Kind::Permanent, strategy, limit, children))
}

fn started(shape: &Shape) -> (World, Vec<Number>) {
    let mut world = World::new(shape);
    world.start().expect("it is allowed");
    world.settle().expect("it comes to rest");
    let numbers = world.workers.keys().copied().collect();
    (world, numbers)
}

fn fail(world: &mut World, worker: Number) {
    world.report(worker, Event::LifeEnded(boom())).expect("it is allowed");
}

#[test]
fn a_regular_end_restarts_a_permanent_child_and_no_other() {
    for (kind, lives) in [(Kind::Permanent, 2), (Kind::Transient, 1), (Kind::Temporary, 1)] {
        let (mut world, numbers) = settled(Strategy::OneForAll, 5, &[kind, Kind::Permanent]);
        let done = Event::LifeEnded(ExitReason::Stopped);
        world.report(numbers[0], done).expect("it is allowed");
        world.settle().expect("it comes to rest");
        assert_eq!(world.lives(), [lives, lives], "{kind:?}");
    }
}

#[test]
fn the_next_child_is_begun_only_when_the_one_before_has_started() {
    let worker = Shape::Worker(Kind::Permanent);
    let team =
        Shape::Team(Kind::Permanent, Strategy::OneForOne, 5, vec![worker.clone(), worker.clone()]);
    let all = vec![worker.clone(), team, worker];
    let mut world = World::new(&Shape::Team(Kind::Permanent, Strategy::OneForOne, 5, all));
    world.start().expect("it is allowed");
    for expected in [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]] {
        assert_eq!(world.lives(), expected);
        assert!(!world.engine.has_started());
        let starting = world.workers.iter().find(|(_, worker)| worker.life == Life::Starting);
        let number = *starting.expect("one is starting").0;
        world.report(number, Event::Started).expect("it is allowed");
    }
    assert!(world.engine.has_started());
}

#[test]
fn each_failure_in_a_row_has_a_longer_delay_and_that_of_its_child_alone() {
    let (mut world, numbers) = settled(Strategy::OneForOne, 5, &[Kind::Permanent; 2]);
    for (failure, delay) in [1, 2, 4].into_iter().enumerate() {
        fail(&mut world, numbers[0]);
        let due = world.engine.next_due().map(|due| due - world.now);
        assert_eq!(due.unwrap_or_default(), DELAY * delay, "failure {failure}");
        world.settle().expect("it comes to rest");
    }
    fail(&mut world, numbers[1]);
    let due = world.engine.next_due().map(|due| due - world.now);
    assert_eq!(due, Some(DELAY), "the other child has failed once");
}

#[test]
fn an_exhausted_team_is_restarted_by_the_team_above_with_the_same_workers() {
    let inner = vec![Shape::Worker(Kind::Permanent), Shape::Worker(Kind::Permanent)];
    let team = Shape::Team(Kind::Transient, Strategy::OneForOne, 1, inner);
    let all = vec![Shape::Worker(Kind::Permanent), team, Shape::Worker(Kind::Permanent)];
    let (mut world, numbers) = started(&Shape::Team(Kind::Permanent, Strategy::OneForOne, 1, all));
    fail(&mut world, numbers[1]);
    world.settle().expect("it comes to rest");
    assert_eq!(world.lives(), [1, 2, 1, 1]);
    fail(&mut world, numbers[1]);
    world.settle().expect("it comes to rest");
    assert_eq!(world.lives(), [1, 3, 2, 1], "both begin again, with the failures forgotten");
    fail(&mut world, numbers[1]);
    world.settle().expect("it comes to rest");
    assert_eq!(world.lives(), [1, 4, 2, 1]);
    fail(&mut world, numbers[1]);
    world.settle().expect("it comes to rest");
    assert!(world.engine.is_over(), "the root is exhausted as well");
    let cause = world.engine.cause().expect("there is a cause");
    assert_eq!((cause.worker, cause.reason.to_string()), (numbers[1], "panicked: boom".to_owned()));
}

#[test]
fn a_temporary_team_that_is_exhausted_ends_alone() {
    let inner = vec![Shape::Worker(Kind::Permanent), Shape::Worker(Kind::Permanent)];
    let team = Shape::Team(Kind::Temporary, Strategy::OneForOne, 0, inner);
    let all = vec![team, Shape::Worker(Kind::Permanent)];
    let (mut world, numbers) = started(&Shape::Team(Kind::Permanent, Strategy::OneForAll, 0, all));
    fail(&mut world, numbers[0]);
    world.settle().expect("it comes to rest");
    let lives: Vec<_> = world.workers.values().map(|worker| worker.life).collect();
    assert_eq!(lives, [Life::Over, Life::Over, Life::Running]);
}

#[test]
fn the_limits_of_a_child_count_beside_those_of_its_team() {
    let mut engine = Engine::new(Strategy::OneForOne, up_to(100));
    let worker = engine.add_worker(Engine::root(), Some(Restart::up_to(0)));
    let now = World::new(&Shape::Team(Kind::Permanent, Strategy::OneForOne, 1, Vec::new())).now;
    engine.start(now);
    engine.take(worker, Event::Started, now);
    engine.take(worker, Event::LifeEnded(boom()), now);
    assert!(engine.cause().is_some());
}

#[test]
fn a_child_without_a_policy_has_that_of_its_team() {
    let mut engine = Engine::new(Strategy::OneForOne, Restart::temporary());
    let worker = engine.add_worker(Engine::root(), None);
    let now = World::new(&Shape::Team(Kind::Permanent, Strategy::OneForOne, 1, Vec::new())).now;
    engine.start(now);
    engine.take(worker, Event::Started, now);
    engine.take(worker, Event::LifeEnded(boom()), now);
    let orders: Vec<_> = std::iter::from_fn(|| engine.next_order()).collect();
    assert_eq!(orders, [Order::Begin(worker), Order::End(worker)]);
}

#[test]
fn a_worker_that_fails_while_it_is_stopped_is_left_to_its_stop() {
    let (mut world, numbers) = settled(Strategy::OneForOne, 1, &[Kind::Permanent; 2]);
    world.stop().expect("it is allowed");
    fail(&mut world, numbers[1]);
    assert_eq!(world.engine.next_due(), None);
    assert!(!world.workers[&numbers[0]].stops, "the other one waits for its end");
    world.report(numbers[1], Event::Over).expect("it is allowed");
    assert!(world.workers[&numbers[0]].stops);
}

#[test]
fn a_tree_without_any_living_child_is_over() {
    let (mut world, numbers) = settled(Strategy::OneForAll, 1, &[Kind::Permanent; 2]);
    world.report(numbers[1], Event::Over).expect("it is allowed");
    assert!(!world.engine.is_over());
    world.report(numbers[0], Event::Over).expect("it is allowed");
    assert!(world.engine.is_over() && world.engine.cause().is_none());
}

#[test]
fn a_child_delayed_when_its_team_ends_is_not_begun_later() {
    let (mut world, numbers) = settled(Strategy::OneForOne, 5, &[Kind::Permanent; 2]);
    fail(&mut world, numbers[0]);
    world.settle().expect("it comes to rest");
    fail(&mut world, numbers[0]);
    world.stop().expect("it is allowed");
    let lives = world.lives();
    world.pass(DELAY * 10).expect("nothing is due");
    assert_eq!(world.lives(), lives);
    world.settle().expect("it comes to rest");
    assert!(world.engine.is_over() && world.engine.next_due().is_none());
}

#[test]
fn a_delay_past_the_end_of_the_clock_never_ends() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        #[expect(
            clippy::disallowed_methods,
            reason = "any instant will do: it is only counted from"
        )]
        let now = Instant::now();
        let policy = Restart::transient().backoff(Backoff::constant(Duration::MAX));
        let mut engine = Engine::new(strategy, policy);
        let worker = engine.add_worker(Engine::root(), None);
        engine.start(now);
        assert_eq!(engine.next_order(), Some(Order::Begin(worker)));
        engine.take(worker, Event::Started, now);
        engine.take(worker, Event::LifeEnded(boom()), now);
        engine.tick(now + Duration::from_secs(3600));
        assert_eq!(engine.next_order(), None, "{strategy:?}");
    }
}
