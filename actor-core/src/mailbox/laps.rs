//! Maps positions to slots where the number of slots is not a power of two.

/// A number of slots, and the mapping of positions to them. A *lap* is one round over all slots.
///
/// The number is at least the one asked for, and at most an eighth higher. It is `parts << shift`,
/// with at most 16 parts. The remainder of a position by such a small number takes one
/// multiplication by the reciprocal, and is exact for all positions in a lane's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Laps {
    shift: u32,
    parts: u64,
    /// 2^64 / `parts`, rounded up.
    reciprocal: u64,
}

impl Laps {
    /// Describes at least `least` slots. `least` must be above 1.
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
        // The relative error of the reciprocal is below `parts` / 2^64, and never negative. With at
        // most 16 parts, the quotient is exact for any `part` below 2^60.
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
            assert!(
                laps.slots() >= least && laps.slots() <= least + least.div_ceil(8),
                "{least}: {laps:?}"
            );
            for position in (0..3 * slots.min(300))
                .chain((1 << 59)..(1 << 59) + 100)
                .chain((1 << 60)..(1 << 60) + 100)
            {
                assert_eq!(laps.index(position) as u64, position % slots, "{position} of {laps:?}");
            }
        }
    }
}
