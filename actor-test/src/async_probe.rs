//! A probe for async tests.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use actor_core::{Handle, Message, Reply, mailbox};
use futures_timer::Delay;

use crate::expect::{Expected, Inbox};
use crate::report::Text;
use crate::shown::Shown;

/// Wait of an expectation, unless stated.
const DEADLINE: Duration = Duration::from_secs(5);

/// A [`Probe`](crate::Probe) for async tests: its expectations are futures, and block no thread.
///
/// It works on every runtime, also on a single thread for the test and the actors, such as
/// `#[tokio::test]` or smol's `block_on`. The deadline is 5 seconds unless stated. It has a timer
/// of its own: a paused clock of tokio does not move it.
///
/// A failure names the line of the expectation in its text, because a panic within a future has no
/// caller.
///
/// # Examples
///
/// ```
/// use actor_core::{Actor, Context, Handle, Message, spawn};
/// use actor_test::{AsyncProbe, expect};
/// use actor_tokio::TokioRuntime;
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
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let test = async {
///         let executor = TokioRuntime::current()?; // actors are tasks of this test
///         let mut probe = AsyncProbe::new().debug();
///         let back = probe.handle();
///         let (echoing, _running) = spawn(&executor, move || Echoing(back))?;
///         echoing.try_tell(Echo(7))?;
///         expect!(probe, Echo(7)).await;
///         Ok(())
///     };
///     tokio::task::LocalSet::new().run_until(test).await
/// }
/// ```
pub struct AsyncProbe<M: Message> {
    inbox: Inbox<M>,
    deadline: Duration,
}

impl<M: Message> AsyncProbe<M> {
    /// Creates a probe.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let mut probe = actor_test::AsyncProbe::new();
    /// probe.handle().try_tell(Job)?;
    /// futures::executor::block_on(probe.expect(|_job| true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let (_handle, mailbox) = mailbox();
        Self { inbox: Inbox::new(mailbox), deadline: DEADLINE }
    }

    /// Shows messages by `Debug` in failures, in place of their kind or lane.
    ///
    /// # Examples
    ///
    /// ```
    /// #[derive(Debug)]
    /// struct Job;
    /// # impl actor_core::Message for Job {}
    /// let probe = actor_test::AsyncProbe::<Job>::new().debug();
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

    /// Sets the deadline of each expectation.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// use std::time::Duration;
    ///
    /// let mut probe = actor_test::AsyncProbe::<Job>::new().deadline(Duration::from_millis(1));
    /// futures::executor::block_on(probe.expect_no_message());
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
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// let probe = actor_test::AsyncProbe::<Job>::new();
    /// assert!(probe.handle().try_tell(Job).is_ok());
    /// ```
    #[must_use]
    pub fn handle(&self) -> Handle<M> {
        self.inbox.mailbox.handle()
    }

    /// Expects the next message to fulfil the condition. Returns it.
    ///
    /// # Panics
    ///
    /// The future panics if another message comes, or none until the deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a message is taken only when the future is ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// let mut probe = actor_test::AsyncProbe::new();
    /// probe.handle().try_tell(Job(7))?;
    /// let Job(n) = futures::executor::block_on(probe.expect(|Job(n)| *n > 3));
    /// assert_eq!(n, 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn expect(&mut self, condition: impl FnOnce(&M) -> bool) -> impl Future<Output = M> {
        self.next_that(Expected::Condition, condition)
    }

    #[doc(hidden)]
    #[track_caller]
    pub fn expect_pattern(
        &mut self,
        pattern: &'static str,
        condition: impl FnOnce(&M) -> bool,
    ) -> impl Future<Output = M> {
        self.next_that(Expected::Pattern(pattern), condition)
    }

    /// Expects a message equal to this one, as the next one.
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Cancel safety
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Examples
    ///
    /// ```
    /// #[derive(Debug, PartialEq)]
    /// struct Job(u32);
    /// # impl actor_core::Message for Job {}
    /// let mut probe = actor_test::AsyncProbe::new();
    /// probe.handle().try_tell(Job(7))?;
    /// futures::executor::block_on(probe.expect_eq(Job(7)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn expect_eq(&mut self, expected: M) -> impl Future<Output = M>
    where
        M: fmt::Debug + PartialEq,
    {
        self.inbox.shown = Shown::by_debug();
        let shown = Expected::Value(format!("{expected:?}"));
        self.next_that(shown, move |message| *message == expected)
    }

    /// Expects no message until the deadline.
    ///
    /// # Panics
    ///
    /// The future panics if a message comes.
    ///
    /// # Cancel safety
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Examples
    ///
    /// ```
    /// # struct Job;
    /// # impl actor_core::Message for Job {}
    /// use std::time::Duration;
    ///
    /// let mut probe = actor_test::AsyncProbe::<Job>::new().deadline(Duration::from_millis(1));
    /// futures::executor::block_on(probe.expect_no_message());
    /// ```
    #[track_caller]
    pub fn expect_no_message(&mut self) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let received = self.receive().await;
            if let Err(text) = self.inbox.none(received) {
                fail(text, at);
            }
        }
    }

    /// Expects an ask as the next message, and answers it, as
    /// [`Probe::reply_to_next`](crate::Probe::reply_to_next).
    ///
    /// # Panics
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Cancel safety
    ///
    /// As [`expect`](Self::expect).
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_core::Reply;
    /// struct Read(Reply<u32>);
    /// # impl actor_core::Message for Read {}
    /// let mut probe = actor_test::AsyncProbe::new();
    /// let answer = probe.handle().try_ask(Read)?;
    /// futures::executor::block_on(async {
    ///     probe.reply_to_next(7, |Read(reply)| Some(reply)).await;
    ///     assert_eq!(answer.await, Ok(7));
    /// });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn reply_to_next<T>(
        &mut self,
        answer: T,
        reply: impl FnOnce(M) -> Option<Reply<T>>,
    ) -> impl Future<Output = ()> {
        let at = Location::caller();
        async move {
            let received = self.receive().await;
            match self.inbox.reply(received, self.deadline, reply) {
                Ok(reply) => reply.send(answer),
                Err(text) => fail(text, at),
            }
        }
    }

    #[track_caller]
    fn next_that(
        &mut self,
        expected: Expected,
        condition: impl FnOnce(&M) -> bool,
    ) -> impl Future<Output = M> {
        let at = Location::caller();
        async move {
            let received = self.receive().await;
            match self.inbox.judge(received, self.deadline, &expected, condition) {
                Ok(message) => message,
                Err(text) => fail(text, at),
            }
        }
    }

    async fn receive(&mut self) -> Option<M> {
        let mut delay = None;
        poll_fn(|cx| {
            // `None` means: no handle is left. A later handle may still send.
            if let Poll::Ready(Some(message)) = self.inbox.mailbox.poll_recv(cx) {
                return Poll::Ready(Some(message));
            }
            let delay = delay.get_or_insert_with(|| Delay::new(self.deadline));
            Pin::new(delay).poll(cx).map(|()| None)
        })
        .await
    }
}

fn fail(text: Text, at: &Location<'_>) -> ! {
    panic!("{}", text.line("at", &at.to_string()).into_string())
}

impl<M: Message> Default for AsyncProbe<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: Message> fmt::Debug for AsyncProbe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncProbe").field("mailbox", &self.inbox.mailbox).finish_non_exhaustive()
    }
}
