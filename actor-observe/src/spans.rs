//! Spans of `tracing` for the messages of an actor, and for their way from sender to handler.

use std::fmt;

use actor_core::Message;
use actor_core::observe::{Begun, HandlerEnd, Observer};
use tracing::{Dispatch, Level, Span, field, span};

/// Opens a span for each message of an actor, as its [`Observer`].
///
/// The span is entered exactly while the handler runs: it is left while the handler waits, so the
/// events of other tasks on the thread do not get into it. It closes at the end of the handler.
///
/// | field | value |
/// |---|---|
/// | `actor` | the name of the actor, or `-` |
/// | `kind` | the kind of the message ([`Message::KINDS`]), or `-` |
/// | `lane` | the lane of the message |
/// | `otel.name` | the actor and the kind, as the name of the span in OpenTelemetry |
/// | `end` | how the handler ended, if it has not returned: `failed`, `panicked` or `dropped` |
///
/// The name of the span is `message`, its target `actor`. Without a subscriber that wants such
/// spans, a message costs the check for one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
/// use actor_observe::{Spans, Trace};
///
/// struct Block {
///     slot: u64,
///     /// The span of the sender.
///     trace: Trace,
/// }
/// impl Message for Block {
///     const KINDS: &'static [&'static str] = &["Block"];
/// }
///
/// struct Chain;
/// impl Actor for Chain {
///     type Message = Block;
///     async fn handle(&mut self, block: Block, _cx: &mut Context<Block>) {
///         tracing::info!(block.slot, "imported");
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("chain"))?;
/// let (chain, mailbox) = actor_core::mailbox();
/// let running = Spawn::new(mailbox)
///     .named("chain")
///     .observed(Spans::new().parent(|block: &Block| Some(&block.trace)))
///     .start(&executor, || Chain)?;
///
/// let request = tracing::info_span!("request");
/// request.in_scope(|| chain.try_tell(Block { slot: 7, trace: Trace::here() }))?;
/// drop(chain);
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
/// assert_eq!(exit.lanes[0].handled, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Spans<M> {
    level: Level,
    parent: Option<Parent<M>>,
    /// The span of the message in its handler.
    span: Span,
}

/// Returns the span of a message's sender.
type Parent<M> = Box<dyn for<'a> Fn(&'a M) -> Option<&'a Trace> + Send>;

impl<M: Message> Spans<M> {
    /// Creates the observer, with spans of the level `INFO` and without parents.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Spawn};
    /// use actor_observe::Spans;
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).named("worker").observed(Spans::new());
    /// # drop(spawn);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { level: Level::INFO, parent: None, span: Span::none() }
    }

    /// Sets the level of the spans.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Message, Spawn};
    /// # use actor_observe::Spans;
    /// # struct Job;
    /// # impl Message for Job {}
    /// # let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spans = Spans::new().level(tracing::Level::TRACE);
    /// let spawn = Spawn::new(mailbox).observed(spans);
    /// # drop(spawn);
    /// ```
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the function that returns the [`Trace`] in a message. The span of the message is then a
    /// child of the sender's span. A message without a trace begins a trace of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Message, Spawn};
    /// use actor_observe::{Spans, Trace};
    ///
    /// enum Job {
    ///     Traced(Trace),
    ///     Plain,
    /// }
    /// impl Message for Job {}
    ///
    /// impl Job {
    ///     fn trace(&self) -> Option<&Trace> {
    ///         match self {
    ///             Self::Traced(trace) => Some(trace),
    ///             Self::Plain => None,
    ///         }
    ///     }
    /// }
    ///
    /// assert!(Job::Plain.trace().is_none());
    /// let (_worker, mailbox) = actor_core::mailbox::<Job>();
    /// let spawn = Spawn::new(mailbox).observed(Spans::new().parent(Job::trace));
    /// # drop(spawn);
    /// ```
    #[must_use]
    pub fn parent(
        mut self,
        trace: impl for<'a> Fn(&'a M) -> Option<&'a Trace> + Send + 'static,
    ) -> Self {
        self.parent = Some(Box::new(trace));
        self
    }

    /// Opens the span of a message.
    fn open(&self, message: &M, begun: &Begun<'_>) -> Span {
        macro_rules! open {
            ($level:expr) => {{
                // The fields are evaluated only for a span that a subscriber wants.
                let parent = || {
                    let trace = self.parent.as_ref().and_then(|trace| trace(message));
                    trace.and_then(|Trace(span)| span.id())
                };
                let actor = begun.actor.map_or("-", |name| &**name);
                let kind = begun.kind.unwrap_or("-");
                span!(
                    target: "actor",
                    parent: parent(),
                    $level,
                    "message",
                    actor,
                    kind,
                    lane = begun.lane,
                    otel.name = format_args!("{actor} {kind}"),
                    end = field::Empty,
                )
            }};
        }
        match self.level {
            Level::ERROR => open!(Level::ERROR),
            Level::WARN => open!(Level::WARN),
            Level::INFO => open!(Level::INFO),
            Level::DEBUG => open!(Level::DEBUG),
            Level::TRACE => open!(Level::TRACE),
        }
    }
}

impl<M: Message> Observer<M> for Spans<M> {
    fn began(&mut self, message: &M, begun: &Begun<'_>) {
        self.span = self.open(message, begun);
        enter(&self.span);
    }

    fn ended(&mut self, end: HandlerEnd) {
        let name = match end {
            HandlerEnd::Failed => Some("failed"),
            HandlerEnd::Panicked => Some("panicked"),
            HandlerEnd::Dropped => Some("dropped"),
            _ => None,
        };
        if let Some(name) = name {
            self.span.record("end", name);
        }
        exit(&self.span);
        self.span = Span::none();
    }

    fn paused(&mut self) {
        exit(&self.span);
    }

    fn resumed(&mut self) {
        enter(&self.span);
    }
}

/// Enters a span on this thread. Not by a guard, because a guard must not be held across a wait.
fn enter(span: &Span) {
    span.with_subscriber(|(id, dispatch): (_, &Dispatch)| dispatch.enter(id));
}

fn exit(span: &Span) {
    span.with_subscriber(|(id, dispatch): (_, &Dispatch)| dispatch.exit(id));
}

impl<M: Message> Default for Spans<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> fmt::Debug for Spans<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spans").field("level", &self.level).finish_non_exhaustive()
    }
}

/// The span of a sender, for a field of its message. [`Spans::parent`] reads it.
///
/// The span stays open until the message is dropped.
///
/// # Examples
///
/// ```
/// use actor_observe::Trace;
///
/// struct Block {
///     slot: u64,
///     trace: Trace,
/// }
/// let block = Block { slot: 7, trace: Trace::here() };
/// assert!(!block.trace.is_some(), "this thread is in no span");
/// # assert_eq!(block.slot, 7);
/// ```
#[derive(Clone, Debug)]
pub struct Trace(Span);

impl Trace {
    /// Returns the span of this thread, if it is in one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::Trace;
    ///
    /// let span = tracing::info_span!("request");
    /// let trace = span.in_scope(Trace::here);
    /// assert!(!trace.is_some(), "no subscriber wants it");
    /// ```
    #[must_use]
    pub fn here() -> Self {
        Self(Span::current())
    }

    /// Returns no span: the message begins a trace of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(!actor_observe::Trace::none().is_some());
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self(Span::none())
    }

    /// Returns whether there is a span.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_observe::Trace;
    ///
    /// let trace = Trace::from(tracing::Span::none());
    /// assert!(!trace.is_some());
    /// ```
    #[must_use]
    pub fn is_some(&self) -> bool {
        self.0.id().is_some()
    }
}

impl From<Span> for Trace {
    fn from(span: Span) -> Self {
        Self(span)
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::none()
    }
}
