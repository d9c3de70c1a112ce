//! Which missing block is asked of which peer. Pure: it decides, the actor asks.

use std::collections::{BTreeSet, HashMap, HashSet};

use libp2p::PeerId;

use crate::consensus::{Interval, Root};

/// Requests that may be under way at once, over all peers.
const IN_FLIGHT: usize = 8;

/// How many of them may be to one peer: one that never answers must not keep the others from being asked.
const IN_FLIGHT_PER_PEER: usize = 4;

/// Peers that are asked for a block in vain before it is given up.
const ATTEMPTS: u32 = 6;

/// Blocks that may be wanted at once.
const WANTED: usize = 512;

/// How many of them may be wanted for what one peer said, which costs it nothing to make up.
const WANTED_PER_PEER: usize = 64;

/// One request to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) id: u64,
    pub(crate) peer: PeerId,
    pub(crate) root: Root,
}

/// The blocks that are wanted, the peers that may have them, and the requests under way.
#[derive(Debug, Default)]
pub(super) struct Fetcher {
    peers: BTreeSet<PeerId>,
    wanted: HashMap<Root, Wanted>,
    in_flight: HashMap<u64, UnderWay>,
    last_id: u64,
    given_up: u64,
}

#[derive(Debug)]
struct UnderWay {
    root: Root,
    peer: PeerId,
    since: Interval,
}

#[derive(Debug, Default)]
struct Wanted {
    /// Who spoke of it first.
    because_of: Option<PeerId>,
    /// Who is known to know of it, and is asked first.
    hint: Option<PeerId>,
    /// Who was asked since everybody was.
    asked: HashSet<PeerId>,
    attempts: u32,
    is_asked: bool,
}

impl Fetcher {
    pub(super) fn connected(&mut self, peer: PeerId) {
        self.peers.insert(peer);
    }

    pub(super) fn disconnected(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
    }

    pub(super) fn peers(&self) -> usize {
        self.peers.len()
    }

    /// Counts the blocks that no peer gave.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Wants a block. `hint` is a peer that spoke of it.
    pub(super) fn want(&mut self, root: Root, hint: Option<PeerId>) {
        if let Some(wanted) = self.wanted.get_mut(&root) {
            wanted.hint = hint.or(wanted.hint);
        } else if self.wanted.len() < WANTED && hint.is_none_or(|peer| self.wanted_because_of(peer) < WANTED_PER_PEER) {
            self.wanted.insert(root, Wanted { because_of: hint, hint, ..Wanted::default() });
        }
    }

    /// Says whether a block is wanted.
    pub(super) fn wants(&self, root: &Root) -> bool {
        self.wanted.contains_key(root)
    }

    /// Forgets a block that has come.
    pub(super) fn have(&mut self, root: Root) {
        self.wanted.remove(&root);
    }

    /// Decides which requests to make now.
    pub(super) fn requests(&mut self, now: Interval) -> Vec<Request> {
        let mut requests = Vec::new();
        let mut free = self.free_peers();
        for (&root, wanted) in &mut self.wanted {
            if self.in_flight.len() == IN_FLIGHT {
                break;
            }
            if wanted.is_asked {
                continue;
            }
            let Some(peer) = wanted.choose(&self.peers, &free) else { continue };
            self.last_id += 1;
            wanted.is_asked = true;
            self.in_flight.insert(self.last_id, UnderWay { root, peer, since: now });
            if self.in_flight.values().filter(|request| request.peer == peer).count() == IN_FLIGHT_PER_PEER {
                free.remove(&peer);
            }
            requests.push(Request { id: self.last_id, peer, root });
        }
        requests
    }

    /// Notes the end of a request, whatever came of it. A block that it did not bring ([`have`](Self::have)) is asked
    /// of another peer, until enough have been asked.
    pub(super) fn ended(&mut self, id: u64) {
        let Some(UnderWay { root, .. }) = self.in_flight.remove(&id) else { return };
        if let Some(wanted) = self.wanted.get_mut(&root) {
            wanted.is_asked = false;
            if wanted.attempts >= ATTEMPTS {
                self.wanted.remove(&root);
                self.given_up += 1;
            }
        }
    }

    /// Ends the requests that have been under way since before `oldest`: their outcome was lost on the way.
    pub(super) fn expire(&mut self, oldest: Interval) {
        let late = self.in_flight.iter().filter(|(_, request)| request.since < oldest);
        let late: Vec<u64> = late.map(|(&id, _)| id).collect();
        late.into_iter().for_each(|id| self.ended(id));
    }

    /// Finds the peers that may be asked one thing more.
    fn free_peers(&self) -> BTreeSet<PeerId> {
        let under_way = |peer| self.in_flight.values().filter(|request| request.peer == peer).count();
        self.peers.iter().copied().filter(|&peer| under_way(peer) < IN_FLIGHT_PER_PEER).collect()
    }

    fn wanted_because_of(&self, peer: PeerId) -> usize {
        self.wanted.values().filter(|wanted| wanted.because_of == Some(peer)).count()
    }
}

impl Wanted {
    /// Chooses whom to ask: of those that are free, one that was not asked before.
    fn choose(&mut self, peers: &BTreeSet<PeerId>, free: &BTreeSet<PeerId>) -> Option<PeerId> {
        if peers.is_subset(&self.asked.iter().copied().collect()) {
            // Everybody was asked: begin again with those who are there.
            self.asked.clear();
        }
        let fresh = |peer: &PeerId| free.contains(peer) && !self.asked.contains(peer);
        let peer = self.hint.filter(fresh).or_else(|| free.iter().copied().find(fresh))?;
        self.hint = None;
        self.asked.insert(peer);
        self.attempts += 1;
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetcher(peers: usize) -> (Fetcher, Vec<PeerId>) {
        let mut fetcher = Fetcher::default();
        let mut peers: Vec<_> = (0..peers).map(|_| PeerId::random()).collect();
        peers.sort();
        peers.iter().for_each(|&peer| fetcher.connected(peer));
        (fetcher, peers)
    }

    #[test]
    fn the_peer_that_spoke_of_a_block_is_asked_first_and_another_after_it_failed() {
        let (mut fetcher, peers) = fetcher(2);
        let root = Root::from([1; 32]);
        fetcher.want(root, Some(peers[1]));
        let first = fetcher.requests(0);
        assert_eq!(first.iter().map(|request| request.peer).collect::<Vec<_>>(), [peers[1]]);
        assert_eq!(fetcher.requests(0), [], "one request at a time for a block");
        fetcher.ended(first[0].id);
        assert_eq!(fetcher.requests(0)[0].peer, peers[0]);
    }

    #[test]
    fn a_block_that_nobody_gives_is_given_up_and_counted() {
        let (mut fetcher, _) = fetcher(2);
        fetcher.want(Root::from([1; 32]), None);
        for _ in 0..ATTEMPTS {
            let request = fetcher.requests(0).remove(0);
            fetcher.ended(request.id);
        }
        assert_eq!(fetcher.requests(0), []);
        assert_eq!(fetcher.given_up(), 1);
    }

    #[test]
    fn requests_under_way_are_bounded_and_a_block_that_came_is_not_asked_again() {
        let (mut fetcher, _) = fetcher(3);
        for byte in 0..20 {
            fetcher.want(Root::from([byte; 32]), None);
        }
        let requests = fetcher.requests(0);
        assert_eq!(requests.len(), IN_FLIGHT);
        fetcher.have(requests[0].root);
        fetcher.ended(requests[0].id);
        let more = fetcher.requests(0);
        assert_eq!(more.len(), 1);
        assert_ne!(more[0].root, requests[0].root);
    }

    #[test]
    fn without_peers_a_block_stays_wanted_until_one_connects() {
        let (mut fetcher, _) = fetcher(0);
        fetcher.want(Root::from([1; 32]), Some(PeerId::random()));
        assert_eq!(fetcher.requests(0), []);
        let peer = PeerId::random();
        fetcher.connected(peer);
        assert_eq!(fetcher.requests(0)[0].peer, peer);
    }

    #[test]
    fn a_peer_that_makes_up_blocks_and_answers_nothing_keeps_no_other_from_being_asked() {
        let (mut fetcher, peers) = fetcher(2);
        for byte in 0..=255 {
            fetcher.want(Root::from([byte; 32]), Some(peers[0]));
        }
        let made_up = fetcher.requests(0);
        let to_the_liar = made_up.iter().filter(|request| request.peer == peers[0]).count();
        assert_eq!(to_the_liar, IN_FLIGHT_PER_PEER);
        assert_eq!(fetcher.wanted.len(), WANTED_PER_PEER);

        // The other peer says that it has none of them; the liar says nothing.
        let real = Root::from(std::array::from_fn(|place| place as u8));
        fetcher.want(real, Some(peers[1]));
        let mut open: Vec<_> = made_up.into_iter().filter(|request| request.peer == peers[1]).collect();
        let mut answered = 0;
        let asked = loop {
            let Some(request) = open.pop() else { panic!("after {answered} answers nobody is asked any more") };
            fetcher.ended(request.id);
            answered += 1;
            open.extend(fetcher.requests(0));
            if let Some(request) = open.iter().find(|request| request.root == real) {
                break request.peer;
            }
        };
        assert_eq!(asked, peers[1]);
    }
}
