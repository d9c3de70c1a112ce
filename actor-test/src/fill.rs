//! Lanes that are full on demand.

use std::fmt;

use actor_core::handle::Bar;
use actor_core::{Handle, Message};

use crate::harness::Harness;

/// Keeps a lane full: every send to it is refused or waits, from the making of this value to its
/// drop. The actor still takes the messages that wait there.
///
/// It works on a harness and on every runtime. It keeps the actor reachable, as a handle does.
///
/// # Examples
///
/// ```
/// use actor_core::{Lane, Message, TryTellError};
/// use actor_test::Filled;
///
/// struct Block(u64);
/// impl Message for Block {
///     const LANES: &'static [Lane] = &[Lane::fifo("blocks", 1024)];
/// }
///
/// let (handle, mut mailbox) = actor_core::mailbox();
/// handle.try_tell(Block(1))?;
/// let full = Filled::new(&handle, 0);
/// assert!(matches!(handle.try_tell(Block(2)), Err(TryTellError::Full(_))));
/// assert!(mailbox.try_recv().is_some());
/// assert!(handle.try_tell(Block(3)).is_err(), "also after the owner has taken one");
/// drop(full);
/// assert!(handle.try_tell(Block(4)).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the lane is full until its drop"]
pub struct Filled<M: Message> {
    bar: Bar<M>,
}

impl<M: Message> Filled<M> {
    /// Makes a lane full: an index into [`Message::LANES`].
    ///
    /// # Panics
    ///
    /// Panics if there is no such lane, the lane evicts (it is never full), the actor has ended, or
    /// the lane is filled already.
    ///
    /// # Examples
    ///
    /// ```should_panic
    /// use actor_core::{Lane, Message};
    ///
    /// struct Status;
    /// impl Message for Status {
    ///     const LANES: &'static [Lane] = &[Lane::latest("status")];
    /// }
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Status>();
    /// let full = actor_test::Filled::new(&handle, 0); // fails: it evicts
    /// # drop(full);
    /// ```
    #[track_caller]
    pub fn new(handle: &Handle<M>, lane: usize) -> Self {
        let stats = handle.stats();
        assert!(
            lane < stats.len(),
            "there is no lane {lane}: the message type has {}",
            stats.len()
        );
        let name = stats[lane].name;
        let Some(bar) = handle.bar(lane) else {
            panic!("the lane `{name}` cannot be filled: it evicts, is closed, or is filled already")
        };
        Self { bar }
    }
}

impl Harness {
    /// Makes a lane of an actor full, until the drop of the returned value.
    ///
    /// # Panics
    ///
    /// As [`Filled::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Actor, Context, Message};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// let harness = actor_test::Harness::new();
    /// let (worker, _running) = harness.spawn(|| Worker);
    /// let full = harness.fill(&worker, 0);
    /// assert!(worker.try_tell(Job).is_err());
    /// drop(full);
    /// assert!(worker.try_tell(Job).is_ok());
    /// ```
    #[track_caller]
    pub fn fill<M: Message>(&self, handle: &Handle<M>, lane: usize) -> Filled<M> {
        Filled::new(handle, lane)
    }
}

impl<M: Message> fmt::Debug for Filled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filled").field("bar", &self.bar).finish()
    }
}
