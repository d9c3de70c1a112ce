//! The network source: a separate thread running libp2p. It holds handles of the rest of the node
//! and never blocks on them.
//!
//! ```text
//!  peers ⇄ QUIC ⇄ swarm (gossipsub, request-response)  "network", one OS thread, one tokio reactor
//!                   │            ▲
//!         Inbound   │            │  Command, through a bounded lane
//!                   ▼            │
//!              the node's own threads: NetworkFront, BlocksReply
//! ```
//!
//! The thread needs tokio because libp2p's QUIC needs it. No tokio type appears in the public
//! interface, so the rest of the node runs on any runtime. Events leave the thread through
//! [`Inbound`], and commands reach it through a [`NetworkFront`]. The methods of both return
//! immediately. Gossip is decompressed here, because a message's id is a hash of the decompressed
//! bytes. SSZ is not decoded here.
//!
//! In reading order: [`wire`] (bytes), [`Inbound`] and [`NetworkFront`] (the two directions), then
//! the private modules: `codec`, `gossip` and `behaviour` (libp2p), `configured`, `places`,
//! `admission` and `dialer` (connections), `guard` with `allowance`, `gossip_standing`, `recent`,
//! `undecided` and `overtaken` (gossip before gossipsub sees it), `serving` and `standing` (state
//! about peers and requests), `event_loop` with `mesh` and `requests`, `thread`.

mod address_range;
mod admission;
mod allowance;
mod answer_credit;
mod behaviour;
mod codec;
mod config;
mod configured;
mod connection_counters;
mod counters;
mod dialer;
mod enr;
mod event_loop;
mod front;
mod gossip;
mod gossip_standing;
mod guard;
mod host_key;
mod inbound;
mod mesh;
mod overtaken;
mod peer_table;
mod places;
#[cfg(test)]
mod places_tests;
mod rate;
mod recent;
mod requests;
mod serving;
mod standing;
mod swarm;
mod thread;
mod thread_end;
mod undecided;

pub use libp2p::{Multiaddr, PeerId};

pub use self::{
    answer_credit::AnswerCredit,
    codec::{Answer, Codec, MAX_ANSWER_SIZE},
    config::NetworkConfig,
    connection_counters::{ConnectionCounters, ConnectionResult, Direction, Disconnection},
    counters::{Counter, Gauge, NetworkCounters, PlaceRefusals},
    dialer::MOST_REMEMBERED,
    enr::{Eth2Data, MAX_RECORD_SIZE, NodeRecord, RecordError},
    front::{Command, NetworkFront, Undelivered, UndeliveredReason, Verdict, command_mailbox},
    gossip::{SnappyTransform, Topics},
    host_key::{HostKey, HostKeyError},
    inbound::{BlocksResponse, GossipMessage, Inbound, Refused, RequestFailure},
    peer_table::{BannedPeer, ConnectedPeer, PeerTable},
    rate::{Bucket, Buckets, Rate},
    serving::{Answering, BlocksReply},
    standing::Offence,
    thread::{Network, NetworkError, StopError},
    thread_end::ThreadEnd,
};
pub use wire::{message_id::MessageId, request::SlotRange, status::Status, topic::TopicKind};
