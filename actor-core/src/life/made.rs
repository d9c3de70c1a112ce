//! What a maker returns: an actor, or a `Result` with one.

use std::marker::PhantomData;

use crate::actor::{Actor, BoxError, Outcome};
use crate::mailbox::Message;

/// What the maker of an actor returns: the actor, or a `Result` with the actor.
///
/// A maker's `Err` ends the life before it has started, with
/// [`ExitReason::Failed`](crate::ExitReason::Failed). `K` is inferred by the compiler: it separates
/// the two kinds of makers.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::life::NotStarted;
/// use actor_core::{Actor, Context, Message, Runtime, ThreadConfig, spawn};
///
/// struct Read;
/// impl Message for Read {}
///
/// struct Reader(String);
/// impl Reader {
///     fn open(path: &str) -> std::io::Result<Self> {
///         Ok(Self(std::fs::read_to_string(path)?))
///     }
/// }
/// impl Actor for Reader {
///     type Message = Read;
///     async fn handle(&mut self, _read: Read, _cx: &mut Context<Read>) {}
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("reader"))?;
/// let (_reader, running) = spawn(&executor, || Reader::open("no/such/file"))?;
/// let Err(NotStarted::Ended(exit)) = running.started_blocking(Duration::from_secs(10)) else {
///     panic!("there is no such file")
/// };
/// assert!(exit.reason.to_string().starts_with("failed: No such file"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "the maker returns `{Self}`, which is not an actor",
    label = "this closure must return an actor, or a `Result` with an actor",
    note = "implement `Actor` for it: name its `type Message`, and write `async fn handle(&mut self, message, cx)`",
    note = "the error of a `Result` must convert into `Box<dyn Error + Send + Sync>`, as an `Error`, a text and an `anyhow::Error` do"
)]
pub trait Made<M: Message, K> {
    /// The actor.
    type Actor: Actor<Self::Outcome, Message = M>;
    /// What the handlers of the actor return.
    type Outcome: Outcome;

    /// Returns the actor, or the error of a failed maker.
    ///
    /// # Errors
    ///
    /// Returns the maker's error.
    fn made(self) -> Result<Self::Actor, BoxError>;
}

/// Marks makers that return the actor itself.
#[doc(hidden)]
#[derive(Debug)]
pub struct Plain<O>(PhantomData<O>);

/// Marks makers that return a `Result` with the actor.
#[doc(hidden)]
#[derive(Debug)]
pub struct Tried<O, E>(PhantomData<(O, E)>);

impl<O: Outcome, A: Actor<O>> Made<A::Message, Plain<O>> for A {
    type Actor = A;
    type Outcome = O;

    #[inline(always)]
    fn made(self) -> Result<A, BoxError> {
        Ok(self)
    }
}

impl<O: Outcome, A: Actor<O>, E: Into<BoxError>> Made<A::Message, Tried<O, E>> for Result<A, E> {
    type Actor = A;
    type Outcome = O;

    #[inline]
    fn made(self) -> Result<A, BoxError> {
        self.map_err(Into::into)
    }
}
