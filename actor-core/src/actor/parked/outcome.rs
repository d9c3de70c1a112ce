//! What the operations return.

/// Names one message among the parked ones. No other message of the same
/// [`Parked`](crate::actor::Parked) has this id, at any time.
///
/// # Examples
///
/// ```
/// use actor_core::actor::{Parked, ParkedId};
///
/// let mut parked = Parked::new(8);
/// let id: ParkedId = parked.park("parent", "block").id.expect("there is room");
/// assert_eq!(parked.remove(id), Some(("parent", "block")));
/// assert_eq!(parked.remove(id), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId(pub(super) u64);

/// The result of [`Parked::park`](crate::actor::Parked::park).
///
/// # Examples
///
/// ```
/// use actor_core::actor::Parked;
///
/// let mut parked = Parked::new(1);
/// assert!(parked.park(1, "old").evicted.is_empty());
/// let placed = parked.park(2, "new");
/// assert!(placed.id.is_some());
/// assert_eq!(placed.evicted, [(1, "old")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<K, M> {
    /// The new message, or `None` if it was refused.
    pub id: Option<ParkedId>,
    /// The messages without a place any more, with their keys. A refused message is the last one.
    pub evicted: Vec<(K, M)>,
}

/// The figures of a [`Parked`](crate::actor::Parked).
///
/// They satisfy `parked = released + evicted + expired + removed + waiting`.
///
/// # Examples
///
/// ```
/// use actor_core::actor::Parked;
///
/// let mut parked = Parked::new(2);
/// for n in 0..3 {
///     parked.park("key", n);
/// }
/// assert_eq!(Vec::from_iter(parked.release(&"key")), [1, 2]);
/// let stats = parked.stats();
/// assert_eq!((stats.parked, stats.evicted, stats.released, stats.waiting), (3, 1, 2, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedStats {
    /// Messages that found a place.
    pub parked: u64,
    /// Messages without a place from the first moment. They are not counted as parked.
    pub refused: u64,
    /// Messages released by their key.
    pub released: u64,
    /// Messages evicted by later ones.
    pub evicted: u64,
    /// Messages whose time had passed.
    pub expired: u64,
    /// Messages removed by their id or by a condition.
    pub removed: u64,
    /// Messages parked now.
    pub waiting: usize,
    /// The total weight of the messages parked now.
    pub weight: usize,
}
