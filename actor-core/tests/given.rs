//! Lanes given at run time behave as declared ones.

use std::task::{Context, Poll, Waker};

use actor_core::mailbox::{LaneStats, LanesError};
use actor_core::reply::Answer;
use actor_core::{Handle, Lane, Mailbox, Message, Reply, mailbox};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

/// Every kind, and more lanes than are checked one by one.
const LANES: &[Lane] = &[
    Lane::control("stops", 2),
    Lane::fifo("blocks", 4).weight(3),
    Lane::fifo("votes", 5).share(2).weight(2),
    Lane::newest_first("samples", 3),
    Lane::latest("head"),
    Lane::latest_by_key("status", 2),
    Lane::control("settings", 3).weight(2),
];

/// A message with the first `DECLARED` lanes as its own. With none, its lanes are given.
struct Numbered<const DECLARED: usize> {
    lane: usize,
    tag: u64,
    n: u64,
    _reply: Option<Reply<()>>,
}

impl<const DECLARED: usize> Message for Numbered<DECLARED> {
    const LANES: &'static [Lane] = LANES.split_at(DECLARED).0;

    fn lane(&self) -> usize {
        self.lane
    }
    fn source(&self) -> Option<u64> {
        (self.tag > 0).then_some(self.tag)
    }
    fn key(&self) -> u64 {
        self.tag
    }
}

#[derive(Clone, Debug)]
enum Step {
    Tell(usize, u64),
    Ask(usize, u64),
    /// Drops the answer of one of the asks so far.
    Leave(usize),
    Take,
}

fn step(lanes: usize) -> impl Strategy<Value = Step> {
    let lane = move || (0..lanes, 0..4_u64);
    prop_oneof![
        4 => lane().prop_map(|(lane, tag)| Step::Tell(lane, tag)),
        2 => lane().prop_map(|(lane, tag)| Step::Ask(lane, tag)),
        1 => (0..8_usize).prop_map(Step::Leave),
        4 => Just(Step::Take),
    ]
}

/// One mailbox under test.
struct Subject<const DECLARED: usize> {
    handle: Handle<Numbered<DECLARED>>,
    mailbox: Mailbox<Numbered<DECLARED>>,
    asks: Vec<Answer<()>>,
}

/// The visible result of a step.
#[derive(Debug, PartialEq)]
struct Seen {
    was_sent: bool,
    taken: Option<(usize, u64)>,
    stats: Vec<LaneStats>,
}

impl<const DECLARED: usize> Subject<DECLARED> {
    fn new(mailbox: Mailbox<Numbered<DECLARED>>) -> Self {
        Self { handle: mailbox.handle(), mailbox, asks: Vec::new() }
    }

    fn run(&mut self, n: u64, step: &Step) -> Seen {
        let (mut was_sent, mut taken) = (false, None);
        match *step {
            Step::Tell(lane, tag) => {
                was_sent = self.handle.try_tell(Numbered { lane, tag, n, _reply: None }).is_ok();
            }
            Step::Ask(lane, tag) => {
                let make = |reply| Numbered { lane, tag, n, _reply: Some(reply) };
                let asked = self.handle.try_ask(make);
                was_sent = asked.is_ok();
                self.asks.extend(asked.ok());
            }
            Step::Leave(ask) if ask < self.asks.len() => drop(self.asks.remove(ask)),
            Step::Leave(_) => {}
            Step::Take => taken = self.mailbox.try_recv().map(|message| (message.lane, message.n)),
        }
        Seen { was_sent, taken, stats: self.handle.stats() }
    }

    fn end(mut self) -> (Vec<(&'static str, u64)>, Vec<LaneStats>) {
        let mut left = Vec::new();
        self.mailbox.drain_undelivered(|lane, message| left.push((lane, message.n)));
        (left, self.handle.stats())
    }
}

fn compare<const LANES_OF_BOTH: usize>(steps: &[Step]) -> Result<(), TestCaseError> {
    let (_first, declared) = mailbox::<Numbered<LANES_OF_BOTH>>();
    let mut declared = Subject::new(declared);
    let given = Mailbox::<Numbered<0>>::with_lanes(&LANES[..LANES_OF_BOTH]).expect("they fit");
    let mut given = Subject::new(given);
    for (n, step) in (0..).zip(steps) {
        prop_assert_eq!(declared.run(n, step), given.run(n, step));
    }
    prop_assert_eq!(declared.end(), given.end());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn given_lanes_behave_as_declared_ones(steps in vec(step(7), 0..160)) {
        compare::<7>(&steps)?;
    }

    #[test]
    fn one_given_lane_behaves_as_a_declared_one(steps in vec(step(1), 0..80)) {
        compare::<1>(&steps)?;
    }
}

fn tell(lane: usize, n: u64) -> Numbered<0> {
    Numbered { lane, tag: 0, n, _reply: None }
}

#[test]
fn one_given_lane_is_enough() {
    static ONE: [Lane; 1] = [Lane::fifo("one", 2)];
    let mut mailbox = Mailbox::with_lanes(&ONE).expect("it fits");
    let handle = mailbox.handle();
    assert!(handle.try_tell(tell(0, 1)).is_ok());
    assert!(handle.try_tell(tell(0, 2)).is_ok());
    assert!(handle.try_tell(tell(0, 3)).is_err(), "it is full");
    let taken: Vec<_> = std::iter::from_fn(|| Some(mailbox.try_recv()?.n)).collect();
    assert_eq!(taken, [1, 2]);
}

#[test]
fn impossible_lanes_are_errors() {
    static HUGE: [Lane; 2] = [Lane::fifo("small", 1), Lane::fifo("huge", usize::MAX / 8)];
    let error = |lanes| Mailbox::<Numbered<0>>::with_lanes(lanes).err();
    assert_eq!(error(&[]), Some(LanesError::None));
    assert_eq!(error(&HUGE), Some(LanesError::TooLarge(1)));
    let many = vec![Lane::latest("lane"); 65_535].leak();
    assert_eq!(error(many), Some(LanesError::TooMany));
    assert_eq!(error(&many[1..]), None);
}

#[test]
fn a_turn_takes_what_waits_and_then_announces_sleep() {
    let mut mailbox = Mailbox::with_lanes(LANES).expect("they fit");
    let handle = mailbox.handle();
    (0..3).for_each(|n| assert!(handle.try_tell(tell(1, n)).is_ok()));
    let mut cx = Context::from_waker(Waker::noop());
    for n in 0..3 {
        assert!(matches!(mailbox.poll_turn(&mut cx), Poll::Ready(Some(taken)) if taken.n == n));
    }
    assert!(mailbox.poll_turn(&mut cx).is_pending());
    mailbox.close();
    assert!(matches!(mailbox.poll_turn(&mut cx), Poll::Ready(None)));
}
