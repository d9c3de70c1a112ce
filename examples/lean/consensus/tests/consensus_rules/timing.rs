//! Slots, intervals, and the duty gate of a lagging node.

use consensus::{
    DutyGate, SlotClock, interval_from_slot, is_justifiable_after, justified_index_after,
};

#[test]
fn slots_can_be_justified_at_small_square_and_pronic_distances() {
    let justifiable: Vec<u64> = (0..=42).filter(|slot| is_justifiable_after(*slot, 0)).collect();
    assert_eq!(justifiable, [0, 1, 2, 3, 4, 5, 6, 9, 12, 16, 20, 25, 30, 36, 42]);
    let later: Vec<u64> = (1000..=1042)
        .filter(|slot| is_justifiable_after(*slot, 1000))
        .map(|slot| slot - 1000)
        .collect();
    assert_eq!(later, justifiable, "only the distance matters");
    assert!(!is_justifiable_after(3, 4));
    let root = u64::from(u32::MAX);
    assert!(is_justifiable_after(root * root, 0));
    assert!(is_justifiable_after(root * (root + 1), 0));
    assert!(!is_justifiable_after(u64::MAX, 0));
}

#[test]
fn justified_bits_begin_after_the_finalized_slot() {
    assert_eq!(justified_index_after(10, 10), None);
    assert_eq!(justified_index_after(9, 10), None);
    assert_eq!(justified_index_after(11, 10), Some(0));
    assert_eq!(justified_index_after(u64::MAX, 0), Some(u64::MAX - 1));
}

#[test]
fn the_clock_counts_from_genesis() {
    let clock = SlotClock::new(100);
    assert_eq!(
        (clock.current_slot(0), clock.current_interval(0), clock.total_intervals(0)),
        (0, 0, 0)
    );
    assert_eq!(clock.milliseconds_until_next_interval(99_000), 1_000);
    assert_eq!(clock.milliseconds_until_next_interval(100_000), 800);
    assert_eq!(clock.milliseconds_until_next_interval(100_799), 1);
    assert_eq!((clock.current_slot(111_999), clock.current_interval(111_999)), (2, 4));
    assert_eq!(clock.slot_start(3), 112_000);
    assert_eq!(clock.interval_start(interval_from_slot(3) + 1), 112_800);
    assert_eq!(SlotClock::new(u64::MAX).current_slot(u64::MAX), 0);
}

#[test]
fn a_faster_clock_has_five_intervals_in_a_slot_too() {
    let clock = SlotClock::new(1).with_interval(100);
    assert_eq!(clock.current_slot(1_499), 0);
    assert_eq!(clock.current_slot(1_500), 1);
    assert_eq!(clock.total_intervals(2_050), 10);
    assert_eq!(clock.slot_start(2), 2_000);
}

#[test]
fn the_gate_closes_when_the_head_lags_and_opens_well_below() {
    let mut gate = DutyGate::default();
    assert!(gate.allows(10, 6, 10));
    assert!(!gate.allows(11, 6, 11));
    assert!(!gate.allows(11, 8, 11));
    assert!(gate.is_closed());
    assert!(gate.allows(11, 9, 11));
    assert!(gate.allows(14, 10, 14), "open again, it closes above 4 only");
    assert!(gate.allows(5, 9, 9), "a head ahead of the clock is no lag");
}

#[test]
fn the_gate_is_open_while_the_whole_network_stalls() {
    let mut gate = DutyGate::default();
    assert!(!gate.allows(20, 12, 12), "eight slots are not a stall yet");
    assert!(gate.allows(21, 12, 12));
    assert!(!gate.allows(22, 12, 21), "others have moved on");
}
