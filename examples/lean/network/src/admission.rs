//! The admission of connections: [`Places`] as a part of the swarm.

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, DialFailure, FromSwarm,
        ListenFailure, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
        behaviour::ConnectionEstablished, dummy,
    },
};
use tokio::time::Instant;

use crate::{
    NetworkConfig, NetworkCounters,
    configured::ConfiguredPeers,
    places::{PlaceLimits, Places, Refusal},
};

/// Asks [`Places`] about each connection, closes the replaced ones, and publishes the numbers.
pub(super) struct Admission {
    places: Places,
    counters: Arc<NetworkCounters>,
    /// Replaced connections to be closed. Bounded by the rate of replacements.
    replaced: VecDeque<(PeerId, ConnectionId)>,
    waker: Option<Waker>,
}

impl Admission {
    /// Creates places for the strangers and configured peers of `config`.
    pub(super) fn new(config: &NetworkConfig, counters: Arc<NetworkCounters>) -> Self {
        let limits = PlaceLimits::new(config.max_inbound_peers);
        let places = Places::new(limits, ConfiguredPeers::new(&config.peers));
        let admission = Self { places, counters, replaced: VecDeque::new(), waker: None };
        admission.publish();
        admission
    }

    /// Records that a configured address is this node's own.
    pub(super) fn reached_ourselves(&mut self, address: &Multiaddr) {
        self.places.reached_ourselves(address);
        self.publish();
    }

    fn deny(&self, refusal: Refusal) -> ConnectionDenied {
        self.counters.refused_places.increment(refusal);
        ConnectionDenied::new(refusal)
    }

    fn publish(&self) {
        let occupancy = self.places.occupancy();
        self.counters.configured_connected.set(occupancy.configured_connected);
        self.counters.configured_total.set(occupancy.configured_total);
        self.counters.strangers_inbound.set(occupancy.strangers_inbound);
        self.counters.strangers_outbound.set(occupancy.strangers_outbound);
    }
}

impl NetworkBehaviour for Admission {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let now = Instant::now().into_std();
        self.places.handshake(id, remote, now).map_err(|refusal| self.deny(refusal))
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let now = Instant::now().into_std();
        let replaced =
            self.places.inbound(id, peer, remote, now).map_err(|refusal| self.deny(refusal))?;
        if let Some(replaced) = replaced {
            self.counters.strangers_replaced.increment();
            self.replaced.push_back(replaced);
            if let Some(waker) = self.waker.take() {
                waker.wake();
            }
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.places.outbound(id, peer, remote).map_err(|refusal| self.deny(refusal))?;
        Ok(dummy::ConnectionHandler)
    }

    /// A connection may be refused by another behaviour after it has its place. The swarm reports
    /// that as a failure, so every place becomes free again.
    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        let is_changed = match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id, endpoint, ..
            }) => {
                self.places.established(peer_id, endpoint.get_remote_address());
                true
            }
            FromSwarm::ConnectionClosed(ConnectionClosed { connection_id, .. })
            | FromSwarm::ListenFailure(ListenFailure { connection_id, .. })
            | FromSwarm::DialFailure(DialFailure { connection_id, .. }) => {
                self.places.ended(connection_id)
            }
            _ => false,
        };
        if is_changed {
            self.publish();
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some((peer_id, connection)) = self.replaced.pop_front() {
            return Poll::Ready(ToSwarm::CloseConnection {
                peer_id,
                connection: CloseConnection::One(connection),
            });
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
