//! `nodes.yaml`: the records (ENRs) of a network's nodes, and the addresses in them.

use std::net::SocketAddrV4;
use std::path::Path;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use crate::config::peer_fault;
use crate::lean_files::yaml;
use keys::NetworkKey;
use keys::file::{self, FileError, FileKind};
use network::{HostKey, HostKeyError, NodeRecord, RecordError};

/// The most nodes in a list. The limit exists because a node dials all of them.
pub const MOST_NODES: usize = 4096;

/// The sequence number of a node's first record.
const FIRST: u64 = 1;

/// The reason why a text is not a node's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NodeAddressError {
    /// The text begins like a record but is not a valid one.
    #[error("\"{}\" is no node record: {reason}", shortened(text))]
    NotARecord {
        /// The text.
        text: String,
        /// The fault in the record.
        reason: RecordError,
    },
    /// The record's signature does not match its own key, so the record may be forged.
    #[error("the node record \"{}\" is not signed with its own key: somebody has changed it", shortened(.0))]
    Forged(String),
    /// The record has no address for QUIC.
    #[error("the node record \"{}\" has no address: it needs ip and udp, or ip and quic", shortened(.0))]
    NoAddress(String),
    /// The node cannot dial the address.
    #[error(
        "the address \"{}\" {fault}: write the address at which the node listens",
        shortened(text)
    )]
    Undialable {
        /// The text.
        text: String,
        /// The reason.
        fault: &'static str,
    },
    /// The text is neither a record nor an address.
    #[error(
        "\"{}\" is no node's address: write a node record (enr:…) or /ip4/ADDRESS/udp/PORT/quic-v1/p2p/PEER_ID",
        shortened(.0)
    )]
    NotAnAddress(String),
}

/// Reads a node's address, either from its signed record or from a multiaddress with an identity at
/// the end.
///
/// # Errors
///
/// Returns [`NodeAddressError`] if the text is neither.
pub(super) fn node_address(text: &str) -> Result<Multiaddr, NodeAddressError> {
    if text.starts_with("enr:") {
        return record_address(text);
    }
    let address = text
        .parse::<Multiaddr>()
        .ok()
        .filter(|address| matches!(address.iter().last(), Some(Protocol::P2p(_))))
        .ok_or_else(|| NodeAddressError::NotAnAddress(text.to_owned()))?;
    match peer_fault(&address) {
        Some(fault) => Err(NodeAddressError::Undialable { text: text.to_owned(), fault }),
        None => Ok(address),
    }
}

fn record_address(text: &str) -> Result<Multiaddr, NodeAddressError> {
    let record: NodeRecord = text
        .parse()
        .map_err(|reason| NodeAddressError::NotARecord { text: text.to_owned(), reason })?;
    if !record.is_valid() || !record.verify_signature() {
        return Err(NodeAddressError::Forged(text.to_owned()));
    }
    match (record.multiaddr(), record.peer_id()) {
        (Some(address), Some(peer)) => Ok(address.with(Protocol::P2p(peer))),
        (None, _) | (_, None) => Err(NodeAddressError::NoAddress(text.to_owned())),
    }
}

/// Signs the first record of the node with this key and this listening address.
///
/// # Errors
///
/// Returns [`HostKeyError`] for an invalid secret. A [`NetworkKey`] read from a file or generated
/// at random never has one.
pub(super) fn signed_record(
    key: &NetworkKey,
    address: SocketAddrV4,
) -> Result<String, HostKeyError> {
    let key = HostKey::from_secret(*key.secret())?;
    Ok(NodeRecord::sign(&key, FIRST, *address.ip(), address.port(), true).to_string())
}

/// Reads `nodes.yaml`.
///
/// # Errors
///
/// Returns [`FileError`] if the file cannot be read, is not a list, or has an invalid entry.
pub(super) fn load(path: &Path) -> Result<Vec<Multiaddr>, FileError> {
    let texts = yaml::read(FileKind::LeanNodes, path)?;
    addresses(texts).map_err(|flaw| file::malformed(FileKind::LeanNodes, path, flaw))
}

/// Reads the text of `nodes.yaml`.
///
/// # Errors
///
/// Returns a description of the fault in the text.
pub fn parse_node_list(text: &str) -> Result<Vec<Multiaddr>, String> {
    addresses(yaml::parse(text)?)
}

/// Reads the addresses in a list. An empty file is an empty list.
fn addresses(texts: Option<Vec<String>>) -> Result<Vec<Multiaddr>, String> {
    let texts = texts.unwrap_or_default();
    if texts.len() > MOST_NODES {
        return Err(format!("it lists {} nodes; at most {MOST_NODES} are possible", texts.len()));
    }
    let address = |(place, text): (usize, &String)| {
        node_address(text).map_err(|error| format!("entry {}: {error}", place + 1))
    };
    texts.iter().enumerate().map(address).collect()
}

/// Returns the beginning of a possibly long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
