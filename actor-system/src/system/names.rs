//! The names of a system: of its actors, and of registered handles.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::handle::WeakHandle;
use actor_core::life::SpawnError;
use actor_core::{Handle, Message};
use papaya::HashMap;

use crate::system::entry::ActorId;

/// The name is taken, or is not a valid name.
///
/// # Examples
///
/// ```
/// use actor_system::System;
/// use actor_system::system::RegisterError;
///
/// # struct Job;
/// # impl actor_core::Message for Job {}
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (one, _one_mailbox) = actor_core::mailbox::<Job>();
/// let (other, _other_mailbox) = actor_core::mailbox::<Job>();
/// system.register("jobs", &one)?;
/// let taken: RegisterError = system.register("jobs", &other).unwrap_err();
/// assert!(taken.to_string().contains("`/jobs` is taken by a registered handle"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegisterError {
    /// An actor has this path, or a handle whose actor is running.
    Taken {
        /// The path.
        path: Arc<str>,
        /// What holds it.
        holder: String,
    },
    /// The name is empty.
    Invalid,
}

/// The names of one system. A name is freed at the end of its actor.
#[derive(Default)]
pub(crate) struct Names {
    holders: HashMap<Arc<str>, Holder>,
    /// Distinguishes holders of the same name.
    serial: AtomicUsize,
    /// The number of names at which registered handles without an actor are removed.
    sweep_at: AtomicUsize,
}

/// What holds a name.
struct Holder {
    serial: usize,
    /// The actor with this path. `None` for a registered handle.
    actor: Option<ActorId>,
    /// A weak handle.
    handle: Option<Arc<dyn Any + Send + Sync>>,
    /// Whether the actor of a registered handle is gone. An actor's path is removed at its end.
    is_gone: fn(&dyn Any) -> bool,
}

/// The number of names below which none is removed.
const FEW: usize = 64;

impl Names {
    /// Reserves the path of a new actor with a name, and returns it.
    pub(crate) fn reserve(
        &self,
        name: &str,
        id: ActorId,
        handle: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Result<Arc<str>, SpawnError> {
        let path = path_of(name)?;
        let holder = Holder { serial: self.next(), actor: Some(id), handle, is_gone: |_| false };
        match self.insert(&path, holder) {
            Ok(()) => Ok(path),
            Err(_holder) => Err(SpawnError::NameTaken(path)),
        }
    }

    /// Frees the path of an actor.
    pub(crate) fn free(&self, path: &str, id: ActorId) {
        // An entry of another holder stays. No code of the program runs here.
        let _ = self.holders.pin().remove_if(path, |_, holder| holder.actor == Some(id));
    }

    /// Registers a handle under a path.
    pub(crate) fn register<M: Message>(
        &self,
        name: &str,
        handle: &Handle<M>,
    ) -> Result<(), RegisterError> {
        let path = path_of(name).map_err(|_| RegisterError::Invalid)?;
        self.sweep();
        let holder = Holder::registered(self.next(), handle);
        self.insert(&path, holder).map_err(|holder| RegisterError::Taken { path, holder })
    }

    /// Returns the handle of this type under a path.
    pub(crate) fn find<M: Message>(&self, name: &str) -> Option<Handle<M>> {
        let path = path_of(name).ok()?;
        let holders = self.holders.pin();
        let handle = holders.get(&path)?.handle.as_ref()?;
        handle.downcast_ref::<WeakHandle<M>>()?.upgrade()
    }

    /// Inserts a holder, in place of one whose actor is gone. Returns the living holder otherwise.
    fn insert(&self, path: &Arc<str>, mut holder: Holder) -> Result<(), String> {
        let holders = self.holders.pin();
        loop {
            let (living, serial) = match holders.try_insert(Arc::clone(path), holder) {
                Ok(_) => return Ok(()),
                Err(occupied) => {
                    holder = occupied.not_inserted;
                    let current = occupied.current;
                    ((!current.is_gone()).then(|| current.to_string()), current.serial)
                }
            };
            if let Some(living) = living {
                return Err(living);
            }
            // The same holder and no later one, so a racing insert is not lost.
            let _ = holders.remove_if(path, |_, current| current.serial == serial);
        }
    }

    /// Removes registered handles without an actor. The number of names doubles between two sweeps,
    /// so each registration pays for a constant number of them.
    fn sweep(&self) {
        let holders = self.holders.pin();
        if holders.len() >= self.sweep_at.load(Ordering::Relaxed).max(FEW) {
            holders.retain(|_, holder| !holder.is_gone());
            self.sweep_at.store(2 * holders.len(), Ordering::Relaxed);
        }
    }

    fn next(&self) -> usize {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }
}

impl Holder {
    fn registered<M: Message>(serial: usize, handle: &Handle<M>) -> Self {
        let is_gone = |handle: &dyn Any| {
            handle.downcast_ref::<WeakHandle<M>>().is_none_or(|weak| weak.upgrade().is_none())
        };
        Self { serial, actor: None, handle: Some(Arc::new(handle.downgrade())), is_gone }
    }

    /// Returns whether the name is free, although it is in the list.
    fn is_gone(&self) -> bool {
        self.handle.as_deref().is_some_and(|handle| (self.is_gone)(handle))
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.actor {
            Some(id) => write!(f, "actor {id}"),
            None => f.write_str("a registered handle"),
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.holders.pin().keys()).finish()
    }
}

/// Returns the path of a name: with one slash in front.
fn path_of(name: &str) -> Result<Arc<str>, SpawnError> {
    let path = name.strip_prefix('/').unwrap_or(name);
    // A control character in a report or a log would move the operator's cursor.
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_control);
    if !path.split('/').all(is_part) {
        return Err(SpawnError::NameInvalid(name.into()));
    }
    Ok(format!("/{path}").into())
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { path, holder } => write!(f, "the name `{path}` is taken by {holder}"),
            Self::Invalid => {
                f.write_str("the name is empty, or has an empty part or a control character")
            }
        }
    }
}

impl std::error::Error for RegisterError {}
