//! What an operator may choose about the network.

use std::time::Duration;

use libp2p::Multiaddr;

use crate::HostKey;
use wire::topic::DEFAULT_NETWORK_NAME;

/// How the network thread listens, whom it dials and how patient it is.
///
/// [`NetworkConfig::new`] gives the specification's values; change what differs.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The node's identity.
    pub host_key: HostKey,
    /// Where to listen: `/ip4/<address>/udp/<port>/quic-v1`; port 0 takes a free one.
    pub listen: Multiaddr,
    /// Peers to stay connected to, each redialled when it is lost. A `/p2p/<peer id>` at the end pins its identity.
    pub peers: Vec<Multiaddr>,
    /// The network's name in gossip topics.
    pub network_name: String,
    /// The attestation subnets to follow; publishing to another fails.
    pub attestation_subnets: Vec<u64>,
    /// How often gossipsub tends its mesh. The specification says 700 ms; a devnet with short slots may want 100 ms.
    pub heartbeat: Duration,
    /// How long a request may take, from sending it to the last byte of its answer.
    pub request_timeout: Duration,
    /// How long a dial may take before it is tried again.
    pub dial_timeout: Duration,
    /// How long to wait before redialling a lost peer; doubles with every failure.
    pub redial_first: Duration,
    /// The longest wait between two dials of a peer.
    pub redial_most: Duration,
    /// For how long a peer without any standing left is neither dialled nor let in.
    pub ban: Duration,
    /// How many peers may be connected on their own initiative.
    pub max_inbound_peers: u32,
    /// Whether to speak `identify`; the specification's Python node breaks when a stream for it is opened.
    pub identify: bool,
    /// Whether to speak `ping`; the specification's Python node breaks when a stream for it is opened.
    pub ping: bool,
}

impl NetworkConfig {
    /// Returns the specification's values for a node that listens on `listen` and dials nobody.
    #[must_use]
    pub fn new(host_key: HostKey, listen: Multiaddr) -> Self {
        Self {
            host_key,
            listen,
            peers: Vec::new(),
            network_name: DEFAULT_NETWORK_NAME.to_owned(),
            attestation_subnets: vec![0],
            heartbeat: Duration::from_millis(700),
            request_timeout: Duration::from_secs(10),
            dial_timeout: Duration::from_secs(5),
            redial_first: Duration::from_millis(100),
            redial_most: Duration::from_secs(5),
            ban: Duration::from_secs(300),
            max_inbound_peers: 64,
            identify: false,
            ping: false,
        }
    }
}
