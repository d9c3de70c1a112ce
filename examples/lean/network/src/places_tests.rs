//! Tests of the places, with connections that arrive and leave by chance.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId, swarm::ConnectionId};
use proptest::{collection::vec, prelude::*};
use tokio::time::Instant as Clock;

use crate::{
    address_range::AddressRange,
    configured::ConfiguredPeers,
    places::{Occupancy, PlaceLimits, Places, Refusal},
    rate::Rate,
};

const STRANGERS: u32 = 8;

/// Long enough for every token bucket to be full again.
const LATER: Duration = Duration::from_secs(3600);

fn address(ip: [u8; 4], port: u16) -> Multiaddr {
    let [a, b, c, d] = ip;
    format!("/ip4/{a}.{b}.{c}.{d}/udp/{port}/quic-v1").parse().expect("it is an address")
}

/// Places with one configured peer named by its identity, and one by its address.
struct World {
    places: Places,
    now: Instant,
    ids: usize,
    named: PeerId,
    unnamed: Multiaddr,
}

impl World {
    fn new() -> Self {
        Self::with(PlaceLimits::new(STRANGERS))
    }

    fn with(limits: PlaceLimits) -> Self {
        let (named, unnamed) = (PeerId::random(), address([10, 9, 9, 9], 9000));
        let addresses =
            [format!("/ip4/10.8.8.8/udp/9000/quic-v1/p2p/{named}").parse().expect("an address")]
                .into_iter()
                .chain([unnamed.clone()])
                .collect::<Vec<_>>();
        let places = Places::new(limits, ConfiguredPeers::new(&addresses));
        Self { places, now: Clock::now().into_std(), ids: 0, named, unnamed }
    }

    fn id(&mut self) -> ConnectionId {
        self.ids += 1;
        ConnectionId::new_unchecked(self.ids)
    }

    /// Connects to this node, from the handshake to its end. Closes the replaced connection.
    fn arrive(&mut self, peer: PeerId, remote: &Multiaddr) -> Result<Arrival, Refusal> {
        let id = self.id();
        self.places.handshake(id, remote, self.now)?;
        let replaced = match self.places.inbound(id, peer, remote, self.now) {
            Ok(replaced) => replaced.map(|(_, replaced)| replaced),
            Err(refusal) => {
                self.places.ended(id);
                return Err(refusal);
            }
        };
        self.places.established(peer, remote);
        if let Some(replaced) = replaced {
            assert!(self.places.ended(replaced), "an established connection is replaced");
        }
        Ok(Arrival { id, replaced })
    }

    fn stranger(&mut self, range: u8) -> Result<Arrival, Refusal> {
        self.arrive(PeerId::random(), &address([10, 0, range, 1], 1000))
    }

    fn occupancy(&self) -> Occupancy {
        self.places.occupancy()
    }
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    id: ConnectionId,
    replaced: Option<ConnectionId>,
}

#[test]
fn configured_peers_connect_in_either_direction_when_strangers_hold_all_places() {
    let mut world = World::new();
    let strangers = (0..=255).filter(|range| world.stranger(*range).is_ok()).count();
    assert_eq!((strangers, world.occupancy().strangers_inbound), (8, 8));
    // Unfinished handshakes take every place that strangers have for them.
    for range in 0..=255 {
        let (id, now) = (world.id(), world.now);
        let _ = world.places.handshake(id, &address([10, 1, range, 1], 1), now);
    }
    let unnamed = world.unnamed.clone();
    assert!(world.arrive(PeerId::random(), &unnamed).is_ok(), "it comes from its address");
    let named_address = address([10, 8, 8, 8], 9000);
    assert!(world.arrive(world.named, &named_address).is_ok(), "it has its address as well");
    let id = world.id();
    assert_eq!(world.places.outbound(id, world.named, &named_address), Ok(()), "it is dialled");
    assert_eq!(
        world.occupancy(),
        Occupancy {
            configured_connected: 2,
            configured_total: 2,
            strangers_inbound: 8,
            strangers_outbound: 0,
        }
    );
}

#[test]
fn a_named_peer_from_an_unknown_address_has_its_place_too() {
    let mut world = World::new();
    while world.stranger(0).is_ok() {}
    let named = world.named;
    assert!(world.arrive(named, &address([10, 0, 0, 77], 5)).is_ok());
    assert_eq!(world.occupancy().configured_connected, 1);
}

#[test]
fn a_range_has_half_of_the_places_and_newcomers_of_other_ranges_have_equal_shares() {
    let mut world = World::new();
    let of_first: Vec<_> = (0..4).map(|_| world.stranger(1).expect("there is room")).collect();
    assert_eq!(world.stranger(1).map(|arrival| arrival.id), Err(Refusal::Range));
    let of_second: Vec<_> = (0..4).map(|_| world.stranger(2).expect("there is room")).collect();
    // The newest connection of the range with the most leaves.
    let third = world.stranger(3).expect("two ranges have more");
    assert_eq!(third.replaced, Some(of_second[3].id));
    let third = world.stranger(3).expect("two ranges have more");
    assert_eq!(third.replaced, Some(of_first[3].id));
    // The places are shared 3, 3, 2, and a further exchange would only move the inequality.
    assert_eq!(world.stranger(3).map(|arrival| arrival.id), Err(Refusal::Strangers));
    let fourth = world.stranger(4).expect("a fourth range has none");
    assert_eq!(fourth.replaced, Some(of_second[2].id));
}

#[test]
fn strangers_of_small_ranges_keep_their_places_in_a_flood_from_many_ranges() {
    let mut world = World::new();
    let useful = world.stranger(0).expect("there is room").id;
    for range in 1..=255 {
        world.now += Duration::from_secs(10);
        if let Ok(Arrival { replaced: Some(replaced), .. }) = world.stranger(range) {
            assert_ne!(replaced, useful);
        }
    }
    assert!(world.places.ended(useful), "it is still connected");
}

#[test]
fn replacements_are_bounded_in_time() {
    let limits = PlaceLimits {
        replacement_rate: Rate { burst: 1, every: Duration::from_secs(60) },
        ..PlaceLimits::new(STRANGERS)
    };
    let mut world = World::with(limits);
    for range in [1, 2] {
        while world.stranger(range).is_ok() {}
    }
    assert!(world.stranger(3).is_ok());
    assert_eq!(world.stranger(4).map(|arrival| arrival.id), Err(Refusal::Strangers));
    world.now += Duration::from_secs(60);
    assert!(world.stranger(4).is_ok());
}

#[test]
fn a_range_that_makes_new_identities_is_slowed_down_and_other_ranges_are_not() {
    let mut world = World::new();
    let mut taken = 0;
    while let Ok(Arrival { id, .. }) = world.stranger(1) {
        world.places.ended(id);
        taken += 1;
    }
    assert_eq!(taken, 64, "the burst of a range");
    assert_eq!(world.stranger(1).map(|arrival| arrival.id), Err(Refusal::HandshakeRate));
    assert!(world.stranger(2).is_ok());
    world.now += Duration::from_secs(1);
    assert!(world.stranger(1).is_ok());
}

#[test]
fn a_peer_has_four_connections_in_both_directions_together() {
    let mut world = World::new();
    let (named, remote) = (world.named, address([10, 8, 8, 8], 9000));
    for _ in 0..2 {
        assert!(world.arrive(named, &remote).is_ok());
        let id = world.id();
        assert_eq!(world.places.outbound(id, named, &remote), Ok(()));
    }
    assert_eq!(world.arrive(named, &remote).map(|arrival| arrival.id), Err(Refusal::Peer));
    let id = world.id();
    assert_eq!(world.places.outbound(id, named, &remote), Err(Refusal::Peer));
    assert_eq!(world.occupancy().configured_connected, 1, "it is one peer");
}

#[test]
fn a_stranger_found_at_a_configured_address_gives_its_strangers_places_back() {
    let mut world = World::new();
    let (peer, unnamed) = (PeerId::random(), world.unnamed.clone());
    world.arrive(peer, &address([10, 9, 9, 9], 4242)).expect("there is room");
    assert_eq!(world.occupancy().strangers_inbound, 1);
    let id = world.id();
    world.places.outbound(id, peer, &unnamed).expect("a dial is not refused");
    world.places.established(peer, &unnamed);
    assert_eq!(world.occupancy().strangers_inbound, 0);
    assert_eq!(world.occupancy().configured_connected, 1);
}

#[test]
fn many_identities_at_one_configured_address_do_not_take_more_than_its_places() {
    let mut world = World::new();
    let unnamed = world.unnamed.clone();
    let mut connected = 0;
    for _ in 0..100 {
        world.now += LATER;
        connected += usize::from(world.arrive(PeerId::random(), &unnamed).is_ok());
    }
    // The places of the address, the one of the last identity, and a range's share of strangers.
    assert!(connected <= 4 + 1 + STRANGERS as usize / 2, "{connected}");
}

/// One step of a random history.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// A stranger from this range.
    Stranger(u8),
    /// A handshake from this range without an end.
    Handshake(u8),
    /// The oldest or newest connection or handshake ends.
    End(usize),
    /// The peer with a named identity connects.
    Named,
    /// A peer connects from the address without an identity.
    Unnamed,
    /// This node dials the named peer.
    Dial,
    /// Time passes, in milliseconds.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..12_u8).prop_map(Step::Stranger),
        2 => (0..12_u8).prop_map(Step::Handshake),
        4 => any::<usize>().prop_map(Step::End),
        1 => Just(Step::Named),
        1 => Just(Step::Unnamed),
        1 => Just(Step::Dial),
        3 => (0..3000_u64).prop_map(Step::Wait),
    ]
}

/// The connections of a history, kept in the simplest way.
#[derive(Default)]
struct Model {
    handshakes: Vec<ConnectionId>,
    connections: BTreeMap<usize, (ConnectionId, PeerId, Option<AddressRange>)>,
}

impl Model {
    fn add(&mut self, arrival: Arrival, peer: PeerId, stranger: Option<AddressRange>) {
        self.connections.retain(|_, (id, ..)| Some(*id) != arrival.replaced);
        let next = self.connections.last_key_value().map_or(0, |(last, _)| last + 1);
        self.connections.insert(next, (arrival.id, peer, stranger));
    }

    fn count_of(&self, peer: PeerId) -> usize {
        self.connections.values().filter(|(_, of, _)| *of == peer).count()
    }

    fn ranges(&self) -> HashMap<AddressRange, usize> {
        let mut ranges = HashMap::new();
        for (_, _, range) in self.connections.values() {
            if let Some(range) = range {
                *ranges.entry(*range).or_insert(0) += 1;
            }
        }
        ranges
    }
}

proptest! {
    #[test]
    fn a_configured_peer_can_always_connect_shares_are_fair_and_counts_are_exact(
        steps in vec(step(), 0..400)
    ) {
        let limits = PlaceLimits::new(STRANGERS);
        let mut world = World::new();
        let mut model = Model::default();
        let at_unnamed = PeerId::random();
        for step in steps {
            match step {
                Step::Stranger(range) => {
                    let (peer, remote) = (PeerId::random(), address([10, 0, range, 1], 1));
                    let range = AddressRange::of(&remote);
                    let own = model.ranges().get(&range).copied().unwrap_or(0);
                    match world.arrive(peer, &remote) {
                        Ok(arrival) => model.add(arrival, peer, Some(range)),
                        Err(Refusal::Range) => prop_assert_eq!(own, limits.per_range),
                        Err(Refusal::Strangers) => {
                            let total: usize = model.ranges().values().sum();
                            prop_assert_eq!(total, limits.strangers);
                            // With tokens for a replacement, no range has two more than this one.
                            world.now += Duration::from_secs(1);
                            if let Ok(arrival) = world.arrive(peer, &remote) {
                                model.add(arrival, peer, Some(range));
                            } else {
                                let most = model.ranges().values().copied().max().unwrap_or(0);
                                prop_assert!(most <= own + 1, "{most} {own}");
                            }
                        }
                        Err(Refusal::Handshakes | Refusal::HandshakeRate) => {}
                        Err(Refusal::Peer) => prop_assert!(false, "it is a new identity"),
                    }
                }
                Step::Handshake(range) => {
                    let (id, now) = (world.id(), world.now);
                    if world.places.handshake(id, &address([10, 0, range, 1], 1), now).is_ok() {
                        model.handshakes.push(id);
                    }
                }
                Step::End(which) if which % 2 == 0 => {
                    if !model.handshakes.is_empty() {
                        let at = which / 2 % model.handshakes.len();
                        prop_assert!(!world.places.ended(model.handshakes.swap_remove(at)));
                    }
                }
                Step::End(which) => {
                    let keys: Vec<_> = model.connections.keys().copied().collect();
                    if !keys.is_empty() {
                        let (id, ..) = model.connections.remove(&keys[which / 2 % keys.len()])
                            .expect("it is one of the keys");
                        prop_assert!(world.places.ended(id));
                        prop_assert!(!world.places.ended(id), "an end counts once");
                    }
                }
                Step::Named | Step::Unnamed => {
                    let (peer, remote) = match step {
                        Step::Named => (world.named, address([10, 8, 8, 8], 9000)),
                        _ => (at_unnamed, world.unnamed.clone()),
                    };
                    let result = world.arrive(peer, &remote);
                    if model.count_of(peer) < limits.per_peer {
                        let arrival = result.expect("a configured peer gets in");
                        prop_assert_eq!(arrival.replaced, None, "and nobody leaves for it");
                        model.add(arrival, peer, None);
                    } else {
                        prop_assert_eq!(result.map(|arrival| arrival.id), Err(Refusal::Peer));
                    }
                }
                Step::Dial => {
                    let (id, peer) = (world.id(), world.named);
                    let result = world.places.outbound(id, peer, &address([10, 7, 7, 7], 9000));
                    prop_assert_eq!(result.is_ok(), model.count_of(peer) < limits.per_peer);
                    if result.is_ok() {
                        model.add(Arrival { id, replaced: None }, peer, None);
                    }
                }
                Step::Wait(time) => world.now += Duration::from_millis(time),
            }
            let connected = [world.named, at_unnamed].map(|peer| model.count_of(peer) > 0);
            let occupancy = world.occupancy();
            prop_assert_eq!(
                occupancy.configured_connected,
                connected.iter().filter(|is_connected| **is_connected).count()
            );
            prop_assert_eq!(occupancy.strangers_inbound, model.ranges().values().sum::<usize>());
            prop_assert!(model.ranges().values().all(|count| *count <= limits.per_range));
        }
        for (id, ..) in model.connections.into_values() {
            prop_assert!(world.places.ended(id));
        }
        prop_assert_eq!(world.occupancy().strangers_inbound, 0, "every connection was counted");
    }
}
