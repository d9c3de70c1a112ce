//! The gossip standing of peers: whose blocks, aggregates or votes are muted for a while.
//!
//! Gossip content has many forwarders and one author, and an honest peer may forward a message
//! before it is checked. Invalid content therefore costs its relay no points and never the
//! connection. A peer over its allowance of refused messages ([`allowance`](crate::allowance)) is
//! muted, for one kind of message and a time that doubles with every mute in a row:
//!
//! | peer | first mute | longest mute |
//! |---|---|---|
//! | stranger | 1 s | 64 s |
//! | all strangers of an address range | 1 s | 1 s |
//!
//! A configured peer is never muted. It may forward the junk of others before it validates, and its
//! own blocks and votes would be lost with the junk. Its allowance of messages bounds the work.
//!
//! The messages of a muted peer are dropped before decompression, and gossipsub does not see them.
//! Another peer's copy is therefore processed.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use crate::allowance::{Allowances, Cost, Holder, Who};
use wire::topic::TopicKind;

/// The first mute of a stranger.
const FIRST: Duration = Duration::from_secs(1);

/// The longest mute of a stranger.
const LONGEST: Duration = Duration::from_secs(64);

/// The time without a mute after which the next one is a first one.
const FORGOTTEN: Duration = Duration::from_secs(300);

/// The most mutes remembered. The earliest ended is forgotten first.
const MOST_MUTES: usize = 1024;

/// The mutes of all peers, present and past.
#[derive(Debug, Default)]
pub(super) struct GossipStandings {
    mutes: HashMap<(Holder, Cost), Mute>,
}

#[derive(Clone, Copy, Debug)]
struct Mute {
    until: Instant,
    length: Duration,
}

impl GossipStandings {
    /// Returns whether the peer's messages of this kind are to be dropped.
    pub(super) fn is_muted(&self, who: &Who, kind: TopicKind, now: Instant) -> bool {
        let cost = Cost::of_refused(kind);
        let is_muted =
            |holder| self.mutes.get(&(holder, cost)).is_some_and(|mute| now < mute.until);
        !who.is_configured
            && (is_muted(Holder::Peer(who.peer)) || is_muted(Holder::Range(who.range)))
    }

    /// Records a refused message. Returns whether the peer is muted from now on.
    pub(super) fn refused(
        &mut self,
        who: &Who,
        kind: TopicKind,
        allowances: &mut Allowances,
        now: Instant,
    ) -> bool {
        if who.is_configured {
            return false;
        }
        let cost = Cost::of_refused(kind);
        let over = allowances.over(who, cost, now);
        if self.is_muted(who, kind, now) {
            // A message delivered before the mute began.
            return false;
        }
        over.into_iter().for_each(|holder| self.mute(holder, cost, now));
        self.is_muted(who, kind, now)
    }

    fn mute(&mut self, holder: Holder, cost: Cost, now: Instant) {
        let before = self.mutes.get(&(holder, cost)).filter(|mute| now < mute.until + FORGOTTEN);
        let length = match before {
            // Others of the range may be honest.
            _ if matches!(holder, Holder::Range(_)) => FIRST,
            Some(mute) => (mute.length * 2).min(LONGEST),
            None => FIRST,
        };
        self.mutes.insert((holder, cost), Mute { until: now + length, length });
        if self.mutes.len() > MOST_MUTES {
            let others = self.mutes.iter().filter(|(of, _)| **of != (holder, cost));
            let earliest = others.min_by_key(|(_, mute)| mute.until);
            if let Some(earliest) = earliest.map(|(of, _)| *of) {
                self.mutes.remove(&earliest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use libp2p::PeerId;

    use super::*;
    use crate::{address_range::AddressRange, allowance::Load};

    const VOTE: TopicKind = TopicKind::Attestation { subnet: 0 };

    struct Table {
        standings: GossipStandings,
        allowances: Allowances,
        now: Instant,
    }

    impl Table {
        fn new() -> Self {
            let second = Duration::from_secs(1);
            let load = Load { validators: 8, slot: second, heartbeat: second };
            let (standings, allowances) = (GossipStandings::default(), Allowances::new(load));
            Self { standings, allowances, now: Instant::now() }
        }

        /// Refuses messages until the peer is muted, and returns their number.
        fn refuse(&mut self, who: &Who, kind: TopicKind) -> usize {
            let mut refused = 0;
            while !self.is_muted(who, kind) {
                self.standings.refused(who, kind, &mut self.allowances, self.now);
                refused += 1;
            }
            refused
        }

        fn is_muted(&self, who: &Who, kind: TopicKind) -> bool {
            self.standings.is_muted(who, kind, self.now)
        }
    }

    fn stranger() -> Who {
        let range = AddressRange::V4([10, 0, 0]);
        Who { peer: PeerId::random(), range, is_configured: false }
    }

    #[test]
    fn a_strangers_blocks_are_muted_for_a_growing_time_and_its_votes_are_not() {
        let (mut table, who) = (Table::new(), stranger());
        assert_eq!(table.refuse(&who, TopicKind::Block), 9);
        for length in [1, 2, 4, 8, 16, 32, 64, 64] {
            table.now += Duration::from_secs(length) - Duration::from_millis(1);
            assert!(table.is_muted(&who, TopicKind::Block), "for {length} s");
            assert!(!table.is_muted(&who, VOTE));
            table.now += Duration::from_millis(1);
            assert!(!table.is_muted(&who, TopicKind::Block), "no longer than {length} s");
            table.refuse(&who, TopicKind::Block);
        }
        table.now += LONGEST + FORGOTTEN;
        table.refuse(&who, TopicKind::Block);
        table.now += FIRST;
        assert!(!table.is_muted(&who, TopicKind::Block), "it begins anew");
    }

    #[test]
    fn a_configured_peer_is_never_muted_for_what_it_relays() {
        let (mut table, who) = (Table::new(), Who { is_configured: true, ..stranger() });
        for _ in 0..1000 {
            table.standings.refused(&who, TopicKind::Block, &mut table.allowances, table.now);
        }
        assert!(!table.is_muted(&who, TopicKind::Block));
        assert!(table.standings.mutes.is_empty());
    }

    #[test]
    fn throw_away_identities_of_a_range_are_muted_together_and_configured_peers_are_not() {
        let mut table = Table::new();
        let refused: usize = (0..5).map(|_| table.refuse(&stranger(), TopicKind::Block)).sum();
        assert!(refused <= 4 * 8 + 5, "{refused}");
        let other = Who { range: AddressRange::V4([10, 0, 1]), ..stranger() };
        assert!(table.is_muted(&stranger(), TopicKind::Block));
        assert!(!table.is_muted(&other, TopicKind::Block));
        let neighbour = stranger();
        for _ in 0..5 {
            table.now += FIRST;
            assert!(!table.is_muted(&neighbour, TopicKind::Block), "for a second at a time");
            while !table.is_muted(&neighbour, TopicKind::Block) {
                table.refuse(&stranger(), TopicKind::Block);
            }
        }
        assert!(!table.is_muted(&Who { is_configured: true, ..stranger() }, TopicKind::Block));
    }

    #[test]
    fn made_up_identities_do_not_fill_the_memory() {
        let mut table = Table::new();
        for range in 0..=255 {
            for other in 0..=7 {
                let range = AddressRange::V4([range, other, 0]);
                table.refuse(&Who { range, ..stranger() }, TopicKind::Block);
            }
        }
        assert_eq!(table.standings.mutes.len(), MOST_MUTES);
    }
}
