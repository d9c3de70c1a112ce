//! Edges of a lane's depth, to be awaited.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::handle::permit::Closed;
use crate::handle::strong::Handle;
use crate::mailbox::marks::{Edge, MOST_MARKS};
use crate::mailbox::{Message, Shared};
use crate::quiet::quietly;

/// A low and a high mark of one lane's depth.
///
/// A source stops after [`above`](Self::above) and starts again after [`below`](Self::below). The
/// depth is the lane's [`depth`](crate::mailbox::LaneStats::depth): messages that wait, and the one
/// in hand.
///
/// A message costs nothing more, because the depth is not looked at for each message. While a task
/// waits for an edge, these look at the depth:
///
/// * the waiting task, whenever it is polled,
/// * the actor, when its turn ends, when it becomes idle, and when its handler waits,
/// * each sender that finds the lane full.
///
/// So an edge that comes and goes within one turn may be missed. While the actor stays in a handler
/// without an `await`, `above` is seen when the lane is full, and `below` after the handler.
///
/// A mailbox has at most 8 of these at the same time. They do not keep the actor reachable.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message};
/// use futures::FutureExt;
///
/// struct Block(u64);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 16)];
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox::<Block>();
/// let marks = handle.watermarks(0, 1, 4)?;
/// assert!(marks.above().now_or_never().is_none(), "nothing waits");
/// (0..4).for_each(|n| assert!(handle.try_tell(Block(n)).is_ok()));
/// futures::executor::block_on(async {
///     marks.above().await.expect("the actor goes on");
///     assert!(marks.below().now_or_never().is_none());
///     while let Some(Block(n)) = mailbox.try_recv() {
///         assert!(n < 4);
///     }
///     marks.below().await.expect("the actor goes on");
/// });
/// # Ok::<(), actor_core::handle::WatermarkError>(())
/// ```
pub struct Watermarks<M: Message> {
    shared: Arc<Shared<M>>,
    lane: usize,
    low: u64,
    high: u64,
    number: usize,
}

/// The reason for marks that were not set.
///
/// # Examples
///
/// ```
/// use actor_core::handle::WatermarkError;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
///
/// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
/// let error = handle.watermarks(0, 8, 4).expect_err("the low mark is above the high one");
/// assert_eq!(error, WatermarkError::LowNotBelowHigh { low: 8, high: 4 });
/// assert_eq!(error.to_string(), "the low mark 8 is not below the high mark 4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatermarkError {
    /// The mailbox has no lane with this number.
    NoSuchLane {
        /// The number asked for.
        lane: usize,
        /// The number of lanes.
        lanes: usize,
    },
    /// The low mark must be below the high one.
    LowNotBelowHigh {
        /// The low mark.
        low: usize,
        /// The high mark.
        high: usize,
    },
    /// No depth reaches the high mark.
    HighAboveCapacity {
        /// The high mark.
        high: usize,
        /// The lane's capacity.
        capacity: usize,
    },
    /// The mailbox has 8 of them already.
    TooMany,
}

impl<M: Message> Handle<M> {
    /// Sets marks for the depth of a lane. A drop removes them.
    ///
    /// # Errors
    ///
    /// [`WatermarkError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::handle::WatermarkError;
    /// use actor_core::{Lane, Message};
    ///
    /// struct Tick;
    /// impl Message for Tick {
    ///     const LANES: &'static [Lane] = &[Lane::fifo("ticks", 4)];
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.watermarks(0, 0, 4).is_ok());
    /// let refused = handle.watermarks(0, 0, 5).err();
    /// assert_eq!(refused, Some(WatermarkError::HighAboveCapacity { high: 5, capacity: 4 }));
    /// let refused = handle.watermarks(1, 0, 4).err();
    /// assert_eq!(refused, Some(WatermarkError::NoSuchLane { lane: 1, lanes: 1 }));
    /// ```
    pub fn watermarks(
        &self,
        lane: usize,
        low: usize,
        high: usize,
    ) -> Result<Watermarks<M>, WatermarkError> {
        let lanes = self.shared().lanes();
        let Some(declared) = lanes.get(lane) else {
            return Err(WatermarkError::NoSuchLane { lane, lanes: lanes.len() });
        };
        if low >= high {
            return Err(WatermarkError::LowNotBelowHigh { low, high });
        }
        let capacity = declared.capacity();
        if high > capacity {
            return Err(WatermarkError::HighAboveCapacity { high, capacity });
        }
        let (low, high) = (low as u64, high as u64);
        let marks = self.shared().make_marks();
        let number = marks.set(lane, low, high).ok_or(WatermarkError::TooMany)?;
        Ok(Watermarks { shared: Arc::clone(self.shared()), lane, low, high, number })
    }
}

impl<M: Message> Watermarks<M> {
    /// Waits until the depth is at or above the high mark. Ready at once if it is.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the actor has ended or is ending.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mailbox) = actor_core::mailbox::<Tick>();
    /// let marks = handle.watermarks(0, 0, 1)?;
    /// assert!(handle.try_tell(Tick).is_ok());
    /// assert!(futures::executor::block_on(marks.above()).is_ok());
    /// drop(mailbox);
    /// assert!(futures::executor::block_on(marks.above()).is_err());
    /// # Ok::<(), actor_core::handle::WatermarkError>(())
    /// ```
    pub async fn above(&self) -> Result<(), Closed> {
        self.edge(Edge::Above).await
    }

    /// Waits until the depth is at or below the low mark. Ready at once if it is.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the actor has ended or is ending.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let marks = handle.watermarks(0, 0, 1)?;
    /// assert!(handle.try_tell(Tick).is_ok());
    /// let (ended, ()) = futures::executor::block_on(async {
    ///     futures::join!(marks.below(), async {
    ///         assert!(mailbox.try_recv().is_some());
    ///         assert!(mailbox.try_recv().is_none(), "it was in hand, and is handled now");
    ///     })
    /// });
    /// assert!(ended.is_ok());
    /// # Ok::<(), actor_core::handle::WatermarkError>(())
    /// ```
    pub async fn below(&self) -> Result<(), Closed> {
        self.edge(Edge::Below).await
    }

    async fn edge(&self, edge: Edge) -> Result<(), Closed> {
        loop {
            if let Some(over) = self.look(edge) {
                return over;
            }
            let (_waiting, listener) = self.shared.wait_for_edge(self.number, edge);
            // It may have come after the first look.
            if let Some(over) = self.look(edge) {
                return over;
            }
            quietly(listener).await;
        }
    }

    /// Returns the result of the wait, if it is over.
    fn look(&self, edge: Edge) -> Option<Result<(), Closed>> {
        if self.shared.is_closed() {
            return Some(Err(Closed));
        }
        let depth = self.shared.depth(self.lane);
        let has_come = match edge {
            Edge::Below => depth <= self.low,
            Edge::Above => depth >= self.high,
        };
        has_come.then_some(Ok(()))
    }
}

impl<M: Message> Drop for Watermarks<M> {
    fn drop(&mut self) {
        self.shared.make_marks().free(self.number);
    }
}

impl<M: Message> fmt::Debug for Watermarks<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watermarks")
            .field("lane", &self.lane)
            .field("low", &self.low)
            .field("high", &self.high)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for WatermarkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchLane { lane, lanes } => {
                write!(f, "there is no lane {lane}: the mailbox has {lanes}, counted from 0")
            }
            Self::LowNotBelowHigh { low, high } => {
                write!(f, "the low mark {low} is not below the high mark {high}")
            }
            Self::HighAboveCapacity { high, capacity } => {
                write!(f, "the lane holds {capacity} messages, so no depth reaches {high}")
            }
            Self::TooMany => {
                write!(f, "the mailbox has {MOST_MARKS} pairs of marks already")
            }
        }
    }
}

impl Error for WatermarkError {}
