//! The watchers of one actor: who is to learn of its end.
//!
//! # Protocol
//!
//! The table is a [`Serial`] state, so each change is one step. An actor has a table once somebody
//! watches it.
//!
//! ```text
//! watcher                                   target, at its end
//!   make the table, if there is none          publish the exit             (2)
//!   add the entry                  (1)        fence SeqCst
//!   fence SeqCst                              is there a table?  yes -> end it
//!   is there an exit?  yes -> end it
//! ```
//!
//! Ending the table tells all its entries. An entry added to an ended table is told at once.
//! So each entry is told exactly once, unless it was removed before: it leaves the table in the
//! step that tells it. No entry is missed: if the target's check finds no table, then (2) precedes
//! the fence of the watcher, and its own check finds the exit.
//!
//! The table holds no function. A monitor's function stays with its watcher
//! (`actor/monitors.rs`), under a number. The end is pushed to the watcher's [`Late`] stack with
//! this number. So the watcher alone decides whether its monitor still exists, on its own thread,
//! and a removal here only frees memory. A watcher removes its entries when its life ends. So the
//! table holds entries of living watchers only, and needs no bound of its own.
//!
//! Everything that reaches another actor is done after the table is back at rest, because it runs
//! wakers and may change other tables.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::sync::{Arc, Weak};

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::down::MonitorId;
use crate::mailbox::exit::Ended;
use crate::mailbox::late::Late;
use crate::mailbox::serial::{Apply, Serial};
use crate::panic::{contained, drop_contained};
use crate::sync::{AtomicU64, Ordering, fence};

/// An actor as another one sees it that watches it or is watched by it.
pub(crate) trait Peer: Send + Sync {
    /// Returns the watching part. Makes it, if this is its first use.
    fn watch(&self) -> &Watch;
    /// Returns the watching part if there is one.
    fn watch_if_any(&self) -> Option<&Watch>;
    /// Returns the published end.
    fn ended(&self) -> Option<Ended>;
    /// Makes the actor's task look at its [`Watch::downs`].
    fn look_at_downs(&self);
}

/// What a watcher names: an actor, or one that has left no trace.
pub struct Target(pub(crate) Option<Arc<dyn Peer>>);

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

/// What an actor has once it watches or is watched.
pub(crate) struct Watch {
    table: Serial<Table>,
    /// Ends of actors watched by this one, with the number of the monitor.
    downs: Late<(MonitorId, Ended)>,
    next_monitor: AtomicU64,
}

/// The entries of one actor.
#[derive(Default)]
pub(super) struct Table {
    monitors: BTreeMap<(Address, MonitorId), Weak<dyn Peer>>,
    ended: Option<Ended>,
}

/// Different for each watcher while an entry of it exists.
type Address = usize;

/// A change of a table.
pub(crate) enum Change {
    /// Adds a monitor of a watcher.
    Monitor(Weak<dyn Peer>, MonitorId),
    Demonitor(Address, MonitorId),
    End(Ended),
}

/// What reaches another actor.
pub(super) enum Tell {
    Down(Weak<dyn Peer>, MonitorId, Ended),
}

pub(crate) fn address(peer: &Weak<dyn Peer>) -> Address {
    peer.as_ptr().addr()
}

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            table: Serial::new(Table::default()),
            downs: Late::new(),
            next_monitor: AtomicU64::new(0),
        }
    }

    /// Returns a number for a monitor of this actor. No two lives share one.
    pub(crate) fn next_monitor(&self) -> MonitorId {
        MonitorId(self.next_monitor.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn downs(&self) -> &Late<(MonitorId, Ended)> {
        &self.downs
    }
}

/// Adds a monitor of `watcher` to `target`. It is told at once if the target has ended.
pub(crate) fn monitor(target: &dyn Peer, watcher: Weak<dyn Peer>, id: MonitorId) {
    change(target.watch(), Change::Monitor(watcher, id));
    // Pairs with the fence in `end`.
    fence(Ordering::SeqCst);
    if let Some(ended) = target.ended() {
        change(target.watch(), Change::End(ended));
    }
}

/// Tells a watcher of an end.
pub(crate) fn tell_down(watcher: Weak<dyn Peer>, id: MonitorId, ended: Ended) {
    Tell::Down(watcher, id, ended).tell();
}

/// Frees the memory of a monitor. The watcher has forgotten its number before.
pub(crate) fn demonitor(target: &dyn Peer, watcher: Address, id: MonitorId) {
    if let Some(watch) = target.watch_if_any() {
        change(watch, Change::Demonitor(watcher, id));
    }
}

/// Tells all watchers, after the end was published.
pub(crate) fn end(target: &dyn Peer) {
    // Pairs with the fence in `monitor`.
    fence(Ordering::SeqCst);
    if let (Some(watch), Some(ended)) = (target.watch_if_any(), target.ended()) {
        change(watch, Change::End(ended));
    }
}

impl<'a> ConsumerSide<'a, Watch> {
    /// Views the ends of watched actors.
    pub(super) fn downs_side(self) -> ConsumerSide<'a, Late<(MonitorId, Ended)>> {
        let watch = self.get();
        self.field(&watch.downs)
    }
}

fn change(watch: &Watch, change: Change) {
    let mut rest = VecDeque::new();
    watch.table.run(change, &mut rest);
    while let Some(tell) = rest.pop_front() {
        // A panic comes from a waker or from an error's drop. The others are told as well.
        drop(contained(|| tell.tell()));
    }
}

impl Tell {
    fn tell(self) {
        match self {
            Self::Down(watcher, id, ended) => {
                let Some(watcher) = watcher.upgrade() else { return };
                // Refused by a watcher that has ended.
                let refused = watcher.watch().downs.push((id, ended));
                drop(drop_contained(refused));
                watcher.look_at_downs();
            }
        }
    }
}

impl Apply for Table {
    type Operation = Change;
    type Rest = Tell;

    fn apply(&mut self, change: Change, rest: &mut VecDeque<Tell>) {
        match change {
            Change::Monitor(watcher, id) => match &self.ended {
                Some(ended) => rest.push_back(Tell::Down(watcher, id, ended.clone())),
                None => _ = self.monitors.insert((address(&watcher), id), watcher),
            },
            Change::Demonitor(watcher, id) => _ = self.monitors.remove(&(watcher, id)),
            Change::End(ended) => {
                let ended = self.ended.get_or_insert(ended);
                let monitors = mem::take(&mut self.monitors).into_iter();
                rest.extend(monitors.map(|((_, id), who)| Tell::Down(who, id, ended.clone())));
            }
        }
    }
}

/// Returns the weak reference kept in the tables of others.
pub(crate) fn weak<P: Peer + 'static>(peer: &Arc<P>) -> Weak<dyn Peer> {
    Arc::downgrade(peer) as Weak<dyn Peer>
}
