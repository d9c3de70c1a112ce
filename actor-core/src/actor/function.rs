//! An actor from one async function: the short form, for actors with one handler and no hooks.

use std::marker::PhantomData;

use crate::actor::{Actor, Context, Outcome};
use crate::mailbox::Message;

/// Returns an actor with this state and this handler, as an [`Actor`] with only
/// [`handle`](Actor::handle) has them.
///
/// For small actors: a worker of a pool, a subscriber, an actor of a test. An actor that needs
/// [`started`](Actor::started), [`stopped`](Actor::stopped) or batches implements the trait. The
/// handler takes the state, one message and the [`Context`]. It returns `()` or a
/// [`Fallible`](crate::actor::Fallible). The rules are those of the trait: one message at a time,
/// and no need for `Send`. The type of the message must be visible in the closure: by its pattern,
/// or as `message: Jar`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use actor_core::actor::actor_fn;
/// use actor_core::{Message, Reply, Runtime, ThreadConfig, spawn};
///
/// enum Jar {
///     Put(u64),
///     Count(Reply<u64>),
/// }
/// impl Message for Jar {}
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let executor = runtime.start_executor(ThreadConfig::named("jars"))?;
/// let coins = || {
///     actor_fn(0, async |coins, message: Jar, _cx| match message {
///         Jar::Put(n) => *coins += n,
///         Jar::Count(reply) => reply.send(*coins),
///     })
/// };
/// let (jar, _running) = spawn(&executor, coins)?;
/// jar.try_tell(Jar::Put(2))?;
/// jar.try_tell(Jar::Put(3))?;
/// assert_eq!(jar.ask_blocking(Jar::Count, Duration::from_secs(10))?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn actor_fn<S, M, O, F>(state: S, handle: F) -> ActorFn<S, M, F>
where
    S: 'static,
    M: Message,
    O: Outcome,
    F: AsyncFnMut(&mut S, M, &mut Context<M>) -> O + 'static,
{
    ActorFn { state, handle, message: PhantomData }
}

/// An actor from one async function. Made by [`actor_fn`].
///
/// # Examples
///
/// ```
/// use actor_core::actor::{ActorFn, actor_fn};
/// use actor_core::{Message, Reply};
///
/// struct Square(u64, Reply<u64>);
/// impl Message for Square {}
///
/// let worker: ActorFn<(), Square, _> =
///     actor_fn((), async |_, Square(n, reply), _cx| reply.send(n * n));
/// assert_eq!(format!("{worker:?}"), "ActorFn { state: () }");
/// ```
pub struct ActorFn<S, M, F> {
    state: S,
    handle: F,
    message: PhantomData<fn(M)>,
}

impl<S: std::fmt::Debug, M, F> std::fmt::Debug for ActorFn<S, M, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ActorFn").field("state", &self.state).finish()
    }
}

#[diagnostic::do_not_recommend]
impl<S, M, O, F> Actor<O> for ActorFn<S, M, F>
where
    S: 'static,
    M: Message,
    O: Outcome,
    F: AsyncFnMut(&mut S, M, &mut Context<M>) -> O + 'static,
{
    type Message = M;

    async fn handle(&mut self, message: M, cx: &mut Context<M>) -> O {
        (self.handle)(&mut self.state, message, cx).await
    }
}
