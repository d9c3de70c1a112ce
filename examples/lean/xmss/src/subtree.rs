//! The part of a key's tree kept by its signer: the subtree of the active epochs, and the path from
//! that subtree to the root.

use crate::field::Digest;
use crate::tweak::Tweaked;

/// A perfect subtree over consecutive leaves, and the siblings of the nodes above it.
///
/// ```text
///            root
///           /    \
///        node    above[1]        the epochs on the right are not active:
///       /    \                   nobody knows leaves for above[0] and above[1],
///   above[0]  top                they are pseudo-random digests
///            /   \
///          layers[1] ...
///          layers[0]: the active epochs' leaves
/// ```
#[derive(Clone)]
pub(crate) struct Subtree {
    /// The position of the first leaf within the whole tree, a multiple of the number of leaves.
    first_leaf: u64,
    /// From the leaves up to the subtree's single top node.
    layers: Vec<Vec<Digest>>,
    above: Vec<Digest>,
}

impl Subtree {
    /// Hashes the leaves up to the subtree's top. Their number must be a power of two.
    pub(crate) fn new(
        hashes: &Tweaked,
        first_leaf: u64,
        leaves: Vec<Digest>,
        above: Vec<Digest>,
    ) -> Self {
        let mut layers = vec![leaves];
        while let Some(below) = layers.last().filter(|layer| layer.len() > 1) {
            let level = layers.len();
            let first = first_leaf >> level;
            let layer = below
                .chunks_exact(2)
                .zip(first..)
                .map(|(pair, position)| hashes.node(level, position, &pair[0], &pair[1]))
                .collect();
            layers.push(layer);
        }
        Self { first_leaf, layers, above }
    }

    /// Hashes from the subtree's top up to the root of the whole tree.
    pub(crate) fn root(&self, hashes: &Tweaked) -> Digest {
        let height = self.layers.len() - 1;
        let top = self.layers[height][0];
        self.above.iter().enumerate().fold(top, |node, (index, sibling)| {
            let level = height + index;
            let position = self.first_leaf >> level;
            let (left, right) = if position & 1 == 0 { (&node, sibling) } else { (sibling, &node) };
            hashes.node(level + 1, position >> 1, left, right)
        })
    }

    /// Collects the siblings from a leaf up to the root. `leaf` is its position in the whole tree.
    pub(crate) fn path(&self, leaf: u64) -> Vec<Digest> {
        let within = (leaf - self.first_leaf) as usize;
        let inside = self.layers[..self.layers.len() - 1].iter().enumerate();
        inside
            .map(|(level, layer)| layer[(within >> level) ^ 1])
            .chain(self.above.iter().copied())
            .collect()
    }
}
