//! Tests of the allowances with a moving clock.

use super::*;

const VOTE: TopicKind = TopicKind::Attestation { subnet: 0 };

/// The topics of a node that follows one subnet.
const TOPICS: u64 = 3;

/// A devnet of the tests: 8 validators, half-second slots, a heartbeat of 100 ms.
const DEVNET: Load =
    Load { validators: 8, slot: Duration::from_millis(500), heartbeat: Duration::from_millis(100) };

/// The largest network of the specification.
const LARGEST: Load =
    Load { validators: 4096, slot: Duration::from_secs(4), heartbeat: Duration::from_millis(700) };

fn stranger() -> Who {
    let range = AddressRange::V4([10, 0, 0]);
    Who { peer: PeerId::random(), range, is_configured: false }
}

fn configured() -> Who {
    Who { is_configured: true, ..stranger() }
}

/// An honest peer that sends everything of a slot to this node.
struct Honest<'a> {
    allowances: &'a mut Allowances,
    who: Who,
    now: Instant,
}

impl Honest<'_> {
    fn take(&mut self, cost: Cost, amount: u64) {
        let taken = self.allowances.take(&self.who, cost, amount, self.now);
        assert_eq!(taken, Taken::Within, "{cost:?}, {amount}");
    }

    fn control(&mut self, ids: u64) {
        self.take(Cost::Frame, 1);
        // The sizes of the entry's fields and of each id, as `guard::weight` counts them.
        self.take(Cost::Control, 1 + (100 + 28 * ids) / 32);
    }

    fn message(&mut self, kind: TopicKind) {
        self.take(Cost::Frame, 1);
        self.take(Cost::of_message(kind), 1);
        self.take(Cost::Bytes, kind.max_payload_size() as u64);
        self.control(1);
    }

    /// All messages of a slot, each with an IDONTWANT: a block and a competing one, sixteen
    /// aggregates with the largest proofs, and all votes.
    fn messages_of_a_slot(&mut self, load: Load) {
        (0..2).for_each(|_| self.message(TopicKind::Block));
        (0..14).for_each(|_| self.message(TopicKind::Aggregation));
        (0..load.validators).for_each(|_| self.message(VOTE));
    }

    /// Heartbeats for a slot: for each topic, an IHAVE with all messages of the slot, a GRAFT and a
    /// PRUNE; and an IWANT for all messages.
    fn heartbeats_of_a_slot(&mut self, load: Load) {
        let ids = load.validators + 16;
        let end = self.now + load.slot;
        while self.now < end {
            for _ in 0..TOPICS {
                self.control(ids / TOPICS);
                self.control(0);
                self.control(0);
            }
            self.control(ids);
            self.now += load.heartbeat;
        }
        self.now = end;
    }
}

#[test]
fn no_honest_pattern_is_over_its_allowance() {
    for load in [DEVNET, LARGEST, Load { heartbeat: LARGEST.heartbeat, ..DEVNET }] {
        let mut allowances = Allowances::new(load);
        let mut honest =
            Honest { allowances: &mut allowances, who: stranger(), now: Instant::now() };
        // It subscribes, and asks for the status and for blocks, while it sends everything.
        honest.take(Cost::Subscription, 64 + 2);
        for slot in 0..40 {
            honest.messages_of_a_slot(load);
            honest.heartbeats_of_a_slot(load);
            honest.take(Cost::Status, 1);
            (0..8).for_each(|_| honest.take(Cost::Request, 1));
            if slot == 20 {
                // Its connection stalled for three slots. Everything arrives at once.
                honest.now += load.slot * 3;
                (0..3).for_each(|_| honest.messages_of_a_slot(load));
            }
        }
    }
}

#[test]
fn a_node_that_synchronizes_is_served_and_one_that_repeats_ranges_is_slowed_to_the_rate() {
    let (mut allowances, who) = (Allowances::new(DEVNET), stranger());
    let start = Instant::now();
    // Batches of 64 blocks of the specification's size, as this node's own client asks for them.
    for batch in 0..128 {
        let now = start + Duration::from_millis(20 * batch);
        assert!(allowances.is_open(&who, Cost::Answer, now));
        assert_eq!(allowances.take(&who, Cost::Request, 1, now), Taken::Within);
        allowances.spend(&who, Cost::Answer, 64 << 10, now);
    }
    // Answers of the largest size, as fast as the allowance permits.
    let (mut answered, start) = (0, start + Duration::from_secs(60));
    for step in 0..1000 {
        let now = start + Duration::from_millis(10 * step);
        if allowances.is_open(&who, Cost::Answer, now) {
            allowances.spend(&who, Cost::Answer, 16 << 20, now);
            answered += 16;
        }
    }
    // The burst, the rate for ten seconds, and at most one answer of debt.
    let most = 32 + 4 * 10 + 16;
    assert!(answered > 64 && answered <= most, "{answered} MiB");
}

#[test]
fn the_allowance_of_a_burst_returns_at_its_rate() {
    let (mut allowances, who, now) = (Allowances::new(DEVNET), stranger(), Instant::now());
    let taken = |allowances: &mut Allowances, now| {
        (0..).take_while(|_| allowances.take(&who, Cost::Status, 1, now) == Taken::Within).count()
    };
    assert_eq!(taken(&mut allowances, now), 64);
    assert_eq!(taken(&mut allowances, now + Duration::from_millis(249)), 0);
    assert_eq!(taken(&mut allowances, now + Duration::from_millis(250)), 1);
    assert_eq!(taken(&mut allowances, now + Duration::from_secs(2)), 7);
    assert_eq!(taken(&mut allowances, now + Duration::from_secs(3600)), 64);
}

#[test]
fn authored_excess_becomes_an_offence_and_content_never_does() {
    let content = [
        Cost::Block,
        Cost::Aggregate,
        Cost::Vote,
        Cost::Bytes,
        Cost::RefusedBlock,
        Cost::RefusedAggregate,
        Cost::RefusedVote,
        Cost::Answer,
    ];
    for cost in Cost::ALL {
        for who in [stranger(), configured()] {
            let (mut allowances, now) = (Allowances::new(DEVNET), Instant::now());
            let allowance = DEVNET.allowance(cost).times(CONFIGURED);
            let amount = (allowance.burst / 1000).max(1);
            let takes = (0..5000).map(|_| allowances.take(&who, cost, amount, now));
            let is_offence = takes.collect::<Vec<_>>().contains(&Taken::Offence);
            let expected = !who.is_configured && !content.contains(&cost);
            assert_eq!(is_offence, expected, "{cost:?}, {}", who.is_configured);
        }
    }
}

#[test]
fn less_than_twice_the_allowance_is_dropped_and_no_offence() {
    let (mut allowances, who, start) = (Allowances::new(DEVNET), stranger(), Instant::now());
    // Seven a second, where four are allowed.
    let taken: Vec<_> = (0..7 * 300)
        .map(|n| {
            let now = start + Duration::from_secs(1) * n / 7;
            allowances.take(&who, Cost::Status, 1, now)
        })
        .collect();
    assert!(taken.contains(&Taken::Over) && !taken.contains(&Taken::Offence));
}

#[test]
fn identities_of_one_range_share_and_others_keep_their_own() {
    let (mut allowances, now) = (Allowances::new(DEVNET), Instant::now());
    let burst = |allowances: &mut Allowances, who: &Who, cost| {
        (0..).take_while(|_| allowances.take(who, cost, 1, now) == Taken::Within).count()
    };
    let of_range: usize = (0..64).map(|_| burst(&mut allowances, &stranger(), Cost::Request)).sum();
    assert_eq!(of_range, 4 * 512);
    let other = Who { range: AddressRange::V4([10, 0, 1]), ..stranger() };
    assert_eq!(burst(&mut allowances, &other, Cost::Request), 512);
    assert_eq!(burst(&mut allowances, &configured(), Cost::Request), 8 * 512);
    // A range of honest nodes may send all its gossip.
    let whole = burst(&mut allowances, &stranger(), Cost::Frame);
    assert!((0..16).all(|_| burst(&mut allowances, &stranger(), Cost::Frame) == whole));
}

#[test]
fn the_flood_of_a_range_is_no_offence_of_its_other_peers() {
    let (mut allowances, now) = (Allowances::new(DEVNET), Instant::now());
    for _ in 0..8 {
        let flooder = stranger();
        (0..1000).for_each(|_| {
            allowances.take(&flooder, Cost::Request, 1, now);
        });
    }
    let neighbour = stranger();
    assert!((0..500).all(|_| allowances.take(&neighbour, Cost::Request, 1, now) == Taken::Over));
}

#[test]
fn made_up_identities_do_not_fill_the_memory_and_do_not_renew_the_active() {
    let (mut allowances, mut now, flooder) = (Allowances::new(DEVNET), Instant::now(), stranger());
    while allowances.take(&flooder, Cost::Frame, 1, now) == Taken::Within {}
    for _ in 0..MOST_ACCOUNTS * 2 {
        now += Duration::from_nanos(10);
        allowances.take(&stranger(), Cost::Frame, 1, now);
        assert_ne!(allowances.take(&flooder, Cost::Frame, 1, now), Taken::Within);
    }
    assert_eq!(allowances.accounts.len(), MOST_ACCOUNTS);
}
