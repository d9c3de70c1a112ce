//! The operator's choices about the network.

use std::time::Duration;

use libp2p::Multiaddr;

use crate::HostKey;
use wire::topic::DEFAULT_NETWORK_NAME;

/// The network thread's listening address, static peers, timeouts and limits.
///
/// [`NetworkConfig::new`] returns the specification's values; change the fields to suit.
#[derive(Clone, Debug)]
pub struct NetworkConfig {
    /// The node's identity.
    pub host_key: HostKey,
    /// The address to listen on: `/ip4/<address>/udp/<port>/quic-v1`. Port 0 takes a free port.
    pub listen: Multiaddr,
    /// Peers to stay connected to. Each is redialled after its connection is lost. A `/p2p/<peer
    /// id>` at the end of an address pins the peer's identity.
    pub peers: Vec<Multiaddr>,
    /// Peers of an earlier run. Each is dialled three times at most. They are strangers, as all
    /// peers that are not configured. At most
    /// [`MOST_REMEMBERED`](crate::MOST_REMEMBERED) of them are used.
    pub remembered: Vec<Multiaddr>,
    /// The network's name in gossip topics.
    pub network_name: String,
    /// The attestation subnets to follow. Publishing to any other subnet fails.
    pub attestation_subnets: Vec<u64>,
    /// The number of validators of the network. The allowances of peers depend on it, because each
    /// validator votes once a slot.
    pub validators: u64,
    /// The length of a slot. The allowances of peers depend on it.
    pub slot: Duration,
    /// The interval of gossipsub's mesh maintenance. The specification's value is 700 ms; a devnet
    /// with short slots may want 100 ms.
    pub heartbeat: Duration,
    /// The time limit of a request, from sending it to the last byte of its answer.
    pub request_timeout: Duration,
    /// The time limit of a dial. A dial past its limit has failed and is retried.
    pub dial_timeout: Duration,
    /// The wait before the first redial of a lost peer. It doubles with every failure.
    pub redial_first: Duration,
    /// The longest wait between two dials of a peer.
    pub redial_most: Duration,
    /// The length of a ban: the time during which a peer whose score has run out is neither dialled
    /// nor accepted.
    pub ban: Duration,
    /// The most inbound connections of strangers. An address range (IPv4 /24, IPv6 /48) has at most
    /// half of them. Configured peers have places of their own.
    pub max_inbound_peers: u32,
    /// Whether to speak `identify`. The specification's Python node fails when a peer opens an
    /// `identify` stream.
    pub identify: bool,
    /// Whether to speak `ping`. The specification's Python node fails when a peer opens a `ping`
    /// stream.
    pub ping: bool,
}

impl NetworkConfig {
    /// Returns the specification's values for a node listening on `listen` and dialling no peers.
    #[must_use]
    pub fn new(host_key: HostKey, listen: Multiaddr) -> Self {
        Self {
            host_key,
            listen,
            peers: Vec::new(),
            remembered: Vec::new(),
            network_name: DEFAULT_NETWORK_NAME.to_owned(),
            attestation_subnets: vec![0],
            validators: 4096,
            slot: Duration::from_secs(4),
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
