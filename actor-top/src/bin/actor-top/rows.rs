//! The rows of the table: executors, their actors, and their lanes.

use std::cmp::Reverse;

use actor_system::inspect::{ActorView, ExecutorView, Inspection, LaneView};

use crate::model::{Key, Look, Model, Sort};
use crate::rates::ActorId;

/// One row.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) key: Key,
    pub(crate) item: Item<'a>,
    pub(crate) name: String,
    /// How far it is below the first level.
    pub(crate) depth: usize,
    /// Whether the rows below it are shown. `None` if it has none.
    pub(crate) is_open: Option<bool>,
}

/// What a row shows.
#[derive(Debug)]
pub(crate) enum Item<'a> {
    Executor(&'a ExecutorView, Vec<ActorId>),
    /// The number of actors on an executor unknown to the look.
    Elsewhere(usize),
    Actor(&'a ActorView),
    Lane(&'a LaneView),
}

/// An actor, with the place of its system.
pub(crate) type Placed<'a> = (usize, &'a ActorView);

/// Returns all actors of a process.
pub(crate) fn actors(look: &Look) -> impl Iterator<Item = Placed<'_>> {
    let systems = look.seen.inspections.iter().enumerate();
    systems.flat_map(|(system, seen)| seen.actors.iter().map(move |actor| (system, actor)))
}

/// Returns the rows in their order, those on the screen and all others.
pub(crate) fn rows(model: &Model) -> Vec<Row<'_>> {
    let Some(look) = &model.look else { return Vec::new() };
    let has_systems = look.seen.inspections.len() > 1;
    let mut rows = Rows { model, look, has_systems, rows: Vec::new() };
    if model.screen.sort == Sort::Tree {
        rows.add_tree()
    } else {
        rows.add_list()
    }
    rows.rows
}

struct Rows<'a> {
    model: &'a Model,
    look: &'a Look,
    /// Whether names need the names of their systems.
    has_systems: bool,
    rows: Vec<Row<'a>>,
}

impl<'a> Rows<'a> {
    fn add_tree(&mut self) {
        for (system, seen) in self.look.seen.inspections.iter().enumerate() {
            for executor in &seen.executors {
                let on_it = seen.actors.iter().filter(|actor| actor.executor == executor.name);
                let all: Vec<_> = on_it.map(|actor| (system, actor)).collect();
                let ids = all.iter().map(|(system, actor)| (*system, actor.id)).collect();
                let shown: Vec<_> = all.into_iter().filter(|it| self.is_shown(*it)).collect();
                if !shown.is_empty() || self.model.screen.filter.is_empty() {
                    self.add_executor(
                        &executor.name,
                        Item::Executor(executor, ids),
                        system,
                        &shown,
                    );
                }
            }
            self.add_unlisted(system, seen);
        }
    }

    /// Adds the actors of other executors.
    fn add_unlisted(&mut self, system: usize, seen: &'a Inspection) {
        let is_listed =
            |actor: &ActorView| seen.executors.iter().any(|it| it.name == actor.executor);
        let others = seen.actors.iter().filter(|actor| !is_listed(actor));
        let mut others: Vec<_> = others.map(|actor| (system, actor)).collect();
        others.retain(|it| self.is_shown(*it));
        others.sort_by(|(_, one), (_, other)| one.executor.cmp(&other.executor));
        for shown in others.chunk_by(|(_, one), (_, other)| one.executor == other.executor) {
            let name = &shown[0].1.executor;
            self.add_executor(name, Item::Elsewhere(shown.len()), system, shown);
        }
    }

    fn add_executor(&mut self, name: &str, item: Item<'a>, system: usize, actors: &[Placed<'a>]) {
        let key = Key::Executor(system, name.to_owned());
        let is_open = self.model.screen.is_open(&key);
        let has_rows = !actors.is_empty();
        let name = self.named(system, ": ", name);
        self.rows.push(Row { key, item, name, depth: 0, is_open: has_rows.then_some(is_open) });
        if is_open {
            actors
                .iter()
                .for_each(|(_, actor)| self.add_actor((system, actor), actor.path.clone(), 1));
        }
    }

    fn add_list(&mut self) {
        let mut actors: Vec<_> = actors(self.look).filter(|it| self.is_shown(*it)).collect();
        sort(&mut actors, self.model.screen.sort, self.look);
        for (system, actor) in actors {
            self.add_actor((system, actor), self.named(system, "", &actor.path), 0);
        }
    }

    /// Returns a name, after the name of its system if there are several systems.
    fn named(&self, system: usize, between: &str, name: &str) -> String {
        if !self.has_systems {
            return name.to_owned();
        }
        let of = self.look.seen.inspections.get(system).map_or("", |seen| &seen.system);
        format!("{of}{between}{name}")
    }

    fn add_actor(&mut self, (system, actor): Placed<'a>, name: String, depth: usize) {
        let id = (system, actor.id);
        let key = Key::Actor(id);
        let is_open = self.model.screen.is_open(&key);
        let has_rows = !actor.lanes.is_empty();
        let item = Item::Actor(actor);
        self.rows.push(Row { key, item, name, depth, is_open: has_rows.then_some(is_open) });
        if is_open {
            let lanes = actor.lanes.iter().enumerate().map(|(index, lane)| Row {
                key: Key::Lane(id, index),
                item: Item::Lane(lane),
                name: lane.name.clone(),
                depth: depth + 1,
                is_open: None,
            });
            self.rows.extend(lanes);
        }
    }

    /// Returns whether an actor passes the filter: by its path, its executor, its system or one of
    /// its lanes.
    fn is_shown(&self, (system, actor): Placed<'_>) -> bool {
        let filter = self.model.screen.filter.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&filter);
        filter.is_empty()
            || has(&actor.path)
            || has(&actor.executor)
            || self.look.seen.inspections.get(system).is_some_and(|seen| has(&seen.system))
            || actor.lanes.iter().any(|lane| has(&lane.name))
    }
}

fn sort(actors: &mut [Placed<'_>], by: Sort, look: &Look) {
    let flow =
        |(system, actor): Placed<'_>| look.rates.of_actor((system, actor.id)).unwrap_or_default();
    let lost = |(_, actor): Placed<'_>| actor.lanes.iter().map(LaneView::lost).sum::<u64>();
    match by {
        Sort::Tree => {}
        Sort::Time => actors.sort_by_key(|(_, actor)| Reverse(actor.doing.at_least())),
        Sort::Queue => actors.sort_by_key(|(_, actor)| Reverse(actor.waiting())),
        Sort::Rate => {
            actors.sort_by(|one, other| flow(*other).handled.total_cmp(&flow(*one).handled));
        }
        Sort::Lost => actors.sort_by(|one, other| {
            let now = flow(*other).all_lost().total_cmp(&flow(*one).all_lost());
            now.then(lost(*other).cmp(&lost(*one)))
        }),
        Sort::Name => actors.sort_by(|(_, one), (_, other)| one.path.cmp(&other.path)),
    }
}
