//! The main loop of the network thread.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use actor_lanes::{Mailbox, view::Publisher};
use futures::Stream;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    swarm::{ConnectionId, DialError, SwarmEvent},
};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::{
    Command, ConnectionResult, Direction, Disconnection, Inbound, NetworkConfig, NetworkCounters,
    Offence,
    behaviour::{Behaviour, BehaviourEvent},
    dialer::Dialer,
    gossip::Topics,
    inbound::Refused,
    peer_table::{BannedPeer, ConnectedPeer, PeerTable},
    requests::Requests,
    serving::Serving,
    standing::Standings,
};
use wire::request::RequestKind;

/// The most swarm events, and then the most commands, per turn. After a turn, other tasks of the
/// thread may run.
const MAX_TURN: usize = 256;

/// The time for peers to acknowledge the closing of their connections.
const CLOSING_TIME: Duration = Duration::from_secs(1);

/// The time between two looks at gossipsub's meshes and at the peers.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The number of further turns for the other tasks of the thread, so that QUIC can send its last
/// packets.
const LAST_TURNS: usize = 16;

/// The network thread's state. Only the counters and the table of peers are shared with other
/// threads.
pub(super) struct EventLoop<I> {
    pub(super) swarm: Swarm<Behaviour>,
    pub(super) inbound: I,
    pub(super) counters: Arc<NetworkCounters>,
    pub(super) topics: Arc<Topics>,
    pub(super) requests: Requests,
    pub(super) serving: Serving,
    commands: Mailbox<Command>,
    dialer: Dialer,
    standings: Standings,
    peers: Publisher<PeerTable>,
    /// Fires when the next dial is due or the next ban ends.
    alarm: Pin<Box<Sleep>>,
    /// Each connected peer's first connection.
    connected: HashMap<PeerId, FirstConnection>,
    /// The time limit of a dial.
    dial_timeout: Duration,
    /// The time of the next look at gossipsub's meshes and at the peers, for other threads.
    look_due: Instant,
}

struct FirstConnection {
    since: Instant,
    by_us: bool,
    address: Multiaddr,
}

impl FirstConnection {
    /// Returns whether another connection means that the peer has lost this one, for example
    /// because it was killed and restarted.
    ///
    /// There is one other reason for a second connection: both sides dialled. In that case the
    /// connections run in opposite directions, and the second dial began before the first
    /// connection was established.
    fn is_lost(&self, another_by_us: bool, now: Instant, dial_timeout: Duration) -> bool {
        self.by_us == another_by_us || now.duration_since(self.since) > dial_timeout
    }
}

impl<I: Inbound> EventLoop<I> {
    /// Creates the loop. All dials are due immediately.
    pub(super) fn new(
        config: &NetworkConfig,
        swarm: Swarm<Behaviour>,
        inbound: I,
        counters: Arc<NetworkCounters>,
        topics: Arc<Topics>,
        commands: Mailbox<Command>,
        peers: Publisher<PeerTable>,
    ) -> Self {
        let now = Instant::now();
        Self {
            swarm,
            inbound,
            counters,
            topics,
            requests: Requests::default(),
            serving: Serving::new(),
            commands,
            dialer: Dialer::new(&config.peers, config.redial_first, config.redial_most, now)
                .remembering(&config.remembered, now),
            standings: Standings::new(config.ban),
            peers,
            alarm: Box::pin(sleep_until(now)),
            connected: HashMap::new(),
            dial_timeout: config.dial_timeout,
            look_due: now,
        }
    }

    /// Runs until [`Command::End`] has arrived and all commands are carried out, then closes all
    /// connections.
    pub(super) async fn run(mut self) {
        poll_fn(|cx| self.poll_turn(cx)).await;
        self.close_connections().await;
    }

    /// Handles swarm events, answers, commands and dials, in this order and in bounded numbers.
    ///
    /// A command can create work for the swarm without waking it, so a turn with any work requests
    /// another turn.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut idle = true;
        for _ in 0..MAX_TURN {
            let Poll::Ready(Some(event)) = Pin::new(&mut self.swarm).poll_next(cx) else { break };
            self.on_swarm_event(event);
            idle = false;
        }
        for _ in 0..MAX_TURN {
            let Poll::Ready(served) = self.serving.poll_next(cx) else { break };
            self.send_blocks(served);
            idle = false;
        }
        for _ in 0..MAX_TURN {
            match self.commands.poll_recv(cx) {
                Poll::Ready(Some(Command::End)) => self.commands.close(),
                Poll::Ready(Some(command)) => self.on_command(command),
                // The swarm has had a whole turn to process the last commands.
                Poll::Ready(None) if idle => return Poll::Ready(()),
                Poll::Ready(None) | Poll::Pending => break,
            }
            idle = false;
        }
        if self.poll_alarm(cx) {
            idle = false;
        }
        self.look_around();
        if !idle {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Counts the peers of the meshes and publishes the table of peers, at most once in a while.
    /// Gossipsub has a heartbeat, so there are turns without events of peers as well.
    fn look_around(&mut self) {
        let now = Instant::now();
        if now < self.look_due {
            return;
        }
        self.look_due = now + LOOK_PAUSE;
        self.counters.mesh_peers.set(self.swarm.behaviour().gossip.mesh_peers());
        let table = self.peer_table(now);
        if *self.peers.view().get() != table {
            self.peers.publish(table);
        }
    }

    fn peer_table(&self, now: Instant) -> PeerTable {
        let gossip = &self.swarm.behaviour().gossip;
        let connected = self.connected.iter().map(|(peer, first)| ConnectedPeer {
            peer: *peer,
            address: first.address.clone(),
            is_configured: gossip.is_configured(peer),
            is_inbound: !first.by_us,
            since: first.since,
            points: self.standings.points(peer, now),
        });
        let banned = self.standings.bans().map(|(peer, until)| BannedPeer { peer, until });
        PeerTable::new(connected, banned)
    }

    /// Starts the due dials, lifts the bans that are over, and arms the timer for the next event.
    /// Returns whether there was a dial.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> bool {
        let mut dialled = false;
        loop {
            let now = Instant::now();
            for peer in self.standings.take_due(now) {
                self.swarm.behaviour_mut().blocked.unblock_peer(peer);
            }
            while let Some(dial) = self.dialer.take_due(now, |peer| self.swarm.is_connected(peer)) {
                dialled = true;
                let connection = dial.connection_id();
                if let Err(error) = self.swarm.dial(dial) {
                    // The swarm reports the failure of a dial only after the dial has begun.
                    self.on_failed_dial(connection, &error);
                }
            }
            let due = self.dialer.next_due().into_iter().chain(self.standings.next_due()).min();
            let Some(due) = due else { return dialled };
            if self.alarm.deadline() != due {
                self.alarm.as_mut().reset(due);
            }
            if self.alarm.as_mut().poll(cx).is_pending() {
                return dialled;
            }
        }
    }

    /// Counts the start, the failure or the end of a connection.
    fn count_connection(&self, event: &SwarmEvent<BehaviourEvent>) {
        let connections = &self.counters.connections;
        match event {
            SwarmEvent::ConnectionEstablished { endpoint, .. } => {
                let direction = Direction::of(endpoint.is_dialer());
                connections.begin(direction, ConnectionResult::Success);
            }
            SwarmEvent::OutgoingConnectionError { error, .. } => {
                connections.begin(Direction::Outbound, ConnectionResult::failed(error));
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                connections.begin(Direction::Inbound, ConnectionResult::failed(error));
            }
            SwarmEvent::ConnectionClosed { endpoint, cause, .. } => {
                let direction = Direction::of(endpoint.is_dialer());
                connections.end(direction, Disconnection::by(cause.as_ref()));
            }
            _ => {}
        }
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.count_connection(&event);
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour_event(event),
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                let remote = endpoint.get_remote_address();
                self.dialer.connected(connection_id, peer_id, remote, Instant::now());
                self.on_connected(peer_id, endpoint.is_dialer(), remote);
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
                tracing::debug!(peer = %peer_id, ?cause, "peer disconnected");
                self.connected.remove(&peer_id);
                self.dialer.lost(peer_id, Instant::now());
                if let Some(until) = self.standings.banned_until(&peer_id) {
                    self.dialer.banned(peer_id, until);
                }
                self.count_refusal(self.inbound.peer_disconnected(peer_id));
            }
            SwarmEvent::ConnectionClosed { peer_id, cause: Some(cause), .. } => {
                // Two nodes dialling each other keep both connections. If only one of them breaks,
                // the peer was restarted, and that connection is from before the restart.
                tracing::debug!(peer = %peer_id, %cause, "one of a peer's connections broke, starting over");
                self.disconnect(peer_id);
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                self.on_failed_dial(connection_id, &error);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(address = %send_back_addr, %error, "a peer failed to connect");
            }
            SwarmEvent::ListenerError { error, .. } => {
                tracing::warn!(%error, "listening failed for a moment")
            }
            SwarmEvent::ListenerClosed { reason, .. } => {
                tracing::error!(?reason, "listening ended")
            }
            other => tracing::trace!(event = ?other, "swarm event"),
        }
    }

    fn on_behaviour_event(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossip(event) => self.on_gossip(event),
            BehaviourEvent::Status(event) => self.on_status_event(event),
            BehaviourEvent::BlocksByRoot(event) => {
                self.on_blocks_event(RequestKind::BlocksByRoot, event)
            }
            BehaviourEvent::BlocksByRange(event) => {
                self.on_blocks_event(RequestKind::BlocksByRange, event)
            }
            other => tracing::trace!(event = ?other, "protocol event"),
        }
    }

    fn on_connected(&mut self, peer: PeerId, by_us: bool, address: &Multiaddr) {
        let now = Instant::now();
        match self.connected.get(&peer) {
            None => {
                tracing::debug!(%peer, by_us, "peer connected");
                self.connected
                    .insert(peer, FirstConnection { since: now, by_us, address: address.clone() });
                let is_configured = self.swarm.behaviour().gossip.is_configured(&peer);
                self.count_refusal(self.inbound.peer_connected(peer, is_configured));
                if by_us {
                    self.ask_status(peer);
                }
            }
            Some(first) if first.is_lost(by_us, now, self.dial_timeout) => {
                // Gossipsub announces its topics only on a peer's first connection. A restarted
                // peer would therefore never receive this node's topics on its second connection.
                // Both are closed, so the next connection is a first one.
                tracing::debug!(%peer, "peer connected again, starting over");
                self.disconnect(peer);
            }
            // A second connection may show that the peer is configured: the first one came from
            // another address.
            Some(_) if self.swarm.behaviour().gossip.is_configured(&peer) => {
                self.count_refusal(self.inbound.peer_connected(peer, true));
            }
            Some(_) => {}
        }
    }

    fn on_failed_dial(&mut self, connection: ConnectionId, error: &DialError) {
        // The swarm removes the addresses listened on from a dial before it begins.
        if matches!(error, DialError::LocalPeerId { .. } | DialError::NoAddresses) {
            if let Some(address) = self.dialer.reached_ourselves(connection) {
                self.swarm.behaviour_mut().admission.reached_ourselves(address);
            }
        } else {
            self.counters.dials_failed.increment();
            tracing::debug!(%error, "a dial failed");
            self.dialer.failed(connection, Instant::now());
        }
    }

    /// Records a peer's offence, and disconnects and bans a peer without points.
    pub(super) fn charge(&mut self, peer: PeerId, offence: Offence) {
        self.counters.offence(offence);
        if !self.standings.charge(peer, offence, Instant::now()) {
            return;
        }
        tracing::info!(%peer, ?offence, "leaving a peer that misbehaves");
        self.counters.ban(offence);
        if self.standings.banned_until(&peer).is_some() {
            self.swarm.behaviour_mut().blocked.block_peer(peer);
        }
        self.disconnect(peer);
    }

    pub(super) fn disconnect(&mut self, peer: PeerId) {
        if self.swarm.disconnect_peer_id(peer).is_err() {
            tracing::trace!(%peer, "already disconnected");
        }
    }

    pub(super) fn count_refusal(&self, told: Result<(), Refused>) {
        if told.is_err() {
            self.counters.refused_by_lane.increment();
        }
    }

    /// Closes every connection, so peers notice this node's end without waiting for a timeout.
    async fn close_connections(mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            self.disconnect(peer);
        }
        let closed = poll_fn(|cx| {
            while self.swarm.connected_peers().next().is_some() {
                if Pin::new(&mut self.swarm).poll_next(cx).is_pending() {
                    return Poll::Pending;
                }
            }
            Poll::Ready(())
        });
        if timeout(CLOSING_TIME, closed).await.is_err() {
            tracing::debug!("not every peer was told goodbye");
        }
        for _ in 0..LAST_TURNS {
            tokio::task::yield_now().await;
        }
    }
}
