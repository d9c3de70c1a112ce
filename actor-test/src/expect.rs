//! Expectations of messages, without the wait for them.

use std::collections::VecDeque;
use std::time::Duration;

use actor_core::{Mailbox, Message, Reply};

use crate::report::Text;
use crate::shown::Shown;

/// Messages shown before and behind the wrong one.
const SHOWN: usize = 8;

/// Messages counted behind those shown.
const MOST_COUNTED: usize = 100_000;

/// Expects a message that matches a pattern, as the next one of a [`Probe`](crate::Probe) or an
/// [`AsyncProbe`](crate::AsyncProbe). Returns the message, or a future of it.
///
/// The failure shows the pattern. A pattern may have a condition: `Job(n) if n > 3`.
///
/// # Examples
///
/// ```
/// use actor_core::Message;
/// use actor_test::{AsyncProbe, Harness, expect};
///
/// struct Job(u32);
/// impl Message for Job {}
///
/// let mut probe = Harness::new().probe();
/// probe.handle().try_tell(Job(7))?;
/// let Job(n) = expect!(probe, Job(n) if *n > 3);
/// assert_eq!(n, 7);
///
/// let mut probe = AsyncProbe::new();
/// probe.handle().try_tell(Job(8))?;
/// futures::executor::block_on(async { expect!(probe, Job(8)).await });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! expect {
    ($probe:expr, $pattern:pat $(if $guard:expr)? $(,)?) => {
        $probe.expect_pattern(
            ::core::stringify!($pattern $(if $guard)?),
            |message| ::core::matches!(message, $pattern $(if $guard)?),
        )
    };
}

/// What was expected, for the failure.
pub(crate) enum Expected {
    Condition,
    Pattern(&'static str),
    Value(String),
}

impl Expected {
    fn text(&self) -> &str {
        match self {
            Self::Condition => "a message that fulfils the condition",
            Self::Pattern(text) => text,
            Self::Value(text) => text,
        }
    }
}

/// The mailbox of a probe, and what it received.
pub(crate) struct Inbox<M: Message> {
    pub(crate) mailbox: Mailbox<M>,
    pub(crate) shown: Shown<M>,
    before: VecDeque<String>,
}

impl<M: Message> Inbox<M> {
    pub(crate) fn new(mailbox: Mailbox<M>) -> Self {
        Self { mailbox, shown: Shown::by_kind(), before: VecDeque::new() }
    }

    /// Notes a received message, for later failures.
    pub(crate) fn note(&mut self, message: &M) {
        let text = self.shown.show(message);
        self.remember(text);
    }

    fn remember(&mut self, text: String) {
        if self.before.len() == SHOWN {
            self.before.pop_front();
        }
        self.before.push_back(text);
    }

    /// Returns the received message, or the text of the failure.
    pub(crate) fn judge(
        &mut self,
        received: Option<M>,
        deadline: Duration,
        expected: &Expected,
        condition: impl FnOnce(&M) -> bool,
    ) -> Result<M, Text> {
        let Some(message) = received else {
            return Err(self.nothing_came(expected.text(), deadline));
        };
        if condition(&message) {
            self.note(&message);
            return Ok(message);
        }
        let came = self.shown.show(&message);
        Err(self.another_came(expected.text(), &came))
    }

    /// Returns the reply of the received message, or the text of the failure.
    pub(crate) fn reply<T>(
        &mut self,
        received: Option<M>,
        deadline: Duration,
        reply: impl FnOnce(M) -> Option<Reply<T>>,
    ) -> Result<Reply<T>, Text> {
        const ASK: &str = "an ask to reply to";
        let Some(message) = received else { return Err(self.nothing_came(ASK, deadline)) };
        let shown = self.shown.show(&message);
        match reply(message) {
            Some(reply) => {
                self.remember(shown);
                Ok(reply)
            }
            None => Err(self.another_came(ASK, &shown)),
        }
    }

    /// Returns the text of the failure if a message came.
    pub(crate) fn none(&mut self, received: Option<M>) -> Result<(), Text> {
        match received {
            None => Ok(()),
            Some(message) => {
                let came = self.shown.show(&message);
                Err(self.another_came("no message", &came))
            }
        }
    }

    fn another_came(&mut self, expected: &str, came: &str) -> Text {
        let text = Text::new("another message came");
        let text = self.before(text.line("expected", expected).line("came", came));
        text.line("behind", &self.behind())
    }

    fn nothing_came(&self, expected: &str, deadline: Duration) -> Text {
        let came = match deadline {
            Duration::ZERO => "nothing, and everything is idle".to_owned(),
            deadline => format!("nothing within {deadline:?}"),
        };
        let text = Text::new("no message came").line("expected", expected).line("came", &came);
        self.before(text)
    }

    /// Takes the messages behind the wrong one, and lists them. The test has failed, so none is
    /// needed any more.
    fn behind(&mut self) -> String {
        let shown: Vec<_> = std::iter::from_fn(|| self.mailbox.try_recv())
            .take(SHOWN)
            .map(|message| self.shown.show(&message))
            .collect();
        let rest = std::iter::from_fn(|| self.mailbox.try_recv()).take(MOST_COUNTED).count();
        match (shown.is_empty(), rest) {
            (true, _) => "nothing".to_owned(),
            (false, 0) => shown.join(", "),
            (false, rest) => format!("{}, and {rest} more", shown.join(", ")),
        }
    }

    fn before(&self, text: Text) -> Text {
        let before = self.before.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let before = if before.is_empty() { "nothing" } else { &before };
        text.line("before", before)
    }
}
