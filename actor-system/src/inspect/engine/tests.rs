//! The decisions about rounds, with times as plain numbers.

use actor_core::mailbox::{ActorSeen, SeenWait, Sleep};
use actor_core::observe::InHand;

use super::*;
use crate::inspect::round::{ExecutorRound, LaneRound};

const EVERY: Duration = Duration::from_millis(100);
const BUDGET: Duration = Duration::from_secs(1);

fn engine() -> Engine {
    Engine::new(Limits { budget: BUDGET, every: EVERY, filling: 3 * BUDGET })
}

/// Rounds at each period, with the time as the state of a test.
struct Rounds {
    engine: Engine,
    now: Duration,
}

impl Rounds {
    fn new() -> Self {
        Self { engine: engine(), now: Duration::ZERO }
    }

    fn one(&mut self, round: &Round) -> Vec<Finding> {
        self.after(EVERY, round)
    }

    fn after(&mut self, time: Duration, round: &Round) -> Vec<Finding> {
        self.now += time;
        self.engine.round("test", self.now, round)
    }

    /// Rounds for this time, all with the same state.
    fn during(&mut self, time: Duration, round: &Round) -> Vec<Finding> {
        let rounds = time.as_millis() / EVERY.as_millis();
        (0..rounds).flat_map(|_| self.one(round)).collect()
    }
}

/// Takes a message by hand, which is then in hand: only the core makes such a value.
fn in_hand() -> Option<InHand> {
    struct Import;
    impl actor_core::Message for Import {
        const LANES: &'static [actor_core::Lane] = &[actor_core::Lane::fifo("blocks", 4)];
        const KINDS: &'static [&'static str] = &["Import"];
    }
    let (handle, mut mailbox) = actor_core::mailbox();
    handle.try_tell(Import).expect("there is room");
    let _import = mailbox.try_recv().expect("it was sent");
    handle.figures().in_hand
}

fn actor(number: u64, path: &str, seen: ActorSeen) -> ActorRound {
    let seen = ActorSeen { number, has_started: true, ..seen };
    ActorRound { path: path.into(), executor: Some(0), seen, ..ActorRound::default() }
}

fn round(actors: Vec<ActorRound>) -> Round {
    let executor = ExecutorRound { name: "main".into(), ..ExecutorRound::default() };
    Round { actors, executors: vec![executor] }
}

fn idle(number: u64, path: &str) -> ActorRound {
    actor(number, path, ActorSeen { sleep: Sleep::ForMessages, ..ActorSeen::default() })
}

/// An actor with a handler that runs on its thread.
fn busy(number: u64, path: &str) -> ActorRound {
    let seen = ActorSeen { in_hand: in_hand(), has_turn: true, turns: 1, ..ActorSeen::default() };
    actor(number, path, seen)
}

/// An actor with a handler that waits for the answer of another one.
fn asking(number: u64, path: &str, other: u64, stamp: u64) -> ActorRound {
    let waits = vec![SeenWait { number: other, is_for_room: false, stamp }];
    let seen =
        ActorSeen { in_hand: in_hand(), sleep: Sleep::ForOther, waits, ..ActorSeen::default() };
    actor(number, path, seen)
}

fn texts(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

#[test]
fn a_handler_over_its_budget_is_reported_once_when_it_begins_and_once_when_it_ends() {
    let mut rounds = Rounds::new();
    let stuck = round(vec![busy(1, "/chain")]);
    assert!(rounds.during(BUDGET, &stuck).is_empty(), "the first round counts from zero");
    let found = rounds.during(5 * BUDGET, &stuck);
    assert_eq!(
        texts(&found),
        ["test: /chain exceeds its budget: it is in its handler of Import (lane blocks) for 1.0 s"]
    );
    let found = rounds.during(BUDGET, &round(vec![idle(1, "/chain")]));
    assert_eq!(
        texts(&found),
        ["test: /chain is done with its handler of Import (lane blocks) after 5.9 s"]
    );
}

#[test]
fn messages_one_after_another_are_no_long_handler() {
    let mut rounds = Rounds::new();
    for ended in 0..100 {
        let mut worker = busy(1, "/worker");
        worker.seen.ended = ended;
        assert!(rounds.one(&round(vec![worker])).is_empty());
    }
}

#[test]
fn a_stopped_process_counts_for_no_time() {
    let mut rounds = Rounds::new();
    let working = round(vec![busy(1, "/chain")]);
    assert!(rounds.during(BUDGET / 2, &working).is_empty());
    assert!(rounds.after(Duration::from_secs(3_600), &working).is_empty(), "stopped for an hour");
    assert!(rounds.one(&working).is_empty());
    // It is found as soon as it has had its budget.
    assert_eq!(rounds.during(BUDGET, &working).len(), 1);
}

#[test]
fn the_time_of_a_thread_without_a_processor_does_not_count() {
    let mut rounds = Rounds::new();
    for number in 1..=100 {
        let mut waiting = round(vec![busy(1, "/chain")]);
        waiting.executors[0].processor_wait = Some(EVERY * number);
        assert!(rounds.one(&waiting).is_empty());
    }
}

#[test]
fn a_handler_that_awaits_is_not_charged_for_a_neighbour_on_its_thread() {
    let mut rounds = Rounds::new();
    let mut awaiting = asking(2, "/patient", 0, 1);
    awaiting.seen.waits.clear();
    let found = rounds.during(3 * BUDGET, &round(vec![busy(1, "/hog"), awaiting]));
    assert_eq!(found.len(), 1, "{:?}", texts(&found));
    assert_eq!(found[0].problem.actors(), ["/hog"]);
}

#[test]
fn a_ring_over_three_actors_is_named_with_each_of_them_and_not_as_three_handlers() {
    let mut rounds = Rounds::new();
    let ring = round(vec![asking(1, "/a", 2, 1), asking(2, "/b", 3, 1), asking(3, "/c", 1, 1)]);
    let found = rounds.during(3 * BUDGET, &ring);
    assert_eq!(
        texts(&found),
        [
            "test: a ring of waits: /a in its handler of Import (lane blocks) waits for an answer of \
         /b in its handler of Import (lane blocks) waits for an answer of \
         /c in its handler of Import (lane blocks) waits for an answer of /a, for 1.0 s"
        ]
    );
    let found = rounds.one(&round(vec![idle(1, "/a"), idle(2, "/b"), idle(3, "/c")]));
    assert_eq!(texts(&found), ["test: the ring of waits of /a, /b, /c is over after 2.9 s"]);
}

#[test]
fn an_actor_that_asks_itself_is_a_ring() {
    let mut rounds = Rounds::new();
    let found = rounds.during(2 * BUDGET, &round(vec![asking(1, "/a", 1, 1)]));
    assert!(
        matches!(&found[..], [Finding { problem: Problem::Ring { actors }, .. }] if actors.len() == 1)
    );
}

#[test]
fn a_ring_through_the_queue_of_a_pool_is_found() {
    let mut rounds = Rounds::new();
    let mut queue = idle(2, "/pool");
    queue.seen.passes_on = vec![3, 4];
    let pool = || vec![asking(1, "/a", 2, 1), idle(4, "/pool-1"), asking(3, "/pool-0", 1, 1)];
    let mut all = pool();
    all.push(queue);
    let found = rounds.during(2 * BUDGET, &round(all));
    assert_eq!(found.len(), 1, "{:?}", texts(&found));
    assert_eq!(found[0].problem.actors(), ["/a", "/pool", "/pool-0"]);
}

#[test]
fn a_chain_of_waits_without_a_ring_is_no_ring() {
    let mut rounds = Rounds::new();
    let chain = round(vec![asking(1, "/a", 2, 1), asking(2, "/b", 3, 1), idle(3, "/c")]);
    let found = rounds.during(2 * BUDGET, &chain);
    assert!(found.iter().all(|finding| matches!(finding.problem, Problem::Handler { .. })));
}

#[test]
fn waits_that_come_and_go_are_no_ring() {
    let mut rounds = Rounds::new();
    for stamp in 0..100 {
        let mut actors = vec![asking(1, "/a", 2, stamp), asking(2, "/b", 1, stamp)];
        actors.iter_mut().for_each(|actor| actor.seen.ended = stamp);
        assert!(rounds.one(&round(actors)).is_empty());
    }
}

#[test]
fn an_executor_with_ready_actors_and_no_turn_is_named_with_them() {
    let mut rounds = Rounds::new();
    let ready = || actor(1, "/a", ActorSeen { turns: 7, ..ActorSeen::default() });
    let found = rounds.during(2 * BUDGET, &round(vec![ready(), idle(2, "/b")]));
    assert_eq!(texts(&found), ["test: executor main does not turn for 1.0 s; ready: /a"]);
    let mut turned = ready();
    turned.seen.turns = 8;
    let found = rounds.one(&round(vec![turned]));
    assert_eq!(texts(&found), ["test: executor main takes its turns again after 1.9 s"]);
}

#[test]
fn an_idle_system_and_a_busy_one_raise_no_alarm() {
    let mut rounds = Rounds::new();
    assert!(rounds.during(100 * BUDGET, &round(vec![idle(1, "/a"), idle(2, "/b")])).is_empty());
    for turns in 0..1_000 {
        let ready = actor(1, "/a", ActorSeen { turns, ended: turns, ..ActorSeen::default() });
        assert!(rounds.one(&round(vec![ready])).is_empty());
    }
}

#[test]
fn a_lane_that_is_only_filled_is_named_and_its_actor_may_handle_others() {
    let mut rounds = Rounds::new();
    let mut found = Vec::new();
    for n in 0..50 {
        let mut starved = busy(1, "/a");
        starved.seen.ended = n;
        let votes = LaneRound { name: "votes", accepted: 10 + n, handled: 3, waiting: 7 + n };
        let control = LaneRound { name: "control", accepted: n, handled: n, waiting: 0 };
        starved.lanes = vec![control, votes];
        found.extend(rounds.one(&round(vec![starved])));
    }
    assert_eq!(
        texts(&found),
        [
            "test: lane votes of /a is only filled: 30 accepted and none handled for 3.0 s, 37 waiting"
        ]
    );
}

#[test]
fn a_lane_with_old_messages_and_no_new_ones_is_not_only_filled() {
    let mut rounds = Rounds::new();
    let mut standing = idle(1, "/a");
    standing.lanes = vec![LaneRound { name: "votes", accepted: 10, handled: 3, waiting: 7 }];
    assert!(rounds.during(10 * BUDGET, &round(vec![standing])).is_empty());
}

#[test]
fn the_lasting_problems_are_bounded() {
    let mut rounds = Rounds::new();
    let many = (1..=2 * MOST as u64).map(|number| {
        let mut one = busy(number, "/one");
        one.executor = Some(0);
        one
    });
    let all = round(many.collect());
    assert_eq!(rounds.during(3 * BUDGET, &all).len(), MOST);
    assert_eq!(rounds.engine.end("test").len(), MOST, "each of them ends");
    assert_eq!(rounds.engine.lasting().count(), 0);
}

#[test]
fn an_actor_that_awaits_in_its_start_or_its_end_is_named() {
    let awaiting = |has_started, is_closed| {
        let seen = ActorSeen { sleep: Sleep::ForOther, is_closed, ..ActorSeen::default() };
        let mut one = actor(1, "/a", seen);
        one.seen.has_started = has_started;
        round(vec![one])
    };
    let mut rounds = Rounds::new();
    let found = rounds.during(2 * BUDGET, &awaiting(false, false));
    assert_eq!(texts(&found), ["test: /a exceeds its budget: it starts for 1.0 s"]);
    let found = rounds.during(2 * BUDGET, &awaiting(true, true));
    let [started, ends] = &texts(&found)[..] else { panic!("{found:?}") };
    assert!(started.starts_with("test: /a goes on after"), "{started}");
    assert_eq!(ends, "test: /a exceeds its budget: it ends for 1.0 s");
    // Between two lives, it rests.
    assert_eq!(rounds.during(5 * BUDGET, &awaiting(true, false)).len(), 1, "only the end");
    // Without a turn, an actor that has not started yet is no problem of its own.
    let mut waiting = awaiting(false, false);
    waiting.actors[0].seen.sleep = Sleep::Awake;
    let found = Rounds::new().during(2 * BUDGET, &waiting);
    assert!(
        found.iter().all(|found| matches!(found.problem, Problem::Executor { .. })),
        "{found:?}"
    );
}

#[test]
fn an_ended_actor_ends_its_problem() {
    let mut rounds = Rounds::new();
    assert_eq!(rounds.during(2 * BUDGET, &round(vec![busy(1, "/a")])).len(), 1);
    let found = rounds.one(&round(Vec::new()));
    assert!(matches!(&found[..], [Finding { is_over: true, .. }]));
}
