//! Types found only in vectors, and types with a different representation in this node.

use libssz::{DecodeError, SszDecode, SszEncode};
use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_merkle::{HashTreeRoot, Node, Sha256Hasher};
use libssz_types::{SszList, SszVector};

use consensus::{Checkpoint, Root};
use wire::MAX_REQUEST_BLOCKS;

/// An element of the signature scheme's field: 4 bytes, below the field's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fp(u32);

impl SszEncode for Fp {
    fn is_fixed_size() -> bool {
        true
    }

    fn fixed_size() -> usize {
        <u32 as SszEncode>::fixed_size()
    }

    fn encoded_len(&self) -> usize {
        self.0.encoded_len()
    }

    fn ssz_append(&self, buf: &mut Vec<u8>) {
        self.0.ssz_append(buf);
    }
}

impl SszDecode for Fp {
    fn is_fixed_size() -> bool {
        true
    }

    fn fixed_size() -> usize {
        <u32 as SszDecode>::fixed_size()
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let value = u32::from_ssz_bytes(bytes)?;
        // The decoder has no error for a wrong value. This one reports the order and the value.
        if value < xmss::ORDER {
            Ok(Self(value))
        } else {
            let (expected, got) = (xmss::ORDER as usize, value as usize);
            Err(DecodeError::InvalidFixedLength { expected, got })
        }
    }
}

impl HashTreeRoot for Fp {
    fn hash_tree_root(&self, hasher: &impl Sha256Hasher) -> Node {
        self.0.hash_tree_root(hasher)
    }

    /// Vectors of elements are packed, as vectors of numbers are.
    fn is_basic_type() -> bool {
        true
    }
}

/// A public key as the signature scheme reads it. A registry does not check its elements.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct PublicKey {
    root: Digest,
    parameter: SszVector<Fp, 5>,
}

/// A digest of the signature scheme: 8 field elements.
pub(super) type Digest = SszVector<Fp, 8>;

/// A list of digests. The limit is twice the number of leaves of a bottom tree. It is 32 in the
/// test scheme, the scheme of the vectors.
pub(super) type DigestList = SszList<Digest, 32>;

/// A layer of the signature scheme's tree.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct HashTreeLayer {
    start_index: u64,
    nodes: DigestList,
}

/// The siblings on the path from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct HashTreeOpening {
    siblings: DigestList,
}

/// The status of a node's chain. The network code reads and writes its 80 bytes without SSZ types.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct Status {
    finalized: Checkpoint,
    head: Checkpoint,
}

/// A request for blocks by root.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct BlocksByRootRequest {
    roots: SszList<Root, MAX_REQUEST_BLOCKS>,
}

/// A request for blocks by slot.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct BlocksByRangeRequest {
    start_slot: u64,
    count: u64,
}
