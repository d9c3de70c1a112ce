//! Whether the nodes of a network finalized one and the same chain, decided out of what they report.

use std::collections::BTreeMap;
use std::fmt;

use consensus::{Root, Slot};

/// How many finalized slots are remembered; older ones are forgotten first.
const REMEMBERED_SLOTS: usize = 1024;

/// Watches the finalized blocks that nodes report.
///
/// # Examples
///
/// ```
/// use consensus::Root;
/// use devnet::Agreement;
///
/// let mut agreement = Agreement::among(2);
/// agreement.observe(0, 3, Root::new([1; 32])).expect("nobody said anything else");
/// assert!(!agreement.is_reached(3));
/// agreement.observe(1, 3, Root::new([1; 32])).expect("the same block");
/// assert!(agreement.is_reached(3) && !agreement.is_reached(4));
/// assert!(agreement.observe(1, 3, Root::new([2; 32])).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The newest finalized slot of each node, as it last said.
    finalized: Vec<Option<Slot>>,
    /// Who said what about each slot.
    reports: BTreeMap<Slot, Report>,
}

#[derive(Clone, Debug)]
struct Report {
    root: Root,
    first: usize,
    has_reported: Vec<bool>,
}

/// Says that two reports name different finalized blocks for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The finalized slot.
    pub slot: Slot,
    /// The node that reported first, and the block that it named.
    pub first: (usize, Root),
    /// The node that contradicted, and the block that it named. It may be the same node.
    pub second: (usize, Root),
}

impl Agreement {
    /// Watches this many nodes, numbered from 0.
    pub fn among(nodes: usize) -> Self {
        Self { finalized: vec![None; nodes], reports: BTreeMap::new() }
    }

    /// Takes in what a node says that it has finalized. A zero root says that it knows of nothing yet.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] when a block was reported for the slot that is another one.
    ///
    /// # Panics
    ///
    /// When there is no node of that number.
    pub fn observe(&mut self, node: usize, slot: Slot, root: Root) -> Result<(), Disagreement> {
        if root.is_zero() {
            return Ok(());
        }
        self.finalized[node] = Some(slot);
        let nodes = self.finalized.len();
        let report =
            self.reports.entry(slot).or_insert_with(|| Report { root, first: node, has_reported: vec![false; nodes] });
        if report.root != root {
            return Err(Disagreement { slot, first: (report.first, report.root), second: (node, root) });
        }
        report.has_reported[node] = true;
        if self.reports.len() > REMEMBERED_SLOTS {
            self.reports.pop_first();
        }
        Ok(())
    }

    /// Forgets how far a node had come, because it is gone or starts anew. What it said about slots stays.
    ///
    /// # Panics
    ///
    /// When there is no node of that number.
    pub fn forget(&mut self, node: usize) {
        self.finalized[node] = None;
    }

    /// Returns the newest slot that a node says it has finalized, if it has said so since it started.
    pub fn finalized(&self, node: usize) -> Option<Slot> {
        self.finalized.get(node).copied().flatten()
    }

    /// Says whether every node has finalized a slot of at least `slot`, and all have named the same block for one such
    /// slot.
    pub fn is_reached(&self, slot: Slot) -> bool {
        let has_come_so_far = |finalized: &Option<Slot>| finalized.is_some_and(|finalized| finalized >= slot);
        let is_common = |report: &Report| report.has_reported.iter().all(|reported| *reported);
        self.finalized.iter().all(has_come_so_far) && self.reports.range(slot..).any(|(_, report)| is_common(report))
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, first, second } = self;
        write!(
            f,
            "the finalized chains differ at slot {slot}: node-{} named {}, node-{} named {}",
            first.0, first.1, second.0, second.1
        )
    }
}

impl std::error::Error for Disagreement {}
