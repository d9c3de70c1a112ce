//! Single missing blocks, requested by root: the choice of block and peer.

use std::collections::{BTreeSet, HashMap, HashSet};

use network::PeerId;

use crate::sync::asking::Asking;
use crate::sync::peers::Peers;
use crate::sync::request::{Action, Wanted};
use consensus::{Interval, Root};

/// The longest row of missing blocks to fetch one by one below a known block
/// (`MAX_BACKFILL_DEPTH`). Ranges have no such bound.
pub(crate) const MAX_BACKFILL_DEPTH: usize = 512;

/// The largest number of requests in flight, over all peers.
const IN_FLIGHT: usize = 8;

/// The largest number of requests in flight to one peer. A silent peer must not block requests to
/// the others.
const IN_FLIGHT_PER_PEER: usize = 4;

/// Failed requests for a block before it is abandoned.
const ATTEMPTS: u32 = 6;

/// The largest number of wanted blocks.
const WANTED: usize = 512;

/// The largest number of wanted blocks first named by one peer. Made-up roots cost a peer nothing.
const WANTED_PER_PEER: usize = 64;

/// The wanted single blocks.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    wanted: HashMap<Root, WantedBlock>,
    given_up: u64,
}

#[derive(Debug, Default)]
struct WantedBlock {
    /// The first peer to name it.
    because_of: Option<PeerId>,
    /// A peer with knowledge of it, asked first.
    hint: Option<PeerId>,
    /// The peers asked in this round. A round ends when all peers were asked.
    asked: HashSet<PeerId>,
    attempts: u32,
    is_asked: bool,
}

impl Backfill {
    /// Returns the number of abandoned blocks.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Adds a wanted block. `hint` is a peer with knowledge of it.
    pub(super) fn want(&mut self, root: Root, hint: Option<PeerId>) {
        if let Some(wanted) = self.wanted.get_mut(&root) {
            wanted.hint = hint.or(wanted.hint);
        } else if self.wanted.len() < WANTED
            && hint.is_none_or(|peer| self.wanted_because_of(peer) < WANTED_PER_PEER)
        {
            self.wanted
                .insert(root, WantedBlock { because_of: hint, hint, ..WantedBlock::default() });
        }
    }

    /// Returns whether a block is wanted.
    pub(super) fn wants(&self, root: &Root) -> bool {
        self.wanted.contains_key(root)
    }

    /// Removes a block, because it arrived or is not wanted any more.
    pub(super) fn have(&mut self, root: &Root) {
        self.wanted.remove(root);
    }

    /// Makes the requests allowed now.
    pub(super) fn step(
        &mut self,
        peers: &Peers,
        asking: &mut Asking,
        now: Interval,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        let all: BTreeSet<PeerId> = peers.iter().collect();
        let is_free = |peer: &PeerId, asking: &Asking| asking.blocks_of(peer) < IN_FLIGHT_PER_PEER;
        let mut free: BTreeSet<PeerId> =
            peers.iter().filter(|peer| is_free(peer, asking)).collect();
        for (&root, wanted) in &mut self.wanted {
            if asking.blocks() == IN_FLIGHT {
                break;
            }
            if wanted.is_asked {
                continue;
            }
            let Some(peer) = wanted.choose(&all, &free) else { continue };
            wanted.is_asked = true;
            actions.push(Action::Ask(asking.ask(peer, Wanted::Block(root), now)));
            if !is_free(&peer, asking) {
                free.remove(&peer);
            }
        }
        actions
    }

    /// Notes the end of a request for a block, with any result. A block still missing (without
    /// [`have`](Self::have)) is requested from another peer, until enough requests have failed.
    pub(super) fn ended(&mut self, root: &Root) {
        if let Some(wanted) = self.wanted.get_mut(root) {
            wanted.is_asked = false;
            if wanted.attempts >= ATTEMPTS {
                self.wanted.remove(root);
                self.given_up += 1;
            }
        }
    }

    fn wanted_because_of(&self, peer: PeerId) -> usize {
        self.wanted.values().filter(|wanted| wanted.because_of == Some(peer)).count()
    }
}

impl WantedBlock {
    /// Chooses a free peer not asked in this round.
    fn choose(&mut self, all: &BTreeSet<PeerId>, free: &BTreeSet<PeerId>) -> Option<PeerId> {
        if all.iter().all(|peer| self.asked.contains(peer)) {
            // All connected peers were asked, so a new round begins.
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
    use crate::sync::request::Request;

    #[derive(Default)]
    struct Fetcher {
        backfill: Backfill,
        peers: Peers,
        asking: Asking,
    }

    impl Fetcher {
        fn with_peers(peers: usize) -> (Self, Vec<PeerId>) {
            let mut fetcher = Self::default();
            let mut peers: Vec<_> = (0..peers).map(|_| PeerId::random()).collect();
            peers.sort();
            peers.iter().for_each(|&peer| fetcher.peers.connected(peer));
            (fetcher, peers)
        }

        fn want(&mut self, root: Root, hint: Option<PeerId>) {
            self.backfill.want(root, hint);
        }

        fn requests(&mut self) -> Vec<Request> {
            let request = |action| match action {
                Action::Ask(request) => request,
                other => panic!("only requests come of it: {other:?}"),
            };
            self.backfill.step(&self.peers, &mut self.asking, 0).into_iter().map(request).collect()
        }

        fn ended(&mut self, request: &Request) {
            self.asking.end(request.id).expect("it is in flight");
            self.backfill.ended(&root(request));
        }
    }

    fn root(request: &Request) -> Root {
        match request.wanted {
            Wanted::Block(root) => root,
            Wanted::Range(range) => panic!("a range is not asked for here: {range:?}"),
        }
    }

    #[test]
    fn the_hinted_peer_is_asked_first_and_another_after_it_failed() {
        let (mut fetcher, peers) = Fetcher::with_peers(2);
        fetcher.want(Root::from([1; 32]), Some(peers[1]));
        let first = fetcher.requests();
        assert_eq!(first.iter().map(|request| request.peer).collect::<Vec<_>>(), [peers[1]]);
        assert_eq!(fetcher.requests(), [], "one request at a time for a block");
        fetcher.ended(&first[0]);
        assert_eq!(fetcher.requests()[0].peer, peers[0]);
    }

    #[test]
    fn a_block_not_returned_by_any_peer_is_abandoned_and_counted() {
        let (mut fetcher, _) = Fetcher::with_peers(2);
        fetcher.want(Root::from([1; 32]), None);
        for _ in 0..ATTEMPTS {
            let request = fetcher.requests().remove(0);
            fetcher.ended(&request);
        }
        assert_eq!(fetcher.requests(), []);
        assert_eq!(fetcher.backfill.given_up(), 1);
    }

    #[test]
    fn requests_in_flight_are_bounded_and_an_arrived_block_is_not_requested_again() {
        let (mut fetcher, _) = Fetcher::with_peers(3);
        for byte in 0..20 {
            fetcher.want(Root::from([byte; 32]), None);
        }
        let requests = fetcher.requests();
        assert_eq!(requests.len(), IN_FLIGHT);
        fetcher.backfill.have(&root(&requests[0]));
        fetcher.ended(&requests[0]);
        let more = fetcher.requests();
        assert_eq!(more.len(), 1);
        assert_ne!(more[0].wanted, requests[0].wanted);
    }

    #[test]
    fn without_peers_a_block_stays_wanted_until_a_peer_connects() {
        let (mut fetcher, _) = Fetcher::with_peers(0);
        fetcher.want(Root::from([1; 32]), Some(PeerId::random()));
        assert_eq!(fetcher.requests(), []);
        let peer = PeerId::random();
        fetcher.peers.connected(peer);
        assert_eq!(fetcher.requests()[0].peer, peer);
    }

    #[test]
    fn a_peer_with_made_up_blocks_and_no_answers_does_not_block_requests_to_others() {
        let (mut fetcher, peers) = Fetcher::with_peers(2);
        for byte in 0..=255 {
            fetcher.want(Root::from([byte; 32]), Some(peers[0]));
        }
        let made_up = fetcher.requests();
        let to_the_liar = made_up.iter().filter(|request| request.peer == peers[0]).count();
        assert_eq!(to_the_liar, IN_FLIGHT_PER_PEER);
        assert_eq!(fetcher.backfill.wanted.len(), WANTED_PER_PEER);

        // The other peer answers without blocks. The liar stays silent.
        let real = Root::from(std::array::from_fn(|place| place as u8));
        fetcher.want(real, Some(peers[1]));
        let mut open: Vec<_> =
            made_up.into_iter().filter(|request| request.peer == peers[1]).collect();
        let mut answered = 0;
        let asked = loop {
            let Some(request) = open.pop() else {
                panic!("after {answered} answers no peer is asked any more")
            };
            fetcher.ended(&request);
            answered += 1;
            open.extend(fetcher.requests());
            if let Some(request) = open.iter().find(|request| root(request) == real) {
                break request.peer;
            }
        };
        assert_eq!(asked, peers[1]);
    }
}
