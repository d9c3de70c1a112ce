//! The actors to be shown, and their figures by name.
//!
//! Names become labels, so their number is bounded: actors without a name of their own are added up
//! by their type, and names beyond the bound in one group.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use actor_core::mailbox::LaneStats;
use actor_core::observe::{Figures, Gauge, Histogram};
use actor_system::System;
use actor_system::system::WeakSystem;

/// Names beyond the bound are shown as this one.
pub(crate) const OTHERS: &str = "others";

/// Most names, unless stated.
const MOST_NAMES: usize = 256;

/// The sources of figures.
#[derive(Clone)]
pub(crate) struct Group {
    systems: Vec<WeakSystem>,
    actors: Vec<(Arc<str>, Gauge)>,
    most_names: usize,
}

/// The figures of all actors with one name.
pub(crate) struct Named {
    pub(crate) name: Arc<str>,
    /// The number of running actors with this name.
    pub(crate) actors: u64,
    pub(crate) restarts: u64,
    pub(crate) lost_work: u64,
    pub(crate) lanes: Vec<Lane>,
}

/// The figures of one lane of them.
pub(crate) struct Lane {
    pub(crate) stats: LaneStats,
    pub(crate) handling: Vec<Histogram>,
    pub(crate) waiting: Vec<Histogram>,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self { systems: Vec::new(), actors: Vec::new(), most_names: MOST_NAMES }
    }

    pub(crate) fn add_system(&mut self, system: &System) {
        self.systems.push(system.downgrade());
    }

    pub(crate) fn add_actor(&mut self, name: Arc<str>, gauge: Gauge) {
        self.actors.push((name, gauge));
    }

    pub(crate) fn set_most_names(&mut self, most: usize) {
        self.most_names = most;
    }

    /// Reads all figures, by name. The names are in order.
    pub(crate) fn read(&self) -> Vec<Named> {
        let mut all = BTreeMap::new();
        for (name, gauge) in &self.actors {
            self.add(&mut all, name, &gauge.figures(), !gauge.has_ended());
        }
        for system in self.systems.iter().filter_map(WeakSystem::upgrade) {
            for actor in system.actors() {
                let name = if actor.is_named { &*actor.path } else { without_number(&actor.path) };
                self.add(&mut all, name, &actor.running.figures(), true);
            }
        }
        all.into_values().collect()
    }

    fn add(
        &self,
        all: &mut BTreeMap<Arc<str>, Named>,
        name: &str,
        figures: &Figures,
        is_running: bool,
    ) {
        let is_new = !all.contains_key(name);
        let name = if is_new && all.len() >= self.most_names { OTHERS } else { name };
        let named = all.entry(name.into()).or_insert_with(|| Named::new(name));
        named.add(figures, is_running);
    }
}

impl Named {
    fn new(name: &str) -> Self {
        Self { name: name.into(), actors: 0, restarts: 0, lost_work: 0, lanes: Vec::new() }
    }

    fn add(&mut self, figures: &Figures, is_running: bool) {
        self.actors += u64::from(is_running);
        self.restarts += figures.restarts;
        self.lost_work += figures.lost_work;
        for lane in &figures.lanes {
            let (handling, waiting) = (lane.handling.clone(), lane.waiting.clone());
            match self.lanes.iter_mut().find(|known| known.stats.name == lane.stats.name) {
                Some(known) => {
                    known.add(&lane.stats);
                    known.handling.push(handling);
                    known.waiting.push(waiting);
                }
                None => self.lanes.push(Lane {
                    stats: lane.stats,
                    handling: vec![handling],
                    waiting: vec![waiting],
                }),
            }
        }
    }
}

impl Lane {
    /// Adds the figures of a lane with the same name. Its high water is the highest one.
    fn add(&mut self, other: &LaneStats) {
        let stats = &mut self.stats;
        for (sum, n) in [
            (&mut stats.accepted, other.accepted),
            (&mut stats.handled, other.handled),
            (&mut stats.refused, other.refused),
            (&mut stats.over_share, other.over_share),
            (&mut stats.evicted, other.evicted),
            (&mut stats.cancelled, other.cancelled),
            (&mut stats.expired, other.expired),
            (&mut stats.undelivered, other.undelivered),
            (&mut stats.depth, other.depth),
        ] {
            *sum += n;
        }
        stats.capacity = stats.capacity.saturating_add(other.capacity);
        stats.high_water = stats.high_water.max(other.high_water);
    }
}

/// Returns the path of an actor without a name of its own, without its number: that of its type.
fn without_number(path: &str) -> &str {
    path.rsplit_once('-').map_or(path, |(kind, _number)| kind)
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("systems", &self.systems.len())
            .field("actors", &self.actors.len())
            .field("most_names", &self.most_names)
            .finish()
    }
}
