//! Types that only vectors have, or that this node keeps in another form.

use libssz_derive::{HashTreeRoot, SszDecode, SszEncode};
use libssz_types::{SszList, SszVector};

use consensus::{Checkpoint, Root};
use wire::MAX_REQUEST_BLOCKS;

/// A digest of the signature scheme: 8 field elements of 4 bytes.
pub(super) type Digest = SszVector<u32, 8>;

/// A list of digests as the signature scheme holds them: bounded by twice the leaves of a bottom tree, 32 in the test
/// scheme, in which vectors are.
pub(super) type DigestList = SszList<Digest, 32>;

/// A layer of the signature scheme's tree.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct HashTreeLayer {
    start_index: u64,
    nodes: DigestList,
}

/// The siblings on the way from a leaf to the root.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct HashTreeOpening {
    siblings: DigestList,
}

/// Where a node's chain stands; the network code reads and writes its 80 bytes itself.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct Status {
    finalized: Checkpoint,
    head: Checkpoint,
}

/// A request for blocks by their roots.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct BlocksByRootRequest {
    roots: SszList<Root, MAX_REQUEST_BLOCKS>,
}

/// A request for blocks by their slots.
#[derive(Clone, Debug, PartialEq, Eq, SszEncode, SszDecode, HashTreeRoot)]
pub(super) struct BlocksByRangeRequest {
    start_slot: u64,
    count: u64,
}
