//! The watchers of one actor, and its links: who is to learn of its end.
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
//! # Monitors
//!
//! The table holds no function. A monitor's function stays with its watcher
//! (`actor/monitors.rs`), under a number. The end is pushed to the watcher's [`Late`] stack with
//! this number. So the watcher alone decides whether its monitor still exists, on its own thread,
//! and a removal here only frees memory. A watcher removes its entries when its life ends. So the
//! table holds entries of living watchers only, and needs no bound of its own.
//!
//! # Links
//!
//! A link is one [`Pair`], with an entry in the tables of both actors. Which pairs exist is decided
//! in one of the two tables: that of the actor with the lower address. So two calls of `link` make
//! one pair, and `unlink` removes it. The other table follows:
//!
//! ```text
//! lower table                               higher table
//!   link: none yet -> a pair, entry    ──▶    linked: entry, unless the pair is off
//!   unlink: pair off, no entry         ──▶    unlinked: no entry of this pair
//! either table
//!   end: pair on -> off: end the other life, if the end was abnormal
//!        in any case                   ──▶    unlinked
//! ```
//!
//! The two changes of a pair may reach the higher table in the wrong order. An `unlinked` before
//! its `linked` finds no entry; then the pair is off, so the `linked` adds none. A pair goes off
//! once, so it fires at most once.
//!
//! # What reaches others
//!
//! Everything that reaches another actor is done after the table is back at rest, because it runs
//! wakers and changes other tables. One thread does it in a loop, so a chain of any length needs no
//! deep stack.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::sync::{Arc, Weak};

use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::down::MonitorId;
use crate::mailbox::exit::{Ended, ExitReason};
use crate::mailbox::late::Late;
use crate::mailbox::serial::{Apply, Serial};
use crate::panic::{contained, drop_contained};
use crate::sync::{AtomicBool, AtomicU64, Ordering, fence};

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
    /// Ends the current life of the actor, if it has one.
    fn end_life(&self, reason: ExitReason);
}

/// What a watcher names: an actor, or one that has left no trace.
#[doc(hidden)]
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
    /// By the address of the other actor.
    links: BTreeMap<Address, Link>,
    ended: Option<Ended>,
}

/// One side of a link.
#[derive(Clone)]
pub(crate) struct Link {
    own: Weak<dyn Peer>,
    other: Weak<dyn Peer>,
    pair: Arc<Pair>,
}

/// Whether a link exists. Shared by its two sides.
pub(crate) struct Pair {
    is_on: AtomicBool,
}

/// Different for each actor while an entry of it exists.
type Address = usize;

/// A change of a table.
pub(crate) enum Change {
    /// Adds a monitor of a watcher.
    Monitor(Weak<dyn Peer>, MonitorId),
    Demonitor(Address, MonitorId),
    /// Adds a link, in the lower table. Holds the higher actor, so that its end leaves a trace
    /// until its own table has the link.
    Link(Link, Arc<dyn Peer>),
    /// Adds the other side of a link.
    Linked(Link),
    /// Removes a link, in the lower table.
    Unlink(Address),
    /// Removes the other side of a link.
    Unlinked(Address, Arc<Pair>),
    End(Ended),
}

/// What reaches another actor.
pub(super) enum Tell {
    Down(Weak<dyn Peer>, MonitorId, Ended),
    EndLife(Weak<dyn Peer>, Arc<Ended>),
    Linked(Arc<dyn Peer>, Link),
    Change(Weak<dyn Peer>, Change),
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

    /// Returns the numbers of monitors and links, while no thread changes them.
    #[cfg(all(test, any(loom, shuttle)))]
    pub(super) fn entries(&self) -> (usize, usize) {
        self.table.look(|table| (table.monitors.len(), table.links.len()))
    }

    pub(crate) fn downs(&self) -> &Late<(MonitorId, Ended)> {
        &self.downs
    }
}

/// Adds a monitor of `watcher` to `target`. It is told at once if the target has ended.
pub(crate) fn monitor(target: &dyn Peer, watcher: Weak<dyn Peer>, id: MonitorId) {
    change(target, Change::Monitor(watcher, id));
}

/// Reports an end to a watcher.
pub(crate) fn tell_down(watcher: Weak<dyn Peer>, id: MonitorId, ended: Ended) {
    tell_all(VecDeque::from([Tell::Down(watcher, id, ended)]));
}

/// Frees the memory of a monitor. The watcher has forgotten its number before.
pub(crate) fn demonitor(target: &dyn Peer, watcher: Address, id: MonitorId) {
    if target.watch_if_any().is_some() {
        change(target, Change::Demonitor(watcher, id));
    }
}

/// Links two actors, unless they are linked or are one. If one has ended abnormally, the other's
/// life ends.
pub(crate) fn link(one: &Arc<dyn Peer>, other: &Target) {
    let Some(other) = &other.0 else {
        one.end_life(ExitReason::Linked(Arc::new(Ended::unknown())));
        return;
    };
    let Some([lower, higher]) = in_order(one, other) else { return };
    let (own, other) = (Arc::downgrade(lower), Arc::downgrade(higher));
    let pair = Arc::new(Pair { is_on: AtomicBool::new(true) });
    change(&**lower, Change::Link(Link { own, other, pair }, Arc::clone(higher)));
}

/// Removes the link of two actors, if there is one.
pub(crate) fn unlink(one: &Arc<dyn Peer>, other: &Target) {
    let Some(other) = &other.0 else { return };
    let Some([lower, higher]) = in_order(one, other) else { return };
    if lower.watch_if_any().is_some() {
        change(&**lower, Change::Unlink(address(&Arc::downgrade(higher))));
    }
}

/// Returns the actor with the lower address first. `None` if they are one.
fn in_order<'a>(
    one: &'a Arc<dyn Peer>,
    other: &'a Arc<dyn Peer>,
) -> Option<[&'a Arc<dyn Peer>; 2]> {
    let address = |peer: &Arc<dyn Peer>| Arc::as_ptr(peer).addr();
    match address(one).cmp(&address(other)) {
        std::cmp::Ordering::Less => Some([one, other]),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some([other, one]),
    }
}

/// Reports an end to all watchers, after it was published.
pub(crate) fn end(target: &dyn Peer) {
    // Pairs with the fence in `change_table`.
    fence(Ordering::SeqCst);
    if target.watch_if_any().is_some()
        && let Some(ended) = target.ended()
    {
        change(target, Change::End(ended));
    }
}

/// Changes the table of an actor, and does everything that follows.
fn change(target: &dyn Peer, change: Change) {
    let mut rest = VecDeque::new();
    change_table(target, change, &mut rest);
    tell_all(rest);
}

fn tell_all(mut rest: VecDeque<Tell>) {
    while let Some(tell) = rest.pop_front() {
        // A panic comes from a waker or from an error's drop. The others are told as well.
        drop(contained(|| tell.tell(&mut rest)));
    }
}

/// Changes the table of an actor, which is then ended if the actor has.
fn change_table(target: &dyn Peer, change: Change, rest: &mut VecDeque<Tell>) {
    let table = &target.watch().table;
    let is_end = matches!(change, Change::End(_));
    table.run(change, rest);
    // Pairs with the fence in `end`.
    fence(Ordering::SeqCst);
    if !is_end && let Some(ended) = target.ended() {
        table.run(Change::End(ended), rest);
    }
}

impl<'a> ConsumerSide<'a, Watch> {
    /// Views the ends of watched actors.
    pub(super) fn downs_side(self) -> ConsumerSide<'a, Late<(MonitorId, Ended)>> {
        let watch = self.get();
        self.field(&watch.downs)
    }
}

impl Tell {
    fn tell(self, rest: &mut VecDeque<Self>) {
        match self {
            Self::Down(watcher, id, ended) => {
                let Some(watcher) = watcher.upgrade() else { return };
                // Refused by a watcher that has ended.
                let refused = watcher.watch().downs.push((id, ended));
                drop(drop_contained(refused));
                watcher.look_at_downs();
            }
            Self::EndLife(other, cause) => {
                if let Some(other) = other.upgrade() {
                    other.end_life(ExitReason::Linked(cause));
                }
            }
            Self::Linked(other, link) => change_table(&*other, Change::Linked(link), rest),
            Self::Change(other, change) => {
                if let Some(other) = other.upgrade() {
                    change_table(&*other, change, rest);
                }
            }
        }
    }
}

impl Pair {
    fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Removes the link. Returns whether this call did.
    fn turn_off(&self) -> bool {
        self.is_on.swap(false, Ordering::Relaxed)
    }
}

impl Link {
    /// Returns the same link as the other actor sees it.
    fn turned(&self) -> Self {
        let Self { own, other, pair } = self.clone();
        Self { own: other, other: own, pair }
    }

    /// Ends the link with its actor.
    fn end(self, ended: &Ended, rest: &mut VecDeque<Tell>) {
        let was_on = self.pair.turn_off();
        if was_on && !ended.reason.is_normal() {
            rest.push_back(Tell::EndLife(self.other.clone(), ended.root()));
        }
        self.forget(rest);
    }

    /// Removes the other side.
    fn forget(self, rest: &mut VecDeque<Tell>) {
        let Self { own, other, pair } = self;
        rest.push_back(Tell::Change(other, Change::Unlinked(address(&own), pair)));
    }
}

impl Table {
    fn add_link(&mut self, link: Link, rest: &mut VecDeque<Tell>) {
        match &self.ended {
            Some(ended) => link.end(ended, rest),
            None => _ = self.links.insert(address(&link.other), link),
        }
    }

    fn end(&mut self, ended: Ended, rest: &mut VecDeque<Tell>) {
        let ended = self.ended.get_or_insert(ended);
        let monitors = mem::take(&mut self.monitors).into_iter();
        rest.extend(monitors.map(|((_, id), who)| Tell::Down(who, id, ended.clone())));
        mem::take(&mut self.links).into_values().for_each(|link| link.end(ended, rest));
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
            Change::Link(link, other) => {
                let linked = self.links.get(&address(&link.other));
                if linked.is_none_or(|linked| !linked.pair.is_on()) {
                    let turned = Tell::Linked(other, link.turned());
                    self.add_link(link, rest);
                    rest.push_back(turned);
                }
            }
            Change::Linked(link) => {
                if link.pair.is_on() {
                    self.add_link(link, rest);
                }
            }
            Change::Unlink(other) => {
                if let Some(link) = self.links.remove(&other) {
                    link.pair.turn_off();
                    link.forget(rest);
                }
            }
            Change::Unlinked(other, pair) => {
                if self.links.get(&other).is_some_and(|link| Arc::ptr_eq(&link.pair, &pair)) {
                    self.links.remove(&other);
                }
            }
            Change::End(ended) => self.end(ended, rest),
        }
    }
}

/// Returns the weak reference kept in the tables of others.
pub(crate) fn weak<P: Peer + 'static>(peer: &Arc<P>) -> Weak<dyn Peer> {
    Arc::downgrade(peer) as Weak<dyn Peer>
}
