//! What peers are held to: what each offence costs, how standing comes back, and who is left for how long.
//!
//! Every peer begins with [`MOST_POINTS`] points. An [`Offence`] takes some, and one point comes back in every
//! [`RECOVERY`]. A peer that has none left is disconnected and, for a time that the operator chooses, neither dialled nor
//! let in. Being slow or having nothing costs nothing: such a peer is asked less, which is the asker's business.
//!
//! It decides and does nothing itself; the time is always given to it.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use libp2p::PeerId;
use tokio::time::Instant;

/// What a peer begins with, and can have at most.
const MOST_POINTS: u32 = 100;

/// How long one point takes to come back: ten a minute.
const RECOVERY: Duration = Duration::from_secs(6);

/// How many peers are remembered. Identities cost nothing to make, so those with the best standing are forgotten first.
const MOST_PEERS: usize = 1024;

/// Something that an honest peer does not do.
///
/// | offence | costs | how many of them at once end it |
/// |---|---|---|
/// | [`InvalidBlock`](Self::InvalidBlock), [`OtherChain`](Self::OtherChain) | 100 | 1 |
/// | [`BadAnswer`](Self::BadAnswer) | 50 | 2 |
/// | [`Inconsistent`](Self::Inconsistent), [`Unlinked`](Self::Unlinked), [`FalseStatus`](Self::FalseStatus) | 25 | 4 |
/// | [`Withheld`](Self::Withheld) | 20 | 5 |
/// | [`BadRequest`](Self::BadRequest), [`InvalidGossip`](Self::InvalidGossip) | 5 | 20 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// It answered with a block that breaks a rule of the chain.
    InvalidBlock,
    /// Its finalized block is not on our chain, or its chain does not lead back to our finalized block.
    OtherChain,
    /// Its answer was malformed, not what was asked for, unordered, or not one chain.
    BadAnswer,
    /// Two of its answers are not of one chain. An honest peer may be caught so once, by a reorganisation in between.
    Inconsistent,
    /// Its blocks lead to nothing that is known, and it did not give those in between.
    Unlinked,
    /// It does not have the head that it said it has.
    FalseStatus,
    /// It left out blocks that turned out to be there.
    Withheld,
    /// Its request was malformed or asked for more than one may.
    BadRequest,
    /// It passed on gossip that breaks a rule.
    InvalidGossip,
}

impl Offence {
    /// Every offence.
    pub const ALL: [Self; 9] = [
        Self::InvalidBlock,
        Self::OtherChain,
        Self::BadAnswer,
        Self::Inconsistent,
        Self::Unlinked,
        Self::FalseStatus,
        Self::Withheld,
        Self::BadRequest,
        Self::InvalidGossip,
    ];

    /// Returns the points that it costs, 1 to 100.
    #[must_use]
    pub fn cost(self) -> u32 {
        match self {
            Self::InvalidBlock | Self::OtherChain => MOST_POINTS,
            Self::BadAnswer => 50,
            Self::Inconsistent | Self::Unlinked | Self::FalseStatus => 25,
            Self::Withheld => 20,
            Self::BadRequest | Self::InvalidGossip => 5,
        }
    }
}

/// The standing of every peer that has lost any.
#[derive(Debug)]
pub(super) struct Standings {
    peers: HashMap<PeerId, Standing>,
    ban: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// So many points, at this time.
    Has(u32, Instant),
    /// Left until then.
    Banned(Instant),
}

impl Standings {
    /// Makes a table that leaves peers for `ban`.
    pub(super) fn new(ban: Duration) -> Self {
        Self { peers: HashMap::new(), ban }
    }

    /// Takes the offence's points from a peer. Says whether it is to be disconnected now; for how long it is left,
    /// [`banned_until`](Self::banned_until) says.
    pub(super) fn charge(&mut self, peer: PeerId, offence: Offence, now: Instant) -> bool {
        let points = match self.peers.get(&peer) {
            Some(Standing::Banned(_)) => return false,
            Some(standing) => standing.points(now),
            None => MOST_POINTS,
        };
        let left = points.saturating_sub(offence.cost());
        let standing = if left == 0 { Standing::Banned(now + self.ban) } else { Standing::Has(left, now) };
        self.peers.insert(peer, standing);
        self.keep_bound(peer, now);
        left == 0
    }

    /// Returns until when a peer is left, if it is.
    pub(super) fn banned_until(&self, peer: &PeerId) -> Option<Instant> {
        match self.peers.get(peer) {
            Some(Standing::Banned(until)) => Some(*until),
            Some(Standing::Has(..)) | None => None,
        }
    }

    /// Returns when the next peer is let in again, if any is left.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let until = |standing: &Standing| match standing {
            Standing::Banned(until) => Some(*until),
            Standing::Has(..) => None,
        };
        self.peers.values().filter_map(until).min()
    }

    /// Returns the peers whose time is over; they begin anew.
    pub(super) fn take_due(&mut self, now: Instant) -> HashSet<PeerId> {
        self.peers
            .extract_if(|_, standing| matches!(standing, Standing::Banned(until) if *until <= now))
            .map(first)
            .collect()
    }

    /// Keeps the table within its bound: forgets the peer with the best standing, and never one that is left. Where
    /// all are left, the newcomer is disconnected like them and not remembered.
    fn keep_bound(&mut self, newcomer: PeerId, now: Instant) {
        if self.peers.len() <= MOST_PEERS {
            return;
        }
        let best = self.peers.iter().max_by_key(|(_, standing)| standing.points(now));
        let forgotten = best.filter(|(_, standing)| standing.points(now) > 0).map_or(newcomer, |(peer, _)| *peer);
        self.peers.remove(&forgotten);
    }
}

impl Standing {
    fn points(self, now: Instant) -> u32 {
        match self {
            Self::Banned(_) => 0,
            Self::Has(points, at) => {
                let recovered = now.duration_since(at).as_secs() / RECOVERY.as_secs();
                points.saturating_add(u32::try_from(recovered).unwrap_or(MOST_POINTS)).min(MOST_POINTS)
            }
        }
    }
}

fn first((peer, _): (PeerId, Standing)) -> PeerId {
    peer
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAN: Duration = Duration::from_secs(300);

    #[test]
    fn a_peer_is_left_when_it_has_no_points_and_let_in_again_after_the_ban() {
        let (mut standings, now, peer) = (Standings::new(BAN), Instant::now(), PeerId::random());
        assert!(!standings.charge(peer, Offence::BadAnswer, now));
        assert_eq!(standings.banned_until(&peer), None);
        assert!(standings.charge(peer, Offence::BadAnswer, now));
        assert!(!standings.charge(peer, Offence::BadAnswer, now), "it is left only once");
        assert_eq!((standings.banned_until(&peer), standings.next_due()), (Some(now + BAN), Some(now + BAN)));
        assert_eq!(standings.take_due(now), HashSet::new());
        assert_eq!(standings.take_due(now + BAN), HashSet::from([peer]));
        assert!(!standings.charge(peer, Offence::BadAnswer, now + BAN), "it begins anew");
    }

    #[test]
    fn the_table_of_costs_is_what_it_says() {
        for offence in Offence::ALL {
            let (mut standings, now, peer) = (Standings::new(BAN), Instant::now(), PeerId::random());
            let needed = (1..).find(|_| standings.charge(peer, offence, now)).expect("every offence costs something");
            assert_eq!(needed, 100_u32.div_ceil(offence.cost()), "{offence:?}");
        }
    }

    #[test]
    fn points_come_back_with_time() {
        let (mut standings, now, peer) = (Standings::new(BAN), Instant::now(), PeerId::random());
        // One every other minute is within what an honest peer may be caught with by chance.
        for n in 0..100 {
            assert!(!standings.charge(peer, Offence::Withheld, now + RECOVERY * 20 * n));
        }
        let later = now + RECOVERY * 20 * 100;
        assert!(!standings.charge(peer, Offence::BadAnswer, later));
        assert!(!standings.charge(peer, Offence::Inconsistent, later));
        assert!(standings.charge(peer, Offence::Inconsistent, later));
    }

    #[test]
    fn made_up_identities_do_not_fill_the_memory_and_do_not_free_the_worst() {
        let (mut standings, now, worst) = (Standings::new(BAN), Instant::now(), PeerId::random());
        standings.charge(worst, Offence::OtherChain, now);
        for _ in 0..MOST_PEERS * 2 {
            standings.charge(PeerId::random(), Offence::BadRequest, now);
        }
        assert_eq!(standings.peers.len(), MOST_PEERS);
        assert!(standings.banned_until(&worst).is_some());
    }
}
