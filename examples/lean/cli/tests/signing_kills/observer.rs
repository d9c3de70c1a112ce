//! A peer of the node: it receives what the node publishes.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use consensus::{Root, SignedAttestation, SignedBlock};
use keys::{KeyRole, NetworkKey};
use libssz::SszDecode as _;
use network::{
    BlocksReply, BlocksResponse, GossipMessage, HostKey, Inbound, Multiaddr, Network,
    NetworkConfig, PeerId, Refused, SlotRange, Status, TopicKind,
};

use crate::ledger::Signature;

/// The most signatures waiting for the test.
const ROOM: usize = 1 << 16;

/// A running peer.
pub(crate) struct Observer {
    _network: Network,
    pub(crate) signatures: Receiver<Signature>,
}

struct Receive(SyncSender<Signature>);

impl Observer {
    /// Starts the peer at an address, with the identity in a key file.
    #[allow(dead_code, reason = "the other test dials")]
    pub(crate) fn start(key: &Path, listen: Multiaddr, network_name: &str) -> Self {
        let key = NetworkKey::load(key).expect("the network's files are complete");
        let host_key = HostKey::from_secret(*key.secret()).expect("it is a secret");
        Self::dial(host_key, listen, Vec::new(), network_name)
    }

    /// Starts the peer at an address. It dials others, and each of them again when it is lost.
    pub(crate) fn dial(
        host_key: HostKey,
        listen: Multiaddr,
        peers: Vec<Multiaddr>,
        network_name: &str,
    ) -> Self {
        let (sender, signatures) = mpsc::sync_channel(ROOM);
        let config = NetworkConfig {
            network_name: network_name.to_owned(),
            peers,
            // Slots are short, and so are the lives of the peers.
            heartbeat: Duration::from_millis(100),
            redial_first: Duration::from_millis(100),
            redial_most: Duration::from_millis(400),
            ..NetworkConfig::new(host_key, listen)
        };
        let network = Network::start(config, Receive(sender)).expect("the port is free");
        Self { _network: network, signatures }
    }
}

impl Inbound for Receive {
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused> {
        let signature = match message.kind {
            TopicKind::Attestation { .. } => {
                let vote = SignedAttestation::from_ssz_bytes(&message.ssz).expect("it is a vote");
                Signature {
                    validator: vote.validator_index,
                    role: KeyRole::Attestation,
                    slot: vote.data.slot,
                    root: Root::of(&vote.data),
                }
            }
            TopicKind::Block => {
                let block = SignedBlock::from_ssz_bytes(&message.ssz).expect("it is a block").block;
                Signature {
                    validator: block.proposer_index,
                    role: KeyRole::Proposal,
                    slot: block.slot,
                    root: Root::of(&block),
                }
            }
            TopicKind::Aggregation => return Ok(()),
        };
        self.0.try_send(signature).map_err(|_| Refused)
    }

    fn blocks(&self, _response: BlocksResponse) -> Result<(), Refused> {
        Ok(())
    }

    fn status(&self, _peer: PeerId, _status: Status) -> Result<(), Refused> {
        Ok(())
    }

    fn peer_connected(&self, _peer: PeerId, _is_configured: bool) -> Result<(), Refused> {
        Ok(())
    }

    fn peer_disconnected(&self, _peer: PeerId) -> Result<(), Refused> {
        Ok(())
    }

    fn serve_blocks(
        &self,
        _peer: PeerId,
        _roots: Vec<[u8; 32]>,
        _reply: BlocksReply,
    ) -> Result<(), Refused> {
        Ok(())
    }

    fn serve_range(
        &self,
        _peer: PeerId,
        _range: SlotRange,
        _reply: BlocksReply,
    ) -> Result<(), Refused> {
        Ok(())
    }

    fn our_status(&self) -> Status {
        Status::default()
    }
}
