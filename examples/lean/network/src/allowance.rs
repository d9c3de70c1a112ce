//! The allowance of each peer: one token bucket for each cost that a peer can cause.
//!
//! | cost | unit | a second | at once | the excess |
//! |---|---|---|---|---|
//! | `Frame` | gossip frame | 4 m, 16 h, 64 | 8 m, 1024 | dropped; *Flood* per burst |
//! | `Control` | entry, 32 bytes | 16 m, 32 h, 64 | 32 m, 8192 | dropped; *Flood* per burst |
//! | `Subscription` | entry | 4 | 512 | dropped; *Flood* per 128 |
//! | `Stray` | message | m / 8, 1 | m / 4, 64 | all are dropped; *Flood* per 64 |
//! | `Block` | message | 8 a slot | 64 | dropped |
//! | `Aggregate` | message | 2 a slot each | 4 each | dropped |
//! | `Vote` | message | 2 a slot each, 8 | 4 each, 256 | dropped |
//! | `Bytes` | byte of SSZ | 2 slots | 4 slots | dropped |
//! | `RefusedBlock` | message | 1 | 8 | a stranger's blocks are muted |
//! | `RefusedAggregate` | message | 2 | 32 | a stranger's aggregates are muted |
//! | `RefusedVote` | message | 4, v / 64 | 64, v / 8 | a stranger's votes are muted |
//! | `Status` | request | 4 | 64 | "too many requests"; *Flood* per 64 |
//! | `Request` | request for blocks | 64 | 512 | "too many requests"; *Flood* per 256 |
//! | `Answer` | byte of blocks | 4 MiB | 32 MiB | "too many requests" |
//!
//! Numbers in one cell are added. Here v is the number of validators, m the number of messages per
//! slot (in the column "a second" converted to seconds), and h the number of heartbeats per second.
//! Dropped messages are not decompressed, and gossipsub does not see them.
//!
//! An honest peer sends each message of a slot at most once: one vote for each validator, a few
//! blocks, and the aggregates of every aggregator. The allowance is at least twice their number, so
//! an honest peer never reaches it.
//!
//! A configured peer has eight times the allowance of a stranger, and its excess is no offence. For
//! some costs, all strangers of one address range share four times the allowance of a stranger.
//!
//! Excess itself drains at the rate of the allowance. A peer that stays below twice its allowance
//! therefore loses its excess and nothing else.
//!
//! This module only counts. Its callers pass in the time and drop the excess.

use std::{collections::HashMap, time::Duration};

use libp2p::PeerId;
use tokio::time::Instant;

use crate::address_range::AddressRange;
use wire::topic::TopicKind;

/// The allowance of a configured peer, in allowances of a stranger.
const CONFIGURED: u64 = 8;

/// The allowance shared by all strangers of an address range, in allowances of a stranger.
const RANGE: u64 = 4;

/// The most peers and ranges remembered. The one unused for the longest time is forgotten first.
const MOST_ACCOUNTS: usize = 1024;

/// A cost of this node, caused by a peer. The table of the module has the units and allowances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cost {
    /// A gossip frame.
    Frame,
    /// Control of the mesh: IHAVE, IWANT, GRAFT, PRUNE, IDONTWANT.
    Control,
    /// A topic subscribed to or unsubscribed from.
    Subscription,
    /// A second copy of a message, or a message on a topic that this node does not follow.
    Stray,
    /// A gossiped block.
    Block,
    /// A gossiped aggregate.
    Aggregate,
    /// A gossiped vote.
    Vote,
    /// Gossip to decompress.
    Bytes,
    /// A gossiped block that cannot be decoded or breaks a rule.
    RefusedBlock,
    /// A gossiped aggregate that cannot be decoded or breaks a rule.
    RefusedAggregate,
    /// A gossiped vote that cannot be decoded or breaks a rule.
    RefusedVote,
    /// A request for this node's status.
    Status,
    /// A request for blocks.
    Request,
    /// The blocks in an answer.
    Answer,
}

impl Cost {
    pub(super) const ALL: [Self; 14] = [
        Self::Frame,
        Self::Control,
        Self::Subscription,
        Self::Stray,
        Self::Block,
        Self::Aggregate,
        Self::Vote,
        Self::Bytes,
        Self::RefusedBlock,
        Self::RefusedAggregate,
        Self::RefusedVote,
        Self::Status,
        Self::Request,
        Self::Answer,
    ];

    /// Returns the cost of a message.
    pub(super) fn of_message(kind: TopicKind) -> Self {
        match kind {
            TopicKind::Block => Self::Block,
            TopicKind::Aggregation => Self::Aggregate,
            TopicKind::Attestation { .. } => Self::Vote,
        }
    }

    /// Returns the cost of a message that cannot be decoded or breaks a rule.
    pub(super) fn of_refused(kind: TopicKind) -> Self {
        match kind {
            TopicKind::Block => Self::RefusedBlock,
            TopicKind::Aggregation => Self::RefusedAggregate,
            TopicKind::Attestation { .. } => Self::RefusedVote,
        }
    }

    /// Returns whether the strangers of an address range share an allowance, too.
    fn is_shared(self) -> bool {
        matches!(
            self,
            Self::RefusedBlock
                | Self::RefusedAggregate
                | Self::RefusedVote
                | Self::Bytes
                | Self::Status
                | Self::Request
                | Self::Answer
        )
    }
}

/// Returns a number below 3 for each kind of message.
pub(super) fn place_of(kind: TopicKind) -> usize {
    match kind {
        TopicKind::Block => 0,
        TopicKind::Aggregation => 1,
        TopicKind::Attestation { .. } => 2,
    }
}

/// The honest traffic of the network, from which the allowances follow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// The number of validators. Each votes once a slot.
    pub(super) validators: u64,
    /// The length of a slot.
    pub(super) slot: Duration,
    /// The interval of gossipsub's mesh maintenance.
    pub(super) heartbeat: Duration,
}

impl Load {
    /// Returns the aggregates of a slot. Any node may aggregate, and in parts.
    pub(super) fn aggregates(self) -> u64 {
        64 + self.validators / 4
    }

    /// Returns the messages of a slot: votes, aggregates, and some competing blocks.
    pub(super) fn messages(self) -> u64 {
        self.validators + self.aggregates() + 4
    }

    /// Returns the decompressed bytes of a slot: the votes, and sixteen messages with the largest
    /// proofs.
    fn bytes(self) -> u64 {
        let size = |kind: TopicKind| kind.max_payload_size() as u64;
        self.validators * size(TopicKind::Attestation { subnet: 0 }) + 16 * size(TopicKind::Block)
    }

    /// Converts a number per slot to a number per second, rounded up.
    fn a_second(self, a_slot: u64) -> u64 {
        a_slot.saturating_mul(1000).div_ceil(milliseconds(self.slot).max(1))
    }

    fn heartbeats_a_second(self) -> u64 {
        1000_u64.div_ceil(milliseconds(self.heartbeat).max(1))
    }

    /// Returns the allowance of a stranger.
    fn allowance(self, cost: Cost) -> Allowance {
        let messages = self.messages();
        let each_second = self.a_second(messages);
        let heartbeats = self.heartbeats_a_second();
        let dropped = |rate, burst| Allowance { rate, burst, offence: None };
        let authored = |rate, burst, offence| Allowance { rate, burst, offence: Some(offence) };
        match cost {
            // Each message may come with an IDONTWANT in a frame of its own.
            Cost::Frame => {
                let burst = 8 * messages + 1024;
                authored(4 * each_second + 16 * heartbeats + 64, burst, burst)
            }
            // A message is named by several IHAVE, an IWANT and an IDONTWANT.
            Cost::Control => {
                let burst = 32 * messages + 8192;
                authored(16 * each_second + 32 * heartbeats + 64, burst, burst)
            }
            Cost::Subscription => authored(4, 512, 128),
            Cost::Stray => authored(each_second / 8 + 1, messages / 4 + 64, 64),
            Cost::Block => dropped(self.a_second(8), 64),
            Cost::Aggregate => dropped(self.a_second(2 * self.aggregates()), 4 * self.aggregates()),
            Cost::Vote => {
                dropped(self.a_second(2 * self.validators) + 8, 4 * self.validators + 256)
            }
            Cost::Bytes => dropped(self.a_second(2 * self.bytes()), 4 * self.bytes()),
            Cost::RefusedBlock => dropped(1, 8),
            Cost::RefusedAggregate => dropped(2, 32),
            Cost::RefusedVote => dropped(4 + self.validators / 64, 64 + self.validators / 8),
            Cost::Status => authored(4, 64, 64),
            Cost::Request => authored(64, 512, 256),
            Cost::Answer => dropped(4 << 20, 32 << 20),
        }
    }
}

/// The allowance for one cost.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// The units per second.
    rate: u64,
    /// The units available at once after a pause.
    burst: u64,
    /// The units of excess that make an offence, if they do.
    offence: Option<u64>,
}

/// A connected peer, as far as its allowance depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Who {
    pub(super) peer: PeerId,
    pub(super) range: AddressRange,
    pub(super) is_configured: bool,
}

/// The holder of an allowance or a standing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// A peer.
    Peer(PeerId),
    /// All strangers of an address range.
    Range(AddressRange),
}

/// The outcome of taking from an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It was within the allowance.
    Within,
    /// It was over the allowance.
    Over,
    /// It was over the allowance, and the excess is an offence now.
    Offence,
}

/// The allowances of all peers.
#[derive(Debug)]
pub(super) struct Allowances {
    /// The allowances of a stranger, in the order of [`Cost::ALL`].
    of_stranger: [Allowance; Cost::ALL.len()],
    accounts: HashMap<Holder, Account>,
    /// The number of uses so far.
    uses: u64,
}

#[derive(Debug)]
struct Account {
    buckets: [Bucket; Cost::ALL.len()],
    /// The number of the last use.
    used: u64,
}

/// Thousandths of units, so that a refill of a millisecond is exact.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    level: i64,
    excess: i64,
    at: Instant,
}

impl Allowances {
    /// Creates a table sized for this load. Every peer begins with a whole burst of each cost.
    pub(super) fn new(load: Load) -> Self {
        Self {
            of_stranger: Cost::ALL.map(|cost| load.allowance(cost)),
            accounts: HashMap::new(),
            uses: 0,
        }
    }

    /// Takes `amount` units if they are available to the peer, and to the strangers of its address
    /// range.
    pub(super) fn take(&mut self, who: &Who, cost: Cost, amount: u64, now: Instant) -> Taken {
        for share in holders(who, cost) {
            let allowance = self.allowance(share, cost);
            match self.bucket(share, cost, now).take(allowance, amount) {
                Taken::Within => {}
                Taken::Offence if share.is_offender => return Taken::Offence,
                // The peers of a range have committed no offence together.
                Taken::Over | Taken::Offence => return Taken::Over,
            }
        }
        Taken::Within
    }

    /// Takes one unit. Returns the holders without a unit: the peer, or the strangers of its range.
    pub(super) fn over(&mut self, who: &Who, cost: Cost, now: Instant) -> Vec<Holder> {
        let mut over = Vec::new();
        for share in holders(who, cost) {
            let allowance = self.allowance(share, cost);
            if self.bucket(share, cost, now).take(allowance, 1) != Taken::Within {
                over.push(share.holder);
            }
        }
        over
    }

    /// Takes `amount` units although they may not be available. The debt is at most a burst.
    pub(super) fn spend(&mut self, who: &Who, cost: Cost, amount: u64, now: Instant) {
        for holder in holders(who, cost) {
            let burst = milli(self.allowance(holder, cost).burst);
            let bucket = self.bucket(holder, cost, now);
            bucket.level = bucket.level.saturating_sub(milli(amount)).max(-burst);
        }
    }

    /// Returns whether neither the peer nor the strangers of its address range are in debt.
    pub(super) fn is_open(&mut self, who: &Who, cost: Cost, now: Instant) -> bool {
        holders(who, cost).all(|holder| self.bucket(holder, cost, now).level > 0)
    }

    fn allowance(&self, share: Share, cost: Cost) -> Allowance {
        self.of_stranger[cost as usize].times(share.factor)
    }

    /// Returns the bucket at the time `now`.
    fn bucket(&mut self, share: Share, cost: Cost, now: Instant) -> &mut Bucket {
        self.keep_bound(share.holder);
        let of_stranger = &self.of_stranger;
        let account = self.accounts.entry(share.holder).or_insert_with(|| Account {
            buckets: of_stranger.map(|allowance| Bucket {
                level: milli(allowance.times(share.factor).burst),
                excess: 0,
                at: now,
            }),
            used: 0,
        });
        self.uses += 1;
        account.used = self.uses;
        let bucket = &mut account.buckets[cost as usize];
        bucket.advance(of_stranger[cost as usize].times(share.factor), now);
        bucket
    }

    /// Makes room for another account.
    fn keep_bound(&mut self, newcomer: Holder) {
        if self.accounts.len() < MOST_ACCOUNTS || self.accounts.contains_key(&newcomer) {
            return;
        }
        let idlest = self.accounts.iter().min_by_key(|(_, account)| account.used);
        if let Some(idlest) = idlest.map(|(holder, _)| *holder) {
            self.accounts.remove(&idlest);
        }
    }
}

/// A holder of an allowance of this size.
#[derive(Clone, Copy, Debug)]
struct Share {
    holder: Holder,
    /// The size, in allowances of a stranger.
    factor: u64,
    /// Whether excess is an offence of the peer.
    is_offender: bool,
}

/// Returns the holders of the allowances for a peer's cost.
fn holders(who: &Who, cost: Cost) -> impl Iterator<Item = Share> + use<> {
    let is_offender = !who.is_configured;
    let factor = if who.is_configured { CONFIGURED } else { 1 };
    let own = Share { holder: Holder::Peer(who.peer), factor, is_offender };
    let range = Share { holder: Holder::Range(who.range), factor: RANGE, is_offender: false };
    let is_shared = cost.is_shared() && !who.is_configured;
    std::iter::once(own).chain(is_shared.then_some(range))
}

impl Allowance {
    fn times(self, factor: u64) -> Self {
        Self {
            rate: self.rate.saturating_mul(factor),
            burst: self.burst.saturating_mul(factor),
            offence: self.offence,
        }
    }
}

impl Bucket {
    /// Refills the bucket, and drains the excess at the same rate.
    fn advance(&mut self, allowance: Allowance, now: Instant) {
        let elapsed = milliseconds(now.saturating_duration_since(self.at));
        // Units per second times milliseconds are thousandths of units.
        let refill = i64::try_from(allowance.rate.saturating_mul(elapsed)).unwrap_or(i64::MAX);
        self.level = self.level.saturating_add(refill).min(milli(allowance.burst));
        self.excess = self.excess.saturating_sub(refill).max(0);
        self.at += Duration::from_millis(elapsed);
    }

    fn take(&mut self, allowance: Allowance, amount: u64) -> Taken {
        let amount = milli(amount);
        if amount <= self.level {
            self.level -= amount;
            return Taken::Within;
        }
        let Some(offence) = allowance.offence.map(milli) else { return Taken::Over };
        self.excess = self.excess.saturating_add(amount);
        if self.excess < offence {
            return Taken::Over;
        }
        // One take is one offence, however large it is.
        self.excess = 0;
        Taken::Offence
    }
}

fn milli(units: u64) -> i64 {
    i64::try_from(units.saturating_mul(1000)).unwrap_or(i64::MAX)
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "allowance_tests.rs"]
mod tests;
