//! The network thread's access to the rest of the node: handles for its messages, and a snapshot
//! for its own answers.

use actor_lanes::Handle;
use actor_lanes::view::View;

use crate::decoder::DecoderMessage;
use crate::front::Chain;
use crate::snapshot::Snapshot;
use consensus::Root;
use network::{
    BlocksReply, BlocksResponse, GossipMessage, Inbound, PeerId, Refused, SlotRange, Status,
};

/// Each method is one `try_tell`, so the network thread never waits, takes no lock and decodes
/// nothing.
#[derive(Debug)]
pub struct Ingress {
    /// Receives messages without a need for decoding.
    pub chain: Chain,
    /// Receives undecoded gossip and blocks.
    pub decoder: Handle<DecoderMessage>,
    /// Has the data for this node's status.
    pub published: View<Snapshot>,
}

impl Inbound for Ingress {
    fn gossip(&self, message: GossipMessage) -> Result<(), Refused> {
        self.decoder.try_tell(DecoderMessage::Gossip(message)).map_err(|_| Refused)
    }

    fn blocks(&self, response: BlocksResponse) -> Result<(), Refused> {
        self.decoder.try_tell(DecoderMessage::Blocks(response)).map_err(|_| Refused)
    }

    fn status(&self, peer: PeerId, status: Status) -> Result<(), Refused> {
        self.chain.peer_status(peer, status).map_err(|_| Refused)
    }

    fn peer_connected(&self, peer: PeerId, is_configured: bool) -> Result<(), Refused> {
        self.chain.peer_connected(peer, is_configured).map_err(|_| Refused)
    }

    fn peer_disconnected(&self, peer: PeerId) -> Result<(), Refused> {
        self.chain.peer_disconnected(peer).map_err(|_| Refused)
    }

    fn serve_blocks(
        &self,
        peer: PeerId,
        roots: Vec<[u8; 32]>,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        let roots = roots.into_iter().map(Root::from).collect();
        self.chain.serve_blocks(peer, roots, reply).map_err(|_| Refused)
    }

    fn serve_range(
        &self,
        peer: PeerId,
        range: SlotRange,
        reply: BlocksReply,
    ) -> Result<(), Refused> {
        self.chain.serve_range(peer, range, reply).map_err(|_| Refused)
    }

    fn our_status(&self) -> Status {
        let chain = self.published.get();
        Status {
            finalized_root: *chain.finalized.root.as_bytes(),
            finalized_slot: chain.finalized.slot,
            head_root: *chain.head.root.as_bytes(),
            head_slot: chain.head.slot,
        }
    }
}
