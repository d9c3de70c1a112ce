//! Slots, and the rule for justifiable slots (3SF-mini).

use crate::constants::IMMEDIATE_JUSTIFICATION_WINDOW;

/// The number of a slot, counted from genesis.
pub type Slot = u64;

/// The number of intervals since genesis.
pub type Interval = u64;

/// A validator's index in the registry.
pub type ValidatorIndex = u64;

/// Returns whether `slot` can be justified while `finalized` is the newest finalized slot
/// (`is_justifiable_after`).
///
/// A slot is justifiable if its distance from the finalized slot is at most 5, a perfect square, or
/// a pronic number, x · (x + 1). The further finality lags behind, the fewer slots are justifiable,
/// so votes concentrate on fewer targets. A slot before the finalized one is not justifiable.
///
/// # Examples
///
/// ```
/// use consensus::is_justifiable_after;
///
/// assert!(is_justifiable_after(12, 0));
/// assert!(!is_justifiable_after(13, 0));
/// assert!(is_justifiable_after(109, 100));
/// ```
pub fn is_justifiable_after(slot: Slot, finalized: Slot) -> bool {
    let Some(distance) = slot.checked_sub(finalized) else {
        return false;
    };
    if distance <= IMMEDIATE_JUSTIFICATION_WINDOW || distance.isqrt().pow(2) == distance {
        return true;
    }
    // For a pronic distance, 4 · x · (x + 1) + 1 = (2x + 1)^2. The root is odd because its square
    // is odd.
    let discriminant = 4 * u128::from(distance) + 1;
    discriminant.isqrt().pow(2) == discriminant
}

/// Returns the index of a slot in `justified_slots`, or `None` for a slot at or before the
/// finalized one.
pub fn justified_index_after(slot: Slot, finalized: Slot) -> Option<u64> {
    slot.checked_sub(finalized)?.checked_sub(1)
}

/// Returns the proposer of a slot, round robin, or `None` if there are no validators.
pub fn proposer_for_slot(slot: Slot, validators: usize) -> Option<ValidatorIndex> {
    slot.checked_rem(validators as u64)
}
