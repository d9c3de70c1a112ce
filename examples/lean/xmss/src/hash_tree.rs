//! A part of a key's tree in the specification's form (`HashSubTree`): a list of layers, each
//! covering a range of positions.

use libssz_derive::{SszDecode, SszEncode};
use libssz_types::SszList;

use crate::field::{DIGEST_BYTES, Digest, NonCanonical, append_elements, elements_from_bytes};
use crate::tweak::Tweaked;

/// The largest number of nodes in a layer of any scheme: `NODE_LIST_LIMIT` of the production
/// scheme.
const NODE_LIST_LIMIT: usize = 2 << 16;

/// The largest number of layers in a tree of any scheme: `LOG_LIFETIME` + 1 of the production
/// scheme.
const LAYER_LIMIT: usize = 33;

/// A subtree, from a lowest layer up to one root.
///
/// Unknown nodes are not stored. If a hash needs an unknown neighbour, the layer stores a random
/// node in its place (`HashTreeLayer.padded`). Verifiers cannot distinguish it from a real node.
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
    /// Completes the pairs at both ends of a run of nodes with padding.
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
        let parent = |(position, pair): (u64, &[Digest])| {
            hashes.node(level + 1, position, &pair[0], &pair[1])
        };
        (self.start / 2..).zip(self.nodes.chunks_exact(2)).map(parent).collect()
    }
}

impl HashSubTree {
    /// Hashes the nodes of layer `lowest_layer` up to their one common ancestor in layer
    /// `highest_layer`. The first node is at position `start`.
    ///
    /// All nodes must be descendants of one node of `highest_layer`.
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

    /// Returns the topmost node, or `None` if the tree has none.
    pub(crate) fn root(&self) -> Option<&Digest> {
        self.layers.last()?.nodes.first()
    }

    /// Returns the level of this tree's lowest layer within the whole tree.
    pub(crate) fn lowest_layer(&self) -> usize {
        self.lowest_layer
    }

    /// Returns the number of layers, including the root's.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns a node of the lowest layer, or `None` if it is not stored.
    pub(crate) fn leaf(&self, position: u64) -> Option<&Digest> {
        self.layers.first()?.node(position)
    }

    /// Collects the siblings from a node of the lowest layer up to the root. Returns `None` when
    /// one of them is not stored.
    pub(crate) fn path(&self, position: u64) -> Option<Vec<Digest>> {
        self.leaf(position)?;
        let (_, below_root) = self.layers.split_last()?;
        below_root
            .iter()
            .enumerate()
            .map(|(height, layer)| layer.node((position >> height) ^ 1).copied())
            .collect()
    }

    /// Returns whether every layer above the lowest matches the hashes of the layer below, wherever
    /// both are stored.
    pub(crate) fn is_consistent(&self, hashes: &Tweaked) -> bool {
        (self.lowest_layer..).zip(self.layers.windows(2)).all(|(level, pair)| {
            let [below, above] = pair else { return false };
            let parents = below.parents(hashes, level);
            !parents.is_empty()
                && (below.start / 2..).zip(&parents).all(|(position, parent)| {
                    above.node(position).is_none_or(|node| node == parent)
                })
        })
    }
}

/// A subtree as encoded in a file (`HashSubTree`).
#[derive(Clone, SszEncode, SszDecode)]
pub(crate) struct HashSubTreeContainer {
    pub(crate) depth: u64,
    lowest_layer: u64,
    layers: SszList<HashTreeLayerContainer, LAYER_LIMIT>,
}

/// A layer as encoded in a file (`HashTreeLayer`).
#[derive(Clone, SszEncode, SszDecode)]
struct HashTreeLayerContainer {
    start_index: u64,
    nodes: SszList<[u8; DIGEST_BYTES], NODE_LIST_LIMIT>,
}

impl HashSubTreeContainer {
    /// Decodes the nodes' bytes.
    pub(crate) fn tree(&self) -> Result<HashSubTree, NonCanonical> {
        let layer = |layer: &HashTreeLayerContainer| {
            let nodes = layer
                .nodes
                .iter()
                .map(|node| elements_from_bytes(node))
                .collect::<Result<_, _>>()?;
            Ok(Layer { start: layer.start_index, nodes })
        };
        Ok(HashSubTree {
            lowest_layer: usize::try_from(self.lowest_layer).unwrap_or(usize::MAX),
            layers: self.layers.iter().map(layer).collect::<Result<_, _>>()?,
        })
    }

    /// Encodes the nodes' bytes. `depth` is the depth of the whole tree.
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
