//! The connected peers: how far each says that its chain goes, and whom to ask.

use std::collections::{BTreeMap, BTreeSet};

use network::PeerId;

use consensus::{Interval, Root, Slot};

/// How many ranges one peer is asked for at once (`MAX_CONCURRENT_REQUESTS`).
const RANGES_PER_PEER: usize = 2;

/// How long a peer is not asked after it let a request down for the first time, in intervals. Doubles each time.
const FIRST_REST: Interval = 5;

/// The longest rest, in intervals: a minute and a half at the specification's pace.
const LONGEST_REST: Interval = 120;

/// How far a peer says that its chain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) root: Root,
    pub(crate) slot: Slot,
    /// Whether it said so of its head, rather than of some block.
    pub(crate) is_status: bool,
}

#[derive(Debug, Default)]
struct Peer {
    claim: Option<Claim>,
    /// Ranges that it has been asked for and has not answered.
    asked: usize,
    has_no_ranges: bool,
    /// It has been seen to have nothing before this slot.
    serves_from: Slot,
    /// Until when it is not asked, and how often in a row it has let requests down.
    rest: (Interval, u32),
}

/// All connected peers; the network bounds their number.
#[derive(Debug, Default)]
pub(super) struct Peers(BTreeMap<PeerId, Peer>);

impl Peers {
    pub(super) fn connected(&mut self, peer: PeerId) {
        self.0.entry(peer).or_default();
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

    /// Learns how far a peer's chain goes. What it says of its head replaces all; of a mere block, only less.
    pub(super) fn claims(&mut self, peer: PeerId, claim: Claim) {
        if let Some(known) = self.0.get_mut(&peer)
            && (claim.is_status || known.claim.is_none_or(|before| before.slot < claim.slot))
        {
            known.claim = Some(claim);
        }
    }

    /// Forgets what a peer said of its chain.
    pub(super) fn disbelieve(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.claim = None;
        }
    }

    pub(super) fn claim(&self, peer: &PeerId) -> Option<Claim> {
        self.0.get(peer)?.claim
    }

    /// Finds the peer whose chain goes furthest, of those that can be asked now for ranges that begin at `start`.
    pub(super) fn furthest(&self, start: Slot, now: Interval) -> Option<(PeerId, Claim)> {
        let claims = self.0.iter().filter(|(_, peer)| peer.can_be_asked(now) && peer.may_have(start));
        claims.filter_map(|(id, peer)| Some((*id, peer.claim?))).max_by_key(|(id, claim)| (claim.slot, *id))
    }

    /// Chooses whom to ask for a range that begins at `start`: somebody whose chain goes there and who was not tried.
    ///
    /// Of several the least busy, then the most reliable.
    pub(super) fn choose(&self, start: Slot, tried: &BTreeSet<PeerId>, now: Interval) -> Option<PeerId> {
        let fit = self.0.iter().filter(|(id, peer)| peer.may_have(start) && !tried.contains(id));
        let free = fit.filter(|(_, peer)| peer.can_be_asked(now) && peer.asked < RANGES_PER_PEER);
        free.min_by_key(|(_, peer)| (peer.asked, peer.rest.1)).map(|(id, _)| *id)
    }

    /// Says whether a certain peer may be asked for a range now.
    pub(super) fn is_free(&self, peer: &PeerId, now: Interval) -> bool {
        self.0.get(peer).is_some_and(|peer| peer.can_be_asked(now) && peer.asked < RANGES_PER_PEER)
    }

    /// Says whether everybody who may have what begins at `start` was tried.
    pub(super) fn are_all_tried(&self, start: Slot, tried: &BTreeSet<PeerId>) -> bool {
        self.0.iter().filter(|(_, peer)| peer.may_have(start)).all(|(id, _)| tried.contains(id))
    }

    /// Says whether there is anybody who may be asked for ranges from `start` on, now or later.
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

    /// Learns that a peer gave something that was of use.
    pub(super) fn was_of_use(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.rest.1 = 0;
        }
    }

    /// Lets a peer rest that did not answer, or refused. That costs it no standing: it may be slow, busy or young.
    pub(super) fn rests(&mut self, peer: &PeerId, now: Interval) {
        if let Some(peer) = self.0.get_mut(peer) {
            let rest = FIRST_REST.saturating_mul(1 << peer.rest.1.min(16)).min(LONGEST_REST);
            peer.rest = (now + rest, peer.rest.1.saturating_add(1));
        }
    }

    pub(super) fn has_no_ranges(&mut self, peer: &PeerId) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.has_no_ranges = true;
        }
    }

    /// Learns that a peer has nothing before this slot.
    pub(super) fn serves_from(&mut self, peer: &PeerId, slot: Slot) {
        if let Some(peer) = self.0.get_mut(peer) {
            peer.serves_from = peer.serves_from.max(slot);
        }
    }
}

impl Peer {
    fn can_be_asked(&self, now: Interval) -> bool {
        !self.has_no_ranges && self.rest.0 <= now
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
            peers.connected(*id);
            peers.claims(*id, Claim { root: Root::ZERO, slot: *slot, is_status: true });
        }
        (peers, ids)
    }

    #[test]
    fn only_peers_whose_chain_goes_there_are_asked_and_the_least_busy_first() {
        let (mut peers, ids) = peers(&[100, 10, 100]);
        let chosen = |peers: &Peers, start| peers.choose(start, &BTreeSet::new(), 0);
        assert_eq!(chosen(&peers, 50), Some(ids[0]));
        peers.asked(&ids[0]);
        assert_eq!(chosen(&peers, 50), Some(ids[2]));
        peers.asked(&ids[2]);
        peers.asked(&ids[0]);
        peers.asked(&ids[2]);
        assert_eq!(chosen(&peers, 50), None, "two requests at once are enough for a peer");
        assert_eq!(chosen(&peers, 5), Some(ids[1]));
        assert_eq!(chosen(&peers, 101), None);
    }

    #[test]
    fn a_peer_that_lets_requests_down_rests_longer_each_time_until_it_is_of_use() {
        let (mut peers, ids) = peers(&[100]);
        let rest = |peers: &mut Peers, now| {
            peers.rests(&ids[0], now);
            (now..).find(|&at| peers.is_free(&ids[0], at)).expect("every rest ends") - now
        };
        assert_eq!([rest(&mut peers, 0), rest(&mut peers, 100), rest(&mut peers, 200)], [5, 10, 20]);
        assert_eq!((0..8).map(|n| rest(&mut peers, 1000 * n)).last(), Some(LONGEST_REST));
        peers.was_of_use(&ids[0]);
        assert_eq!(rest(&mut peers, 10_000), FIRST_REST);
    }

    #[test]
    fn a_block_that_a_peer_spoke_of_does_not_lower_what_it_said_of_its_head() {
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
