//! The lanes of C as constants of the process.
//!
//! A mailbox keeps references to its lanes for ever, because its figures name them. C gives lanes
//! at run time. So each distinct list of lanes is kept once, until the process ends, and mailboxes
//! of one kind share it. Their number is bounded by [`MOST`].
//!
//! The layouts form a list that only grows. Its links are set once, so a search takes no lock. Two
//! threads with one new layout race for the same link: the second finds it set, and searches on.

use std::ffi::{CStr, CString};
use std::sync::OnceLock;

use actor_core::Lane;

/// The kind of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Control,
    Fifo,
    NewestFirst,
    Latest,
    LatestByKey,
}

/// A checked description of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// UTF-8.
    pub(crate) name: CString,
    pub(crate) kind: Kind,
    pub(crate) capacity: usize,
    pub(crate) weight: u32,
    /// 0: none.
    pub(crate) share: usize,
}

/// The number of distinct layouts in a process.
pub(crate) const MOST: usize = 4096;

/// A list of lanes, kept until the process ends.
#[derive(Debug)]
pub(crate) struct Layout {
    plans: Vec<Plan>,
    lanes: OnceLock<Box<[Lane]>>,
    next: Link,
}

type Link = OnceLock<Box<Layout>>;

static FIRST: Link = Link::new();

impl Layout {
    /// Returns the layout with these lanes. `None` if there are [`MOST`] others already.
    pub(crate) fn of(plans: Vec<Plan>) -> Option<&'static Self> {
        Self::in_list(&FIRST, MOST, plans)
    }

    fn in_list(first: &'static Link, most: usize, plans: Vec<Plan>) -> Option<&'static Self> {
        let mut new = Box::new(Self { plans, lanes: OnceLock::new(), next: Link::new() });
        let mut link = first;
        for _ in 0..most {
            let found = match link.get() {
                Some(found) => found,
                None => match link.set(new) {
                    Ok(()) => return link.get().map(|kept| &**kept),
                    Err(back) => {
                        new = back;
                        link.get()?
                    }
                },
            };
            if found.plans == new.plans {
                return Some(found);
            }
            link = &found.next;
        }
        None
    }

    /// Returns the lanes as the mailbox wants them.
    pub(crate) fn lanes(&'static self) -> &'static [Lane] {
        self.lanes.get_or_init(|| self.plans.iter().map(Plan::lane).collect())
    }

    /// Returns the name of a lane.
    pub(crate) fn name(&'static self, lane: usize) -> &'static CStr {
        &self.plans[lane].name
    }
}

impl Plan {
    fn lane(&'static self) -> Lane {
        let name = self.name.to_str().expect("its maker has checked it");
        let lane = match self.kind {
            Kind::Control => Lane::control(name, self.capacity),
            Kind::Fifo => Lane::fifo(name, self.capacity),
            Kind::NewestFirst => Lane::newest_first(name, self.capacity),
            Kind::Latest => Lane::latest(name),
            Kind::LatestByKey => Lane::latest_by_key(name, self.capacity),
        };
        let lane = lane.weight(self.weight);
        if self.share > 0 { lane.share(self.share) } else { lane }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    use std::ptr;
    use std::sync::Barrier;
    use std::thread;

    fn plans(name: &str, capacities: &[usize]) -> Vec<Plan> {
        let plan = |&capacity| Plan {
            name: CString::new(name).expect("without a zero byte"),
            kind: Kind::Fifo,
            capacity,
            weight: 1,
            share: 0,
        };
        capacities.iter().map(plan).collect()
    }

    #[test]
    fn equal_lists_of_lanes_are_kept_once() {
        let first = Layout::of(plans("kept once", &[1, 2])).expect("there is room");
        let again = Layout::of(plans("kept once", &[1, 2])).expect("it is there");
        let other = Layout::of(plans("kept once", &[1, 3])).expect("there is room");
        assert!(ptr::eq(first, again) && ptr::eq(first.lanes(), again.lanes()));
        assert!(!ptr::eq(first, other));
        assert_eq!(first.lanes(), [Lane::fifo("kept once", 1), Lane::fifo("kept once", 2)]);
        assert_eq!(first.name(1), c"kept once");
    }

    #[test]
    fn threads_with_one_new_list_keep_it_once() {
        const THREADS: usize = 8;
        static LIST: Link = Link::new();

        for round in 1..=100 {
            let barrier = Barrier::new(THREADS);
            let intern = || {
                barrier.wait();
                let kept = Layout::in_list(&LIST, 100, plans("raced", &[round]));
                ptr::from_ref(kept.expect("there is room")).addr()
            };
            let all: Vec<_> = thread::scope(|scope| {
                let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(intern)).collect();
                threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
            });
            assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
        }
    }

    #[test]
    fn a_list_beyond_the_bound_is_refused_and_known_ones_are_found() {
        static LIST: Link = Link::new();

        let keep = |capacity| Layout::in_list(&LIST, 3, plans("bounded", &[capacity]));
        assert!((1..=3).all(|capacity| keep(capacity).is_some()));
        assert!(keep(4).is_none());
        assert!((1..=3).all(|capacity| keep(capacity).is_some()));
    }
}
