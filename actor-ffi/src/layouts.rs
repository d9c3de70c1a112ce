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
