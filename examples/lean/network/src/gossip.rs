//! Gossipsub with the settings of Lean clients: topics, message ids, compression, parameters.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use libp2p::gossipsub::{
    self, ConfigBuilder, DataTransform, MessageAuthenticity, RawMessage, TopicHash, ValidationMode,
    WhitelistSubscriptionFilter,
};

use crate::{NetworkConfig, NetworkCounters};
use wire::{
    message_id::MessageId,
    raw_snappy,
    topic::{Topic, TopicKind},
};

/// Gossipsub with decompression of inbound messages, compression of outbound messages, and a filter
/// for the network's own topics.
pub(super) type Gossipsub = gossipsub::Behaviour<SnappyTransform, WhitelistSubscriptionFilter>;

/// The time for which a message without a verdict is kept, so that a late verdict can still forward
/// it.
///
/// The specification's six windows of 700 ms. Shorter heartbeats need more windows.
const UNJUDGED: Duration = Duration::from_millis(4200);

/// The time for which gossipsub refuses further copies of a message.
pub(super) const DUPLICATES: Duration = Duration::from_secs(24);

/// The most bytes of a gossip frame: six of the largest blocks.
///
/// Some clients answer an IWANT with several messages in one frame. A frame is held in memory until
/// its last byte has arrived, so its size times the number of connections bounds that memory.
const MAX_FRAME_SIZE: usize = 4 << 20;

/// The most bytes of control in a frame: 5000 message ids, as many as one IHAVE may name.
const MAX_CONTROL_SIZE: usize = 128 << 10;

/// The topics followed by this node, with lookup by hash and by kind.
#[derive(Debug)]
pub struct Topics {
    kinds: HashMap<TopicHash, TopicKind>,
}

impl Topics {
    /// Returns the topics named in `config`.
    pub fn new(config: &NetworkConfig) -> Self {
        let subnets = config.attestation_subnets.iter();
        let kinds = [TopicKind::Block, TopicKind::Aggregation]
            .into_iter()
            .chain(subnets.map(|subnet| TopicKind::Attestation { subnet: *subnet }))
            .map(|kind| {
                (TopicHash::from_raw(Topic::new(&config.network_name, kind).to_string()), kind)
            })
            .collect();
        Self { kinds }
    }

    /// Returns the kind of a topic's messages.
    pub(super) fn kind(&self, topic: &TopicHash) -> Option<TopicKind> {
        self.kinds.get(topic).copied()
    }

    /// Returns the topic of a kind of message.
    pub(super) fn topic(&self, kind: TopicKind) -> Option<&TopicHash> {
        // There are few topics: a linear search costs less than a second table.
        self.kinds.iter().find(|(_, followed)| **followed == kind).map(|(topic, _)| topic)
    }
}

/// Decompresses gossip before gossipsub processes it, so one decompression serves both the message
/// id and the delivery.
///
/// Gossipsub rejects a message refused here: the message is neither delivered nor forwarded.
#[derive(Clone, Debug)]
pub struct SnappyTransform {
    topics: Arc<Topics>,
    counters: Arc<NetworkCounters>,
    findings: Findings,
}

/// Gossipsub's findings about the last message. It reports them nowhere else.
///
/// One thread writes and reads it. It is shared because gossipsub owns its callbacks.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings(Arc<Found>);

#[derive(Debug, Default)]
struct Found {
    is_unreadable: AtomicBool,
    /// The first bytes of the id, or 0.
    id: AtomicU64,
}

/// A finding of gossipsub about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// It cannot be decompressed.
    Unreadable,
    /// It has an id with these first bytes. The message may be known already.
    Id(u64),
}

impl Findings {
    /// Forgets the findings about earlier messages.
    pub(super) fn reset(&self) {
        self.0.is_unreadable.store(false, Ordering::Relaxed);
        self.0.id.store(0, Ordering::Relaxed);
    }

    /// Returns the finding about the only message since the last reset.
    pub(super) fn get(&self) -> Finding {
        if self.0.is_unreadable.load(Ordering::Relaxed) {
            Finding::Unreadable
        } else {
            Finding::Id(self.0.id.load(Ordering::Relaxed))
        }
    }

    fn id(&self, id: &MessageId) {
        let first = id.0.first_chunk().copied().map_or(0, u64::from_le_bytes);
        self.0.id.store(first, Ordering::Relaxed);
    }
}

impl SnappyTransform {
    /// Creates the transform for these topics. It counts refused messages.
    pub fn new(topics: Arc<Topics>, counters: Arc<NetworkCounters>) -> Self {
        Self { topics, counters, findings: Findings::default() }
    }
}

impl DataTransform for SnappyTransform {
    fn inbound_transform(&self, message: RawMessage) -> io::Result<gossipsub::Message> {
        let Some(kind) = self.topics.kind(&message.topic) else {
            self.counters.other_topic.increment();
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a topic that is not followed"));
        };
        let unreadable = |error| {
            self.counters.unreadable(&error);
            self.findings.0.is_unreadable.store(true, Ordering::Relaxed);
            io::Error::new(io::ErrorKind::InvalidData, error)
        };
        let data = raw_snappy::decompress_at_most(&message.data, kind.max_payload_size())
            .map_err(unreadable)?;
        Ok(gossipsub::Message {
            source: message.source,
            data,
            sequence_number: message.sequence_number,
            topic: message.topic,
        })
    }

    fn outbound_transform(&self, _: &TopicHash, ssz: Vec<u8>) -> io::Result<Vec<u8>> {
        raw_snappy::compress(&ssz)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
    }
}

/// Creates gossipsub with the specification's parameters, subscribed to all of `topics`, and its
/// findings about messages.
///
/// # Errors
///
/// Returns a text if the configured values contradict each other.
pub(super) fn gossipsub(
    config: &NetworkConfig,
    topics: &Arc<Topics>,
    counters: &Arc<NetworkCounters>,
) -> Result<(Gossipsub, Findings), String> {
    let filter = WhitelistSubscriptionFilter(topics.kinds.keys().cloned().collect::<HashSet<_>>());
    let transform = SnappyTransform::new(Arc::clone(topics), Arc::clone(counters));
    let findings = transform.findings.clone();
    let parameters = parameters(config.heartbeat, findings.clone());
    let parameters = parameters.build().map_err(|error| error.to_string())?;
    let mut gossipsub = Gossipsub::new_with_subscription_filter_and_transform(
        MessageAuthenticity::Anonymous,
        parameters,
        filter,
        transform,
    )?;
    for topic in topics.kinds.keys() {
        let topic = gossipsub::IdentTopic::new(topic.as_str());
        gossipsub.subscribe(&topic).map_err(|error| error.to_string())?;
    }
    Ok((gossipsub, findings))
}

fn parameters(heartbeat: Duration, findings: Findings) -> ConfigBuilder {
    let heartbeat = heartbeat.max(Duration::from_millis(1));
    let windows = UNJUDGED.as_millis().div_ceil(heartbeat.as_millis());
    let mut parameters = ConfigBuilder::default();
    parameters
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(move |message| {
            let id = MessageId::of_valid(message.topic.as_str().as_bytes(), &message.data);
            findings.id(&id);
            gossipsub::MessageId::new(&id.0)
        })
        .max_transmit_size(MAX_FRAME_SIZE)
        .max_control_message_size(MAX_CONTROL_SIZE)
        .mesh_n(8)
        .mesh_n_low(6)
        .mesh_n_high(12)
        .gossip_lazy(6)
        .heartbeat_interval(heartbeat)
        .heartbeat_initial_delay(heartbeat)
        .fanout_ttl(Duration::from_secs(60))
        .history_length(usize::try_from(windows).unwrap_or(usize::MAX).max(6))
        .history_gossip(3)
        .duplicate_cache_time(DUPLICATES)
        .prune_backoff(Duration::from_secs(60))
        .idontwant_message_size_threshold(1024)
        // This node's own messages go to every peer following the topic, so a small mesh works
        // before the first heartbeat.
        .flood_publish(true)
        // The queue for a peer that does not read is bounded by this many messages; further ones
        // are dropped.
        .connection_handler_queue_len(1024);
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostKey;

    #[test]
    fn a_payload_may_be_as_large_as_a_message_of_its_topic_and_no_larger() {
        let config = NetworkConfig::new(
            HostKey::generate(),
            "/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("it is one"),
        );
        let (topics, counters) =
            (Arc::new(Topics::new(&config)), Arc::new(NetworkCounters::default()));
        let transform = SnappyTransform::new(Arc::clone(&topics), Arc::clone(&counters));
        let passes = |kind, size| {
            let topic = topics.topic(kind).expect("it is followed").clone();
            let data =
                snap::raw::Encoder::new().compress_vec(&vec![0; size]).expect("snappy takes it");
            let (source, sequence_number, signature, key, validated) =
                (None, None, None, None, false);
            let message =
                RawMessage { source, data, sequence_number, topic, signature, key, validated };
            transform.inbound_transform(message).is_ok()
        };
        let largest =
            [TopicKind::Block, TopicKind::Aggregation, TopicKind::Attestation { subnet: 0 }];
        for kind in largest {
            let most = kind.max_payload_size();
            assert!(passes(kind, most) && !passes(kind, most + 1), "{kind}");
        }
        assert_eq!(counters.too_large.get(), 3);
    }
}
