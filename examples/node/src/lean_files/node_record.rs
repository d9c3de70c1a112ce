//! `nodes.yaml`: the records (ENRs) of a network's nodes, and the addresses that they tell.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use enr::{Enr, EnrPublicKey as _, k256::ecdsa::SigningKey};
use libp2p::identity::{PublicKey, secp256k1};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use crate::config::quic_address;
use crate::file::{self, FileError, FileKind};
use crate::keys::NetworkKey;
use crate::lean_files::yaml;

/// The most nodes that a list may have: a node dials all of them.
const MOST_NODES: usize = 4096;

/// Where a node is found, and who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// The UDP address that it listens on.
    pub socket: SocketAddr,
    /// Its identity.
    pub peer_id: PeerId,
}

/// Says why a text is no address of a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeRecordError {
    /// The text starts like a record and is none, or its signature is wrong.
    #[error("\"{}\" is no node record: {reason}", shortened(text))]
    NotARecord {
        /// What stands there.
        text: String,
        /// Why it is none.
        reason: String,
    },
    /// The record tells no address for QUIC.
    #[error("the node record \"{}\" has no address: it needs ip and udp, or ip and quic", shortened(.0))]
    NoAddress(String),
    /// The text is neither a record nor an address.
    #[error(
        "\"{}\" is no node's address: write a node record (enr:…) or /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER_ID",
        shortened(.0)
    )]
    NotAnAddress(String),
}

impl NodeRecord {
    /// Reads a node record (`enr:…`); its signature is checked. A `quic` port goes before the `udp` port, as in the
    /// specification's `ENR.multiaddr`.
    ///
    /// # Errors
    ///
    /// [`NodeRecordError`] when the text is no record or tells no address.
    pub fn parse(text: &str) -> Result<Self, NodeRecordError> {
        let not_a_record = |reason: String| NodeRecordError::NotARecord { text: text.to_owned(), reason };
        let record: Enr<SigningKey> = text.parse().map_err(not_a_record)?;
        let no_address = || NodeRecordError::NoAddress(text.to_owned());
        let (ip, udp) = match (record.ip4(), record.ip6()) {
            (Some(ip), _) => (IpAddr::V4(ip), record.udp4()),
            (None, Some(ip)) => (IpAddr::V6(ip), record.udp6()),
            (None, None) => return Err(no_address()),
        };
        let quic = record.get_decodable::<u16>("quic").and_then(Result::ok);
        let port = quic.or(udp).filter(|port| *port > 0).ok_or_else(no_address)?;
        let public_key = secp256k1::PublicKey::try_from_bytes(&record.public_key().encode())
            .map_err(|error| not_a_record(error.to_string()))?;
        Ok(Self { socket: SocketAddr::new(ip, port), peer_id: PublicKey::from(public_key).to_peer_id() })
    }

    /// Writes the signed record of the node that has this key and listens on this address.
    ///
    /// # Panics
    ///
    /// Never: the record's few fields are far below the limit of 300 bytes.
    pub fn sign(key: &NetworkKey, socket: SocketAddr) -> String {
        let signer = SigningKey::from_slice(key.secret()).expect("a network key is a secp256k1 secret");
        let mut builder = Enr::builder();
        builder.ip(socket.ip()).add_value("quic", &socket.port());
        match socket.ip() {
            IpAddr::V4(_) => builder.udp4(socket.port()),
            IpAddr::V6(_) => builder.udp6(socket.port()),
        };
        let record = builder.build(&signer).expect("an address and a port fit a record");
        record.to_base64()
    }

    /// Returns the address to dial, with the identity at its end.
    pub fn address(&self) -> Multiaddr {
        quic_address(self.socket).with(Protocol::P2p(self.peer_id))
    }
}

/// Reads a node's address out of its record or out of a multiaddress with an identity at its end.
///
/// # Errors
///
/// [`NodeRecordError`] when the text is neither.
pub(super) fn peer_address(text: &str) -> Result<Multiaddr, NodeRecordError> {
    if text.starts_with("enr:") {
        return NodeRecord::parse(text).map(|record| record.address());
    }
    text.parse::<Multiaddr>()
        .ok()
        .filter(|address| matches!(address.iter().last(), Some(Protocol::P2p(_))))
        .ok_or_else(|| NodeRecordError::NotAnAddress(text.to_owned()))
}

/// Reads `nodes.yaml`.
pub(super) fn load(path: &Path) -> Result<Vec<Multiaddr>, FileError> {
    let texts = yaml::read::<Option<Vec<String>>>(FileKind::LeanNodes, path)?.unwrap_or_default();
    let malformed = |message| file::malformed(FileKind::LeanNodes, path, message);
    if texts.len() > MOST_NODES {
        return Err(malformed(format!("it lists {} nodes; at most {MOST_NODES} are possible", texts.len())));
    }
    let address = |(place, text): (usize, &String)| {
        peer_address(text).map_err(|error| malformed(format!("entry {}: {error}", place + 1)))
    };
    texts.iter().enumerate().map(address).collect()
}

/// Returns the beginning of a text that may be long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
