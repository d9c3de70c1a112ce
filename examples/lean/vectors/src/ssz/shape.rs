//! Types found only in vectors, and types with a different representation in this node.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::{SszList, SszVector};

use consensus::{Checkpoint, Root};
use wire::MAX_REQUEST_BLOCKS;

/// A digest of the signature scheme: 8 field elements of 4 bytes.
pub(super) type Digest = SszVector<u32, 8>;

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
