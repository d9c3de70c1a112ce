//! The scores of peers: the penalty of each offence, the recovery of points, and bans.
//!
//! Every peer begins with [`MOST_POINTS`] points. An [`Offence`] subtracts points, and one point
//! returns every [`RECOVERY`]. A peer without points is disconnected and banned: until the
//! operator's ban time is over, the node neither dials nor accepts it. Slow answers and empty
//! answers carry no penalty. The requesting side handles such a peer by sending it fewer requests.
//!
//! Points are only for what a peer authors itself: answers, requests, handshakes, and the number of
//! its gossip frames. The content of gossip is judged apart, because its relay may be honest: see
//! [`gossip_standing`](crate::gossip_standing). The excess of a configured peer over its allowance
//! is dropped without a penalty.
//!
//! This module only decides. Its callers disconnect the peers and pass in the time.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use libp2p::PeerId;
use tokio::time::Instant;

/// The points of a new peer, and the most that a peer can have.
const MOST_POINTS: u32 = 100;

/// The time for one point to return: ten points a minute.
const RECOVERY: Duration = Duration::from_secs(6);

/// The most peers remembered. New identities are free to create, so the peers with the best scores
/// are forgotten first.
const MOST_PEERS: usize = 1024;

/// An action that no honest peer takes, with one exception: [`Inconsistent`](Self::Inconsistent)
/// can happen once to an honest peer in a reorganisation.
///
/// | offence | penalty | offences in quick succession until a ban |
/// |---|---|---|
/// | [`InvalidBlock`](Self::InvalidBlock), [`OtherChain`](Self::OtherChain) | 100 | 1 |
/// | [`BadAnswer`](Self::BadAnswer) | 50 | 2 |
/// | [`Inconsistent`](Self::Inconsistent), [`Unlinked`](Self::Unlinked) | 25 | 4 |
/// | [`FalseStatus`](Self::FalseStatus) | 25 | 4 |
/// | [`Withheld`](Self::Withheld) | 20 | 5 |
/// | [`Flood`](Self::Flood) | 20 | 5 |
/// | [`BadRequest`](Self::BadRequest) | 5 | 20 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// The peer answered with a block that breaks a rule of the chain.
    InvalidBlock,
    /// The peer's finalized block is not on this node's chain, or its chain does not lead back to
    /// this node's finalized block.
    OtherChain,
    /// The peer's answer was malformed, unrequested, unordered, or not one chain.
    BadAnswer,
    /// Two of the peer's answers belong to different chains. A reorganisation between the two
    /// answers can cause this once for an honest peer.
    Inconsistent,
    /// The peer's blocks have no known ancestor, and the peer did not send the blocks in between.
    Unlinked,
    /// The peer lacks the head block announced in its status.
    FalseStatus,
    /// The peer left blocks out of its answer. Those blocks were later found to exist.
    Withheld,
    /// The peer's request was malformed or asked for more than the limit.
    BadRequest,
    /// The peer sent far more than its allowance of gossip frames, control, second copies or
    /// requests.
    Flood,
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
        Self::Flood,
    ];

    /// Returns the penalty in points, 1 to 100.
    #[must_use]
    pub fn cost(self) -> u32 {
        match self {
            Self::InvalidBlock | Self::OtherChain => MOST_POINTS,
            Self::BadAnswer => 50,
            Self::Inconsistent | Self::Unlinked | Self::FalseStatus => 25,
            Self::Withheld | Self::Flood => 20,
            Self::BadRequest => 5,
        }
    }
}

/// The scores of all peers that have lost points.
#[derive(Debug)]
pub(super) struct Standings {
    peers: HashMap<PeerId, Standing>,
    ban: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    /// The number of points, at this time.
    Has(u32, Instant),
    /// Banned until this time.
    Banned(Instant),
}

impl Standings {
    /// Creates a table with bans of length `ban`.
    pub(super) fn new(ban: Duration) -> Self {
        Self { peers: HashMap::new(), ban }
    }

    /// Subtracts the offence's points from a peer's score. Returns whether the caller must
    /// disconnect the peer now. [`banned_until`](Self::banned_until) returns the end of the ban.
    pub(super) fn charge(&mut self, peer: PeerId, offence: Offence, now: Instant) -> bool {
        let points = match self.peers.get(&peer) {
            Some(Standing::Banned(_)) => return false,
            Some(standing) => standing.points(now),
            None => MOST_POINTS,
        };
        let left = points.saturating_sub(offence.cost());
        let standing =
            if left == 0 { Standing::Banned(now + self.ban) } else { Standing::Has(left, now) };
        self.peers.insert(peer, standing);
        self.keep_bound(peer, now);
        left == 0
    }

    /// Returns the end of a peer's ban, or `None` if the peer is not banned.
    pub(super) fn banned_until(&self, peer: &PeerId) -> Option<Instant> {
        match self.peers.get(peer) {
            Some(Standing::Banned(until)) => Some(*until),
            Some(Standing::Has(..)) | None => None,
        }
    }

    /// Returns a peer's points: 0 during a ban.
    pub(super) fn points(&self, peer: &PeerId, now: Instant) -> u32 {
        self.peers.get(peer).map_or(MOST_POINTS, |standing| standing.points(now))
    }

    /// Returns the banned peers, each with the end of its ban.
    pub(super) fn bans(&self) -> impl Iterator<Item = (PeerId, Instant)> {
        self.peers.iter().filter_map(|(peer, standing)| match standing {
            Standing::Banned(until) => Some((*peer, *until)),
            Standing::Has(..) => None,
        })
    }

    /// Returns the end of the earliest ban, or `None` if no peer is banned.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let until = |standing: &Standing| match standing {
            Standing::Banned(until) => Some(*until),
            Standing::Has(..) => None,
        };
        self.peers.values().filter_map(until).min()
    }

    /// Removes the bans that are over and returns their peers. Each begins again with all points.
    pub(super) fn take_due(&mut self, now: Instant) -> HashSet<PeerId> {
        self.peers
            .extract_if(|_, standing| matches!(standing, Standing::Banned(until) if *until <= now))
            .map(first)
            .collect()
    }

    /// Keeps the table within its bound: forgets the peer with the best score, and never a banned
    /// peer. If all peers are banned, the newcomer is disconnected as well, and the table does not
    /// remember it.
    fn keep_bound(&mut self, newcomer: PeerId, now: Instant) {
        if self.peers.len() <= MOST_PEERS {
            return;
        }
        let best = self.peers.iter().max_by_key(|(_, standing)| standing.points(now));
        let forgotten = best
            .filter(|(_, standing)| standing.points(now) > 0)
            .map_or(newcomer, |(peer, _)| *peer);
        self.peers.remove(&forgotten);
    }
}

impl Standing {
    fn points(self, now: Instant) -> u32 {
        match self {
            Self::Banned(_) => 0,
            Self::Has(points, at) => {
                let recovered = now.duration_since(at).as_secs() / RECOVERY.as_secs();
                points
                    .saturating_add(u32::try_from(recovered).unwrap_or(MOST_POINTS))
                    .min(MOST_POINTS)
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
        assert_eq!(standings.bans().collect::<Vec<_>>(), [(peer, now + BAN)]);
        assert_eq!(
            (standings.points(&peer, now), standings.points(&PeerId::random(), now)),
            (0, 100)
        );
        assert_eq!(
            (standings.banned_until(&peer), standings.next_due()),
            (Some(now + BAN), Some(now + BAN))
        );
        assert_eq!(standings.take_due(now), HashSet::new());
        assert_eq!(standings.take_due(now + BAN), HashSet::from([peer]));
        assert!(!standings.charge(peer, Offence::BadAnswer, now + BAN), "it begins anew");
    }

    #[test]
    fn the_table_of_costs_is_what_it_says() {
        for offence in Offence::ALL {
            let (mut standings, now, peer) =
                (Standings::new(BAN), Instant::now(), PeerId::random());
            let needed = (1..)
                .find(|_| standings.charge(peer, offence, now))
                .expect("every offence costs something");
            assert_eq!(needed, 100_u32.div_ceil(offence.cost()), "{offence:?}");
        }
    }

    #[test]
    fn points_come_back_with_time() {
        let (mut standings, now, peer) = (Standings::new(BAN), Instant::now(), PeerId::random());
        // An honest peer may commit this offence by chance, at a rate of one every two minutes.
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
