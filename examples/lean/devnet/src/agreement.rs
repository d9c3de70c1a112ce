//! Checks whether the nodes of a network finalized the same chain, based on their reports.

use std::collections::BTreeMap;
use std::fmt;

use consensus::{Root, Slot};

/// The number of finalized slots kept. The oldest ones are dropped first.
const REMEMBERED_SLOTS: usize = 1024;

/// Compares the finalized blocks in the nodes' reports.
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
    /// The newest finalized slot of each node, from its last report.
    finalized: Vec<Option<Slot>>,
    /// Whether an agreement needs the node.
    is_needed: Vec<bool>,
    /// The reports for each slot.
    reports: BTreeMap<Slot, Report>,
}

#[derive(Clone, Debug)]
struct Report {
    root: Root,
    first: usize,
    has_reported: Vec<bool>,
}

/// Two reports contain different finalized blocks for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The finalized slot.
    pub slot: Slot,
    /// The first reporting node, and its block.
    pub first: (usize, Root),
    /// The contradicting node, and its block. It may be the same node.
    pub second: (usize, Root),
}

impl Agreement {
    /// Creates an empty record for this many nodes, numbered from 0.
    pub fn among(nodes: usize) -> Self {
        Self {
            finalized: vec![None; nodes],
            is_needed: vec![true; nodes],
            reports: BTreeMap::new(),
        }
    }

    /// Records a node's report of its finalized slot. A zero root means that the node has no
    /// finalized block yet.
    ///
    /// # Errors
    ///
    /// [`Disagreement`] when an earlier report has a different block for this slot.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn observe(&mut self, node: usize, slot: Slot, root: Root) -> Result<(), Disagreement> {
        if root.is_zero() {
            return Ok(());
        }
        self.finalized[node] = Some(slot);
        let nodes = self.finalized.len();
        let report = self.reports.entry(slot).or_insert_with(|| Report {
            root,
            first: node,
            has_reported: vec![false; nodes],
        });
        if report.root != root {
            return Err(Disagreement {
                slot,
                first: (report.first, report.root),
                second: (node, root),
            });
        }
        report.has_reported[node] = true;
        if self.reports.len() > REMEMBERED_SLOTS {
            self.reports.pop_first();
        }
        Ok(())
    }

    /// Clears a node's newest finalized slot, because the node is gone or restarts. Its reports
    /// about slots are kept. An excluded node counts again.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn forget(&mut self, node: usize) {
        self.finalized[node] = None;
        self.is_needed[node] = true;
    }

    /// Excludes a node from the agreement, because it is gone for good. Its reports about slots are
    /// kept, and still contradict others.
    ///
    /// # Panics
    ///
    /// When there is no node with this number.
    pub fn exclude(&mut self, node: usize) {
        self.is_needed[node] = false;
    }

    /// Returns the newest slot finalized by a node, or `None` if it has reported none since its
    /// start.
    pub fn finalized(&self, node: usize) -> Option<Slot> {
        self.finalized.get(node).copied().flatten()
    }

    /// Returns whether every node has finalized a slot of at least `slot`, and all nodes have
    /// reported the same block for one such slot. Excluded nodes do not count. Without any other
    /// node, nothing is reached.
    pub fn is_reached(&self, slot: Slot) -> bool {
        let needed = || (0..self.finalized.len()).filter(|node| self.is_needed[*node]);
        let has_come_so_far =
            |node: usize| self.finalized[node].is_some_and(|finalized| finalized >= slot);
        let is_common = |report: &Report| needed().all(|node| report.has_reported[node]);
        needed().next().is_some()
            && needed().all(has_come_so_far)
            && self.reports.range(slot..).any(|(_, report)| is_common(report))
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
