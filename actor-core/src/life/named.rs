//! The name of the actor at work on a thread, for panic hooks and loggers.
//!
//! The life of a named actor is the current one of its thread (`mailbox/presence.rs`) during each
//! poll and during its drop. Other lives have no such wrapping.

use std::future::Future;
use std::panic;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::Either;
use pin_project::{pin_project, pinned_drop};

use crate::mailbox::Presence;
use crate::mailbox::presence::{self, Turn};

/// Returns the name of the actor whose code runs on this thread: its maker, its handlers, its
/// drop. `None` outside of actors, and in actors without a name.
///
/// For panic hooks and loggers. It costs one access to a thread-local, and the actor pays two for
/// each of its polls, if it has a name.
///
/// # Examples
///
/// ```
/// # use std::time::Duration;
/// # use actor_core::{Actor, Context, Message, Runtime, Spawn, ThreadConfig};
/// use actor_core::Reply;
/// use actor_core::life::current_name;
///
/// struct WhoIsIt(Reply<Option<String>>);
/// impl Message for WhoIsIt {}
///
/// struct Worker;
/// impl Actor for Worker {
///     type Message = WhoIsIt;
///     async fn handle(&mut self, WhoIsIt(reply): WhoIsIt, _cx: &mut Context<WhoIsIt>) {
///         reply.send(current_name().map(|name| name.to_string()));
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// # let executor = runtime.start_executor(ThreadConfig::named("workers"))?;
/// let (worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("hasher").start(&executor, || Worker)?;
/// let name = worker.ask_blocking(WhoIsIt, Duration::from_secs(30))?;
/// assert_eq!(name.as_deref(), Some("hasher"));
/// assert!(current_name().is_none(), "this thread runs no actor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn current_name() -> Option<Arc<str>> {
    presence::current_name()
}

/// Installs a panic hook that prints the name of the panicking actor, and then runs the hook
/// installed before. A panic outside of a named actor goes to that hook directly.
///
/// Call it once, at the start of the program. Each call adds another hook.
///
/// # Panics
///
/// Panics if called by a panicking thread, as [`std::panic::set_hook`].
///
/// # Examples
///
/// ```
/// // The output of a panic in the actor `chain` then begins with "actor chain:".
/// actor_core::life::name_panics();
/// assert!(std::panic::catch_unwind(|| panic!("outside of actors")).is_err());
/// ```
pub fn name_panics() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if let Some(name) = current_name() {
            eprint!("actor {name}: ");
        }
        before(panic);
    }));
}

/// A named actor's life.
#[pin_project(PinnedDrop)]
pub(super) struct Named<F> {
    presence: Arc<Presence>,
    /// `None` once dropped.
    #[pin]
    life: Option<F>,
}

impl<F> Named<F> {
    pub(super) fn new(presence: Arc<Presence>, life: F) -> Self {
        Self { presence, life: Some(life) }
    }
}

/// Wraps a life if it has a name.
pub(super) fn named<F: Future<Output = ()>>(
    presence: Option<Arc<Presence>>,
    life: F,
) -> impl Future<Output = ()> {
    match presence {
        None => Either::Left(life),
        Some(presence) => Either::Right(Named::new(presence, life)),
    }
}

impl<F: Future<Output = ()>> Future for Named<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let _turn = Turn::begin(this.presence);
        this.life.as_pin_mut().map_or(Poll::Ready(()), |life| life.poll(task))
    }
}

#[pinned_drop]
impl<F> PinnedDrop for Named<F> {
    fn drop(self: Pin<&mut Self>) {
        let mut this = self.project();
        let _turn = Turn::begin(this.presence);
        this.life.set(None);
    }
}
