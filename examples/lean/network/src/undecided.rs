//! The messages delivered to the node and without a verdict so far.
//!
//! Each of them occupies a place in the node's lanes, in its decoder or in its verifiers. The
//! places are counted per peer and per address range, separately for blocks, aggregates and votes:
//!
//! | holder | blocks | aggregates | votes |
//! |---|---|---|---|
//! | stranger | 4 | 64 | one per validator, and 64 |
//! | all strangers of an address range | 16 | 128 | twice as many |
//! | all strangers | 128 | 512 | four times as many |
//! | configured peer | 64 | 256 | four times as many |
//!
//! A message without a place is dropped before gossipsub sees it. Gossipsub would remember its id,
//! and refuse the copies of other peers. A place is free again after the verdict. Without a
//! verdict, it is free when gossipsub accepts another copy of the message.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use libp2p::PeerId;
use tokio::time::Instant;

use crate::{
    address_range::AddressRange,
    allowance::{Load, Who, place_of},
};
use wire::{message_id::MessageId, topic::TopicKind};

/// The number of kinds of messages.
const KINDS: usize = 3;

/// One number for each kind of message.
type Counts = [usize; KINDS];

/// The undecided messages, by peer and address range.
#[derive(Debug)]
pub(super) struct Undecided {
    of_stranger: Counts,
    of_range: Counts,
    of_strangers: Counts,
    of_configured: Counts,
    /// The time after which a message counts no longer.
    life: Duration,
    messages: HashMap<MessageId, Place>,
    /// All messages with a place, and some decided ones, in the order of their arrival.
    order: VecDeque<(Instant, MessageId)>,
    peers: HashMap<PeerId, Counts>,
    ranges: HashMap<AddressRange, Counts>,
    strangers: Counts,
}

/// The place of a message.
#[derive(Clone, Copy, Debug)]
struct Place {
    who: Who,
    kind: TopicKind,
    since: Instant,
}

impl Undecided {
    /// Creates a table sized for this load. A message expires after `life`.
    pub(super) fn new(load: Load, life: Duration) -> Self {
        let votes = usize::try_from(load.validators).unwrap_or(usize::MAX).saturating_add(64);
        let times = |factor| votes.saturating_mul(factor);
        Self {
            of_stranger: [4, 64, votes],
            of_range: [16, 128, times(2)],
            of_strangers: [128, 512, times(4)],
            of_configured: [64, 256, times(4)],
            life,
            messages: HashMap::new(),
            order: VecDeque::new(),
            peers: HashMap::new(),
            ranges: HashMap::new(),
            strangers: Counts::default(),
        }
    }

    /// Returns the number of further messages of this kind with a place.
    pub(super) fn room(&mut self, who: &Who, kind: TopicKind, now: Instant) -> usize {
        self.expire(now);
        let kind = place_of(kind);
        let held = |counts: Option<&Counts>| counts.map_or(0, |counts| counts[kind]);
        let of_peer = held(self.peers.get(&who.peer));
        if who.is_configured {
            return self.of_configured[kind].saturating_sub(of_peer);
        }
        let own = self.of_stranger[kind].saturating_sub(of_peer);
        let of_range = self.of_range[kind].saturating_sub(held(self.ranges.get(&who.range)));
        own.min(of_range).min(self.of_strangers[kind].saturating_sub(self.strangers[kind]))
    }

    /// Counts a delivered message.
    pub(super) fn delivered(&mut self, who: &Who, kind: TopicKind, id: MessageId, now: Instant) {
        self.expire(now);
        let place = Place { who: *who, kind, since: now };
        if let Some(before) = self.messages.insert(id, place) {
            self.uncount(before);
        }
        self.order.push_back((now, id));
        let kind = place_of(kind);
        self.peers.entry(who.peer).or_default()[kind] += 1;
        if !who.is_configured {
            self.ranges.entry(who.range).or_default()[kind] += 1;
            self.strangers[kind] += 1;
        }
    }

    /// Frees the place of a message with a verdict. Returns its peer and its kind, or `None` if it
    /// had no place.
    pub(super) fn decided(&mut self, id: &MessageId) -> Option<(Who, TopicKind)> {
        let place = self.messages.remove(id)?;
        self.uncount(place);
        Some((place.who, place.kind))
    }

    /// Frees the places of the messages without a verdict for too long.
    fn expire(&mut self, now: Instant) {
        while let Some((since, id)) = self.order.front().copied() {
            let current = self.messages.get(&id).filter(|place| place.since == since).copied();
            if current.is_some() && now.saturating_duration_since(since) < self.life {
                return;
            }
            self.order.pop_front();
            if let Some(place) = current {
                self.messages.remove(&id);
                self.uncount(place);
            }
        }
    }

    fn uncount(&mut self, place: Place) {
        let kind = place_of(place.kind);
        subtract(&mut self.peers, &place.who.peer, kind);
        if !place.who.is_configured {
            subtract(&mut self.ranges, &place.who.range, kind);
            self.strangers[kind] -= 1;
        }
    }
}

/// Subtracts one. Removes a holder without messages.
fn subtract<K: Eq + std::hash::Hash>(table: &mut HashMap<K, Counts>, holder: &K, kind: usize) {
    let Some(counts) = table.get_mut(holder) else { return };
    counts[kind] -= 1;
    if *counts == Counts::default() {
        table.remove(holder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(4);
    const VOTE: TopicKind = TopicKind::Attestation { subnet: 0 };

    fn undecided() -> Undecided {
        let second = Duration::from_secs(1);
        Undecided::new(Load { validators: 8, slot: second, heartbeat: second }, LIFE)
    }

    fn stranger(range: u8) -> Who {
        let range = AddressRange::V4([10, 0, range]);
        Who { peer: PeerId::random(), range, is_configured: false }
    }

    fn id(number: u16) -> MessageId {
        let mut id = [0; 20];
        id[..2].copy_from_slice(&number.to_le_bytes());
        MessageId(id)
    }

    /// Delivers messages until the peer has no room, and returns their number.
    fn fill(
        undecided: &mut Undecided,
        who: &Who,
        kind: TopicKind,
        first: u16,
        now: Instant,
    ) -> u16 {
        let delivered = (first..).take_while(|number| {
            let has_room = undecided.room(who, kind, now) > 0;
            if has_room {
                undecided.delivered(who, kind, id(*number), now);
            }
            has_room
        });
        u16::try_from(delivered.count()).expect("there are few")
    }

    #[test]
    fn a_stranger_a_range_and_all_strangers_are_bounded_and_a_configured_peer_is_not_affected() {
        let (mut undecided, now) = (undecided(), Instant::now());
        let mut first = 0;
        for range in 0..8 {
            for filled in [4, 4, 4, 4, 0] {
                let held = fill(&mut undecided, &stranger(range), TopicKind::Block, first, now);
                assert_eq!(held, filled);
                first += held;
            }
        }
        assert_eq!(undecided.room(&stranger(99), TopicKind::Block, now), 0, "all strangers");
        assert_eq!(undecided.room(&stranger(99), VOTE, now), 72, "kinds are counted apart");
        let configured = Who { is_configured: true, ..stranger(0) };
        assert_eq!(fill(&mut undecided, &configured, TopicKind::Block, first, now), 64);
    }

    #[test]
    fn a_verdict_frees_a_place_once() {
        let (mut undecided, now, who) = (undecided(), Instant::now(), stranger(0));
        assert_eq!(fill(&mut undecided, &who, TopicKind::Block, 0, now), 4);
        undecided.decided(&id(2));
        undecided.decided(&id(2));
        undecided.decided(&id(77));
        assert_eq!(undecided.room(&who, TopicKind::Block, now), 1);
    }

    #[test]
    fn a_message_without_a_verdict_expires_and_nothing_is_left_of_it() {
        let (mut undecided, now, who) = (undecided(), Instant::now(), stranger(0));
        fill(&mut undecided, &who, TopicKind::Block, 0, now);
        undecided.decided(&id(0));
        let later = now + LIFE / 2;
        // The same id again: the first copy's time does not end the second's place.
        undecided.delivered(&who, TopicKind::Block, id(0), later);
        assert_eq!(undecided.room(&who, TopicKind::Block, now + LIFE), 3);
        assert_eq!(undecided.room(&who, TopicKind::Block, later + LIFE), 4);
        assert!(undecided.messages.is_empty() && undecided.order.is_empty());
        assert!(undecided.peers.is_empty() && undecided.ranges.is_empty());
        assert_eq!(undecided.strangers, Counts::default());
    }

    #[test]
    fn decided_messages_do_not_fill_the_memory() {
        let (mut undecided, now, who) = (undecided(), Instant::now(), stranger(0));
        for number in 0..1000 {
            undecided.delivered(&who, TopicKind::Block, id(number), now);
            undecided.decided(&id(number));
        }
        undecided.room(&who, TopicKind::Block, now);
        assert!(undecided.order.is_empty());
    }
}
