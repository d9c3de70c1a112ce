//! Rings of waits.

use std::collections::{HashMap, HashSet};

use crate::inspect::data::{InHand, WaitFor};
use crate::inspect::finding::{Problem, RingPart};
use crate::inspect::round::{ActorRound, Round};

/// One ring: each actor with the stamp of its wait for the next one. A queue of a pool has no
/// stamp. The ring begins with its lowest number, so the same ring is always the same value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ring(Vec<Step>);

/// One actor of a ring, and its wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    number: u64,
    stamp: Option<u64>,
    is_for_room: bool,
}

impl Ring {
    /// Returns the waits of the ring, by actor and stamp.
    pub(crate) fn stamps(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().filter_map(|step| Some((step.number, step.stamp?)))
    }

    /// Returns the numbers of its actors.
    pub(crate) fn members(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|step| step.number)
    }
}

/// Finds rings of old waits: at least one in each knot of actors that wait for each other.
///
/// A step leads from an actor to the one that its handler waits for, and from the queue of a pool
/// to each of its workers. The search visits each actor once.
pub(crate) fn rings(round: &Round, is_old: impl Fn(u64, u64) -> bool) -> Vec<(Ring, Problem)> {
    let actors = &round.actors;
    let places: HashMap<u64, usize> =
        actors.iter().enumerate().map(|(place, actor)| (actor.seen.number, place)).collect();
    let steps: Vec<_> = actors.iter().map(|actor| steps_of(actor, &places, &is_old)).collect();
    let mut search = Search { steps: &steps, done: HashSet::new(), rings: Vec::new() };
    (0..actors.len()).for_each(|from| search.visit(from));
    let rings = search.rings.into_iter().map(|path| ring_of(&path));
    rings.map(|ring| (ring.clone(), problem_of(&ring, actors, &places))).collect()
}

/// A step from an actor to the place of another one.
type Way = (Step, usize);

fn steps_of(
    actor: &ActorRound,
    places: &HashMap<u64, usize>,
    is_old: impl Fn(u64, u64) -> bool,
) -> Vec<Way> {
    let number = actor.seen.number;
    let waits = actor.seen.waits.iter().filter(|wait| is_old(number, wait.stamp));
    let waits = waits.filter_map(|wait| {
        let step = Step { number, stamp: Some(wait.stamp), is_for_room: wait.is_for_room };
        Some((step, *places.get(&wait.number)?))
    });
    let passed = actor.seen.passes_on.iter().filter_map(|other| {
        Some((Step { number, stamp: None, is_for_room: false }, *places.get(other)?))
    });
    waits.chain(passed).collect()
}

/// A search in depth, without recursion: a chain of waits may be long.
struct Search<'a> {
    steps: &'a [Vec<Way>],
    done: HashSet<usize>,
    rings: Vec<Vec<Step>>,
}

impl Search<'_> {
    fn visit(&mut self, from: usize) {
        // The path so far: each place, and the number of its steps taken.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if self.done.insert(from) {
            path.push((from, 0));
        }
        while let Some((place, taken)) = path.last_mut() {
            let Some((_, next)) = self.steps[*place].get(*taken).copied() else {
                path.pop();
                continue;
            };
            *taken += 1;
            if let Some(first) = path.iter().position(|(place, _)| *place == next) {
                let around = path[first..].iter();
                let ring = around.map(|(place, taken)| self.steps[*place][taken - 1].0).collect();
                self.rings.push(ring);
            } else if self.done.insert(next) {
                path.push((next, 0));
            }
        }
    }
}

/// Turns a ring so that it begins with its lowest number.
fn ring_of(path: &[Step]) -> Ring {
    let first = (0..path.len()).min_by_key(|place| path[*place].number).unwrap_or(0);
    let (end, begin) = path.split_at(first);
    Ring(begin.iter().chain(end).copied().collect())
}

fn problem_of(ring: &Ring, actors: &[ActorRound], places: &HashMap<u64, usize>) -> Problem {
    let part = |step: &Step| {
        let actor = &actors[*places.get(&step.number)?];
        let message = actor.seen.in_hand.filter(|_| step.stamp.is_some());
        let message = message.map(|message| InHand {
            lane: message.lane.to_owned(),
            kind: message.kind.map(str::to_owned),
        });
        let what = if step.is_for_room { WaitFor::Room } else { WaitFor::Answer };
        let path = match &actor.other_system {
            Some(system) => format!("{system}:{}", actor.path),
            None => actor.path.to_string(),
        };
        Some(RingPart::new(path, message, what))
    };
    Problem::Ring { actors: ring.0.iter().filter_map(part).collect() }
}
