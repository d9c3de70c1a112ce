//! Node records (EIP-778): a node's identity and addresses in at most 300 signed bytes.
//!
//! A record is an RLP list: signature, sequence number, and pairs of keys and values in the order
//! of the keys. Its text form is `enr:` and its bytes in base64. Lean nodes use the keys `id`,
//! `secp256k1`, `ip`, `udp`, `quic`, `eth2`, `attnets` and `is_aggregator`.
//!
//! Reading a record does not verify it: as in the specification, a record with a wrong signature
//! can be read. Call [`verify_signature`](NodeRecord::verify_signature) before using an address
//! from a record.

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use alloy_rlp::{Decodable as _, Encodable, Header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId, identity};
use sha3::{Digest as _, Keccak256};

use crate::host_key::HostKey;

/// The most bytes of an encoded record (EIP-778).
pub const MAX_RECORD_SIZE: usize = 300;

/// The only existing identity scheme: secp256k1 and Keccak.
const SCHEME: &[u8] = b"v4";

/// The beginning of a record's text.
const PREFIX: &str = "enr:";

const ID: &str = "id";
const SECP256K1: &str = "secp256k1";
const IP: &str = "ip";
const UDP: &str = "udp";
const QUIC: &str = "quic";
const ETH2: &str = "eth2";
const ATTNETS: &str = "attnets";
const IS_AGGREGATOR: &str = "is_aggregator";

/// A node's signed statement about itself.
///
/// # Examples
///
/// ```
/// use network::NodeRecord;
///
/// let text = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8";
/// let record: NodeRecord = text.parse()?;
/// assert!(record.verify_signature());
/// let address = record.multiaddr().map(|address| address.to_string());
/// assert_eq!(address.as_deref(), Some("/ip4/127.0.0.1/udp/30303/quic-v1"));
/// assert_eq!(record.to_string(), text);
/// # Ok::<(), network::RecordError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct NodeRecord {
    signature: [u8; 64],
    seq: u64,
    /// Sorted by the bytes of the keys, as on the wire.
    pairs: BTreeMap<String, Vec<u8>>,
}

/// A node's fork: the value of the key `eth2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eth2Data {
    /// The fork's identifier.
    pub fork_digest: [u8; 4],
    /// The version of the next fork, or of the current fork if none is planned.
    pub next_fork_version: [u8; 4],
    /// The epoch in which the next fork begins, or the largest number if none is planned.
    pub next_fork_epoch: u64,
}

/// The reason why bytes or a text are not a node record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The text does not begin with `enr:`.
    #[error("a node record begins with \"{PREFIX}\"")]
    Prefix,
    /// The text after `enr:` is not URL-safe base64.
    #[error("a node record is URL-safe base64 after \"{PREFIX}\"")]
    Base64,
    /// The record has more than [`MAX_RECORD_SIZE`] bytes.
    #[error("a node record has at most {MAX_RECORD_SIZE} bytes, not {0}")]
    TooLarge(usize),
    /// The bytes are not one list of byte strings in RLP's canonical encoding.
    #[error("a node record is one RLP list of byte strings: {0}")]
    Rlp(alloy_rlp::Error),
    /// The signature does not have 64 bytes.
    #[error("a node record's signature has 64 bytes, not {0}")]
    Signature(usize),
    /// A key is not text.
    #[error("a key of the node record is not UTF-8")]
    Key,
    /// A key is repeated, or follows a larger key.
    #[error("the keys of a node record are in order, and none comes twice")]
    Order,
}

impl From<alloy_rlp::Error> for RecordError {
    fn from(error: alloy_rlp::Error) -> Self {
        Self::Rlp(error)
    }
}

impl NodeRecord {
    /// Reads a record's bytes without verifying the signature.
    ///
    /// # Errors
    ///
    /// Returns any [`RecordError`] except the two about the text form.
    pub fn from_rlp(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > MAX_RECORD_SIZE {
            return Err(RecordError::TooLarge(bytes.len()));
        }
        let mut rest = bytes;
        let mut items = Header::decode_bytes(&mut rest, true)?;
        if !rest.is_empty() {
            return Err(alloy_rlp::Error::UnexpectedLength.into());
        }
        let signature = Header::decode_bytes(&mut items, false)?;
        let signature =
            signature.try_into().map_err(|_| RecordError::Signature(signature.len()))?;
        let seq = u64::decode(&mut items)?;
        let mut pairs = BTreeMap::new();
        while !items.is_empty() {
            let key = Header::decode_bytes(&mut items, false)?;
            let key = String::from_utf8(key.to_vec()).map_err(|_| RecordError::Key)?;
            if pairs.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(RecordError::Order);
            }
            pairs.insert(key, Header::decode_bytes(&mut items, false)?.to_vec());
        }
        Ok(Self { signature, seq, pairs })
    }

    /// Creates and signs the record of the node with this key, reachable over QUIC at the given
    /// address and port.
    ///
    /// `seq` must be larger than the sequence number of every earlier record of the node.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "the messages say why this cannot fail")]
    pub fn sign(key: &HostKey, seq: u64, ip: Ipv4Addr, quic: u16, is_aggregator: bool) -> Self {
        let signer = SigningKey::from_slice(&key.secret())
            .expect("a host key's secret is a secp256k1 secret");
        let public_key = signer.verifying_key().to_sec1_point(true).as_bytes().to_vec();
        // RLP numbers have no leading zeros.
        let port: Vec<u8> = quic.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
        let pairs = [
            (ID, SCHEME.to_vec()),
            (IP, ip.octets().to_vec()),
            (IS_AGGREGATOR, vec![u8::from(is_aggregator)]),
            (QUIC, port),
            (SECP256K1, public_key),
        ];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value)).into();
        let mut record = Self { signature: [0; 64], seq, pairs };
        let signature: Signature =
            signer.sign_prehash(&record.digest()).expect("a digest of 32 bytes can be signed");
        record.signature.copy_from_slice(&signature.to_bytes());
        record
    }

    /// Returns the record's bytes.
    #[must_use]
    pub fn to_rlp(&self) -> Vec<u8> {
        let mut items = Vec::new();
        self.signature[..].encode(&mut items);
        self.append_content(&mut items);
        list(&items)
    }

    /// Returns whether the signature was made with the key named in the record.
    #[must_use]
    pub fn verify_signature(&self) -> bool {
        let (Some(key), Ok(signature)) =
            (self.verifying_key(), Signature::from_slice(&self.signature))
        else {
            return false;
        };
        // Each signature has a second, equally valid form, its `s` negated. The crate accepts only
        // the form with the lower `s`; EIP-778 prescribes neither.
        key.verify_prehash(&self.digest(), &signature.normalize_s()).is_ok()
    }

    /// Returns whether the record has the known scheme and a public key. The signature is not
    /// checked.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.get(ID) == Some(SCHEME) && self.public_key().is_some()
    }

    /// Returns the sequence number. It grows with each change of the node's record.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Returns the value of a key, or `None` if the record lacks the key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        self.pairs.get(key).map(Vec::as_slice)
    }

    /// Returns the name of the identity scheme, or `None` if the name is missing, empty or not
    /// UTF-8.
    #[must_use]
    pub fn identity_scheme(&self) -> Option<&str> {
        std::str::from_utf8(self.get(ID)?).ok().filter(|scheme| !scheme.is_empty())
    }

    /// Returns the node's compressed public key, or `None` unless it has 33 bytes.
    #[must_use]
    pub fn public_key(&self) -> Option<[u8; 33]> {
        self.get(SECP256K1)?.try_into().ok()
    }

    /// Returns the node's identity for discovery: the Keccak hash of its public key. Returns `None`
    /// if the key is not a point of the curve.
    #[must_use]
    pub fn node_id(&self) -> Option<[u8; 32]> {
        let point = self.verifying_key()?.to_sec1_point(false);
        // The first byte marks an uncompressed point.
        Some(Keccak256::digest(&point.as_bytes()[1..]).into())
    }

    /// Returns the node's identity for libp2p, or `None` if its public key is not a point of the
    /// curve.
    #[must_use]
    pub fn peer_id(&self) -> Option<PeerId> {
        let key = identity::secp256k1::PublicKey::try_from_bytes(&self.public_key()?).ok()?;
        Some(identity::PublicKey::from(key).to_peer_id())
    }

    /// Returns the node's IPv4 address.
    #[must_use]
    pub fn ip4(&self) -> Option<Ipv4Addr> {
        <[u8; 4]>::try_from(self.get(IP)?).ok().map(Ipv4Addr::from)
    }

    /// Returns the UDP port of discovery.
    #[must_use]
    pub fn udp_port(&self) -> Option<u16> {
        self.port(UDP)
    }

    /// Returns the UDP port of QUIC.
    #[must_use]
    pub fn quic_port(&self) -> Option<u16> {
        self.port(QUIC)
    }

    /// Returns the node's QUIC address: at its QUIC port, or else at its discovery port.
    #[must_use]
    pub fn multiaddr(&self) -> Option<Multiaddr> {
        let named = |port: &u16| *port != 0;
        let port = self.quic_port().filter(named).or(self.udp_port().filter(named))?;
        Some(
            Multiaddr::empty()
                .with(Protocol::Ip4(self.ip4()?))
                .with(Protocol::Udp(port))
                .with(Protocol::QuicV1),
        )
    }

    /// Returns the node's fork, or `None` if the value is missing or shorter than 16 bytes.
    #[must_use]
    pub fn eth2(&self) -> Option<Eth2Data> {
        let (fork_digest, rest) = self.get(ETH2)?.split_first_chunk()?;
        let (next_fork_version, rest) = rest.split_first_chunk()?;
        let (next_fork_epoch, _) = rest.split_first_chunk()?;
        Some(Eth2Data {
            fork_digest: *fork_digest,
            next_fork_version: *next_fork_version,
            next_fork_epoch: u64::from_le_bytes(*next_fork_epoch),
        })
    }

    /// Returns the node's attestation subnets, lowest first, or `None` unless the value has 8
    /// bytes.
    #[must_use]
    pub fn attestation_subnets(&self) -> Option<Vec<u64>> {
        let bits = u64::from_le_bytes(self.get(ATTNETS)?.try_into().ok()?);
        Some((0..64).filter(|subnet| bits >> subnet & 1 == 1).collect())
    }

    /// Returns whether the node aggregates votes.
    #[must_use]
    pub fn is_aggregator(&self) -> bool {
        self.get(IS_AGGREGATOR) == Some(&[1])
    }

    fn port(&self, key: &str) -> Option<u16> {
        let bytes = self.get(key).filter(|bytes| !bytes.is_empty())?;
        bytes
            .iter()
            .try_fold(0u16, |number, byte| number.checked_mul(256)?.checked_add((*byte).into()))
    }

    fn verifying_key(&self) -> Option<VerifyingKey> {
        VerifyingKey::from_sec1_bytes(&self.public_key()?).ok()
    }

    /// Returns the hash covered by the signature, computed over everything except the signature
    /// itself.
    fn digest(&self) -> [u8; 32] {
        let mut content = Vec::new();
        self.append_content(&mut content);
        Keccak256::digest(list(&content)).into()
    }

    fn append_content(&self, out: &mut Vec<u8>) {
        self.seq.encode(out);
        for (key, value) in &self.pairs {
            key.as_str().encode(out);
            value[..].encode(out);
        }
    }
}

fn list(items: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Header { list: true, payload_length: items.len() }.encode(&mut out);
    out.extend_from_slice(items);
    out
}

impl FromStr for NodeRecord {
    type Err = RecordError;

    fn from_str(text: &str) -> Result<Self, RecordError> {
        let encoded = text.trim().strip_prefix(PREFIX).ok_or(RecordError::Prefix)?;
        // Four base64 digits are three bytes. A longer text is refused without decoding it.
        if encoded.len() > MAX_RECORD_SIZE.div_ceil(3) * 4 {
            return Err(RecordError::TooLarge(encoded.len() / 4 * 3));
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded.trim_end_matches('='))
            .map_err(|_| RecordError::Base64)?;
        Self::from_rlp(&bytes)
    }
}

impl fmt::Display for NodeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(self.to_rlp()))
    }
}

impl fmt::Debug for NodeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeRecord")
            .field("seq", &self.seq)
            .field("peer_id", &self.peer_id())
            .field("address", &self.multiaddr())
            .finish_non_exhaustive()
    }
}
