//! Tests of the warnings: when each is in force, and what is logged.

use std::sync::Arc;
use std::time::Duration;

use crate::warnings::announcer::Change;
use crate::warnings::{Alerts, Announcer, KeySlots, Kind, Observation, Warning, Warnings};
use consensus::{INTERVALS_PER_SLOT, Slot, SlotClock};

/// A slot of the default clock, in milliseconds.
const SLOT: u64 = 4000;

/// Returns what a node without faults publishes in this slot.
fn regular(slot: Slot) -> Observation {
    Observation {
        wall: slot * SLOT,
        steady: Duration::from_millis(slot * SLOT),
        chain_time: slot * INTERVALS_PER_SLOT,
        finalized: slot.saturating_sub(3),
        is_alone: false,
        unsigned: 0,
        stuck: 0,
    }
}

fn warnings() -> Warnings {
    Warnings::new(SlotClock::new(0), None)
}

fn texts(found: &[Warning]) -> Vec<(Kind, &str)> {
    found.iter().map(|warning| (warning.kind, warning.text.as_str())).collect()
}

#[test]
fn a_node_without_faults_has_no_warning() {
    let mut warnings = warnings();
    for slot in 0..100 {
        assert_eq!(warnings.observe(&regular(slot)), []);
    }
}

#[test]
fn finality_has_stopped_after_eight_slots_without_a_new_block_and_until_the_next() {
    let mut warnings = warnings();
    let stopped = |slot| Observation { finalized: 5, ..regular(slot) };
    for slot in 8..16 {
        assert_eq!(warnings.observe(&stopped(slot)), [], "slot {slot}");
    }
    let found = warnings.observe(&stopped(16));
    assert_eq!(
        texts(&found),
        [(
            Kind::FinalityStopped,
            "finality has stopped: slot 5 is final, and no other for 8 slots"
        )]
    );
    assert_eq!(warnings.observe(&Observation { finalized: 6, ..regular(17) }), []);
}

#[test]
fn a_late_owner_and_a_clock_set_back_have_different_warnings() {
    let mut warnings = warnings();
    let at = |chain_time| Observation { chain_time, ..regular(2) };
    assert_eq!(warnings.observe(&at(10)), []);
    assert_eq!(warnings.observe(&at(8)), []);
    assert_eq!(
        texts(&warnings.observe(&at(7))),
        [(Kind::OwnerBehind, "the chain's owner is 3 intervals behind the clock")]
    );
    let found = warnings.observe(&at(12));
    assert_eq!(found[0].kind, Kind::ClockSetBack);
    assert!(found[0].text.contains("the chain is 2 intervals ahead"), "{found:?}");
}

#[test]
fn a_jump_of_the_clock_is_shown_for_eight_slots_in_both_directions() {
    for (jump, says) in [(40_000, "forward by 40000 ms, to slot 31"), (-40_000, "back by 40000 ms")]
    {
        let mut warnings = warnings();
        let shifted = |slot: Slot| {
            let wall = (slot * SLOT).checked_add_signed(jump).expect("after 1970");
            Observation { wall, chain_time: wall / 800, ..regular(slot) }
        };
        assert_eq!(warnings.observe(&regular(20)), []);
        let found = warnings.observe(&shifted(21));
        assert!(found[0].kind == Kind::ClockJumped && found[0].text.contains(says), "{found:?}");
        assert!(!warnings.observe(&shifted(28)).is_empty());
        assert_eq!(warnings.observe(&shifted(29)), []);
    }
}

#[test]
fn a_slow_drift_of_the_clock_is_no_jump() {
    let mut warnings = warnings();
    for slot in 0..100 {
        let wall = slot * SLOT + slot * 100;
        let chain_time = wall / 800;
        assert_eq!(warnings.observe(&Observation { wall, chain_time, ..regular(slot) }), []);
    }
}

#[test]
fn keys_are_ending_in_their_last_eighth_and_after_their_end() {
    let keys = Some(KeySlots { end: 256, count: 256 });
    let mut warnings = Warnings::new(SlotClock::new(0), keys);
    assert_eq!(warnings.observe(&regular(223)), []);
    assert_eq!(
        texts(&warnings.observe(&regular(224))),
        [(Kind::KeysEnding, "a validator's keys end in 32 slots")]
    );
    assert_eq!(
        texts(&warnings.observe(&regular(256))),
        [(Kind::KeysEnding, "a validator's keys have ended with slot 255")]
    );
}

#[test]
fn a_node_without_a_configured_peer_has_two_slots_to_connect() {
    let mut warnings = warnings();
    let alone = |slot| Observation { is_alone: true, ..regular(slot) };
    assert_eq!(warnings.observe(&alone(4)), []);
    assert_eq!(warnings.observe(&alone(5)), []);
    let said = "no configured peer is connected, since slot 4";
    assert_eq!(texts(&warnings.observe(&alone(6))), [(Kind::NoConfiguredPeer, said)]);
    assert_eq!(warnings.observe(&regular(7)), []);
    assert_eq!(warnings.observe(&alone(8)), [], "the patience begins again");
}

#[test]
fn missing_signatures_are_reported_for_two_slots() {
    let mut warnings = warnings();
    let unsigned = |slot, unsigned| Observation { unsigned, ..regular(slot) };
    assert_eq!(warnings.observe(&regular(4)), []);
    for slot in [5, 6] {
        let said = "3 duties had no signature by slot 5: the notes have the reasons";
        assert_eq!(texts(&warnings.observe(&unsigned(slot, 3))), [(Kind::NotSigning, said)]);
    }
    assert_eq!(warnings.observe(&unsigned(7, 3)), []);
    let said = "1 duty had no signature by slot 8: the notes have the reasons";
    assert_eq!(texts(&warnings.observe(&unsigned(8, 4))), [(Kind::NotSigning, said)]);
}

#[test]
fn a_warning_is_logged_when_it_begins_and_when_it_ends_and_not_too_often() {
    let alerts = Arc::<Alerts>::default();
    let mut announcer = Announcer::new(Arc::clone(&alerts));
    let kind = Kind::FinalityStopped;
    let warning = [Warning { kind, text: "text".to_owned() }];
    assert_eq!(announcer.changes(&warning, 10), [Change::Begun(kind)]);
    assert_eq!(announcer.changes(&warning, 11), []);
    assert_eq!(announcer.changes(&[], 12), [Change::Ended(kind)]);
    assert_eq!(announcer.changes(&[], 13), []);
    // It comes and goes: neither is logged for a while.
    assert_eq!(announcer.changes(&warning, 14), []);
    assert_eq!(announcer.changes(&[], 15), []);
    assert_eq!(announcer.changes(&warning, 41), []);
    assert_eq!(announcer.changes(&warning, 42), [Change::Begun(kind)]);
}

#[test]
fn the_metrics_show_what_is_in_force_and_how_often_it_has_begun() {
    let alerts = Arc::<Alerts>::default();
    let mut announcer = Announcer::new(Arc::clone(&alerts));
    let kind = Kind::KeysEnding;
    let warning = [Warning { kind, text: "text".to_owned() }];
    announcer.announce(&warning, 1);
    announcer.announce(&warning, 2);
    assert_eq!(alerts.read(kind), (true, 1));
    announcer.announce(&[], 3);
    announcer.announce(&warning, 4);
    assert_eq!(alerts.read(kind), (true, 2));
    assert_eq!(alerts.read(Kind::ClockJumped), (false, 0));
}

#[test]
fn what_the_watchdog_names_is_a_warning_while_it_lasts() {
    let mut warnings = warnings();
    let stuck = |stuck| Observation { stuck, ..regular(3) };
    let said = "1 handler, lane or thread is stuck: the log names what the watchdog has found";
    assert_eq!(texts(&warnings.observe(&stuck(1))), [(Kind::Stuck, said)]);
    let said = "2 handlers, lanes or threads are stuck: the log names what the watchdog has found";
    assert_eq!(texts(&warnings.observe(&stuck(2))), [(Kind::Stuck, said)]);
    assert_eq!(warnings.observe(&stuck(0)), []);
}
