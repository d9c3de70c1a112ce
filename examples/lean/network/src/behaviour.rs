//! The node's protocols in one behaviour.

use std::sync::Arc;

use libp2p::{
    allow_block_list::{self, BlockedPeers},
    identify, ping,
    request_response::{self, ProtocolSupport},
    swarm::{NetworkBehaviour, behaviour::toggle::Toggle},
};

use crate::{
    NetworkConfig, NetworkCounters,
    admission::Admission,
    allowance::Load,
    codec::Codec,
    configured::ConfiguredPeers,
    gossip::{self, Topics},
    guard::Guard,
};
use wire::request::RequestKind;

/// The most open status streams per connection, both directions together.
const MAX_STATUS_STREAMS: usize = 4;

/// The most open block streams per connection, both directions together.
const MAX_BLOCKS_STREAMS: usize = 16;

/// All protocols of a node.
///
/// Each kind of request has a separate behaviour. A request-response behaviour offers all its
/// protocols for every request, and the remote side picks the first one it supports.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) blocked: allow_block_list::Behaviour<BlockedPeers>,
    pub(super) admission: Admission,
    pub(super) gossip: Guard,
    pub(super) status: request_response::Behaviour<Codec>,
    pub(super) blocks_by_root: request_response::Behaviour<Codec>,
    pub(super) blocks_by_range: request_response::Behaviour<Codec>,
    identify: Toggle<identify::Behaviour>,
    ping: Toggle<ping::Behaviour>,
}

impl Behaviour {
    /// Creates the protocols enabled in `config`.
    ///
    /// # Errors
    ///
    /// Returns a text if the configured values contradict each other.
    pub(super) fn new(
        config: &NetworkConfig,
        topics: &Arc<Topics>,
        counters: &Arc<NetworkCounters>,
    ) -> Result<Self, String> {
        let identify = config.identify.then(|| {
            let public_key = config.host_key.keypair().public();
            identify::Behaviour::new(identify::Config::new(
                "leanconsensus/1".to_owned(),
                public_key,
            ))
        });
        Ok(Self {
            blocked: allow_block_list::Behaviour::default(),
            admission: Admission::new(config, Arc::clone(counters)),
            gossip: guard(config, topics, counters)?,
            status: requests(RequestKind::Status, config, MAX_STATUS_STREAMS),
            blocks_by_root: requests(RequestKind::BlocksByRoot, config, MAX_BLOCKS_STREAMS),
            blocks_by_range: requests(RequestKind::BlocksByRange, config, MAX_BLOCKS_STREAMS),
            identify: identify.into(),
            ping: config.ping.then(ping::Behaviour::default).into(),
        })
    }
}

fn guard(
    config: &NetworkConfig,
    topics: &Arc<Topics>,
    counters: &Arc<NetworkCounters>,
) -> Result<Guard, String> {
    let load =
        Load { validators: config.validators, slot: config.slot, heartbeat: config.heartbeat };
    Ok(Guard::new(
        gossip::gossipsub(config, topics, counters)?,
        Arc::clone(topics),
        Arc::clone(counters),
        ConfiguredPeers::new(&config.peers),
        load,
    ))
}

fn requests(
    kind: RequestKind,
    config: &NetworkConfig,
    max_streams: usize,
) -> request_response::Behaviour<Codec> {
    let parameters = request_response::Config::default()
        .with_request_timeout(config.request_timeout)
        .with_max_concurrent_streams(max_streams);
    request_response::Behaviour::new([(kind, ProtocolSupport::Full)], parameters)
}
