//! What a handler returns: nothing, or a `Result`.

use std::error::Error;
use std::future::Future;

/// An error of any type, on its way to [`ExitReason::Failed`](crate::ExitReason::Failed).
///
/// # Examples
///
/// ```
/// use actor_core::actor::BoxError;
///
/// let error: BoxError = "no such block".into();
/// assert_eq!(error.to_string(), "no such block");
/// ```
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The result of a handler that may fail: `impl Actor<Fallible> for X`.
///
/// An `Err` ends the life of the actor with [`ExitReason::Failed`](crate::ExitReason::Failed), so
/// a handler can use `?`. With the default type of the error, `?` accepts every error type and an
/// `anyhow::Error`.
///
/// All handlers return the parameter of the trait. A handler with `-> anyhow::Result<()>` needs
/// `impl Actor<anyhow::Result<()>> for X`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::Fallible;
/// use actor_core::{Actor, Context, ExitReason, Message, Runtime, ThreadConfig, spawn};
///
/// struct Parse(&'static str);
/// impl Message for Parse {}
///
/// struct Sum(u64);
/// impl Actor<Fallible> for Sum {
///     type Message = Parse;
///
///     async fn handle(&mut self, Parse(text): Parse, _cx: &mut Context<Parse>) -> Fallible {
///         self.0 += text.parse::<u64>()?;
///         Ok(())
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("sum"))?;
/// let (sum, running) = spawn(&executor, || Sum(0))?;
/// sum.try_tell(Parse("7"))?;
/// sum.try_tell(Parse("seven"))?;
/// let exit = running.join_blocking(Duration::from_secs(10)).expect("the second text ends it");
/// assert!(matches!(&exit.reason, ExitReason::Failed(error) if
/// error.is::<std::num::ParseIntError>()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Fallible<E = BoxError> = Result<(), E>;

/// What the handlers of an [`Actor`](crate::Actor) return: `()`, or a [`Fallible`].
///
/// The trait is sealed: only these two kinds exist.
///
/// # Examples
///
/// ```
/// use actor_core::actor::{Fallible, Outcome};
///
/// fn text_of<O: Outcome>(outcome: O) -> Option<String> {
///     outcome.failure().map(|error| error.to_string())
/// }
///
/// let failed: Fallible = Err("no such block".into());
/// assert_eq!(text_of(failed).as_deref(), Some("no such block"));
/// assert_eq!(text_of(()), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "handlers return `()`, or a `Result<(), E>`",
    note = "`E` is any error type, `actor_core::actor::BoxError`, or `anyhow::Error`"
)]
pub trait Outcome: Sized + 'static + sealed::Sealed {
    /// Returns the outcome of a handler without a failure.
    fn done() -> Self;

    /// Returns whether the handler failed.
    fn is_failure(&self) -> bool;

    /// Returns the error of a failed handler.
    fn failure(self) -> Option<BoxError>;
}

/// The future of a handler: it returns what the handlers of its actor return.
///
/// Every future with the output `O` is one, so nobody implements this trait. It is a bound of its
/// own because the compiler's error for a handler with another result can then state the remedy.
///
/// # Examples
///
/// ```
/// use actor_core::actor::{Fallible, Handling};
///
/// fn is_fallible(_handler: impl Handling<Fallible>) {}
/// is_fallible(async { Ok(()) });
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler of `Actor<{O}>` returns `{O}`, and this one does not",
    label = "another result than `{O}`",
    note = "handlers that return a `Result` belong to `impl Actor<Fallible> for …`, or to `impl Actor<Result<(), E>> for …`",
    note = "handlers without a result belong to `impl Actor for …`"
)]
pub trait Handling<O>: Future<Output = O> {}

#[diagnostic::do_not_recommend]
impl<O, F: Future<Output = O>> Handling<O> for F {}

mod sealed {
    #[doc(hidden)]
    #[expect(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {}
    impl Sealed for () {}
    impl<E> Sealed for Result<(), E> {}
}

impl Outcome for () {
    #[inline(always)]
    fn done() -> Self {}

    #[inline(always)]
    fn is_failure(&self) -> bool {
        false
    }

    #[inline(always)]
    fn failure(self) -> Option<BoxError> {
        None
    }
}

impl<E: Into<BoxError> + 'static> Outcome for Result<(), E> {
    #[inline]
    fn done() -> Self {
        Ok(())
    }

    #[inline]
    fn is_failure(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn failure(self) -> Option<BoxError> {
        self.err().map(Into::into)
    }
}
