//! The monitors of one life of an actor: the numbers, and the functions for their messages.
//!
//! Used by the actor alone. Dropped with its life, so a monitor belongs to one life. See
//! `mailbox/watchers.rs` for the part in the watched actors.

use std::collections::BTreeMap;
use std::sync::Weak;

use crate::mailbox::down::{Down, MonitorId};
use crate::mailbox::exit::Ended;
use crate::mailbox::watchers::{self, Peer};
use crate::panic::drop_contained;

/// Makes the message of an end.
type IntoMessage<M> = Box<dyn FnOnce(Down) -> M>;

pub(crate) struct Monitors<M> {
    /// The actor itself, as the watched actors know it.
    watcher: Weak<dyn Peer>,
    pending: BTreeMap<MonitorId, Pending<M>>,
    /// The number of pending monitors that keep the actor reachable.
    keeping: usize,
}

struct Pending<M> {
    /// `None` if the actor had left no trace.
    target: Option<Weak<dyn Peer>>,
    into_message: IntoMessage<M>,
    keeps: bool,
}

impl<M> Monitors<M> {
    pub(crate) fn new(watcher: Weak<dyn Peer>) -> Self {
        Self { watcher, pending: BTreeMap::new(), keeping: 0 }
    }

    /// Returns whether a pending monitor keeps the actor reachable.
    pub(crate) fn keep_reachable(&self) -> bool {
        self.keeping > 0
    }

    pub(crate) fn watcher(&self) -> &Weak<dyn Peer> {
        &self.watcher
    }

    /// Adds a monitor, before its target knows it.
    pub(crate) fn add(
        &mut self,
        id: MonitorId,
        target: Option<Weak<dyn Peer>>,
        into_message: IntoMessage<M>,
        keeps: bool,
    ) {
        self.keeping += usize::from(keeps);
        self.pending.insert(id, Pending { target, into_message, keeps });
    }

    /// Removes a monitor. Returns whether it was pending.
    pub(crate) fn remove(&mut self, id: MonitorId) -> bool {
        let Some(pending) = self.take(id) else { return false };
        self.forget(id, &pending);
        true
    }

    /// Makes the message of an end. `None` if the monitor was removed, or belonged to an earlier
    /// life.
    pub(crate) fn message(&mut self, id: MonitorId, ended: Ended) -> Option<M> {
        let pending = self.take(id)?;
        Some((pending.into_message)(Down::new(id, ended)))
    }

    fn take(&mut self, id: MonitorId) -> Option<Pending<M>> {
        let pending = self.pending.remove(&id)?;
        self.keeping -= usize::from(pending.keeps);
        Some(pending)
    }

    /// Frees the memory of a monitor at its target.
    fn forget(&self, id: MonitorId, pending: &Pending<M>) {
        if let Some(target) = pending.target.as_ref().and_then(Weak::upgrade) {
            watchers::demonitor(&*target, watchers::address(&self.watcher), id);
        }
    }
}

impl<M> Drop for Monitors<M> {
    fn drop(&mut self) {
        while let Some((id, pending)) = self.pending.pop_first() {
            self.forget(id, &pending);
            // The panic hook has reported any panic in this drop. The others follow.
            drop(drop_contained(pending));
        }
    }
}
