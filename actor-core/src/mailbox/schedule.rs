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

/// Whose turn it is among the lanes of one class.
#[derive(Debug)]
struct Class {
    /// How many lanes are of this class.
    size: u16,
    /// The lane whose turn it is.
    cursor: u16,
    /// Messages left in its turn.
    credit: u32,
}

impl Schedule {
    pub(super) fn new(lanes: &[Lane]) -> Self {
        Self { control: Class::new(lanes, true), data: Class::new(lanes, false), control_run: 0 }
    }

    /// Takes the next message: asks lanes, in the order due, until one gives something. The lanes are those of the
    /// beginning.
    #[inline]
    pub(super) fn next<T>(&mut self, lanes: &[Lane], mut take: impl FnMut(usize) -> Option<T>) -> Option<T> {
        let Self { control, data, control_run } = self;
        if control.size == 0 {
            return data.next(lanes, &mut take);
        }
        if *control_run < CONTROL_RUN
            && let Some(taken) = control.next(lanes, &mut take)
        {
            *control_run += 1;
            return Some(taken);
        }
        let taken = data.next(lanes, &mut take);
        let data_was_due = std::mem::take(control_run) >= CONTROL_RUN;
        if taken.is_none() && data_was_due {
            let taken = control.next(lanes, &mut take);
            *control_run = u32::from(taken.is_some());
            return taken;
        }
        taken
    }
}

impl Class {
    fn new(lanes: &[Lane], is_control: bool) -> Self {
        let mut members = lanes.iter().enumerate().filter(|(_, lane)| lane.is_control() == is_control);
        let (cursor, credit) = members.next().map_or((0, 0), |(index, lane)| (index, lane.turn()));
        let size = lanes.iter().filter(|lane| lane.is_control() == is_control).count();
        let narrow = |n: usize| u16::try_from(n).expect("`mailbox` has checked how many lanes there are");
        Self { size: narrow(size), cursor: narrow(cursor), credit }
    }

    #[inline]
    fn next<T>(&mut self, lanes: &[Lane], take: &mut impl FnMut(usize) -> Option<T>) -> Option<T> {
        if self.size == 0 {
            return None;
        }
        // One look more than there are lanes: the first may stand at its turn's end, and have the only message.
        for _ in 0..=self.size {
            if self.credit > 0
                && let Some(taken) = take(usize::from(self.cursor))
            {
                self.credit -= 1;
                return Some(taken);
            }
            self.pass_turn(lanes);
        }
        None
    }

    fn pass_turn(&mut self, lanes: &[Lane]) {
        let is_control = lanes[usize::from(self.cursor)].is_control();
        loop {
            self.cursor = if usize::from(self.cursor) + 1 < lanes.len() { self.cursor + 1 } else { 0 };
            let lane = &lanes[usize::from(self.cursor)];
            if lane.is_control() == is_control {
                self.credit = lane.turn();
                return;
            }
        }
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
                schedule.next(LANES, |lane| {
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
