//! Lanes with sources or keys: under random sends and receives they behave like a simple model.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use actor_core::{Lane, Message, TryTellError, mailbox};
use futures::executor::block_on;
use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::test_runner::TestCaseError;

const CAPACITY: usize = 6;
const SHARE: usize = 2;
const KEYS: usize = 3;
const SOURCES: u64 = 5;

/// A message of a lane with shares.
#[derive(Debug, PartialEq, Eq)]
struct Parcel {
    source: Option<u64>,
    n: u64,
}

impl Message for Parcel {
    const LANES: &'static [Lane] = &[Lane::fifo("parcels", CAPACITY).share(SHARE)];

    fn source(&self) -> Option<u64> {
        self.source
    }
}

/// A message of a lane with the latest message of each key.
struct Status {
    key: u64,
    n: u64,
}

impl Message for Status {
    const LANES: &'static [Lane] = &[Lane::latest_by_key("status", KEYS)];

    fn key(&self) -> u64 {
        self.key
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// With this source or key. The highest number means no source.
    Send(u64),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![3 => (0..=SOURCES).prop_map(Step::Send), 2 => Just(Step::Take)]
}

/// Queues by source, in the order of their turns. Only sources with messages have one.
#[derive(Default)]
struct Shares {
    queues: Vec<(Option<u64>, VecDeque<u64>)>,
    /// Sent, and not yet seen by the consumer. It sees messages in a take.
    arrived: VecDeque<(Option<u64>, u64)>,
}

impl Shares {
    fn waiting(&self) -> impl Iterator<Item = Option<u64>> {
        let queued = self.queues.iter().flat_map(|(source, queue)| queue.iter().map(|_| *source));
        queued.chain(self.arrived.iter().map(|(source, _)| *source))
    }

    fn send(&mut self, source: Option<u64>, n: u64) -> (u64, u64) {
        if source.is_some() && self.waiting().filter(|other| *other == source).count() == SHARE {
            return (1, 0);
        }
        if self.waiting().count() == CAPACITY {
            return (0, 1);
        }
        self.arrived.push_back((source, n));
        (0, 0)
    }

    fn take(&mut self) -> Option<Parcel> {
        for (source, n) in self.arrived.drain(..) {
            match self.queues.iter_mut().find(|(other, _)| *other == source) {
                Some((_, queue)) => queue.push_back(n),
                None => self.queues.push((source, VecDeque::from([n]))),
            }
        }
        if self.queues.is_empty() {
            return None;
        }
        let (source, mut queue) = self.queues.remove(0);
        let n = queue.pop_front()?;
        if !queue.is_empty() {
            self.queues.push((source, queue));
        }
        Some(Parcel { source, n })
    }
}

fn compare_shares(steps: &[Step]) -> Result<(), TestCaseError> {
    let (handle, mut mailbox) = mailbox::<Parcel>();
    let mut model = Shares::default();
    let (mut accepted, mut over_share, mut refused) = (0, 0, 0);
    for (n, step) in (0..).zip(steps) {
        match *step {
            Step::Send(source) => {
                let source = (source < SOURCES).then_some(source);
                let (over, full) = model.send(source, n);
                (over_share, refused) = (over_share + over, refused + full);
                match handle.try_tell(Parcel { source, n }) {
                    Ok(()) => accepted += 1,
                    Err(TryTellError::Full(back)) => {
                        prop_assert_eq!((back, over + full), (Parcel { source, n }, 1))
                    }
                    Err(TryTellError::Closed(_)) => prop_assert!(false, "it is open"),
                }
            }
            Step::Take => prop_assert_eq!(mailbox.try_recv(), model.take()),
        }
        let stats = &handle.stats()[0];
        prop_assert_eq!(
            (stats.accepted, stats.over_share, stats.refused),
            (accepted, over_share, refused)
        );
        prop_assert_eq!(stats.accepted, stats.handled + stats.depth);
    }
    let mut left = Vec::new();
    mailbox.drain_undelivered(|_, parcel| left.push(parcel.n));
    prop_assert_eq!(left.len(), model.waiting().count());
    prop_assert!(left.is_sorted(), "in order of age: {:?}", left);
    Ok(())
}

fn compare_keys(steps: &[Step]) -> Result<(), TestCaseError> {
    let (handle, mut mailbox) = mailbox::<Status>();
    let mut model: VecDeque<(u64, u64)> = VecDeque::new();
    let (mut accepted, mut evicted) = (0, 0);
    for (n, step) in (0..).zip(steps) {
        match *step {
            Step::Send(key) => {
                prop_assert!(handle.try_tell(Status { key, n }).is_ok(), "it never refuses");
                accepted += 1;
                match model.iter_mut().find(|(other, _)| *other == key) {
                    Some(place) => {
                        place.1 = n;
                        evicted += 1;
                    }
                    None => model.push_back((key, n)),
                }
                if model.len() > KEYS {
                    model.pop_front();
                    evicted += 1;
                }
            }
            Step::Take => {
                prop_assert_eq!(
                    mailbox.try_recv().map(|status| (status.key, status.n)),
                    model.pop_front()
                );
            }
        }
        let stats = &handle.stats()[0];
        prop_assert_eq!((stats.accepted, stats.evicted), (accepted, evicted));
        prop_assert_eq!(stats.accepted, stats.handled + stats.evicted + stats.depth);
    }
    let mut left = Vec::new();
    mailbox.drain_undelivered(|_, status| left.push((status.key, status.n)));
    prop_assert_eq!(left, Vec::from(model));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn a_lane_with_shares_behaves_like_its_model(steps in vec(step(), 0..120)) {
        compare_shares(&steps)?;
    }

    #[test]
    fn a_lane_of_the_latest_by_key_behaves_like_its_model(steps in vec(step(), 0..120)) {
        compare_keys(&steps)?;
    }
}

#[test]
fn a_flooding_source_does_not_exclude_another() {
    let (handle, mut mailbox) = mailbox::<Parcel>();
    let sent =
        (0..1_000).filter(|&n| handle.try_tell(Parcel { source: Some(1), n }).is_ok()).count();
    assert_eq!(sent, SHARE);
    assert!(handle.try_tell(Parcel { source: Some(2), n: 7 }).is_ok());
    assert_eq!(mailbox.try_recv().map(|parcel| parcel.source), Some(Some(1)));
    assert_eq!(
        mailbox.try_recv(),
        Some(Parcel { source: Some(2), n: 7 }),
        "it waits for one message of the other"
    );
    assert_eq!(handle.stats()[0].over_share, 1_000 - SHARE as u64);
}

#[test]
fn a_tell_beyond_the_share_waits_for_room_in_it() {
    let (handle, mut mailbox) = mailbox::<Parcel>();
    (0..2).for_each(|n| handle.try_tell(Parcel { source: Some(1), n }).expect("within its share"));
    let mut waits = pin!(handle.tell(Parcel { source: Some(1), n: 2 }));
    assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    block_on(handle.tell(Parcel { source: Some(2), n: 3 })).expect("another source does not wait");
    assert_eq!(mailbox.try_recv(), Some(Parcel { source: Some(1), n: 0 }));
    block_on(waits).expect("its share has room again");
    let rest: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|parcel| parcel.n).collect();
    assert_eq!(rest, [3, 1, 2]);
    assert_eq!(handle.stats()[0].over_share, 0, "a send that waits is not refused");
}

#[test]
fn a_tell_over_its_share_does_not_delay_the_senders_behind_it() {
    let (handle, mut mailbox) = mailbox::<Parcel>();
    let fill = [(1, 0), (1, 1), (2, 2), (2, 3), (3, 4), (3, 5)];
    fill.into_iter()
        .for_each(|(source, n)| handle.try_tell(Parcel { source: Some(source), n }).expect("room"));
    let mut cx = Context::from_waker(Waker::noop());
    let mut over = pin!(handle.tell(Parcel { source: Some(3), n: 6 }));
    let mut behind = pin!(handle.tell(Parcel { source: Some(4), n: 7 }));
    assert!(over.as_mut().poll(&mut cx).is_pending());
    assert!(behind.as_mut().poll(&mut cx).is_pending());
    assert_eq!(mailbox.try_recv(), Some(Parcel { source: Some(1), n: 0 }));
    assert!(over.as_mut().poll(&mut cx).is_pending(), "the room is not in its share");
    block_on(behind).expect("there is room for it");
}

#[test]
fn messages_without_a_source_have_no_share_and_one_common_turn() {
    let (handle, mut mailbox) = mailbox::<Parcel>();
    (0..5).for_each(|n| handle.try_tell(Parcel { source: None, n }).expect("room"));
    handle.try_tell(Parcel { source: Some(1), n: 9 }).expect("room");
    assert!(
        handle.try_tell(Parcel { source: None, n: 6 }).is_err(),
        "the lane's capacity bounds them"
    );
    let order: Vec<_> = std::iter::from_fn(|| mailbox.try_recv()).map(|parcel| parcel.n).collect();
    assert_eq!(order, [0, 9, 1, 2, 3, 4]);
    let stats = &handle.stats()[0];
    assert_eq!((stats.refused, stats.over_share, stats.high_water), (1, 0, 6));
}

/// A message with a panic at the second query for its key.
struct Once(std::sync::atomic::AtomicBool);

impl Message for Once {
    const LANES: &'static [Lane] = &[Lane::latest_by_key("once", 4)];

    fn key(&self) -> u64 {
        assert!(!self.0.swap(true, std::sync::atomic::Ordering::Relaxed), "asked twice");
        7
    }
}

#[test]
fn the_key_is_read_once_by_the_sender() {
    let (handle, mut mailbox) = mailbox();
    for _ in 0..3 {
        assert!(handle.try_tell(Once(false.into())).is_ok());
    }
    assert!(mailbox.try_recv().is_some() && mailbox.try_recv().is_none());
    let stats = &handle.stats()[0];
    assert_eq!((stats.accepted, stats.handled, stats.evicted, stats.depth), (3, 1, 2, 0));
}
