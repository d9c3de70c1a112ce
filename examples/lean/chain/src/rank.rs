//! The order of unverified blocks, by what is known of their senders.

use std::collections::HashMap;

use network::PeerId;

use crate::refusal::Refusal;
use crate::sender::Sender;
use consensus::Slot;

/// The order in which blocks are verified and held, the first one first.
///
/// Anyone can make a block with a false proof, and only its verification shows this. Identities
/// are free as well, so a new identity proves nothing. Only one peer can be the first to deliver a
/// valid block, so such merit is scarce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rank {
    /// From a configured peer.
    Configured,
    /// From a stranger with a valid block delivered first, or requested from a stranger.
    Proven,
    /// From a configured peer, after several blocks of the same slot. It may forward before it
    /// verifies.
    Relayed,
    /// From a stranger without a record.
    Unknown,
    /// From a stranger with a false proof.
    Doubtful,
}

impl Rank {
    pub(super) const ALL: [Self; 5] =
        [Self::Configured, Self::Proven, Self::Relayed, Self::Unknown, Self::Doubtful];

    /// Returns whether the sender is a stranger without merit. All such senders together have a
    /// bound, because identities are free.
    pub(super) fn is_low(self) -> bool {
        self >= Self::Unknown
    }
}

/// The first blocks of one slot from one configured peer that are not [`Rank::Relayed`]: those
/// undecided, and those with a false proof.
const FIRST_OF_SLOT: usize = 4;

/// The largest number of false proofs remembered of one peer: those of at least 16 slots.
const MOST_FALSE: usize = 16 * FIRST_OF_SLOT;

/// Slots without a further false proof after which a peer's false proofs are forgotten.
const FORGIVEN_AFTER: Slot = 16;

/// The largest number of peers with a record.
const RECORDS: usize = 1024;

/// The record of each peer: the results of its blocks.
#[derive(Debug, Default)]
pub(super) struct Records {
    peers: HashMap<PeerId, Record>,
    /// The number of changes, which orders the records by age.
    changes: u64,
}

#[derive(Debug, Default)]
struct Record {
    /// Whether it delivered a valid block first, and no false proof since.
    is_proven: bool,
    /// The slots of its blocks with false proofs, the oldest first: at most [`MOST_FALSE`], and at
    /// most [`FIRST_OF_SLOT`] times the same one.
    false_in: Vec<Slot>,
    /// The time of the newest false proof.
    newest_false: Slot,
    changed: u64,
}

impl Records {
    /// Returns the rank of a gossiped block. `undecided` is the number of blocks of the same slot
    /// from the same sender without a result yet.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooManyFromSource`] for a stranger's second block of one slot, if the first one
    /// had a false proof or has no result yet.
    pub(super) fn rank(
        &self,
        sender: Sender,
        slot: Slot,
        undecided: usize,
    ) -> Result<Rank, Refusal> {
        let record = self.peers.get(&sender.peer);
        let false_in = record.map_or(&[][..], |record| &record.false_in);
        let of_slot = false_in.iter().filter(|of| **of == slot).count() + undecided;
        if sender.is_configured {
            let is_first = of_slot < FIRST_OF_SLOT;
            return Ok(if is_first { Rank::Configured } else { Rank::Relayed });
        }
        if of_slot > 0 {
            return Err(Refusal::TooManyFromSource);
        }
        Ok(self.of_peer(sender))
    }

    /// Returns the rank of a peer's claims and of its blocks without a parent.
    pub(super) fn of_peer(&self, sender: Sender) -> Rank {
        match self.peers.get(&sender.peer) {
            _ if sender.is_configured => Rank::Configured,
            Some(record) if !record.false_in.is_empty() => Rank::Doubtful,
            Some(record) if record.is_proven => Rank::Proven,
            Some(_) | None => Rank::Unknown,
        }
    }

    /// Notes a valid block, and its first sender.
    pub(super) fn valid(&mut self, sender: Sender, now: Slot) {
        self.change(sender.peer, now).is_proven = true;
    }

    /// Notes a false proof in a block of `slot`.
    pub(super) fn false_proof(&mut self, sender: Sender, slot: Slot, now: Slot) {
        let record = self.change(sender.peer, now);
        record.is_proven = false;
        record.newest_false = now;
        if record.false_in.iter().filter(|of| **of == slot).count() == FIRST_OF_SLOT {
            return;
        }
        if record.false_in.len() == MOST_FALSE {
            record.false_in.remove(0);
        }
        record.false_in.push(slot);
    }

    /// Forgets the false proofs of long ago.
    pub(super) fn forgive(&mut self, now: Slot) {
        self.peers.retain(|_, record| {
            if record.newest_false + FORGIVEN_AFTER <= now {
                record.false_in.clear();
            }
            record.is_proven || !record.false_in.is_empty()
        });
    }

    fn change(&mut self, peer: PeerId, now: Slot) -> &mut Record {
        if self.peers.len() == RECORDS && !self.peers.contains_key(&peer) {
            // New identities are free, so they must not displace the proven ones.
            let oldest =
                self.peers.iter().min_by_key(|(_, record)| (record.is_proven, record.changed));
            if let Some(peer) = oldest.map(|(peer, _)| *peer) {
                self.peers.remove(&peer);
            }
        }
        self.changes += 1;
        let record = self.peers.entry(peer).or_default();
        record.changed = self.changes;
        if record.newest_false + FORGIVEN_AFTER <= now {
            record.false_in.clear();
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(is_configured: bool) -> Sender {
        Sender { peer: PeerId::random(), is_configured }
    }

    #[test]
    fn a_stranger_has_one_undecided_block_a_slot_and_none_after_a_false_proof() {
        let (mut records, stranger) = (Records::default(), sender(false));
        assert_eq!(records.rank(stranger, 5, 0), Ok(Rank::Unknown));
        assert_eq!(records.rank(stranger, 5, 1), Err(Refusal::TooManyFromSource));
        records.false_proof(stranger, 5, 5);
        assert_eq!(records.rank(stranger, 5, 0), Err(Refusal::TooManyFromSource));
        assert_eq!(records.rank(stranger, 6, 0), Ok(Rank::Doubtful));
        records.forgive(5 + FORGIVEN_AFTER);
        assert_eq!(records.rank(stranger, 5, 0), Ok(Rank::Unknown));
    }

    #[test]
    fn a_valid_block_proves_a_stranger_until_a_false_proof() {
        let (mut records, stranger) = (Records::default(), sender(false));
        records.valid(stranger, 5);
        records.forgive(1000);
        assert_eq!(records.of_peer(stranger), Rank::Proven);
        records.false_proof(stranger, 1000, 1000);
        assert_eq!(records.of_peer(stranger), Rank::Doubtful);
    }

    #[test]
    fn a_configured_peer_has_four_first_blocks_a_slot_and_is_never_refused() {
        let (mut records, relay) = (Records::default(), sender(true));
        assert_eq!(records.rank(relay, 5, 3), Ok(Rank::Configured));
        assert_eq!(records.rank(relay, 5, 4), Ok(Rank::Relayed));
        (0..100).for_each(|_| records.false_proof(relay, 5, 5));
        assert_eq!(records.rank(relay, 5, 0), Ok(Rank::Relayed));
        assert_eq!(records.rank(relay, 6, 0), Ok(Rank::Configured), "the next slot begins anew");
        (0..100).for_each(|slot| records.false_proof(relay, slot, 5));
        assert_eq!(records.peers[&relay.peer].false_in.len(), MOST_FALSE);
        assert_eq!(records.rank(relay, 99, 3), Ok(Rank::Relayed));
        assert_eq!(records.rank(relay, 200, 0), Ok(Rank::Configured));
    }

    #[test]
    fn made_up_identities_fill_no_memory_and_displace_no_proven_peer() {
        let (mut records, proven) = (Records::default(), sender(false));
        records.valid(proven, 5);
        (0..2 * RECORDS).for_each(|_| records.false_proof(sender(false), 5, 5));
        assert_eq!(records.peers.len(), RECORDS);
        assert_eq!(records.of_peer(proven), Rank::Proven);
    }
}
