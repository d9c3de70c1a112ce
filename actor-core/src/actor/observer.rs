//! The observer of an actor: sees each message before and after its handler.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::mailbox::Message;
use crate::mailbox::exit::ExitReason;
use crate::runtime::Executor;

/// Sees the messages of one actor, and the begin and end of their handlers.
///
/// [`Spawn::observed`](crate::Spawn::observed) sets it. Every method has a default without effect.
/// All of them run on the actor's thread, so they should be short. An actor without an observer
/// costs nothing for this: the observer is a part of its type.
///
/// # The calls for one message
///
/// ```text
/// began ─▶ (paused ─▶ resumed)… ─▶ ended          code of the handler runs along the arrows
/// ```
///
/// The handler runs directly after `began`. If it waits, `paused` is called before its thread does
/// other work, and `resumed` before the handler goes on. So between `began` or `resumed`, and the
/// next `paused` or `ended`, all code on this thread is the handler's. A handler dropped during a
/// wait is `resumed` first. Calls of `began` and `ended` alternate, and so do those of `paused` and
/// `resumed` between them.
///
/// In a [batch](crate::Actor::handle_batch), a message has `ended` when the next one is taken, or
/// at the end of the call. A message dropped because of its deadline is not seen.
///
/// # Panics
///
/// A panic in an observer is reported by the panic hook, and goes no further: the actor goes on
/// without its observer.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::{Sender, channel};
/// use std::time::Duration;
///
/// use actor_core::observe::{Begun, HandlerEnd, Observer};
/// use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
///
/// enum Count {
///     Add(u64),
///     Clear,
/// }
/// impl Message for Count {
///     const KINDS: &'static [&'static str] = &["Add", "Clear"];
///     fn kind(&self) -> usize {
///         match self {
///             Self::Add(_) => 0,
///             Self::Clear => 1,
///         }
///     }
/// }
///
/// struct Counter(u64);
/// impl Actor for Counter {
///     type Message = Count;
///     async fn handle(&mut self, count: Count, _cx: &mut Context<Count>) {
///         match count {
///             Count::Add(n) => self.0 += n,
///             Count::Clear => self.0 = 0,
///         }
///     }
/// }
///
/// /// Notes the kind of each message, and the end of its handler.
/// struct Notes(Sender<String>);
/// impl Observer<Count> for Notes {
///     fn began(&mut self, _message: &Count, begun: &Begun<'_>) {
///         drop(self.0.send(format!("{} in {}", begun.kind.unwrap_or("?"), begun.lane)));
///     }
///     fn ended(&mut self, end: HandlerEnd) {
///         drop(self.0.send(format!("{end:?}")));
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("counter"))?;
/// let (counter, mailbox) = actor_core::mailbox();
/// let (sender, notes) = channel();
/// let running =
///     Spawn::new(mailbox).observed(Notes(sender)).start(&executor, || Counter(0))?;
/// counter.try_tell_all([Count::Add(1), Count::Clear])?;
/// drop(counter);
/// running.join_blocking(Duration::from_secs(10)).expect("nothing reaches it");
/// let notes: Vec<_> = notes.into_iter().collect();
/// assert_eq!(notes, ["Add in messages", "Returned", "Clear in messages", "Returned"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer<M: Message>: Send + 'static {
    /// Called with each message, directly before its handler runs.
    fn began(&mut self, message: &M, begun: &Begun<'_>) {
        let _ = (message, begun);
    }

    /// Called at the end of the handler.
    fn ended(&mut self, end: HandlerEnd) {
        let _ = end;
    }

    /// Called when the handler waits, before its thread does other work.
    fn paused(&mut self) {}

    /// Called after a wait, before the handler goes on.
    fn resumed(&mut self) {}

    /// Called when the message of a timer is taken, before `began`. `by` is the time since the
    /// timer was due, on the clock of the executor. It is never exactly zero in a real program: the
    /// observer decides what is late.
    fn timer_late(&mut self, by: Duration) {
        let _ = by;
    }

    /// Called when a life has started: [`Actor::started`](crate::Actor::started) has returned.
    fn life_began(&mut self, name: Option<&Arc<str>>) {
        let _ = name;
    }

    /// Called when a life has ended, after the drop of its state. A life that was abandoned by its
    /// executor is not seen.
    fn life_ended(&mut self, reason: &ExitReason) {
        let _ = reason;
    }
}

/// A message about to be handled, as its [`Observer`] sees it.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_core::observe::{Begun, Observer};
///
/// struct Job;
/// impl Message for Job {}
///
/// struct Lines;
/// impl Observer<Job> for Lines {
///     fn began(&mut self, _job: &Job, begun: &Begun<'_>) {
///         let actor = begun.actor.map_or("an actor", |name| &**name);
///         println!("{actor}: {} at {:?}", begun.lane, begun.now());
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Begun<'a> {
    /// The name of the actor, if it has one.
    pub actor: Option<&'a Arc<str>>,
    /// The name of the message's lane.
    pub lane: &'static str,
    /// The name of its kind ([`Message::KINDS`]), if its type names kinds.
    pub kind: Option<&'static str>,
    clock: &'a dyn Executor,
}

impl<'a> Begun<'a> {
    pub(crate) fn new(
        actor: Option<&'a Arc<str>>,
        lane: &'static str,
        kind: Option<&'static str>,
        clock: &'a dyn Executor,
    ) -> Self {
        Self { actor, lane, kind, clock }
    }

    /// Reads the clock of the actor's executor.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Instant;
    /// # use actor_core::Message;
    /// # use actor_core::observe::{Begun, HandlerEnd, Observer};
    /// # struct Job;
    /// # impl Message for Job {}
    /// struct Last(Option<Instant>);
    /// impl Observer<Job> for Last {
    ///     fn began(&mut self, _job: &Job, begun: &Begun<'_>) {
    ///         let now = begun.now();
    ///         assert!(self.0.replace(now).is_none_or(|last| last <= now));
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }
}

/// How a handler ended.
///
/// # Examples
///
/// ```
/// use actor_core::observe::HandlerEnd;
///
/// let is_fault = |end| matches!(end, HandlerEnd::Failed | HandlerEnd::Panicked);
/// assert!(is_fault(HandlerEnd::Panicked) && !is_fault(HandlerEnd::Returned));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HandlerEnd {
    /// It has returned.
    Returned,
    /// It has returned an error.
    Failed,
    /// It has panicked.
    Panicked,
    /// It was dropped during a wait: by a kill, a deadline, or the end of its executor.
    Dropped,
}
