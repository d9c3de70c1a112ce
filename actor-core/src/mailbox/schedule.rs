//! Which lane is served next. Pure arithmetic: no lane can starve another for ever.
//!
//! Control lanes before data lanes, except that after [`CONTROL_RUN`] control messages in a row one data message goes
//! first. Within a class, lanes have turns round robin, `weight` messages a turn.

use crate::Lane;
use crate::lane::CONTROL_RUN;

/// Decides the order in which lanes are asked for a message.
#[derive(Debug)]
pub(super) struct Schedule {
    control: Class,
    data: Class,
    /// Control messages served since the last data message was, or was found missing.
    control_run: u32,
}

/// The lanes that share turns.
#[derive(Debug)]
struct Class {
    /// Lane indices and their weights.
    lanes: Vec<(usize, u32)>,
    /// Position in `lanes` of the one whose turn it is.
    cursor: usize,
    /// Messages left in its turn.
    credit: u32,
}

impl Schedule {
    pub(super) fn new(lanes: &[Lane]) -> Self {
        let class = |control: bool| {
            let lanes = lanes.iter().enumerate().filter(|(_, lane)| lane.is_control() == control);
            Class::new(lanes.map(|(index, lane)| (index, lane.turn())).collect())
        };
        Self { control: class(true), data: class(false), control_run: 0 }
    }

    /// Takes the next message: asks lanes, in the order due, until one gives something.
    pub(super) fn next<T>(&mut self, mut take: impl FnMut(usize) -> Option<T>) -> Option<T> {
        if self.control_run < CONTROL_RUN
            && let Some(taken) = self.control.next(&mut take)
        {
            self.control_run += 1;
            return Some(taken);
        }
        let data = self.data.next(&mut take);
        let data_was_due = std::mem::take(&mut self.control_run) >= CONTROL_RUN;
        if data.is_none() && data_was_due {
            let control = self.control.next(&mut take);
            self.control_run = u32::from(control.is_some());
            return control;
        }
        data
    }
}

impl Class {
    fn new(lanes: Vec<(usize, u32)>) -> Self {
        let credit = lanes.first().map_or(0, |&(_, weight)| weight);
        Self { lanes, cursor: 0, credit }
    }

    fn next<T>(&mut self, take: &mut impl FnMut(usize) -> Option<T>) -> Option<T> {
        // One look more than there are lanes: the first may stand at its turn's end, and have the only message.
        for _ in 0..=self.lanes.len() {
            let &(index, _) = self.lanes.get(self.cursor)?;
            if self.credit > 0
                && let Some(taken) = take(index)
            {
                self.credit -= 1;
                return Some(taken);
            }
            self.cursor = (self.cursor + 1) % self.lanes.len();
            self.credit = self.lanes[self.cursor].1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: &[Lane] =
        &[Lane::fifo("a", 8), Lane::control("c", 8), Lane::fifo("b", 8).weight(2), Lane::control("d", 8)];

    fn served(depths: &mut [u32], rounds: usize) -> Vec<usize> {
        let mut schedule = Schedule::new(LANES);
        (0..rounds)
            .map_while(|_| {
                schedule.next(|lane| {
                    depths[lane] = depths[lane].checked_sub(1)?;
                    Some(lane)
                })
            })
            .collect()
    }

    #[test]
    fn control_comes_first_and_lanes_of_a_class_take_turns_by_weight() {
        assert_eq!(served(&mut [3, 2, 4, 1], 20), [1, 3, 1, 0, 2, 2, 0, 2, 2, 0]);
    }

    #[test]
    fn a_flood_of_control_lets_one_data_message_through_every_64() {
        let order = served(&mut [1000, 1000, 1000, 1000], 650);
        assert_eq!(order.iter().filter(|&&lane| lane == 0 || lane == 2).count(), 10);
        let longest = order.split(|&lane| lane == 0 || lane == 2).map(<[usize]>::len).max();
        assert_eq!(longest, Some(64));
        assert!(order.iter().filter(|&&lane| lane == 3).count() >= 320, "control lanes share their turns");
    }

    #[test]
    fn control_alone_is_served_without_a_gap() {
        assert_eq!(served(&mut [0, 200, 0, 0], 300).len(), 200);
    }
}
