//! A part of a key's tree as the specification keeps it (`HashSubTree`): layer by layer, each over a range of positions.

use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

use crate::field::{DIGEST_BYTES, Digest, NonCanonical, append_elements, elements_from_bytes};
use crate::tweak::Tweaked;

/// The most nodes that a layer has in any scheme (`NODE_LIST_LIMIT` of the production scheme).
const NODE_LIST_LIMIT: usize = 2 << 16;

/// The most layers that a tree has in any scheme (`LOG_LIFETIME` + 1 of the production scheme).
const LAYER_LIMIT: usize = 33;

/// A subtree, from a lowest layer up to one root.
///
/// What is not known has no node. Where a hash needs a neighbour that is not known, the layer has a random one in its
/// place (`HashTreeLayer.padded`), which no verifier can tell from a real one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct HashSubTree {
    lowest_layer: usize,
    layers: Vec<Layer>,
}

#[derive(Clone, PartialEq, Eq)]
struct Layer {
    /// The first node's position within its level of the whole tree.
    start: u64,
    nodes: Vec<Digest>,
}

impl Layer {
    /// Completes the pairs at both ends of some nodes.
    fn padded(start: u64, mut nodes: Vec<Digest>, mut padding: impl FnMut() -> Digest) -> Self {
        if start % 2 == 1 {
            nodes.insert(0, padding());
        }
        if nodes.len() % 2 == 1 {
            nodes.push(padding());
        }
        Self { start: start - start % 2, nodes }
    }

    fn node(&self, position: u64) -> Option<&Digest> {
        self.nodes.get(usize::try_from(position.checked_sub(self.start)?).ok()?)
    }

    fn parents(&self, hashes: &Tweaked, level: usize) -> Vec<Digest> {
        let parent = |(position, pair): (u64, &[Digest])| hashes.node(level + 1, position, &pair[0], &pair[1]);
        (self.start / 2..).zip(self.nodes.chunks_exact(2)).map(parent).collect()
    }
}

impl HashSubTree {
    /// Hashes the nodes of layer `lowest_layer`, the first of which is at `start`, up to the only node of layer
    /// `highest_layer` that they have in common.
    ///
    /// The nodes must lie under one node of that layer.
    pub(crate) fn grow(
        hashes: &Tweaked,
        lowest_layer: usize,
        highest_layer: usize,
        start: u64,
        nodes: Vec<Digest>,
        mut padding: impl FnMut() -> Digest,
    ) -> Self {
        let mut layers = Vec::with_capacity(highest_layer - lowest_layer + 1);
        let (mut start, mut nodes) = (start, nodes);
        for level in lowest_layer..highest_layer {
            let layer = Layer::padded(start, nodes, &mut padding);
            nodes = layer.parents(hashes, level);
            start = layer.start / 2;
            layers.push(layer);
        }
        layers.push(Layer { start, nodes });
        Self { lowest_layer, layers }
    }

    /// Returns the topmost node, unless the tree has none.
    pub(crate) fn root(&self) -> Option<&Digest> {
        self.layers.last()?.nodes.first()
    }

    /// Returns which layer of the whole tree is this one's lowest.
    pub(crate) fn lowest_layer(&self) -> usize {
        self.lowest_layer
    }

    /// Returns how many layers there are, the root's included.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns a node of the lowest layer.
    pub(crate) fn leaf(&self, position: u64) -> Option<&Digest> {
        self.layers.first()?.node(position)
    }

    /// Collects the siblings from a node of the lowest layer up to the root; `None` when one of them is not known.
    pub(crate) fn path(&self, position: u64) -> Option<Vec<Digest>> {
        self.leaf(position)?;
        let (_, below_root) = self.layers.split_last()?;
        below_root.iter().enumerate().map(|(height, layer)| layer.node((position >> height) ^ 1).copied()).collect()
    }

    /// Checks that every layer but the lowest is the hash of the one below, wherever both are known.
    pub(crate) fn is_consistent(&self, hashes: &Tweaked) -> bool {
        (self.lowest_layer..).zip(self.layers.windows(2)).all(|(level, pair)| {
            let [below, above] = pair else { return false };
            let parents = below.parents(hashes, level);
            !parents.is_empty()
                && (below.start / 2..)
                    .zip(&parents)
                    .all(|(position, parent)| above.node(position).is_none_or(|node| node == parent))
        })
    }
}

/// A subtree as it stands in a file (`HashSubTree`).
#[derive(Clone, SszEncode, SszDecode)]
pub(crate) struct HashSubTreeContainer {
    pub(crate) depth: u64,
    lowest_layer: u64,
    layers: SszList<HashTreeLayerContainer, LAYER_LIMIT>,
}

/// A layer as it stands in a file (`HashTreeLayer`).
#[derive(Clone, SszEncode, SszDecode)]
struct HashTreeLayerContainer {
    start_index: u64,
    nodes: SszList<[u8; DIGEST_BYTES], NODE_LIST_LIMIT>,
}

impl HashSubTreeContainer {
    /// Reads the nodes' bytes.
    pub(crate) fn tree(&self) -> Result<HashSubTree, NonCanonical> {
        let layer = |layer: &HashTreeLayerContainer| {
            let nodes = layer.nodes.iter().map(|node| elements_from_bytes(node)).collect::<Result<_, _>>()?;
            Ok(Layer { start: layer.start_index, nodes })
        };
        Ok(HashSubTree {
            lowest_layer: usize::try_from(self.lowest_layer).unwrap_or(usize::MAX),
            layers: self.layers.iter().map(layer).collect::<Result<_, _>>()?,
        })
    }

    /// Lays out the nodes' bytes. `depth` is the whole tree's.
    pub(crate) fn new(depth: usize, tree: &HashSubTree) -> Self {
        let bytes = |node: &Digest| {
            let mut bytes = Vec::with_capacity(DIGEST_BYTES);
            append_elements(node, &mut bytes);
            bytes.try_into().expect("8 elements of 4 bytes are 32 bytes")
        };
        let layer = |layer: &Layer| HashTreeLayerContainer {
            start_index: layer.start,
            nodes: SszList::try_from(layer.nodes.iter().map(bytes).collect::<Vec<_>>())
                .expect("a layer has at most the square root of a lifetime in nodes, and two more"),
        };
        Self {
            depth: depth as u64,
            lowest_layer: tree.lowest_layer as u64,
            layers: SszList::try_from(tree.layers.iter().map(layer).collect::<Vec<_>>())
                .expect("a tree has at most 33 layers"),
        }
    }
}
