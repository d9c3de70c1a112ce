//! A reader of an actor's figures.

use std::fmt;
use std::sync::Arc;

use crate::handle::strong::Handle;
use crate::mailbox::{Closeable, Figures, Message};

/// Reads the figures of one actor of any message type. From
/// [`Handle::gauge`](crate::Handle::gauge).
///
/// It does not keep the actor reachable, and goes on after its end with the final figures. It keeps
/// the memory of the mailbox, as a handle does.
///
/// # Examples
///
/// ```
/// use actor_core::observe::Gauge;
///
/// struct Tick;
/// impl actor_core::Message for Tick {}
/// struct Tock;
/// impl actor_core::Message for Tock {}
///
/// let (ticks, _mailbox) = actor_core::mailbox::<Tick>();
/// let (tocks, _mailbox) = actor_core::mailbox::<Tock>();
/// let all: Vec<Gauge> = vec![ticks.gauge(), tocks.gauge()];
/// assert!(tocks.try_tell(Tock).is_ok());
/// let accepted = all.iter().map(|gauge| gauge.figures().lanes[0].stats.accepted);
/// assert_eq!(Vec::from_iter(accepted), [0, 1]);
/// ```
#[derive(Clone)]
pub struct Gauge {
    mailbox: Arc<dyn Closeable>,
}

impl Gauge {
    pub(crate) fn new(mailbox: Arc<dyn Closeable>) -> Self {
        Self { mailbox }
    }

    /// Returns the figures at this moment.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert_eq!(handle.gauge().figures().lanes.len(), 1);
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.mailbox.figures()
    }

    /// Returns whether the actor has ended. Its figures are final then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
    /// # struct Job;
    /// # impl Message for Job {}
    /// # struct Worker;
    /// # impl Actor for Worker {
    /// #     type Message = Job;
    /// #     async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
    /// # }
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// # let executor = runtime.start_executor(ThreadConfig::named("worker"))?;
    /// let (worker, running) = spawn(&executor, || Worker)?;
    /// let gauge = worker.gauge();
    /// assert!(!gauge.has_ended());
    /// drop(worker);
    /// running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
    /// assert!(gauge.has_ended());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.mailbox.life().reason().is_some()
    }
}

impl<M: Message> Handle<M> {
    /// Returns the figures of the actor: the counters of its lanes, the histograms of waiting and
    /// of handling, and the message in hand.
    ///
    /// Any thread may call this. It neither waits nor disturbs the actor, and copies half a KiB for
    /// each lane.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, _mailbox) = actor_core::mailbox::<Tick>();
    /// assert!(handle.try_tell(Tick).is_ok());
    /// let figures = handle.figures();
    /// assert_eq!((figures.lanes[0].stats.accepted, figures.restarts), (1, 0));
    /// ```
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared().figures()
    }

    /// Returns a reader of the figures that does not know the message type, and does not keep the
    /// actor reachable.
    ///
    /// # Examples
    ///
    /// ```
    /// struct Tick;
    /// impl actor_core::Message for Tick {}
    ///
    /// let (handle, mut mailbox) = actor_core::mailbox::<Tick>();
    /// let gauge = handle.gauge();
    /// drop(handle);
    /// assert!(futures::executor::block_on(mailbox.recv()).is_none(), "no handle is left");
    /// assert_eq!(gauge.figures().lanes[0].stats.accepted, 0);
    /// ```
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        Gauge::new(Arc::clone(self.shared()) as _)
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauge").field("name", &self.mailbox.life().name()).finish_non_exhaustive()
    }
}
