//! Random sends and receives: a mailbox behaves like a simple model of its lanes.

use std::collections::VecDeque;

use actor_core::reply::Answer;
use actor_core::{Lane, Message, Reply, TryTellError, mailbox};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;

const CONTROL: usize = 0;
const FIFO: usize = 1;
const NEWEST: usize = 2;
const LATEST: usize = 3;
const LANES: &[Lane] = &[
    Lane::control("control", 3),
    Lane::fifo("fifo", 3),
    Lane::newest_first("newest", 3),
    Lane::latest("latest"),
];

struct Numbered {
    lane: usize,
    n: u64,
    _reply: Option<Reply<()>>,
}

impl Message for Numbered {
    const LANES: &'static [Lane] = LANES;

    fn lane(&self) -> usize {
        self.lane
    }
}

#[derive(Clone, Debug)]
enum Step {
    Tell(usize),
    Ask(usize),
    /// Drops the answer of one of the asks so far.
    Leave(usize),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..LANES.len()).prop_map(Step::Tell),
        2 => (0..LANES.len()).prop_map(Step::Ask),
        1 => (0..8_usize).prop_map(Step::Leave),
        4 => proptest::strategy::Just(Step::Take),
    ]
}

/// One lane, as documented.
#[derive(Default)]
struct ModelLane {
    /// Sent, and not yet seen by the consumer.
    sent: VecDeque<u64>,
    /// Seen by the consumer. Used by a newest-first lane only.
    seen: VecDeque<u64>,
    accepted: u64,
    refused: u64,
    evicted: u64,
    handled: u64,
    cancelled: u64,
}

impl ModelLane {
    fn send(&mut self, lane: usize, n: u64) -> bool {
        let capacity = LANES[lane].capacity();
        if self.sent.len() == capacity {
            if matches!(lane, CONTROL | FIFO) {
                self.refused += 1;
                return false;
            }
            self.sent.pop_front();
            self.evicted += 1;
        }
        self.sent.push_back(n);
        self.accepted += 1;
        true
    }

    fn take(&mut self, lane: usize, left: &[u64]) -> Option<u64> {
        loop {
            let n = if lane == NEWEST {
                self.seen.extend(self.sent.drain(..));
                while self.seen.len() > LANES[lane].capacity() {
                    self.seen.pop_front();
                    self.evicted += 1;
                }
                self.seen.pop_back()?
            } else {
                self.sent.pop_front()?
            };
            if !left.contains(&n) {
                return Some(n);
            }
            self.cancelled += 1;
        }
    }
}

/// The whole mailbox; data lanes take turns, one message a turn.
struct Model {
    lanes: [ModelLane; LANES.len()],
    /// The next data lane, and whether its turn is still unused.
    turn: (usize, bool),
    in_hand: Option<usize>,
    left: Vec<u64>,
}

impl Model {
    fn new() -> Self {
        Self { lanes: Default::default(), turn: (FIFO, true), in_hand: None, left: Vec::new() }
    }

    fn take(&mut self) -> Option<(usize, u64)> {
        if let Some(lane) = self.in_hand.take() {
            self.lanes[lane].handled += 1;
        }
        let (lane, n) = self.take_from(CONTROL).or_else(|| self.take_data())?;
        self.in_hand = Some(lane);
        Some((lane, n))
    }

    fn take_data(&mut self) -> Option<(usize, u64)> {
        for _ in 0..=3 {
            let (lane, due) = self.turn;
            if due && let Some(taken) = self.take_from(lane) {
                self.turn = (lane, false);
                return Some(taken);
            }
            self.turn = (if lane == LATEST { FIFO } else { lane + 1 }, true);
        }
        None
    }

    fn take_from(&mut self, lane: usize) -> Option<(usize, u64)> {
        self.lanes[lane].take(lane, &self.left).map(|n| (lane, n))
    }
}

/// Runs the steps on a mailbox and on the model, and compares their results and statistics after
/// each.
fn compare(steps: &[Step]) -> Result<(), TestCaseError> {
    let (handle, mut mailbox) = mailbox::<Numbered>();
    let mut model = Model::new();
    let mut asks: Vec<(u64, Answer<()>)> = Vec::new();
    for (n, step) in (0..).zip(steps) {
        match *step {
            Step::Tell(lane) => {
                let sent = handle.try_tell(Numbered { lane, n, _reply: None });
                if let Err(TryTellError::Full(back)) = &sent {
                    prop_assert_eq!(back.n, n, "what is refused comes back");
                }
                prop_assert_eq!(sent.is_ok(), model.lanes[lane].send(lane, n));
            }
            Step::Ask(lane) => {
                let asked = handle.try_ask(|reply| Numbered { lane, n, _reply: Some(reply) });
                prop_assert_eq!(asked.is_ok(), model.lanes[lane].send(lane, n));
                asks.extend(asked.ok().map(|answer| (n, answer)));
            }
            Step::Leave(ask) => {
                if ask < asks.len() {
                    let (n, answer) = asks.remove(ask);
                    drop(answer);
                    model.left.push(n);
                }
            }
            Step::Take => {
                let taken = mailbox.try_recv().map(|message| (message.lane, message.n));
                prop_assert_eq!(taken, model.take());
            }
        }
        for (stats, lane) in handle.stats().iter().zip(&model.lanes) {
            let counted =
                (stats.accepted, stats.refused, stats.evicted, stats.handled, stats.cancelled);
            prop_assert_eq!(
                counted,
                (lane.accepted, lane.refused, lane.evicted, lane.handled, lane.cancelled)
            );
            let ended = stats.handled + stats.evicted + stats.cancelled + stats.undelivered;
            prop_assert_eq!(stats.accepted, ended + stats.depth);
        }
    }
    // The drain returns the remaining messages lane by lane, oldest first.
    let expected: Vec<_> = (0..LANES.len())
        .flat_map(|lane| {
            let ModelLane { seen, sent, .. } = &model.lanes[lane];
            seen.iter().chain(sent).map(move |&n| (LANES[lane].name(), n)).collect::<Vec<_>>()
        })
        .collect();
    let mut left = Vec::new();
    mailbox.drain_undelivered(|lane, message| left.push((lane, message.n)));
    prop_assert_eq!(&left, &expected);
    let stats = handle.stats();
    prop_assert_eq!(stats.iter().map(|lane| lane.undelivered).sum::<u64>(), left.len() as u64);
    prop_assert_eq!(stats.iter().map(|lane| lane.depth).sum::<u64>(), 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_mailbox_behaves_like_its_model(steps in vec(step(), 0..120)) {
        compare(&steps)?;
    }
}
