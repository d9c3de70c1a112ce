//! Lists of block roots. Clones share their common part, and each full piece is hashed only once.

use std::fmt;
use std::sync::Arc;

use libssz::{DecodeError, SszDecode, SszEncode, decode_list_with_max};
use libssz_merkle::{
    HashTreeRoot, Node, Sha2Hasher, Sha256Hasher, ZERO_HASHES, hash_nodes, mix_in_length,
};
use libssz_types::TypeError;

use crate::constants::HISTORICAL_ROOTS_LIMIT;
use crate::root::Root;

/// The number of hash levels above the roots of a piece.
const PIECE_DEPTH: usize = 8;

/// The number of roots in a piece: large enough for a long list to have few pieces, and small
/// enough for a cheap copy of the remainder.
const PIECE: usize = 1 << PIECE_DEPTH;

/// The number of hash levels above all roots of a list of maximum length.
const DEPTH: usize = HISTORICAL_ROOTS_LIMIT.trailing_zeros() as usize;

/// A list of at most [`HISTORICAL_ROOTS_LIMIT`] block roots
/// (`List[Bytes32, HISTORICAL_ROOTS_LIMIT]`).
///
/// The history of each state extends its parent's history by a few roots. A list therefore consists
/// of full pieces, and a remainder of less than a piece. Full pieces never change, store their
/// hash, and are shared by all clones. A clone copies the remainder (at most 8 KiB), and one
/// pointer per 256 slots.
///
/// # Examples
///
/// ```
/// use consensus::{BlockRoots, Root};
///
/// let mut roots = BlockRoots::try_from(vec![Root::new([1; 32])]).expect("one is not too many");
/// let before = roots.clone();
/// roots.push(Root::ZERO).expect("two are not too many");
/// assert_eq!((before.len(), roots.len()), (1, 2));
/// assert_eq!(roots.get(0), before.get(0));
/// ```
#[derive(Clone, Default)]
pub struct BlockRoots {
    pieces: Vec<Arc<Piece>>,
    rest: Vec<Root>,
}

/// A full piece of roots, with its hash.
struct Piece {
    roots: [Root; PIECE],
    hash: Node,
}

impl BlockRoots {
    /// Returns the number of roots.
    pub fn len(&self) -> usize {
        self.pieces.len() * PIECE + self.rest.len()
    }

    /// Returns whether the list has no roots.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the root at index `place`, or `None` past the end of the list.
    pub fn get(&self, place: usize) -> Option<&Root> {
        match self.pieces.get(place / PIECE) {
            Some(piece) => piece.roots.get(place % PIECE),
            None => self.rest.get(place - self.pieces.len() * PIECE),
        }
    }

    /// Iterates over the roots, from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Root> {
        self.pieces.iter().flat_map(|piece| &piece.roots).chain(&self.rest)
    }

    /// Returns a copy of all roots.
    pub fn to_vec(&self) -> Vec<Root> {
        self.iter().copied().collect()
    }

    /// Appends a root.
    ///
    /// # Errors
    ///
    /// Returns [`TypeError`] if the list already has [`HISTORICAL_ROOTS_LIMIT`] roots.
    pub fn push(&mut self, root: Root) -> Result<(), TypeError> {
        if self.len() == HISTORICAL_ROOTS_LIMIT {
            return Err(TypeError::OverCapacity {
                max: HISTORICAL_ROOTS_LIMIT,
                got: HISTORICAL_ROOTS_LIMIT + 1,
            });
        }
        // Most lists are a clone with one more root and live long, so avoid spare capacity.
        self.rest.reserve_exact(1);
        self.rest.push(root);
        if let Ok(roots) = <[Root; PIECE]>::try_from(self.rest.as_slice()) {
            self.pieces.push(Arc::new(Piece::new(roots)));
            self.rest.clear();
            self.rest.shrink_to_fit();
        }
        Ok(())
    }
}

impl Piece {
    fn new(roots: [Root; PIECE]) -> Self {
        let nodes = roots.iter().map(|root| *root.as_bytes()).collect();
        Self { roots, hash: fold(&Sha2Hasher, nodes, 0, PIECE_DEPTH) }
    }
}

/// Hashes nodes in pairs, from one level up to another. Missing nodes on the right count as
/// subtrees of zeros.
fn fold(hasher: &impl Sha256Hasher, mut nodes: Vec<Node>, from: usize, to: usize) -> Node {
    for zero in &ZERO_HASHES[from..to] {
        nodes = nodes
            .chunks(2)
            .map(|pair| hash_nodes(hasher, &pair[0], pair.get(1).unwrap_or(zero)))
            .collect();
    }
    nodes.first().copied().unwrap_or(ZERO_HASHES[to])
}

impl HashTreeRoot for BlockRoots {
    /// Hashes the remainder, and the levels above the pieces. The hashes of pieces always use
    /// SHA-256, regardless of `hasher`.
    fn hash_tree_root(&self, hasher: &impl Sha256Hasher) -> Node {
        let mut nodes: Vec<_> = self.pieces.iter().map(|piece| piece.hash).collect();
        if !self.rest.is_empty() {
            nodes.push(fold(
                hasher,
                self.rest.iter().map(|root| *root.as_bytes()).collect(),
                0,
                PIECE_DEPTH,
            ));
        }
        mix_in_length(hasher, &fold(hasher, nodes, PIECE_DEPTH, DEPTH), self.len())
    }
}

impl PartialEq for BlockRoots {
    fn eq(&self, other: &Self) -> bool {
        let same = |(one, other): (&Arc<Piece>, &Arc<Piece>)| {
            Arc::ptr_eq(one, other) || one.roots == other.roots
        };
        self.rest == other.rest
            && self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(same)
    }
}

impl Eq for BlockRoots {}

impl fmt::Debug for BlockRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl TryFrom<Vec<Root>> for BlockRoots {
    type Error = TypeError;

    fn try_from(roots: Vec<Root>) -> Result<Self, Self::Error> {
        if roots.len() > HISTORICAL_ROOTS_LIMIT {
            return Err(TypeError::OverCapacity { max: HISTORICAL_ROOTS_LIMIT, got: roots.len() });
        }
        let (pieces, rest) = roots.as_chunks::<PIECE>();
        let pieces = pieces.iter().map(|roots| Arc::new(Piece::new(*roots))).collect();
        Ok(Self { pieces, rest: rest.to_vec() })
    }
}

impl SszEncode for BlockRoots {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn encoded_len(&self) -> usize {
        self.len() * <Root as SszEncode>::fixed_size()
    }

    fn ssz_append(&self, buf: &mut Vec<u8>) {
        self.iter().for_each(|root| root.ssz_append(buf));
    }
}

impl SszDecode for BlockRoots {
    fn is_fixed_size() -> bool {
        false
    }

    fn fixed_size() -> usize {
        0
    }

    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let roots: Vec<Root> = decode_list_with_max(bytes, HISTORICAL_ROOTS_LIMIT)?;
        Ok(Self::try_from(roots).expect("the decoder keeps to the limit that it was given"))
    }
}

#[cfg(test)]
mod tests {
    use libssz::{SszDecode, SszEncode};
    use libssz_types::SszList;

    use super::{BlockRoots, PIECE, Root};
    use crate::constants::HISTORICAL_ROOTS_LIMIT;

    fn numbered(count: usize) -> Vec<Root> {
        let root = |number: usize| {
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
            Root::new(bytes)
        };
        (0..count).map(root).collect()
    }

    #[test]
    fn they_are_hashed_and_encoded_as_a_plain_list_is() {
        for count in [0, 1, 2, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 77] {
            let roots = numbered(count);
            let plain: SszList<Root, HISTORICAL_ROOTS_LIMIT> =
                roots.clone().try_into().expect("few roots");
            let list = BlockRoots::try_from(roots.clone()).expect("few roots");
            let mut pushed = BlockRoots::default();
            roots.iter().for_each(|root| pushed.push(*root).expect("few roots"));

            assert_eq!(Root::of(&list), Root::of(&plain), "{count}");
            assert_eq!(list.to_ssz(), plain.to_ssz());
            assert_eq!(list.encoded_len(), plain.encoded_len());
            assert_eq!(BlockRoots::from_ssz_bytes(&list.to_ssz()).as_ref(), Ok(&list));
            assert_eq!(pushed, list);
            assert_eq!(Root::of(&pushed), Root::of(&list));
            assert_eq!(list.to_vec(), roots);
            assert!((0..count + 2).all(|place| list.get(place) == roots.get(place)));
        }
    }

    #[test]
    fn lists_that_part_do_not_disturb_each_other() {
        let common = BlockRoots::try_from(numbered(2 * PIECE - 1)).expect("few roots");
        let (mut one, mut other) = (common.clone(), common.clone());
        one.push(Root::new([1; 32])).expect("few roots");
        other.push(Root::new([2; 32])).expect("few roots");
        assert_ne!(one, other);
        assert_ne!(Root::of(&one), Root::of(&other));
        assert_eq!(common.len(), 2 * PIECE - 1);
        assert_eq!(one.get(0), other.get(0));
    }

    #[test]
    fn a_full_list_takes_no_more() {
        let mut full = BlockRoots::try_from(vec![Root::ZERO; HISTORICAL_ROOTS_LIMIT])
            .expect("as many as may be");
        assert!(full.push(Root::ZERO).is_err());
        assert!(BlockRoots::try_from(vec![Root::ZERO; HISTORICAL_ROOTS_LIMIT + 1]).is_err());
        let plain: SszList<Root, HISTORICAL_ROOTS_LIMIT> =
            vec![Root::ZERO; HISTORICAL_ROOTS_LIMIT].try_into().expect("as many as may be");
        assert_eq!(Root::of(&full), Root::of(&plain));
    }
}
