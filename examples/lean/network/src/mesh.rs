//! Gossip in both directions, and the node's commands to the network thread.

use libp2p::{
    PeerId,
    gossipsub::{self, PublishError},
};

use crate::{
    Command, GossipMessage, Inbound, Offence, Verdict, event_loop::EventLoop, guard::GuardEvent,
};
use wire::{message_id::MessageId, request::Request, topic::TopicKind};

impl<I: Inbound> EventLoop<I> {
    pub(super) fn on_command(&mut self, command: Command) {
        match command {
            Command::Publish { kind, ssz } => self.publish(kind, ssz),
            Command::RequestBlocks { peer, roots, request_id } => {
                self.request_blocks(peer, Request::BlocksByRoot(roots), request_id);
            }
            Command::RequestRange { peer, range, request_id } => {
                self.request_blocks(peer, Request::BlocksByRange(range), request_id);
            }
            Command::Charge { peer, offence } => self.charge(peer, offence),
            Command::Report { id, source, verdict } => self.report(id, source, verdict),
            Command::Disconnect { peer } => self.disconnect(peer),
            // `EventLoop::poll_turn` handles this command.
            Command::End => {}
        }
    }

    pub(super) fn on_gossip(&mut self, event: GuardEvent) {
        let event = match event {
            GuardEvent::Gossip(event) => event,
            GuardEvent::Copy(message) => return self.deliver(message),
            GuardEvent::Flood(peer) => return self.charge(peer, Offence::Flood),
        };
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                self.on_message(propagation_source, &message_id, message);
            }
            gossipsub::Event::GossipsubNotSupported { peer_id } => {
                tracing::debug!(peer = %peer_id, "peer does not speak gossipsub");
            }
            gossipsub::Event::SlowPeer { peer_id, failed_messages } => {
                tracing::debug!(peer = %peer_id, ?failed_messages, "peer does not read its gossip");
            }
            gossipsub::Event::Subscribed { peer_id, topic } => {
                tracing::trace!(peer = %peer_id, %topic, "peer follows a topic");
            }
            gossipsub::Event::Unsubscribed { peer_id, topic } => {
                tracing::trace!(peer = %peer_id, %topic, "peer no longer follows a topic");
            }
        }
    }

    fn on_message(
        &mut self,
        source: PeerId,
        id: &gossipsub::MessageId,
        message: gossipsub::Message,
    ) {
        // Both always match: the transform accepts followed topics only, and every id is the result
        // of this node's own function.
        let (Some(kind), Ok(bytes)) =
            (self.topics.kind(&message.topic), id.0.as_slice().try_into())
        else {
            return;
        };
        let id = MessageId(bytes);
        let is_configured = self.swarm.behaviour().gossip.is_configured(&source);
        self.deliver(GossipMessage { kind, ssz: message.data, id, source, is_configured });
    }

    fn deliver(&mut self, message: GossipMessage) {
        self.counters.received.increment();
        let (id, source) = (message.id, message.source);
        if self.inbound.gossip(message).is_err() {
            self.counters.refused_by_lane.increment();
            self.report(id, source, Verdict::Ignore);
        }
    }

    fn report(&mut self, id: MessageId, source: PeerId, verdict: Verdict) {
        if verdict == Verdict::Reject {
            self.counters.gossip_rejected.increment();
        }
        if !self.swarm.behaviour_mut().gossip.report(&id, &source, verdict) {
            self.counters.late_verdicts.increment();
        }
    }

    fn publish(&mut self, kind: TopicKind, ssz: Vec<u8>) {
        let Some(topic) = self.topics.topic(kind).cloned() else {
            self.counters.publish_failed.increment();
            tracing::warn!(%kind, "nothing can be published on a topic that is not followed");
            return;
        };
        match self.swarm.behaviour_mut().gossip.publish(topic, ssz) {
            Ok(()) => self.counters.published.increment(),
            Err(PublishError::NoPeersSubscribedToTopic)
                if self.swarm.connected_peers().next().is_none() =>
            {
                self.counters.published_alone.increment();
            }
            Err(PublishError::Duplicate) => self.counters.published_duplicate.increment(),
            Err(error) => {
                self.counters.publish_failed.increment();
                tracing::warn!(%kind, %error, "a message was not published");
            }
        }
    }
}
