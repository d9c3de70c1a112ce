//! Single missing blocks, requested by root: the choice of block and peer.

use std::collections::{BTreeSet, HashMap, HashSet};

use network::PeerId;

use crate::rank::Rank;
use crate::sync::asking::Asking;
use crate::sync::peers::Peers;
use crate::sync::request::{Action, Wanted};
use consensus::{Interval, Root};

/// The longest row of missing blocks to fetch one by one below a known block
/// (`MAX_BACKFILL_DEPTH`). Ranges have no such bound.
pub(crate) const MAX_BACKFILL_DEPTH: usize = 512;

/// The largest number of requests in flight over all peers, for blocks named by strangers without
/// merit, and the same number for all other blocks.
const IN_FLIGHT: usize = 8;

/// The largest number of requests in flight to one peer. A silent peer must not block requests to
/// the others.
const IN_FLIGHT_PER_PEER: usize = 4;

/// Failed requests for a block after which it is abandoned, unless a held block waits for it.
const ATTEMPTS: u32 = 6;

/// Requests for a block in a row, before a pause.
const ROUND: u32 = 4;

/// The first pause between two rounds, in intervals. It doubles with each round.
const FIRST_PAUSE: Interval = 1;

/// The longest pause between two rounds, in intervals: 12 slots.
const LONGEST_PAUSE: Interval = 60;

/// The largest number of wanted blocks.
const WANTED: usize = 512;

/// The largest number of wanted blocks named by strangers without merit.
const WANTED_LOW: usize = 256;

/// The largest number of wanted blocks first named by one peer. Made-up roots cost a peer nothing.
const WANTED_PER_PEER: usize = 64;

/// The same for a stranger without merit.
const WANTED_PER_LOW_PEER: usize = 4;

/// Requests in one interval for blocks named by a stranger without merit, to peers other than that
/// stranger. Without this bound, made-up roots would make this node flood its peers.
const LOW_AN_INTERVAL: u32 = 4;

/// The wanted single blocks.
#[derive(Debug, Default)]
pub(super) struct Backfill {
    wanted: HashMap<Root, WantedBlock>,
    given_up: u64,
    /// The interval of the last request bounded by [`LOW_AN_INTERVAL`], and the number of them.
    low_asked: (Interval, u32),
    /// The number of blocks ever wanted, which orders them by age.
    last_order: u64,
}

#[derive(Debug)]
struct WantedBlock {
    /// The first peer to name it, or `None` if that peer has left.
    because_of: Option<PeerId>,
    /// The best rank of a peer to name it.
    rank: Rank,
    order: u64,
    /// A peer with knowledge of it, asked first.
    hint: Option<PeerId>,
    /// The peers asked since all peers were asked last.
    asked: HashSet<PeerId>,
    attempts: u32,
    /// The requests since the last pause.
    in_round: u32,
    /// The number of pauses so far, and the end of the last one.
    pauses: u32,
    paused_until: Interval,
    is_asked: bool,
}

impl Backfill {
    /// Returns the number of abandoned blocks.
    pub(super) fn given_up(&self) -> u64 {
        self.given_up
    }

    /// Adds a wanted block. `hint` is a peer with knowledge of it, and `rank` that of the peer to
    /// name it.
    pub(super) fn want(&mut self, root: Root, hint: Option<PeerId>, rank: Rank) {
        if let Some(wanted) = self.wanted.get_mut(&root) {
            if rank < wanted.rank {
                wanted.rank = rank;
                wanted.paused_until = 0;
            }
            wanted.hint = hint.or(wanted.hint);
            return;
        }
        if !self.has_room_for(hint, rank) {
            return;
        }
        self.last_order += 1;
        let wanted = WantedBlock {
            because_of: hint,
            rank,
            order: self.last_order,
            hint,
            asked: HashSet::new(),
            attempts: 0,
            in_round: 0,
            pauses: 0,
            paused_until: 0,
            is_asked: false,
        };
        self.wanted.insert(root, wanted);
    }

    /// Returns whether a block is wanted.
    pub(super) fn wants(&self, root: &Root) -> bool {
        self.wanted.contains_key(root)
    }

    /// Removes a block, because it arrived or is not wanted any more.
    pub(super) fn have(&mut self, root: &Root) {
        self.wanted.remove(root);
    }

    /// Notes a departed peer. The blocks named by it stay wanted, and are the first to make room.
    pub(super) fn disconnected(&mut self, peer: PeerId) {
        for wanted in self.wanted.values_mut() {
            wanted.because_of.take_if(|because| *because == peer);
            wanted.hint.take_if(|hint| *hint == peer);
            wanted.asked.remove(&peer);
        }
    }

    /// Ends the pauses of all blocks, because a peer may have them now.
    pub(super) fn end_pauses(&mut self) {
        self.wanted.values_mut().for_each(|wanted| wanted.paused_until = 0);
    }

    /// Makes the requests allowed now. `awaits` returns whether a held block waits for this one.
    pub(super) fn step(
        &mut self,
        peers: &Peers,
        asking: &mut Asking,
        awaits: impl Fn(&Root) -> bool,
        now: Interval,
    ) -> Vec<Action> {
        self.give_up(awaits);
        let mut actions = Vec::new();
        let all: BTreeSet<PeerId> = peers.iter().collect();
        let is_free = |peer: &PeerId, asking: &Asking| {
            asking.blocks_of(peer) < IN_FLIGHT_PER_PEER && peers.is_ready(peer, now)
        };
        // Configured peers first.
        let mut free: BTreeSet<(bool, PeerId)> = peers
            .iter()
            .filter(|peer| is_free(peer, asking))
            .map(|peer| (!peers.is_configured(&peer), peer))
            .collect();
        let is_due = |wanted: &&mut WantedBlock| !wanted.is_asked && wanted.paused_until <= now;
        let due = self.wanted.iter_mut().map(|(root, wanted)| (*root, wanted));
        let mut due: Vec<_> = due.filter(|(_, wanted)| is_due(wanted)).collect();
        due.sort_by_key(|(_, wanted)| (wanted.rank, wanted.attempts, wanted.order));
        for (root, wanted) in due {
            let is_low = wanted.rank.is_low();
            if free.is_empty() || asking.blocks_by_rank(is_low) == IN_FLIGHT {
                continue;
            }
            if self.low_asked.0 != now {
                self.low_asked = (now, 0);
            }
            let is_bounded = is_low && self.low_asked.1 >= LOW_AN_INTERVAL;
            let Some(peer) = wanted.choose(&all, &free, is_bounded) else { continue };
            self.low_asked.1 += u32::from(is_low && wanted.because_of != Some(peer));
            wanted.is_asked = true;
            actions.push(Action::Ask(asking.ask(peer, Wanted::Block(root), is_low, now)));
            if !is_free(&peer, asking) {
                free.remove(&(!peers.is_configured(&peer), peer));
            }
        }
        actions
    }

    /// Notes the end of a request for a block, with any result. A block still missing (without
    /// [`have`](Self::have)) is requested from another peer. There is a pause after a few requests,
    /// and when all peers were asked.
    pub(super) fn ended(&mut self, root: &Root, peers: &Peers, now: Interval) {
        let Some(wanted) = self.wanted.get_mut(root) else { return };
        wanted.is_asked = false;
        let are_all_asked = || peers.iter().all(|peer| wanted.asked.contains(&peer));
        if wanted.in_round > 0 && (wanted.in_round >= ROUND || are_all_asked()) {
            let pause = FIRST_PAUSE.saturating_mul(1 << wanted.pauses.min(16)).min(LONGEST_PAUSE);
            wanted.paused_until = now + pause;
            wanted.pauses += 1;
            wanted.in_round = 0;
        }
    }

    /// Removes the blocks with enough failed requests, unless a held block waits for them.
    fn give_up(&mut self, awaits: impl Fn(&Root) -> bool) {
        let before = self.wanted.len();
        self.wanted
            .retain(|root, wanted| wanted.is_asked || wanted.attempts < ATTEMPTS || awaits(root));
        self.given_up += (before - self.wanted.len()) as u64;
    }

    /// Returns whether one more block may be wanted. Makes room for it, if the peer that named
    /// another block has left.
    fn has_room_for(&mut self, hint: Option<PeerId>, rank: Rank) -> bool {
        let is_low = rank.is_low();
        let per_peer = if is_low { WANTED_PER_LOW_PEER } else { WANTED_PER_PEER };
        let of_peer = |peer| self.wanted.values().filter(|w| w.because_of == Some(peer)).count();
        if hint.is_some_and(|peer| of_peer(peer) >= per_peer) {
            return false;
        }
        let low = self.wanted.values().filter(|wanted| wanted.rank.is_low()).count();
        let is_full = if is_low { low >= WANTED_LOW } else { self.wanted.len() >= WANTED };
        if !is_full {
            return true;
        }
        let is_spare = |wanted: &WantedBlock| {
            wanted.because_of.is_none() && wanted.rank.is_low() && !wanted.is_asked
        };
        let spare = self.wanted.iter().filter(|(_, wanted)| is_spare(wanted));
        let Some(root) = spare.max_by_key(|(_, wanted)| wanted.attempts).map(|(root, _)| *root)
        else {
            return false;
        };
        self.wanted.remove(&root);
        self.given_up += 1;
        true
    }
}

impl WantedBlock {
    /// Chooses a free peer, not asked since all connected peers were asked. If `only_its_own`, this
    /// is the peer to name the block, or none.
    fn choose(
        &mut self,
        all: &BTreeSet<PeerId>,
        free: &BTreeSet<(bool, PeerId)>,
        only_its_own: bool,
    ) -> Option<PeerId> {
        if all.iter().all(|peer| self.asked.contains(peer)) {
            self.asked.clear();
        }
        let is_free = |peer: &PeerId| free.iter().any(|(_, free)| free == peer);
        let fresh = |peer: &PeerId| {
            !self.asked.contains(peer) && (!only_its_own || self.because_of == Some(*peer))
        };
        let hint = self.hint.filter(|hint| fresh(hint) && is_free(hint));
        let peer = hint.or_else(|| free.iter().map(|(_, peer)| *peer).find(fresh))?;
        self.hint = None;
        self.asked.insert(peer);
        self.attempts += 1;
        self.in_round += 1;
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sender::Sender;
    use crate::sync::request::Request;

    #[derive(Default)]
    struct Fetcher {
        backfill: Backfill,
        peers: Peers,
        asking: Asking,
        /// The blocks with a held child.
        awaited: HashSet<Root>,
        now: Interval,
    }

    impl Fetcher {
        fn with_peers(peers: usize) -> (Self, Vec<PeerId>) {
            let mut fetcher = Self::default();
            let mut peers: Vec<_> = (0..peers).map(|_| PeerId::random()).collect();
            peers.sort();
            peers.iter().for_each(|&peer| fetcher.connect(peer));
            (fetcher, peers)
        }

        fn connect(&mut self, peer: PeerId) {
            self.peers.connected(Sender { peer, is_configured: false });
        }

        fn want(&mut self, root: Root, hint: Option<PeerId>) {
            self.backfill.want(root, hint, Rank::Proven);
        }

        fn requests(&mut self) -> Vec<Request> {
            let request = |action| match action {
                Action::Ask(request) => request,
                other => panic!("only requests come of it: {other:?}"),
            };
            let Self { backfill, peers, asking, awaited, now } = self;
            let actions = backfill.step(peers, asking, |root| awaited.contains(root), *now);
            actions.into_iter().map(request).collect()
        }

        /// Advances the time to the next request.
        fn next_request(&mut self) -> Request {
            for _ in 0..=LONGEST_PAUSE {
                if let Some(request) = self.requests().into_iter().next() {
                    return request;
                }
                self.now += 1;
            }
            panic!("every pause ends")
        }

        fn ended(&mut self, request: &Request) {
            self.asking.end(request.id).expect("it is in flight");
            self.backfill.ended(&root(request), &self.peers, self.now);
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
            let request = fetcher.next_request();
            fetcher.ended(&request);
        }
        fetcher.now += LONGEST_PAUSE;
        assert_eq!(fetcher.requests(), []);
        assert_eq!(fetcher.backfill.given_up(), 1);
    }

    #[test]
    fn a_block_with_a_held_child_is_requested_again_with_growing_pauses() {
        let (mut fetcher, _) = Fetcher::with_peers(2);
        let root = Root::from([1; 32]);
        fetcher.awaited.insert(root);
        fetcher.want(root, None);
        let mut times = Vec::new();
        for _ in 0..20 {
            let request = fetcher.next_request();
            times.push(fetcher.now);
            fetcher.ended(&request);
        }
        let pauses: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let expected = [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE];
        assert!(pauses.iter().step_by(2).all(|pause| *pause == 0), "both peers in a row");
        assert!(pauses.iter().skip(1).step_by(2).eq(&expected), "{pauses:?}");
        fetcher.awaited.clear();
        fetcher.now += LONGEST_PAUSE;
        assert_eq!(fetcher.requests(), [], "nothing waits for it any more");
    }

    #[test]
    fn a_newly_connected_configured_peer_is_asked_first_and_without_a_pause() {
        let (mut fetcher, peers) = Fetcher::with_peers(1);
        let root = Root::from([1; 32]);
        fetcher.awaited.insert(root);
        fetcher.want(root, Some(peers[0]));
        for _ in 0..5 {
            let request = fetcher.next_request();
            fetcher.ended(&request);
        }
        let configured = PeerId::random();
        fetcher.peers.connected(Sender { peer: configured, is_configured: true });
        fetcher.connect(PeerId::random());
        fetcher.backfill.end_pauses();
        assert_eq!(fetcher.requests()[0].peer, configured);
    }

    #[test]
    fn made_up_blocks_of_many_strangers_leave_room_for_the_blocks_of_others() {
        let (mut fetcher, _) = Fetcher::with_peers(1);
        let numbered = |number: u64| {
            let mut root = [7; 32];
            root[..8].copy_from_slice(&number.to_le_bytes());
            Root::from(root)
        };
        for number in 0..1000 {
            let stranger = PeerId::random();
            fetcher.connect(stranger);
            fetcher.backfill.want(numbered(number), Some(stranger), Rank::Unknown);
        }
        assert_eq!(fetcher.backfill.wanted.len(), WANTED_LOW);
        fetcher.want(Root::from([1; 32]), None);
        let requests = fetcher.requests();
        assert_eq!(root(&requests[0]), Root::from([1; 32]), "it is the first one");
        assert_eq!(requests.len(), 1 + IN_FLIGHT);
        let of_others = requests[1..].iter().filter(|request| {
            fetcher.backfill.wanted[&root(request)].because_of != Some(request.peer)
        });
        assert!(of_others.count() <= LOW_AN_INTERVAL as usize);

        // The blocks named by departed strangers make room.
        let departed = fetcher.backfill.wanted.values().find(|wanted| !wanted.is_asked);
        let departed = departed.and_then(|wanted| wanted.because_of).expect("one of them");
        fetcher.peers.disconnected(departed);
        fetcher.backfill.disconnected(departed);
        fetcher.backfill.want(numbered(1000), Some(PeerId::random()), Rank::Unknown);
        assert!(fetcher.backfill.wants(&numbered(1000)));
        fetcher.backfill.want(numbered(1001), Some(PeerId::random()), Rank::Unknown);
        assert!(!fetcher.backfill.wants(&numbered(1001)));
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
        fetcher.connect(peer);
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
            fetcher.now += 1;
            open.extend(fetcher.requests());
            if let Some(request) = open.iter().find(|request| root(request) == real) {
                break request.peer;
            }
        };
        assert_eq!(asked, peers[1]);
    }
}
