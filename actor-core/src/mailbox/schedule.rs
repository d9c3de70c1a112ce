//! The choice of the next lane. Pure arithmetic: no lane can starve another for ever.
//!
//! Control lanes come before data lanes, but one data message goes first after [`CONTROL_RUN`]
//! control messages in a row. Within a class, lanes take turns round robin, with `weight` messages
//! a turn.

use crate::mailbox::lane::{CONTROL_RUN, Lane};

/// Decides the order of the lanes.
#[derive(Debug)]
pub(super) struct Schedule {
    control: Class,
    data: Class,
    /// Control messages served since the last data message, or since none was found.
    control_run: u32,
}

/// The turns of the lanes of one class.
#[derive(Debug)]
struct Class {
    /// The lane with the current turn.
    cursor: u16,
    /// A bit for each of its lanes. The last bit stands for all lanes from the 16th on.
    members: u16,
    /// Messages left in the current turn.
    credit: u32,
}

impl Schedule {
    pub(super) const fn new(lanes: &[Lane]) -> Self {
        Self { control: Class::new(lanes, true), data: Class::new(lanes, false), control_run: 0 }
    }

    /// Takes the next message: tries the lanes in their order until one returns a message. `lanes`
    /// has at most 16.
    #[inline]
    pub(super) fn next<T>(
        &mut self,
        lanes: &[Lane],
        mut take: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        self.of_classes(|class, _is_control| class.next(lanes, &mut take))
    }

    /// Does the same as [`next`](Self::next), but tries only the filled lanes. `filled` returns the
    /// next one from a lane on, in circular order. A lane without a message is no longer among them
    /// until it is filled again.
    #[inline]
    pub(super) fn next_filled<T>(
        &mut self,
        lanes: &[Lane],
        filled: impl Fn(bool, usize) -> Option<usize>,
        mut take: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        self.of_classes(|class, is_control| {
            class.next_filled(lanes, |from| filled(is_control, from), &mut take)
        })
    }

    #[inline]
    fn of_classes<T>(&mut self, mut next: impl FnMut(&mut Class, bool) -> Option<T>) -> Option<T> {
        let Self { control, data, control_run } = self;
        if control.members == 0 {
            return next(data, false);
        }
        if *control_run < CONTROL_RUN
            && let Some(taken) = next(control, true)
        {
            *control_run += 1;
            return Some(taken);
        }
        let taken = next(data, false);
        let data_was_due = std::mem::take(control_run) >= CONTROL_RUN;
        if taken.is_none() && data_was_due {
            let taken = next(control, true);
            *control_run = u32::from(taken.is_some());
            return taken;
        }
        taken
    }
}

impl Class {
    /// Constant, because most mailboxes have the lanes of their message type.
    const fn new(lanes: &[Lane], is_control: bool) -> Self {
        // `mailbox` has checked how many lanes there are.
        assert!(lanes.len() <= u16::MAX as usize, "too many lanes");
        let mut class = Self { cursor: 0, members: 0, credit: 0 };
        let mut lane = lanes.len();
        // Backwards, so that the first lane of the class has the first turn.
        while lane > 0 {
            lane -= 1;
            if lanes[lane].is_control() == is_control {
                let bit = if lane < 15 { lane } else { 15 };
                class = Self {
                    cursor: lane as u16,
                    members: class.members | 1 << bit,
                    credit: lanes[lane].turn(),
                };
            }
        }
        class
    }

    #[inline]
    fn next<T>(&mut self, lanes: &[Lane], take: &mut impl FnMut(usize) -> Option<T>) -> Option<T> {
        if self.members == 0 {
            return None;
        }
        // One try more than there are lanes, because the first lane may be at its turn's end and
        // have the only message.
        for _ in 0..=self.members.count_ones() {
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

    #[inline]
    fn next_filled<T>(
        &mut self,
        lanes: &[Lane],
        filled: impl Fn(usize) -> Option<usize>,
        take: &mut impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        // Bounded, because senders may fill a lane again each time it is found empty.
        for _ in 0..=lanes.len() {
            let cursor = usize::from(self.cursor);
            let from = if self.credit > 0 { cursor } else { cursor + 1 };
            let lane = filled(from)?;
            if lane != cursor || self.credit == 0 {
                self.cursor = lane as u16;
                self.credit = lanes[lane].turn();
            }
            if let Some(taken) = take(lane) {
                self.credit -= 1;
                return Some(taken);
            }
            self.credit = 0;
        }
        None
    }

    #[inline]
    fn pass_turn(&mut self, lanes: &[Lane]) {
        let later = u32::from(self.members) & (u32::MAX << (self.cursor + 1));
        let members = if later == 0 { u32::from(self.members) } else { later };
        self.cursor = members.trailing_zeros() as u16;
        self.credit = lanes[usize::from(self.cursor)].turn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANES: &[Lane] = &[
        Lane::fifo("a", 8),
        Lane::control("c", 8),
        Lane::fifo("b", 8).weight(2),
        Lane::control("d", 8),
    ];

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

    /// Returns the same as [`served`], by the bits of the filled lanes.
    fn served_by_bits(depths: &mut [u32], rounds: usize) -> Vec<usize> {
        let depths = std::cell::RefCell::new(depths);
        let filled = |is_control, from: usize| {
            let is_filled =
                |&lane: &usize| LANES[lane].is_control() == is_control && depths.borrow()[lane] > 0;
            (from..LANES.len()).chain(0..from.min(LANES.len())).find(is_filled)
        };
        let mut schedule = Schedule::new(LANES);
        (0..rounds)
            .map_while(|_| {
                schedule.next_filled(LANES, filled, |lane| {
                    depths.borrow_mut()[lane] -= 1;
                    Some(lane)
                })
            })
            .collect()
    }

    #[test]
    fn the_order_is_the_same_by_bits() {
        for depths in
            [[3, 2, 4, 1], [1000, 1000, 1000, 1000], [0, 200, 0, 0], [7, 0, 1, 3], [100, 90, 0, 80]]
        {
            let mut depths = depths;
            let by_bits = served_by_bits(&mut depths.clone(), 650);
            assert_eq!(by_bits, served(&mut depths, 650));
        }
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
        assert!(
            order.iter().filter(|&&lane| lane == 3).count() >= 320,
            "control lanes share their turns"
        );
    }

    #[test]
    fn control_alone_is_served_without_a_gap() {
        assert_eq!(served(&mut [0, 200, 0, 0], 300).len(), 200);
    }
}
