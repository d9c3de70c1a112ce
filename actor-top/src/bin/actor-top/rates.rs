//! What happened between two looks, for each second.

use std::collections::HashMap;

use actor_system::inspect::{Inspection, LaneView};
use actor_top::Frame;

/// The names of the losses, in the order of [`losses`].
pub(crate) const LOSSES: [&str; 5] = ["refused", "over share", "evicted", "expired", "undelivered"];

/// Returns the losses of a lane so far, in the order of [`LOSSES`].
pub(crate) fn losses(lane: &LaneView) -> [u64; 5] {
    [lane.refused, lane.over_share, lane.evicted, lane.expired, lane.undelivered]
}

/// Messages for each second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Flow {
    pub(crate) accepted: f64,
    pub(crate) handled: f64,
    /// In the order of [`LOSSES`].
    pub(crate) lost: [f64; 5],
}

impl Flow {
    pub(crate) fn all_lost(&self) -> f64 {
        self.lost.iter().sum()
    }

    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.handled += other.handled;
        self.lost.iter_mut().zip(other.lost).for_each(|(sum, lost)| *sum += lost);
    }
}

/// Names an actor of a process: the place of its system, and its number there.
pub(crate) type ActorId = (usize, u64);

/// The rates of a process between its last two looks.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// By actor, and then by lane. A new actor has none.
    lanes: HashMap<ActorId, Vec<Flow>>,
    turns: HashMap<ActorId, f64>,
}

impl Rates {
    /// Compares two looks at one process. Without a time between them there are no rates.
    pub(crate) fn between(before: &Frame, now: &Frame) -> Self {
        let mut rates = Self::default();
        if before.process == now.process {
            let pairs = before.inspections.iter().zip(&now.inspections).enumerate();
            pairs.for_each(|(system, (before, now))| rates.add(system, before, now));
        }
        rates
    }

    fn add(&mut self, system: usize, before: &Inspection, now: &Inspection) {
        let time = now.uptime.checked_sub(before.uptime).filter(|time| !time.is_zero());
        let Some(time) = time.filter(|_| before.system == now.system) else { return };
        let seconds = time.as_secs_f64();
        let earlier: HashMap<_, _> = before.actors.iter().map(|actor| (actor.id, actor)).collect();
        for actor in &now.actors {
            let Some(before) = earlier.get(&actor.id) else { continue };
            let lanes = actor.lanes.iter().zip(&before.lanes);
            let flows = lanes.map(|(now, before)| flow(before, now, seconds)).collect();
            let id = (system, actor.id);
            self.lanes.insert(id, flows);
            self.turns.insert(id, per_second(before.turns, actor.turns, seconds));
        }
    }

    pub(crate) fn of_lane(&self, actor: ActorId, lane: usize) -> Option<Flow> {
        self.lanes.get(&actor)?.get(lane).copied()
    }

    pub(crate) fn of_actor(&self, actor: ActorId) -> Option<Flow> {
        Some(sum(self.lanes.get(&actor)?))
    }

    /// Returns the rates of all actors together. `None` if none is known.
    pub(crate) fn of_all(&self) -> Option<Flow> {
        (!self.lanes.is_empty()).then(|| sum(self.lanes.values().flatten()))
    }

    /// Returns the turns of several actors for each second.
    pub(crate) fn turns_of(&self, actors: impl Iterator<Item = ActorId>) -> Option<f64> {
        let mut known = actors.filter_map(|actor| self.turns.get(&actor)).peekable();
        known.peek()?;
        Some(known.sum())
    }
}

fn flow(before: &LaneView, now: &LaneView, seconds: f64) -> Flow {
    let lost = losses(before).into_iter().zip(losses(now));
    let mut flow = Flow {
        accepted: per_second(before.accepted, now.accepted, seconds),
        handled: per_second(before.handled, now.handled, seconds),
        lost: [0.0; 5],
    };
    for (rate, (before, now)) in flow.lost.iter_mut().zip(lost) {
        *rate = per_second(before, now, seconds);
    }
    flow
}

/// A number may seem to shrink, because figures are read while they change.
#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn per_second(before: u64, now: u64, seconds: f64) -> f64 {
    now.saturating_sub(before) as f64 / seconds
}

fn sum<'a>(flows: impl IntoIterator<Item = &'a Flow>) -> Flow {
    flows.into_iter().fold(Flow::default(), |mut all, flow| {
        all.add(flow);
        all
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use actor_system::inspect::ActorView;

    use super::*;

    fn look(seconds: u64, handled: u64, evicted: u64) -> Frame {
        let mut lane = LaneView::default();
        (lane.handled, lane.evicted, lane.accepted) = (handled, evicted, handled + evicted);
        let mut actor = ActorView::default();
        (actor.id, actor.lanes) = (7, vec![lane]);
        let mut look = Inspection::default();
        (look.uptime, look.actors) = (Duration::from_secs(seconds), vec![actor]);
        let mut frame = Frame::default();
        frame.inspections = vec![look];
        frame
    }

    #[test]
    fn a_rate_is_the_difference_of_two_looks_by_the_time_of_the_process() {
        let rates = Rates::between(&look(10, 100, 5), &look(12, 300, 6));
        let flow = rates.of_actor((0, 7)).expect("it was there before");
        assert_eq!((flow.handled, flow.all_lost(), flow.accepted), (100.0, 0.5, 100.5));
        assert_eq!(rates.of_all(), rates.of_lane((0, 7), 0));
    }

    #[test]
    fn a_new_actor_and_another_process_have_no_rates() {
        let mut other = look(12, 300, 6);
        other.process = 9;
        assert_eq!(Rates::between(&look(10, 1, 1), &other).of_all(), None);
        assert_eq!(Rates::between(&look(10, 1, 1), &look(10, 9, 9)).of_all(), None);
        assert_eq!(Rates::between(&look(10, 1, 1), &look(3, 9, 9)).of_all(), None);
        let mut new = look(12, 300, 6);
        new.inspections[0].actors[0].id = 8;
        assert_eq!(Rates::between(&look(10, 1, 1), &new).of_actor((0, 8)), None);
    }
}
