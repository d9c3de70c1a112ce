//! Which slot a position has among a number of slots that is no power of two.

/// A number of slots, as many as asked for or an eighth more at most, and how positions go round them.
///
/// The slots are `parts << shift`, with at most 16 parts: a position's remainder by so small a number takes one multiplication
/// by its reciprocal, which is exact for all positions that a lane can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laps {
    shift: u32,
    parts: u64,
    /// 2^64 / `parts`, rounded up.
    reciprocal: u64,
}

impl Laps {
    /// Describes `least` slots or a few more. `least` is above 1.
    pub(super) const fn new(least: usize) -> Self {
        let least = least as u64;
        let shift = (least.ilog2() + 1).saturating_sub(4);
        let parts = least.div_ceil(1 << shift);
        Self { shift, parts, reciprocal: (u64::MAX / parts) + 1 }
    }

    pub(super) const fn slots(self) -> usize {
        (self.parts << self.shift) as usize
    }

    /// Returns the index of a position's slot.
    #[inline]
    pub(super) fn index(self, position: u64) -> usize {
        let part = position >> self.shift;
        // The reciprocal is too large by less than `parts` / 2^64 parts: below 2^60 parts, that never makes one more.
        let round = (u128::from(part) * u128::from(self.reciprocal)) >> 64;
        let part = part - round as u64 * self.parts;
        ((part << self.shift) | (position & ((1 << self.shift) - 1))) as usize
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn positions_go_round_all_slots_and_no_more_than_an_eighth_is_wasted() {
        for least in (2..1_200).chain([4_095, 4_096, 4_097, 1 << 20, (1 << 20) + 8, 3_000_000]) {
            let laps = Laps::new(least);
            let slots = laps.slots() as u64;
            assert!(laps.slots() >= least && laps.slots() <= least + least.div_ceil(8), "{least}: {laps:?}");
            for position in (0..3 * slots.min(300)).chain((1 << 59)..(1 << 59) + 100).chain((1 << 60)..(1 << 60) + 100)
            {
                assert_eq!(laps.index(position) as u64, position % slots, "{position} of {laps:?}");
            }
        }
    }
}
