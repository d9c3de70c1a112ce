//! Expected messages in order.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use actor_core::handle::park_for;
use actor_core::{Handle, Mailbox, Message, Reply, mailbox};

use crate::expect::{Expected, Inbox};
use crate::harness::Harness;
use crate::report::Text;
use crate::shown::Shown;

/// A mailbox that stands for another actor, and expects messages in order.
///
/// On a [`Harness`], made by [`Harness::probe`], it runs the actors until a message comes: no time
/// passes in truth, and its deadline is virtual. [`Probe::new`] waits beside a real runtime, in a
/// plain `#[test]`. An [`AsyncProbe`](crate::AsyncProbe) waits in an async test.
///
/// Its lanes are those of the message type: they are full, evict and replace as an actor's do, and
/// control messages come first.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_test::{Harness, expect};
///
/// #[derive(Debug, PartialEq)]
/// enum Event {
///     Joined { id: u64 },
///     Left { id: u64 },
/// }
/// impl Message for Event {}
///
/// let harness = Harness::new();
/// let mut events = harness.probe::<Event>().debug();
/// let code_under_test = events.handle();
/// code_under_test.try_tell(Event::Joined { id: 7 })?;
/// code_under_test.try_tell(Event::Left { id: 7 })?;
///
/// expect!(events, Event::Joined { id: 7 });
/// events.expect_eq(Event::Left { id: 7 });
/// events.expect_no_message();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A failure panics at the line of the caller, and shows what came instead:
///
/// ```
/// # use actor_core::Message;
/// # use actor_test::{Harness, expect};
/// # #[derive(Debug)]
/// # enum Event { Joined { id: u64 }, Left { id: u64 } }
/// # impl Message for Event {}
/// # let failing = || {
/// let harness = Harness::seeded(42);
/// let mut events = harness.probe::<Event>().debug();
/// for event in [Event::Joined { id: 7 }, Event::Left { id: 3 }, Event::Left { id: 7 }] {
///     events.handle().try_tell(event).expect("the lane has room");
/// }
/// expect!(events, Event::Joined { .. });
/// expect!(events, Event::Left { id: 7 });
/// # };
/// # let failed = std::panic::catch_unwind(failing).expect_err("it fails");
/// # let text = failed.downcast_ref::<String>().expect("a text");
/// # assert_eq!(text, "\
/// # another message came\
/// # \n  expected  Event::Left { id: 7 }\
/// # \n  came      Left { id: 3 }\
/// # \n  before    Joined { id: 7 }\
/// # \n  behind    Left { id: 7 }\
/// # \n  time      0ns after the start, 0 steps\
/// # \n  seed      42");
/// ```
///
/// ```text
/// another message came
///   expected  Event::Left { id: 7 }
///   came      Left { id: 3 }
///   before    Joined { id: 7 }
///   behind    Left { id: 7 }
///   time      0ns after the start, 0 steps
///   seed      42
/// ```
pub struct Probe<M: Message, W: Waits = OnThread> {
    inbox: Inbox<M>,
    waits: W,
    deadline: Duration,
}

/// How a probe waits: [`OnThread`], or by a [`Harness`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_test::{Harness, OnThread, Waits};
///
/// assert_eq!(Harness::DEADLINE, Duration::ZERO);
/// assert_eq!(OnThread::DEADLINE, Duration::from_secs(5));
/// ```
pub trait Waits: Waiting {
    /// The deadline of an expectation, unless the probe sets another one.
    const DEADLINE: Duration;
}

mod sealed {
    use super::{Duration, Mailbox, Message, Text};

    #[expect(unnameable_types, reason = "a sealed trait")]
    #[doc(hidden)]
    pub trait Waiting {
        /// Returns the next message, if one comes within the time.
        fn receive<M: Message>(&self, mailbox: &mut Mailbox<M>, within: Duration) -> Option<M>;

        /// Adds what else the failure shows.
        fn show(&self, text: TextOf) -> TextOf;
    }

    /// Hides the type in a sealed trait.
    #[expect(unnameable_types, reason = "hidden by the sealed trait")]
    #[derive(Debug)]
    #[doc(hidden)]
    pub struct TextOf(pub(super) Text);
}

use sealed::{TextOf, Waiting};

/// Waits by parking the thread of the test, beside a real runtime.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_test::{OnThread, Probe};
///
/// struct Job;
/// impl Message for Job {}
///
/// let mut probe: Probe<Job, OnThread> = Probe::new();
/// let handle = probe.handle();
/// std::thread::spawn(move || handle.try_tell(Job).is_ok());
/// probe.expect(|_job| true);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OnThread;

impl Waits for OnThread {
    const DEADLINE: Duration = Duration::from_secs(5);
}

impl Waiting for OnThread {
    fn receive<M: Message>(&self, mailbox: &mut Mailbox<M>, within: Duration) -> Option<M> {
        match mailbox.try_recv() {
            None if !within.is_zero() => park_for(pin!(mailbox.recv()), within).flatten(),
            received => received,
        }
    }

    fn show(&self, text: TextOf) -> TextOf {
        text
    }
}

impl Waits for Harness {
    const DEADLINE: Duration = Duration::ZERO;
}

impl Waiting for Harness {
    #[track_caller]
    fn receive<M: Message>(&self, mailbox: &mut Mailbox<M>, within: Duration) -> Option<M> {
        let limit = self.now().checked_add(within);
        let mut steps = 0;
        loop {
            if let Some(message) = mailbox.try_recv() {
                return Some(message);
            }
            if self.step() {
                steps += 1;
                self.check_steps(steps);
            } else if self.advance_to_next(limit) {
                steps = 0;
            } else {
                if let Some(limit) = limit {
                    self.inner.clock.advance_to(limit);
                }
                return None;
            }
        }
    }

    fn show(&self, TextOf(text): TextOf) -> TextOf {
        TextOf(self.describe(text))
    }
}

impl<M: Message> Probe<M> {
    /// Creates a probe that waits on the thread of the test, for at most 5 seconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_core::{Actor, Context, Handle, Message, Runtime, ThreadConfig, spawn};
    /// use actor_test::Probe;
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct Echo(u32);
    /// impl Message for Echo {}
    /// struct Echoing(Handle<Echo>);
    /// impl Actor for Echoing {
    ///     type Message = Echo;
    ///     async fn handle(&mut self, echo: Echo, _cx: &mut Context<Echo>) {
    ///         self.0.try_tell(echo).expect("the lane has room");
    ///     }
    /// }
    ///
    /// let executor =
    ///     actor_thread::ThreadRuntime::new().start_executor(ThreadConfig::named("echo"))?;
    /// let mut probe = Probe::new();
    /// let back = probe.handle();
    /// let (echoing, _running) = spawn(&executor, move || Echoing(back))?;
    /// echoing.try_tell(Echo(7))?;
    /// probe.expect_eq(Echo(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::waiting_by(OnThread)
    }
}

impl<M: Message, W: Waits> Probe<M, W> {
    pub(crate) fn waiting_by(waits: W) -> Self {
        let (_handle, mailbox) = mailbox();
        Self { inbox: Inbox::new(mailbox), waits, deadline: W::DEADLINE }
    }

    /// Shows messages by `Debug` in failures. Without it, their kind is shown
    /// ([`Message::KINDS`]), or their lane.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// #[derive(Debug)]
    /// struct Job(u32);
    /// # impl Message for Job {}
    /// let probe = actor_test::Harness::new().probe::<Job>().debug();
    /// # drop(probe);
    /// ```
    #[must_use]
    pub fn debug(mut self) -> Self
    where
        M: fmt::Debug,
    {
        self.inbox.shown = Shown::by_debug();
        self
    }

    /// Sets the deadline of each expectation. On a harness it is virtual, and zero unless stated.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # use actor_core::Message;
    /// # struct Job;
    /// # impl Message for Job {}
    ///
    /// let harness = actor_test::Harness::new();
    /// let mut probe = harness.probe::<Job>().deadline(Duration::from_secs(3));
    /// probe.expect_no_message();
    /// assert_eq!(harness.elapsed(), Duration::from_secs(3));
    /// ```
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Returns a handle to the probe, for the code under test.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # struct Job;
    /// # impl Message for Job {}
    /// let probe = actor_test::Probe::<Job>::new();
    /// assert!(probe.handle().try_tell(Job).is_ok());
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        self.inbox.mailbox.handle()
    }

    /// Expects the next message to fulfil the condition. Returns it.
    ///
    /// The macro [`expect!`](crate::expect!) takes a pattern, and shows it in the failure.
    ///
    /// # Panics
    ///
    /// Panics if another message comes, or none until the deadline.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// let mut probe = actor_test::Harness::new().probe();
    /// probe.handle().try_tell(Job(7))?;
    /// let Job(n) = probe.expect(|Job(n)| *n > 3);
    /// assert_eq!(n, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn expect(&mut self, condition: impl FnOnce(&M) -> bool) -> M {
        self.expect_within(self.deadline, condition)
    }

    /// Does the same as [`expect`](Self::expect), with another deadline.
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// # use actor_core::{Actor, Context, Handle, Message};
    /// # struct Rung;
    /// # impl Message for Rung {}
    /// # struct Bell(Handle<Rung>);
    /// impl Actor for Bell {
    /// #   type Message = Rung;
    ///     async fn started(&mut self, cx: &mut Context<Rung>) {
    ///         cx.after(Duration::from_secs(2), Rung);
    ///     }
    ///     // Passes it on.
    /// #   async fn handle(&mut self, rung: Rung, _cx: &mut Context<Rung>) {
    /// #       self.0.try_tell(rung).expect("the lane has room");
    /// #   }
    /// }
    ///
    /// let harness = actor_test::Harness::new();
    /// let mut probe = harness.probe();
    /// let heard = probe.handle();
    /// let (_bell, _running) = harness.spawn(move || Bell(heard));
    /// probe.expect_within(Duration::from_secs(10), |_rung| true);
    /// assert_eq!(harness.elapsed(), Duration::from_secs(2));
    /// ```
    #[track_caller]
    pub fn expect_within(&mut self, deadline: Duration, condition: impl FnOnce(&M) -> bool) -> M {
        self.next_that(deadline, Expected::Condition, condition)
    }

    #[doc(hidden)]
    #[track_caller]
    pub fn expect_pattern(
        &mut self,
        pattern: &'static str,
        condition: impl FnOnce(&M) -> bool,
    ) -> M {
        self.next_that(self.deadline, Expected::Pattern(pattern), condition)
    }

    /// Expects a message equal to this one, as the next one.
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect). The failure shows both messages by `Debug`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// #[derive(Debug, PartialEq)]
    /// struct Job(u32);
    /// # impl Message for Job {}
    /// let mut probe = actor_test::Harness::new().probe();
    /// probe.handle().try_tell(Job(7))?;
    /// probe.expect_eq(Job(7));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn expect_eq(&mut self, expected: M)
    where
        M: fmt::Debug + PartialEq,
    {
        self.inbox.shown = Shown::by_debug();
        let shown = Expected::Value(format!("{expected:?}"));
        self.next_that(self.deadline, shown, |message| *message == expected);
    }

    /// Expects no message until the deadline. On a harness, this runs until idle first.
    ///
    /// Beside a real runtime this takes the whole deadline: a short one is enough, because an actor
    /// sends before it answers a later ask.
    ///
    /// # Panics
    ///
    /// Panics if a message comes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # struct Job;
    /// # impl Message for Job {}
    /// let mut probe = actor_test::Harness::new().probe::<Job>();
    /// probe.expect_no_message();
    /// ```
    #[track_caller]
    pub fn expect_no_message(&mut self) {
        self.expect_no_message_within(self.deadline);
    }

    /// Does the same as [`expect_no_message`](Self::expect_no_message), with another deadline.
    ///
    /// # Panics
    ///
    /// Panics if a message comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// # use actor_core::Message;
    /// # struct Job;
    /// # impl Message for Job {}
    ///
    /// let harness = actor_test::Harness::new();
    /// let mut probe = harness.probe::<Job>();
    /// probe.expect_no_message_within(Duration::from_secs(3600));
    /// assert_eq!(harness.elapsed(), Duration::from_secs(3600));
    /// ```
    #[track_caller]
    pub fn expect_no_message_within(&mut self, deadline: Duration) {
        let received = self.waits.receive(&mut self.inbox.mailbox, deadline);
        if let Err(text) = self.inbox.none(received) {
            self.fail(text);
        }
    }

    /// Expects an ask as the next message, and answers it. `reply` returns the [`Reply`] of a
    /// message, if it is the right one.
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::{Message, Reply};
    /// enum Store {
    ///     Read(u64, Reply<String>),
    /// }
    /// # impl Message for Store {}
    /// let harness = actor_test::Harness::new();
    /// let mut store = harness.probe();
    /// let answer = store.handle().try_ask(|reply| Store::Read(7, reply))?;
    /// store.reply_to_next("block".to_owned(), |message| match message {
    ///     Store::Read(7, reply) => Some(reply),
    ///     _ => None,
    /// });
    /// assert_eq!(harness.run(answer).as_deref(), Ok("block"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn reply_to_next<T>(&mut self, answer: T, reply: impl FnOnce(M) -> Option<Reply<T>>) {
        let received = self.waits.receive(&mut self.inbox.mailbox, self.deadline);
        match self.inbox.reply(received, self.deadline, reply) {
            Ok(reply) => reply.send(answer),
            Err(text) => self.fail(text),
        }
    }

    /// Returns the next message, if one comes until the deadline. Expects nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Message;
    /// # struct Job(u32);
    /// # impl Message for Job {}
    /// let mut probe = actor_test::Harness::new().probe();
    /// probe.handle().try_tell_all([Job(1), Job(2)])?;
    /// let sum: u32 = std::iter::from_fn(|| probe.receive()).map(|Job(n)| n).sum();
    /// assert_eq!(sum, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn receive(&mut self) -> Option<M> {
        let received = self.waits.receive(&mut self.inbox.mailbox, self.deadline)?;
        self.inbox.note(&received);
        Some(received)
    }

    #[track_caller]
    fn next_that(
        &mut self,
        deadline: Duration,
        expected: Expected,
        condition: impl FnOnce(&M) -> bool,
    ) -> M {
        let received = self.waits.receive(&mut self.inbox.mailbox, deadline);
        match self.inbox.judge(received, deadline, &expected, condition) {
            Ok(message) => message,
            Err(text) => self.fail(text),
        }
    }

    #[track_caller]
    fn fail(&self, text: Text) -> ! {
        panic!("{}", self.waits.show(TextOf(text)).0.into_string())
    }
}

impl<M: Message> Default for Probe<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Message, W: Waits> fmt::Debug for Probe<M, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("mailbox", &self.inbox.mailbox).finish_non_exhaustive()
    }
}
