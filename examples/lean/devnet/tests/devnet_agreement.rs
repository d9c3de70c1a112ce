//! The conditions for agreement on finality.

use consensus::{Root, Slot};
use devnet::Agreement;

/// A node, its finalized slot, and a byte as the root of the block.
type Said = (usize, Slot, u8);

fn root(byte: u8) -> Root {
    Root::new([byte; 32])
}

fn after(said: &[Said]) -> Agreement {
    let mut agreement = Agreement::among(3);
    for (node, slot, byte) in said {
        agreement.observe(*node, *slot, root(*byte)).expect("no two blocks for one slot");
    }
    agreement
}

#[test]
fn agreement_needs_every_node_beyond_the_slot_and_one_block_in_common() {
    let table: [(&str, &[Said], Slot, bool); 9] = [
        ("nobody has said anything", &[], 0, false),
        ("one is silent", &[(0, 8, 8), (1, 8, 8)], 8, false),
        ("all named the block", &[(0, 8, 8), (1, 8, 8), (2, 8, 8)], 8, true),
        ("a later slot will do", &[(0, 9, 9), (1, 9, 9), (2, 9, 9)], 8, true),
        ("an earlier one will not", &[(0, 7, 7), (1, 7, 7), (2, 7, 7)], 8, false),
        ("far enough, but nothing in common", &[(0, 8, 8), (1, 9, 9), (2, 9, 9)], 8, false),
        (
            "what they have in common is too old",
            &[(0, 7, 7), (1, 7, 7), (2, 7, 7), (0, 8, 8), (1, 9, 9), (2, 10, 10)],
            8,
            false,
        ),
        (
            "the block in common may be an older report",
            &[(0, 8, 8), (1, 8, 8), (0, 9, 9), (1, 10, 10), (2, 8, 8)],
            8,
            true,
        ),
        ("a zero root is no report", &[(0, 0, 0), (1, 0, 0), (2, 0, 0)], 0, false),
    ];
    for (case, said, slot, expected) in table {
        assert_eq!(after(said).is_reached(slot), expected, "{case}");
    }
}

#[test]
fn two_blocks_for_one_slot_are_reported_immediately() {
    let mut agreement = after(&[(0, 3, 3), (1, 4, 4)]);
    let disagreement = agreement.observe(2, 3, root(9)).expect_err("node 0 named another block");
    assert_eq!(
        (disagreement.slot, disagreement.first, disagreement.second),
        (3, (0, root(3)), (2, root(9)))
    );
    let message = disagreement.to_string();
    assert!(
        message.contains("slot 3") && message.contains("node-0") && message.contains("node-2"),
        "{message}"
    );
}

#[test]
fn a_node_contradicting_itself_is_reported() {
    let disagreement =
        after(&[(1, 5, 5)]).observe(1, 5, root(6)).expect_err("it had named another block");
    assert_eq!((disagreement.first.0, disagreement.second.0), (1, 1));
}

#[test]
fn a_restarted_node_must_finalize_the_slot_again() {
    let mut agreement = after(&[(0, 8, 8), (1, 8, 8), (2, 8, 8)]);
    agreement.forget(1);
    assert_eq!(agreement.finalized(1), None);
    assert!(!agreement.is_reached(8));
    agreement.observe(1, 2, root(2)).expect("nobody named another block");
    assert!(!agreement.is_reached(8));
    agreement.observe(1, 9, root(9)).expect("nobody named another block");
    assert!(agreement.is_reached(8));
}

#[test]
fn old_slots_are_forgotten_and_new_ones_are_not() {
    let mut agreement = Agreement::among(1);
    for slot in 1..=5000 {
        agreement.observe(0, slot, root(1)).expect("one node, one block a slot");
    }
    assert!(agreement.is_reached(5000));
    // Slot 1 has been dropped, so there is no contradiction.
    assert!(agreement.observe(0, 1, root(2)).is_ok());
    assert!(agreement.observe(0, 5000, root(2)).is_err());
}

#[test]
fn an_excluded_node_does_not_count_but_still_contradicts() {
    let root = |byte| Root::new([byte; 32]);
    let mut agreement = Agreement::among(2);
    agreement.observe(1, 5, root(1)).expect("the first report");
    agreement.exclude(1);
    assert!(agreement.observe(0, 5, root(2)).is_err(), "the gone node's report still counts");
    agreement.observe(0, 6, root(3)).expect("no other report");
    assert!(agreement.is_reached(6));

    agreement.exclude(0);
    assert!(!agreement.is_reached(6), "nobody is left to agree");
    agreement.forget(0);
    agreement.observe(0, 7, root(4)).expect("no other report");
    assert!(agreement.is_reached(7), "a restarted node counts again");
}
