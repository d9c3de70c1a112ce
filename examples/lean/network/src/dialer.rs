//! The choice of static peers to dial, and the time of each dial.

use std::time::Duration;

use libp2p::{
    Multiaddr, PeerId,
    multiaddr::Protocol,
    swarm::{ConnectionId, dial_opts::DialOpts},
};
use tokio::time::Instant;

/// The shortest wait between two dials of a peer. Shorter configured values are raised to it.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// The largest number of remembered peers to dial.
pub const MOST_REMEMBERED: usize = 16;

/// The number of dials of a remembered peer.
const REMEMBERED_DIALS: u32 = 3;

/// Keeps the static peers connected: dials each until it answers, and again after its connection is
/// lost.
///
/// The dialer only decides. Its callers perform the dials and pass in the time.
#[derive(Debug)]
pub(super) struct Dialer {
    targets: Vec<Target>,
    first: Duration,
    most: Duration,
}

#[derive(Debug)]
struct Target {
    address: Multiaddr,
    /// The identity named in the address, or else the one found there by the last connection.
    peer: Option<PeerId>,
    /// Whether the address names the identity. No other peer at the address is then the target.
    is_named: bool,
    /// The wait after the next failure.
    delay: Duration,
    /// The number of dials left. `None`: no bound.
    dials_left: Option<u32>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// To be dialled at this time.
    Waiting(Instant),
    /// Being dialled.
    Dialing(ConnectionId),
    /// Connected since this time; either side may have dialled.
    Connected(Instant),
    /// The address is this node's own, or that of a remembered peer without a dial left.
    Abandoned,
}

impl Dialer {
    /// Creates a dialer with all of `addresses` due immediately.
    pub(super) fn new(
        addresses: &[Multiaddr],
        first: Duration,
        most: Duration,
        now: Instant,
    ) -> Self {
        // Without a minimum wait, an immediately failing dial would repeat in an endless loop.
        let first = first.max(SHORTEST_WAIT);
        let most = most.max(first);
        let target = |address: &Multiaddr| Target {
            address: address.clone(),
            peer: named_peer(address),
            is_named: named_peer(address).is_some(),
            delay: first,
            dials_left: None,
            state: State::Waiting(now),
        };
        Self { targets: addresses.iter().map(target).collect(), first, most }
    }

    /// Adds peers of an earlier run, without those that are known already.
    pub(super) fn remembering(mut self, addresses: &[Multiaddr], now: Instant) -> Self {
        for address in addresses.iter().take(MOST_REMEMBERED) {
            let peer = named_peer(address);
            let is_known = |target: &Target| {
                (peer.is_some() && target.peer == peer)
                    || socket(&target.address).eq(socket(address))
            };
            if self.targets.iter().any(is_known) {
                continue;
            }
            self.targets.push(Target {
                address: address.clone(),
                peer,
                is_named: peer.is_some(),
                delay: self.first,
                dials_left: Some(REMEMBERED_DIALS),
                state: State::Waiting(now),
            });
        }
        self
    }

    /// Returns when the next dial is due, if any is.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let due = |target: &Target| match target.state {
            State::Waiting(at) => Some(at),
            State::Dialing(_) | State::Connected(_) | State::Abandoned => None,
        };
        self.targets.iter().filter_map(due).min()
    }

    /// Returns the next dial due now, and marks it as in progress.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        is_connected: impl Fn(&PeerId) -> bool,
    ) -> Option<DialOpts> {
        let dialing: Vec<PeerId> =
            self.targets.iter().filter_map(Target::peer_being_dialed).collect();
        for target in &mut self.targets {
            if !matches!(target.state, State::Waiting(at) if at <= now) {
                continue;
            }
            if target.peer.is_some_and(|peer| dialing.contains(&peer)) {
                // The same peer under another address. A second connection would look like a
                // restart of the peer.
                target.retry(now, self.most);
                continue;
            }
            if target.peer.as_ref().is_some_and(&is_connected) {
                target.state = State::Connected(now);
                continue;
            }
            // The address itself pins an identity if that matters. An identity learned from a
            // connection may change.
            target.dials_left = target.dials_left.map(|left| left.saturating_sub(1));
            let dial = DialOpts::unknown_peer_id().address(target.address.clone()).build();
            target.state = State::Dialing(dial.connection_id());
            return Some(dial);
        }
        None
    }

    /// Records a new connection with the peer at this address. Either side may have dialled.
    pub(super) fn connected(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        now: Instant,
    ) {
        for target in &mut self.targets {
            match target.state {
                State::Dialing(dialing) if dialing == connection => {
                    target.peer = Some(peer);
                    target.state = State::Connected(now);
                }
                State::Waiting(_) if target.is(peer, remote) => {
                    target.peer = Some(peer);
                    target.state = State::Connected(now);
                }
                // The peer found there earlier may have left the address, and be connected from
                // another one.
                State::Connected(_) if target.is(peer, remote) => target.peer = Some(peer),
                State::Waiting(_) | State::Dialing(_) | State::Connected(_) | State::Abandoned => {}
            }
        }
    }

    /// Records a failed dial.
    pub(super) fn failed(&mut self, connection: ConnectionId, now: Instant) {
        for target in &mut self.targets {
            if matches!(target.state, State::Dialing(dialing) if dialing == connection) {
                target.retry(now, self.most);
            }
        }
    }

    /// Records a dial to this node itself. Returns the dialled address.
    pub(super) fn reached_ourselves(&mut self, connection: ConnectionId) -> Option<&Multiaddr> {
        let target = self.targets.iter_mut().find(
            |target| matches!(target.state, State::Dialing(dialing) if dialing == connection),
        )?;
        target.state = State::Abandoned;
        Some(&target.address)
    }

    /// Records the loss of a peer's last connection.
    pub(super) fn lost(&mut self, peer: PeerId, now: Instant) {
        for target in self.targets.iter_mut().filter(|target| target.peer == Some(peer)) {
            if let State::Connected(since) = target.state {
                // A connection lost soon after its start may be a refusal by the peer. After a
                // longer connection, a quick redial is worthwhile.
                if now.duration_since(since) >= self.most {
                    target.delay = self.first;
                }
                target.retry(now, self.most);
            }
        }
    }
}

impl Dialer {
    /// Records the ban of a disconnected peer: its next dial is not before `until`.
    pub(super) fn banned(&mut self, peer: PeerId, until: Instant) {
        for target in self.targets.iter_mut().filter(|target| target.peer == Some(peer)) {
            if let State::Waiting(at) = &mut target.state {
                *at = until.max(*at);
            }
        }
    }
}

impl Target {
    /// Returns whether a connection is one with this target. A peer dials from its listening port,
    /// so its address identifies it before this node's first dial.
    fn is(&self, peer: PeerId, remote: &Multiaddr) -> bool {
        self.peer == Some(peer) || (!self.is_named && socket(&self.address).eq(socket(remote)))
    }

    fn peer_being_dialed(&self) -> Option<PeerId> {
        matches!(self.state, State::Dialing(_)).then_some(self.peer)?
    }

    fn retry(&mut self, now: Instant, most: Duration) {
        if self.dials_left == Some(0) {
            self.state = State::Abandoned;
            return;
        }
        self.state = State::Waiting(now + self.delay);
        self.delay = (self.delay * 2).min(most);
    }
}

/// Returns the parts of an address without the identity.
fn socket(address: &Multiaddr) -> impl Iterator<Item = Protocol<'_>> {
    address.iter().filter(|part| !matches!(part, Protocol::P2p(_)))
}

fn named_peer(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| match part {
        Protocol::P2p(peer) => Some(peer),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_millis(400);

    fn address(port: u16) -> Multiaddr {
        format!("/ip4/127.0.0.1/udp/{port}/quic-v1").parse().expect("it is an address")
    }

    fn dialer(now: Instant) -> Dialer {
        Dialer::new(&[address(9000)], FIRST, MOST, now)
    }

    fn dial(dialer: &mut Dialer, now: Instant) -> ConnectionId {
        dialer.take_due(now, |_| false).expect("a dial is due").connection_id()
    }

    #[test]
    fn a_remembered_peer_is_dialled_three_times_and_a_configured_one_is_not_remembered() {
        let mut now = Instant::now();
        let mut dialer = Dialer::new(&[], FIRST, MOST, now).remembering(&[address(9001)], now);
        for _ in 0..REMEMBERED_DIALS {
            let connection = dial(&mut dialer, now);
            dialer.failed(connection, now);
            now += MOST;
        }
        assert_eq!(dialer.next_due(), None);
        let mut dialer = self::dialer(now).remembering(&[address(9000)], now);
        dial(&mut dialer, now);
        assert_eq!(dialer.next_due(), None, "one target");
        let many: Vec<_> = (1..=MOST_REMEMBERED as u16 + 3).map(address).collect();
        let mut dialer = Dialer::new(&[], FIRST, MOST, now).remembering(&many, now);
        let dials = std::iter::from_fn(|| dialer.take_due(now, |_| false)).count();
        assert_eq!(dials, MOST_REMEMBERED);
    }

    #[test]
    fn the_wait_doubles_to_its_bound_with_every_failure() {
        let mut now = Instant::now();
        let mut dialer = dialer(now);
        for wait in [100, 200, 400, 400] {
            let connection = dial(&mut dialer, now);
            assert_eq!(dialer.next_due(), None, "a dial under way is not repeated");
            dialer.failed(connection, now);
            let due = now + Duration::from_millis(wait);
            assert_eq!(dialer.next_due(), Some(due));
            assert!(dialer.take_due(now, |_| false).is_none(), "not before its time");
            now = due;
        }
    }

    #[test]
    fn a_lost_peer_is_dialled_again() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let peer = PeerId::random();
        let connection = dial(&mut dialer, now);
        dialer.connected(connection, peer, &address(9000), now);
        assert_eq!(dialer.next_due(), None);
        dialer.lost(PeerId::random(), now);
        assert_eq!(dialer.next_due(), None, "another peer was lost");
        let later = now + Duration::from_secs(60);
        dialer.lost(peer, later);
        assert_eq!(dialer.next_due(), Some(later + FIRST));
    }

    #[test]
    fn a_peer_that_came_by_itself_is_not_dialled() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let peer = PeerId::random();
        let connection = dial(&mut dialer, now);
        dialer.connected(connection, peer, &address(9000), now);
        dialer.lost(peer, now);
        let due = dialer.next_due().expect("it was lost");
        assert!(dialer.take_due(due, |connected| *connected == peer).is_none());
        assert_eq!(dialer.next_due(), None);
        dialer.lost(peer, due);
        assert!(dialer.next_due().is_some(), "and dialled once it is lost again");
    }

    #[test]
    fn a_peer_that_came_from_the_address_before_it_was_dialled_is_known() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let inbound = ConnectionId::new_unchecked(usize::MAX);
        dialer.connected(inbound, PeerId::random(), &address(9001), now);
        assert_eq!(dialer.next_due(), Some(now), "another peer came");
        dialer.connected(inbound, PeerId::random(), &address(9000), now);
        assert_eq!(dialer.next_due(), None);
    }

    #[test]
    fn one_peer_under_two_addresses_is_dialled_at_one_of_them() {
        let now = Instant::now();
        let mut dialer = Dialer::new(&[address(9000), address(9001)], FIRST, MOST, now);
        let peer = PeerId::random();
        for port in [9000, 9001] {
            let connection = dial(&mut dialer, now);
            dialer.connected(connection, peer, &address(port), now);
        }
        dialer.lost(peer, now);
        let due = dialer.next_due().expect("it was lost");
        dial(&mut dialer, due);
        assert!(dialer.take_due(due, |_| false).is_none());
    }

    #[test]
    fn a_banned_peer_is_dialled_when_its_time_is_over() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let peer = PeerId::random();
        let connection = dial(&mut dialer, now);
        dialer.connected(connection, peer, &address(9000), now);
        dialer.lost(peer, now);
        let until = now + Duration::from_secs(300);
        dialer.banned(peer, until);
        assert_eq!(dialer.next_due(), Some(until));
    }

    #[test]
    fn an_impostor_at_the_address_of_a_named_peer_does_not_stop_the_dials() {
        let now = Instant::now();
        let (named, impostor) = (PeerId::random(), PeerId::random());
        let address = address(9000);
        let target = address.clone().with(Protocol::P2p(named));
        let mut dialer = Dialer::new(&[target], FIRST, MOST, now);
        let inbound = ConnectionId::new_unchecked(usize::MAX);
        dialer.connected(inbound, impostor, &address, now);
        assert_eq!(dialer.next_due(), Some(now));
        assert!(dialer.take_due(now, |peer| *peer == impostor).is_some());
    }

    #[test]
    fn the_last_peer_at_an_address_without_identity_is_the_one_dialled_again() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let (first, second) = (PeerId::random(), PeerId::random());
        let inbound = ConnectionId::new_unchecked(usize::MAX);
        dialer.connected(inbound, first, &address(9000), now);
        dialer.connected(inbound, first, &address(9001), now);
        dialer.connected(inbound, second, &address(9000), now);
        dialer.lost(second, now);
        let due = dialer.next_due().expect("the peer at the address was lost");
        let is_first = |peer: &PeerId| *peer == first;
        assert!(dialer.take_due(due, is_first).is_some(), "another connected peer changes nothing");
    }

    #[test]
    fn our_own_address_is_dialled_once() {
        let now = Instant::now();
        let mut dialer = dialer(now);
        let connection = dial(&mut dialer, now);
        assert_eq!(dialer.reached_ourselves(connection), Some(&address(9000)));
        assert_eq!(dialer.reached_ourselves(connection), None);
        assert_eq!(dialer.next_due(), None);
    }
}
