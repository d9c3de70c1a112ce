//! Monitors and links: ends against additions, removals and other ends.

use std::sync::atomic::AtomicUsize as PlainCount;
use std::sync::{Arc, Weak};

use crate::checker::{check, check_some, thread};
use crate::mailbox::consumer::ConsumerSide;
use crate::mailbox::down::MonitorId;
use crate::mailbox::exit::{Ended, ExitReason};
use crate::mailbox::lazy::FirstUse;
use crate::mailbox::watchers::{self, Peer, Target, Watch};
use crate::sync::{AtomicBool, Ordering};

/// An actor reduced to its watching part. Its exit is a flag.
struct Actor {
    watch: FirstUse<Watch>,
    has_ended: AtomicBool,
    is_normal: bool,
    /// Requests to end its life. A plain atomic, because only the sum is checked.
    lives_ended: PlainCount,
}

impl Peer for Actor {
    fn watch(&self) -> &Watch {
        self.watch.get_or_make(Watch::new).expect("it is never closed")
    }

    fn watch_if_any(&self) -> Option<&Watch> {
        self.watch.get()
    }

    fn ended(&self) -> Option<Ended> {
        let reason = if self.is_normal { ExitReason::Stopped } else { ExitReason::Killed };
        self.has_ended.load(Ordering::Acquire).then_some(Ended { name: None, reason })
    }

    fn look_at_downs(&self) {}

    fn end_life(&self, reason: ExitReason) {
        assert!(matches!(reason, ExitReason::Linked(_)));
        self.lives_ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Actor {
    fn new(is_normal: bool) -> Self {
        Self {
            watch: FirstUse::new(),
            has_ended: AtomicBool::new(false),
            is_normal,
            lives_ended: PlainCount::new(0),
        }
    }

    /// Two actors that end abnormally, the one with the lower address first, so that each run of a
    /// model is the same.
    fn two() -> [Arc<Self>; 2] {
        let mut two = [Arc::new(Self::new(false)), Arc::new(Self::new(false))];
        two.sort_by_key(|one| Arc::as_ptr(one).addr());
        two
    }

    fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
        watchers::end(self);
    }

    fn weak(self: &Arc<Self>) -> Weak<dyn Peer> {
        watchers::weak(self)
    }

    fn link(self: &Arc<Self>, other: &Arc<Self>) {
        watchers::link(&self.peer(), &Target(Some(other.peer())));
    }

    fn unlink(self: &Arc<Self>, other: &Arc<Self>) {
        watchers::unlink(&self.peer(), &Target(Some(other.peer())));
    }

    fn peer(self: &Arc<Self>) -> Arc<dyn Peer> {
        Arc::clone(self) as _
    }

    fn lives_ended(&self) -> usize {
        self.lives_ended.load(Ordering::SeqCst)
    }

    /// Returns the numbers of monitors and links.
    fn entries(&self) -> (usize, usize) {
        self.watch.get().map_or((0, 0), Watch::entries)
    }

    /// Returns the monitors that have fired.
    fn downs(self: Arc<Self>) -> Vec<u64> {
        let mut own = Arc::into_inner(self).expect("nothing else keeps it");
        let Some(mut side) =
            ConsumerSide::of_owned(&mut own.watch).made().map(|side| side.downs_side())
        else {
            return Vec::new();
        };
        let mut downs: Vec<u64> =
            std::iter::from_fn(|| side.next()).map(|(MonitorId(n), _)| n).collect();
        // Ends told by different threads come in any order.
        downs.sort_unstable();
        downs
    }
}

fn on_a_thread(act: impl FnOnce() + Send + 'static) -> thread::JoinHandle<()> {
    thread::spawn(act)
}

#[test]
fn a_monitor_added_during_the_end_fires_once() {
    check(3, || {
        let (target, watcher) = (Arc::new(Actor::new(true)), Arc::new(Actor::new(true)));
        let ends = Arc::clone(&target);
        let ending = on_a_thread(move || ends.end());
        watchers::monitor(&*target, watcher.weak(), MonitorId(7));
        ending.join().expect("no panic");
        assert_eq!(target.entries(), (0, 0));
        assert_eq!(watcher.downs(), [7]);
    });
}

#[test]
fn monitors_of_two_watchers_fire_once_each_at_a_concurrent_end() {
    check_some(2, || {
        let target = Arc::new(Actor::new(true));
        let watchers = [(); 2].map(|()| Arc::new(Actor::new(true)));
        let ends = Arc::clone(&target);
        let ending = on_a_thread(move || ends.end());
        let (other, watched) = (Arc::clone(&watchers[1]), Arc::clone(&target));
        let adding = on_a_thread(move || watchers::monitor(&*watched, other.weak(), MonitorId(1)));
        watchers::monitor(&*target, watchers[0].weak(), MonitorId(0));
        ending.join().expect("no panic");
        adding.join().expect("no panic");
        assert_eq!(target.entries(), (0, 0));
        watchers.into_iter().zip(0..).for_each(|(one, n)| assert_eq!(one.downs(), [n]));
    });
}

#[test]
fn a_monitor_removed_during_the_end_leaves_nothing_and_fires_at_most_once() {
    check(3, || {
        let (target, watcher) = (Arc::new(Actor::new(true)), Arc::new(Actor::new(true)));
        watchers::monitor(&*target, watcher.weak(), MonitorId(0));
        let ends = Arc::clone(&target);
        let ending = on_a_thread(move || ends.end());
        watchers::demonitor(&*target, watchers::address(&watcher.weak()), MonitorId(0));
        watchers::monitor(&*target, watcher.weak(), MonitorId(1));
        ending.join().expect("no panic");
        assert_eq!(target.entries(), (0, 0));
        let downs = watcher.downs();
        assert!(downs == [1] || downs == [0, 1], "{downs:?}");
    });
}

#[test]
fn a_watcher_ending_together_with_its_target_is_left_alone() {
    check(3, || {
        let (target, watcher) = (Arc::new(Actor::new(true)), Arc::new(Actor::new(true)));
        watchers::monitor(&*target, watcher.weak(), MonitorId(0));
        let ends = Arc::clone(&target);
        let ending = on_a_thread(move || ends.end());
        let address = watchers::address(&watcher.weak());
        drop(watcher);
        watchers::demonitor(&*target, address, MonitorId(0));
        ending.join().expect("no panic");
        assert_eq!(target.entries(), (0, 0));
    });
}

#[test]
fn a_link_made_during_an_end_ends_the_other_life_once() {
    for ends_lower in [true, false] {
        check(3, move || {
            let [lower, higher] = Actor::two();
            let (ends, lives) = if ends_lower { (&lower, &higher) } else { (&higher, &lower) };
            let ended = Arc::clone(ends);
            let ending = on_a_thread(move || ended.end());
            lower.link(&higher);
            ending.join().expect("no panic");
            assert_eq!((ends.lives_ended(), lives.lives_ended()), (0, 1));
            assert_eq!((lower.entries(), higher.entries()), ((0, 0), (0, 0)));
        });
    }
}

/// The link may be entered by the thread that is at work on the table, after the call of `link`.
#[test]
fn a_link_to_an_actor_that_then_ends_and_leaves_no_trace_fires_once() {
    check(3, || {
        let [stays, leaves] = Actor::two();
        let watcher = Arc::new(Actor::new(true));
        let (target, watching) = (Arc::clone(&stays), watcher.weak());
        let at_work = on_a_thread(move || watchers::monitor(&*target, watching, MonitorId(0)));
        stays.link(&leaves);
        leaves.end();
        drop(leaves);
        at_work.join().expect("no panic");
        assert_eq!(stays.lives_ended(), 1);
        assert_eq!(stays.entries(), (1, 0));
    });
}

#[test]
fn linked_actors_ending_together_leave_nothing() {
    check(3, || {
        let [lower, higher] = Actor::two();
        lower.link(&higher);
        let ends = Arc::clone(&higher);
        let ending = on_a_thread(move || ends.end());
        lower.end();
        ending.join().expect("no panic");
        assert_eq!(lower.lives_ended() + higher.lives_ended(), 1, "one was first");
        assert_eq!((lower.entries(), higher.entries()), ((0, 0), (0, 0)));
    });
}

#[test]
fn concurrent_links_and_removals_leave_both_sides_or_none() {
    check_some(2, || {
        let [lower, higher] = Actor::two();
        let (one, other) = (Arc::clone(&lower), Arc::clone(&higher));
        let linking = on_a_thread(move || {
            one.link(&other);
            other.unlink(&one);
            one.link(&other);
        });
        higher.link(&lower);
        lower.unlink(&higher);
        linking.join().expect("no panic");
        let (own, others) = (lower.entries().1, higher.entries().1);
        assert_eq!(own, others, "a link has two sides");
        lower.end();
        assert_eq!(higher.lives_ended(), own);
        assert_eq!(higher.entries(), (0, 0));
    });
}

#[test]
fn a_link_removed_during_an_end_fires_at_most_once_and_leaves_nothing() {
    check(2, || {
        let [lower, higher] = Actor::two();
        lower.link(&higher);
        let ends = Arc::clone(&higher);
        let ending = on_a_thread(move || ends.end());
        higher.unlink(&lower);
        ending.join().expect("no panic");
        assert!(lower.lives_ended() <= 1 && higher.lives_ended() == 0);
        assert_eq!((lower.entries(), higher.entries()), ((0, 0), (0, 0)));
    });
}
