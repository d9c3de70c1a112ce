//! The places for connections: which clients may connect, and which connection makes room.
//!
//! A connection that waits for a request is replaced when places run out, the oldest first. One
//! whose answer is being computed or written is not, unless its client does not read. So silent
//! clients take no place from others, even if they have the same address as the others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use futures::channel::oneshot;
use tokio::time::Instant;

use crate::api::Limits;
use crate::api::activity::{Activity, Rank};

/// The addresses that count as one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// Every loopback address.
    Local,
    V4(Ipv4Addr),
    /// The first 64 bits of an IPv6 address, with zeros for the others.
    V6(Ipv6Addr),
}

/// The reason why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The client has enough connections, all of them busy.
    Client,
    /// All places are taken, and the client may replace none of the connections.
    All,
}

/// The places and their holders.
#[derive(Debug)]
pub(super) struct Places {
    limits: Limits,
    holders: HashMap<u64, Holder>,
    next: u64,
}

#[derive(Debug)]
struct Holder {
    client: Client,
    activity: Rc<Activity>,
    /// Never used for sending: the connection ends when this sender is dropped.
    _stay: oneshot::Sender<()>,
}

/// A place in the table.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) id: u64,
    /// Completes when another connection takes the place.
    pub(super) replaced: oneshot::Receiver<()>,
    /// Whether another connection ended for this one.
    pub(super) has_replaced: bool,
}

impl Client {
    pub(super) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Self::Local,
            IpAddr::V4(ip) => Self::V4(ip),
            IpAddr::V6(ip) => {
                let [a, b, c, d, ..] = ip.segments();
                Self::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, holders: HashMap::new(), next: 0 }
    }

    /// Returns the number of connections.
    pub(super) fn len(&self) -> usize {
        self.holders.len()
    }

    /// Takes a place for a new connection of a client, and ends another connection if there is no
    /// free place.
    pub(super) fn take(
        &mut self,
        client: Client,
        activity: Rc<Activity>,
        now: Instant,
    ) -> Result<Place, Refusal> {
        let replaced = if self.count(client) >= self.limits.connections_per_client {
            Some(self.oldest_of(client, now).ok_or(Refusal::Client)?)
        } else if self.has_free_place(client) {
            None
        } else {
            Some(self.oldest_of_all(client, now).ok_or(Refusal::All)?)
        };
        if let Some(replaced) = replaced {
            self.holders.remove(&replaced);
        }
        let (_stay, receiver) = oneshot::channel();
        let id = self.next;
        self.next += 1;
        self.holders.insert(id, Holder { client, activity, _stay });
        Ok(Place { id, replaced: receiver, has_replaced: replaced.is_some() })
    }

    /// Frees the place of an ended connection. A replaced connection has no place any more.
    pub(super) fn free(&mut self, id: u64) {
        self.holders.remove(&id);
    }

    /// Records that a connection's answer waits for its client to read. Ends the client's slowest
    /// such connection if there are too many. Returns whether one was ended.
    pub(super) fn blocked(&mut self, id: u64, now: Instant) -> bool {
        let Some(client) = self.holders.get(&id).map(|holder| holder.client) else { return false };
        let unread: Vec<_> = self
            .holders
            .iter()
            .filter(|(_, holder)| holder.client == client)
            .filter_map(|(id, holder)| Some((holder.activity.reading_speed(now)?, *id)))
            .collect();
        if unread.len() <= self.limits.unread_answers_per_client {
            return false;
        }
        let slowest = unread.into_iter().min();
        slowest.is_some_and(|(_, slowest)| self.holders.remove(&slowest).is_some())
    }

    fn count(&self, client: Client) -> usize {
        self.holders.values().filter(|holder| holder.client == client).count()
    }

    /// Strangers leave as many places free as are reserved for the local client.
    fn has_free_place(&self, client: Client) -> bool {
        let local = self.count(Client::Local);
        let unused = self.limits.local_connections.saturating_sub(local);
        let reserved = if client == Client::Local { 0 } else { unused };
        self.len() + reserved < self.limits.connections
    }

    fn oldest_of(&self, client: Client, now: Instant) -> Option<u64> {
        self.holders
            .iter()
            .filter(|(_, holder)| holder.client == client)
            .filter_map(|(id, holder)| Some((holder.activity.rank(now)?, *id)))
            .min()
            .map(|(_, id)| id)
    }

    /// Returns the oldest connection of the client with the most connections, among those that
    /// `newcomer` may replace.
    fn oldest_of_all(&self, newcomer: Client, now: Instant) -> Option<u64> {
        let mut clients: HashMap<Client, (usize, Option<(Rank, u64)>)> = HashMap::new();
        for (id, holder) in &self.holders {
            let (count, oldest) = clients.entry(holder.client).or_default();
            *count += 1;
            if let Some(rank) = holder.activity.rank(now) {
                *oldest = Some(oldest.map_or((rank, *id), |oldest| oldest.min((rank, *id))));
            }
        }
        let own = clients.get(&newcomer).map_or(0, |(count, _)| *count);
        clients
            .into_iter()
            .filter(|(client, (count, _))| self.may_replace(newcomer, own, *client, *count))
            .filter_map(|(client, (count, oldest))| {
                let (rank, id) = oldest?;
                Some((count + usize::from(client == newcomer), std::cmp::Reverse(rank), id))
            })
            .max()
            .map(|(.., id)| id)
    }

    /// A client may replace its own connections, and those of clients with more connections. The
    /// local client may replace all, and no other client replaces those in its reserved places.
    fn may_replace(&self, newcomer: Client, own: usize, client: Client, count: usize) -> bool {
        let is_reserved = client == Client::Local && count <= self.limits.local_connections;
        newcomer == Client::Local || newcomer == client || (count > own && !is_reserved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const LIFE: Duration = Duration::from_secs(60);

    struct World {
        places: Places,
        now: Instant,
        /// Kept, because a dropped receiver is an ended connection.
        held: Vec<(Rc<Activity>, Place)>,
    }

    impl World {
        fn new() -> Self {
            let limits = Limits {
                connections: 16,
                local_connections: 2,
                connections_per_client: 8,
                unread_answers_per_client: 2,
                ..Limits::default()
            };
            Self { places: Places::new(limits), now: Instant::now(), held: Vec::new() }
        }

        /// Connects a millisecond after the last connection. Returns its number.
        fn connect(&mut self, client: Client) -> Result<usize, Refusal> {
            self.now += Duration::from_millis(1);
            let activity = Rc::new(Activity::new(self.now, self.now + LIFE));
            let place = self.places.take(client, Rc::clone(&activity), self.now)?;
            self.held.push((activity, place));
            Ok(self.held.len() - 1)
        }

        fn compute(&self, connection: usize) {
            self.held[connection].0.received();
        }

        /// Writes an answer of which the socket has taken `bytes` and takes no more.
        fn block(&mut self, connection: usize, bytes: usize) {
            let (activity, place) = &self.held[connection];
            activity.received();
            activity.answered(self.now);
            activity.wrote(bytes, self.now);
            assert!(activity.blocked());
            self.places.blocked(place.id, self.now);
        }

        fn has_ended(&mut self, connection: usize) -> bool {
            self.held[connection].1.replaced.try_recv().is_err()
        }
    }

    fn v4(last: u8) -> Client {
        Client::of(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)))
    }

    #[test]
    fn a_client_is_an_ipv4_address_an_ipv6_64_or_this_machine() {
        let of = |ip: &str| Client::of(ip.parse().expect("it is an address"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("10.0.0.1"), of("::ffff:10.0.0.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        for ip in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(ip), Client::Local);
        }
    }

    #[test]
    fn the_oldest_silent_connection_of_a_client_makes_room_for_its_next_one() {
        let mut world = World::new();
        for _ in 0..8 {
            world.connect(v4(1)).expect("there is room");
        }
        world.compute(0);
        world.connect(v4(1)).expect("a silent one leaves");
        assert!(!world.has_ended(0), "its answer is being computed");
        assert!(world.has_ended(1) && !world.has_ended(2));
        assert_eq!(world.places.len(), 8);
    }

    #[test]
    fn a_client_whose_connections_are_all_busy_has_no_further_one_and_takes_none_of_others() {
        let mut world = World::new();
        world.connect(v4(2)).expect("there is room");
        for _ in 0..8 {
            let connection = world.connect(v4(1)).expect("there is room");
            world.compute(connection);
        }
        assert_eq!(world.connect(v4(1)), Err(Refusal::Client));
        assert!(world.connect(v4(2)).is_ok());
    }

    #[test]
    fn the_local_client_has_places_when_others_have_taken_all_with_busy_connections() {
        let mut world = World::new();
        for client in 1..=2 {
            while let Ok(connection) = world.connect(v4(client)) {
                world.compute(connection);
            }
        }
        assert_eq!(world.places.len(), 14);
        assert_eq!(world.connect(v4(3)), Err(Refusal::All));
        for _ in 0..2 {
            let connection = world.connect(Client::Local).expect("its places are reserved");
            world.compute(connection);
        }
        assert_eq!(world.connect(Client::Local), Err(Refusal::All));
    }

    #[test]
    fn others_do_not_replace_the_local_client_in_its_reserved_places() {
        let mut world = World::new();
        for _ in 0..2 {
            world.connect(Client::Local).expect("there is room");
        }
        for last in 1..=14 {
            let connection = world.connect(v4(last)).expect("there is room");
            world.compute(connection);
        }
        assert_eq!(world.connect(v4(99)), Err(Refusal::All));
    }

    #[test]
    fn a_client_with_few_connections_replaces_one_of_the_client_with_the_most() {
        let mut world = World::new();
        let few = world.connect(v4(2)).expect("there is room");
        for (client, count) in [(1, 8), (3, 5)] {
            for _ in 0..count {
                world.connect(v4(client)).expect("there is room");
            }
        }
        assert_eq!(world.places.len(), 14);
        world.connect(v4(4)).expect("it has none yet");
        assert!(!world.has_ended(few), "it is the oldest, and its client has one connection");
        assert!(world.has_ended(1), "it is the oldest of the client with the most");
    }

    #[test]
    fn an_answer_that_is_not_read_protects_its_connection_for_a_second() {
        let mut world = World::new();
        let connections: Vec<_> = (0..8).map(|_| world.connect(v4(1)).expect("room")).collect();
        connections[1..].iter().for_each(|connection| world.compute(*connection));
        world.block(0, 1000);
        assert_eq!(world.connect(v4(1)), Err(Refusal::Client));
        world.now += Duration::from_secs(1);
        world.connect(v4(1)).expect("it makes no progress");
        assert!(world.has_ended(0));
    }

    #[test]
    fn too_many_unread_answers_end_the_slowest_and_not_the_quickest_or_the_newest() {
        let mut world = World::new();
        for _ in 0..3 {
            world.connect(v4(1)).expect("there is room");
        }
        world.block(0, 10_000_000);
        world.block(1, 100_000);
        world.now += Duration::from_secs(10);
        world.block(2, 50_000);
        assert!(world.has_ended(1), "10,000 bytes a second");
        assert!(!world.has_ended(0) && !world.has_ended(2));
    }

    #[test]
    fn an_answered_connection_waits_again_when_the_socket_has_the_whole_answer() {
        let now = Instant::now();
        let activity = Activity::new(now, now + LIFE);
        let later = now + Duration::from_millis(5);
        activity.received();
        assert_eq!(activity.rank(later), None);
        activity.answered(later);
        activity.flushed(later);
        assert_eq!(activity.rank(later), None, "the writer has not got the body yet");
        activity.handed_over();
        activity.flushed(later);
        assert_eq!(activity.rank(later), Some(Rank::Waiting(later)));
    }
}
