//! The connected peers: the claimed head of each, and the choice of a peer for a request.

use std::collections::{BTreeMap, BTreeSet};

use network::PeerId;

use crate::sender::Sender;
use consensus::{Interval, Root, Slot};

/// The largest number of range requests in flight to one peer (`MAX_CONCURRENT_REQUESTS`).
const RANGES_PER_PEER: usize = 2;

/// The first pause of a peer after a failed request, in intervals. It doubles with each failure in
/// a row.
const FIRST_PAUSE: Interval = 5;

/// The longest pause, in intervals: a minute and a half with the specification's intervals.
const LONGEST_PAUSE: Interval = 120;

/// A peer's claim about its chain: a block on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) root: Root,
    pub(crate) slot: Slot,
    /// Whether the block is the head in its status, instead of some other block.
    pub(crate) is_status: bool,
}

#[derive(Debug, Default)]
struct Peer {
    is_configured: bool,
    claim: Option<Claim>,
    /// The number of its range requests in flight.
    asked: usize,
    has_no_ranges: bool,
    /// Its answers have shown: it has no blocks before this slot.
    serves_from: Slot,
    /// The end of its pause, and the number of its failures in a row.
    pause: (Interval, u32),
}

/// All connected peers. The network bounds their number.
#[derive(Debug, Default)]
pub(super) struct Peers(BTreeMap<PeerId, Peer>);

impl Peers {
    pub(super) fn connected(&mut self, Sender { peer, is_configured }: Sender) {
        self.0.entry(peer).or_default().is_configured = is_configured;
    }

    pub(super) fn is_configured(&self, peer: &PeerId) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.is_configured)
    }

    pub(super) fn contains(&self, peer: &PeerId) -> bool {
        self.0.contains_key(peer)
    }

    /// Returns whether the peer is connected, and in no pause after a failed request.
    pub(super) fn is_ready(&self, peer: &PeerId, now: Interval) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.pause.0 <= now)
    }

    pub(super) fn disconnected(&mut self, peer: PeerId) {
        self.0.remove(&peer);
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = PeerId> {
        self.0.keys().copied()
    }

    /// Stores a peer's claim. A claimed head replaces any claim; another block replaces only a
    /// lower one.
    pub(super) fn claims(&mut self, peer: PeerId, claim: Claim) {
        if let Some(known) = self.0.get_mut(&peer)
            && (claim.is_status || known.claim.is_none_or(|before| before.slot < claim.slot))
        {
            known.claim = Some(claim);
        }
    }

    /// Removes the claim of a peer.
    pub(super) fn disbelieve(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.claim = None;
        }
    }

    pub(super) fn claim(&self, peer: &PeerId) -> Option<Claim> {
        self.0.get(peer)?.claim
    }

    /// Returns the peer with the highest claim, among the peers available now for ranges from
    /// `start` on.
    pub(super) fn furthest(&self, start: Slot, now: Interval) -> Option<(PeerId, Claim)> {
        let claims =
            self.0.iter().filter(|(_, peer)| peer.can_be_asked(now) && peer.may_have(start));
        claims
            .filter_map(|(id, peer)| Some((*id, peer.claim?)))
            .max_by_key(|(id, claim)| (claim.slot, *id))
    }

    /// Returns the highest claim of a configured peer available now for ranges from `start` on.
    pub(super) fn furthest_configured(&self, start: Slot, now: Interval) -> Option<Slot> {
        let fit = self
            .0
            .values()
            .filter(|peer| peer.is_configured && peer.can_be_asked(now) && peer.may_have(start));
        fit.filter_map(|peer| Some(peer.claim?.slot)).max()
    }

    /// Chooses a peer for a range from `start` on: one not tried, with a claim at or above `start`.
    ///
    /// Prefers configured peers, then the least busy peer, then the most reliable one.
    pub(super) fn choose(
        &self,
        start: Slot,
        tried: &BTreeSet<PeerId>,
        now: Interval,
    ) -> Option<PeerId> {
        let fit = self.0.iter().filter(|(id, peer)| peer.may_have(start) && !tried.contains(id));
        let free = fit.filter(|(_, peer)| peer.can_be_asked(now) && peer.asked < RANGES_PER_PEER);
        free.min_by_key(|(_, peer)| (!peer.is_configured, peer.asked, peer.pause.1))
            .map(|(id, _)| *id)
    }

    /// Returns whether this peer may be asked for a range now.
    pub(super) fn is_free(&self, peer: &PeerId, now: Interval) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.can_be_asked(now) && peer.asked < RANGES_PER_PEER)
    }

    /// Returns whether all peers with blocks from `start` on were tried.
    pub(super) fn are_all_tried(&self, start: Slot, tried: &BTreeSet<PeerId>) -> bool {
        self.0.iter().filter(|(_, peer)| peer.may_have(start)).all(|(id, _)| tried.contains(id))
    }

    /// Returns whether any peer may be asked for ranges from `start` on, now or later.
    pub(super) fn have_any(&self, start: Slot) -> bool {
        self.0.values().any(|peer| !peer.has_no_ranges && peer.may_have(start))
    }

    pub(super) fn asked(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.asked += 1;
        }
    }

    pub(super) fn no_longer_asked(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.asked = peer.asked.saturating_sub(1);
        }
    }

    /// Notes a useful answer of a peer.
    pub(super) fn was_useful(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.pause.1 = 0;
        }
    }

    /// Pauses requests to a peer without an answer, or with a refusal. Its score stays, because it
    /// may be slow, busy or new.
    pub(super) fn pause(&mut self, peer: &PeerId, now: Interval) {
        if let Some(peer) = self.0.get_mut(peer) {
            let pause = FIRST_PAUSE.saturating_mul(1 << peer.pause.1.min(16)).min(LONGEST_PAUSE);
            peer.pause = (now + pause, peer.pause.1.saturating_add(1));
        }
    }

    pub(super) fn has_no_ranges(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.has_no_ranges = true;
        }
    }

    /// Notes the first slot with blocks of a peer.
    pub(super) fn serves_from(&mut self, peer: &PeerId, slot: Slot) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.serves_from = peer.serves_from.max(slot);
        }
    }
}

impl Peer {
    fn can_be_asked(&self, now: Interval) -> bool {
        !self.has_no_ranges && self.pause.0 <= now
    }

    fn may_have(&self, slot: Slot) -> bool {
        self.serves_from <= slot && self.claim.is_some_and(|claim| claim.slot >= slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers(claims: &[Slot]) -> (Peers, Vec<PeerId>) {
        let mut peers = Peers::default();
        let mut ids: Vec<_> = claims.iter().map(|_| PeerId::random()).collect();
        ids.sort();
        for (id, slot) in ids.iter().zip(claims) {
            peers.connected(Sender { peer: *id, is_configured: false });
            peers.claims(*id, Claim { root: Root::ZERO, slot: *slot, is_status: true });
        }
        (peers, ids)
    }

    #[test]
    fn only_peers_with_the_slots_are_asked_and_the_least_busy_first() {
        let (mut peers, ids) = peers(&[100, 10, 100]);
        let chosen = |peers: &Peers, start| peers.choose(start, &BTreeSet::new(), 0);
        assert_eq!(chosen(&peers, 50), Some(ids[0]));
        peers.asked(&ids[0]);
        assert_eq!(chosen(&peers, 50), Some(ids[2]));
        peers.asked(&ids[2]);
        peers.asked(&ids[0]);
        peers.asked(&ids[2]);
        assert_eq!(chosen(&peers, 50), None, "a peer has at most two requests in flight");
        assert_eq!(chosen(&peers, 5), Some(ids[1]));
        assert_eq!(chosen(&peers, 101), None);
    }

    #[test]
    fn the_pause_of_a_failing_peer_doubles_until_it_is_useful_again() {
        let (mut peers, ids) = peers(&[100]);
        let pause = |peers: &mut Peers, now| {
            peers.pause(&ids[0], now);
            (now..).find(|&at| peers.is_free(&ids[0], at)).expect("every pause ends") - now
        };
        assert_eq!(
            [pause(&mut peers, 0), pause(&mut peers, 100), pause(&mut peers, 200)],
            [5, 10, 20]
        );
        assert_eq!((0..8).map(|n| pause(&mut peers, 1000 * n)).last(), Some(LONGEST_PAUSE));
        peers.was_useful(&ids[0]);
        assert_eq!(pause(&mut peers, 10_000), FIRST_PAUSE);
    }

    #[test]
    fn a_lower_block_does_not_replace_the_claimed_head_of_a_peer() {
        let (mut peers, ids) = peers(&[100]);
        let claim = |slot, is_status| Claim { root: Root::ZERO, slot, is_status };
        peers.claims(ids[0], claim(90, false));
        assert_eq!(peers.claim(&ids[0]), Some(claim(100, true)));
        peers.claims(ids[0], claim(110, false));
        assert_eq!(peers.claim(&ids[0]), Some(claim(110, false)));
        peers.claims(ids[0], claim(50, true));
        assert_eq!(peers.claim(&ids[0]), Some(claim(50, true)));
    }
}
