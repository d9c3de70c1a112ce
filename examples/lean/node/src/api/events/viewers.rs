//! The places for event streams, shared among clients.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::api::Limits;
use crate::api::meters::Meters;
use crate::api::places::Client;

/// Counts the event streams of each client. A stream also has a place of a connection.
pub(in crate::api) struct Viewers {
    limits: Limits,
    meters: Rc<Meters>,
    /// Clients without a stream are not in it.
    streams: RefCell<HashMap<Client, usize>>,
}

/// A place of a stream. Its drop frees it.
pub(in crate::api) struct Viewing {
    viewers: Rc<Viewers>,
    client: Client,
}

impl Viewers {
    pub(in crate::api) fn new(limits: Limits, meters: Rc<Meters>) -> Self {
        Self { limits, meters, streams: RefCell::default() }
    }

    /// Takes a place for a stream of a client. Returns `None` if the client has enough, or if all
    /// are taken. Some are reserved for the local client.
    pub(in crate::api) fn admit(self: &Rc<Self>, client: Client) -> Option<Viewing> {
        let mut streams = self.streams.borrow_mut();
        let all: usize = streams.values().sum();
        let of = |client| streams.get(&client).copied().unwrap_or(0);
        let unused = self.limits.local_event_streams.saturating_sub(of(Client::Local));
        let reserved = if client == Client::Local { 0 } else { unused };
        let is_full = all + reserved >= self.limits.event_streams;
        if is_full || of(client) >= self.limits.event_streams_per_client {
            self.meters.refused_stream();
            return None;
        }
        *streams.entry(client).or_default() += 1;
        self.meters.event_streams(all + 1);
        Some(Viewing { viewers: Rc::clone(self), client })
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let mut streams = self.viewers.streams.borrow_mut();
        if let Some(count) = streams.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.client);
            }
        }
        self.viewers.meters.event_streams(streams.values().sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewers() -> Rc<Viewers> {
        let limits = Limits {
            event_streams: 6,
            local_event_streams: 2,
            event_streams_per_client: 3,
            ..Limits::default()
        };
        Rc::new(Viewers::new(limits, Rc::default()))
    }

    fn stranger(last: u8) -> Client {
        Client::of([10, 0, 0, last].into())
    }

    #[test]
    fn a_client_has_its_share_and_the_local_one_the_reserved_places() {
        let viewers = viewers();
        let mut held: Vec<_> = (0..3).map(|_| viewers.admit(stranger(1)).expect("room")).collect();
        assert!(viewers.admit(stranger(1)).is_none(), "its share is taken");
        held.push(viewers.admit(stranger(2)).expect("room"));
        assert!(viewers.admit(stranger(3)).is_none(), "the others are reserved");
        held.extend(
            (0..2).map(|_| viewers.admit(Client::Local).expect("they are reserved for it")),
        );
        assert!(viewers.admit(Client::Local).is_none(), "all are taken");
    }

    #[test]
    fn an_ended_stream_frees_its_place_and_leaves_nothing_behind() {
        let viewers = viewers();
        for last in 0..=255 {
            let viewing = viewers.admit(stranger(last)).expect("room");
            assert_eq!(viewers.streams.borrow().len(), 1);
            drop(viewing);
        }
        assert!(viewers.streams.borrow().is_empty());
    }
}
