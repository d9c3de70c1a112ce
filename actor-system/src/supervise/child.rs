//! What a supervisor accepts as a child.

use std::fmt;
use std::sync::Arc;

use actor_core::life::{Governor, Made, Phase, Place, Restart, SpawnError, SpawnRestarting};
use actor_core::{Message, Running, Spawn};

/// The start of a supervisor's child: a [`Spawn`], or one with a policy of its own.
///
/// # Examples
///
/// ```
/// use actor_core::life::Restart;
/// use actor_core::{Message, Spawn};
/// use actor_system::supervise::Child;
///
/// struct Job;
/// impl Message for Job {}
///
/// fn policy_of(child: &impl Child) -> Option<Restart> {
///     child.own_policy()
/// }
///
/// let (_handle, mailbox) = actor_core::mailbox::<Job>();
/// assert_eq!(policy_of(&Spawn::new(mailbox)), None);
/// let (_handle, mailbox) = actor_core::mailbox::<Job>();
/// let permanent = Spawn::new(mailbox).restart(Restart::permanent());
/// assert_eq!(policy_of(&permanent), Some(Restart::permanent()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a child of a supervisor",
    label = "a child is a `Spawn`",
    note = "write `Spawn::new(mailbox)`, and name it: `Spawn::new(mailbox).named(\"chain\")`"
)]
pub trait Child: sealed::Sealed {
    /// The type of the child's messages.
    type Message: Message;

    /// Returns the policy of this child alone, if it has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_core::{Message, Spawn};
    /// use actor_system::supervise::Child;
    ///
    /// struct Job;
    /// impl Message for Job {}
    ///
    /// let (_handle, mailbox) = actor_core::mailbox::<Job>();
    /// assert_eq!(Spawn::new(mailbox).own_policy(), None, "the policy of its supervisor applies");
    /// ```
    fn own_policy(&self) -> Option<Restart>;

    #[doc(hidden)]
    fn under(self, governor: Arc<dyn Governor>) -> SpawnRestarting<Self::Message>;
}

mod sealed {
    #[doc(hidden)]
    #[expect(unnameable_types, reason = "this is what seals the trait")]
    pub trait Sealed {}
    impl<M: super::Message, L> Sealed for super::Spawn<M, L> {}
}

impl<M: Message> Child for Spawn<M> {
    type Message = M;

    fn own_policy(&self) -> Option<Restart> {
        None
    }

    fn under(self, governor: Arc<dyn Governor>) -> SpawnRestarting<M> {
        self.governed(governor)
    }
}

impl<M: Message> Child for SpawnRestarting<M> {
    type Message = M;

    fn own_policy(&self) -> Option<Restart> {
        self.policy().cloned()
    }

    fn under(self, governor: Arc<dyn Governor>) -> SpawnRestarting<M> {
        self.governed_by(governor)
    }
}

type Start<'p> = Box<dyn FnOnce(Arc<dyn Governor>, Phase) -> Result<Running, SpawnError> + 'p>;

/// A child with everything for its start, without its types.
pub(super) struct Prepared<'p> {
    pub(super) policy: Option<Restart>,
    start: Start<'p>,
}

impl<'p> Prepared<'p> {
    pub(super) fn new<C: Child + 'p, K: 'static, R: Made<C::Message, K> + 'static>(
        child: C,
        place: &'p (impl Place + ?Sized),
        make: impl FnMut() -> R + Send + 'static,
    ) -> Self {
        let policy = child.own_policy();
        let start = move |governor, phase| child.under(governor).phase(phase).start(place, make);
        Self { policy, start: Box::new(start) }
    }

    /// Starts the actor. Its first life waits for the governor.
    pub(super) fn start(
        self,
        governor: Arc<dyn Governor>,
        phase: Phase,
    ) -> Result<Running, SpawnError> {
        (self.start)(governor, phase)
    }
}

impl fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("policy", &self.policy).finish_non_exhaustive()
    }
}
