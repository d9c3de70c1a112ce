//! The devnet's table.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use consensus::Root;
use devnet::{Condition, NodeView, table};
use lean_node::report::{LaneLine, ReportLine, StatusLine, TickLateness};

fn status() -> StatusLine {
    let lane = |name: &str, depth, high_water| LaneLine {
        name: name.to_owned(),
        depth,
        high_water,
        ..LaneLine::default()
    };
    StatusLine {
        node: "node-0".to_owned(),
        slot: 12,
        interval: 4,
        head_slot: 12,
        head_root: Root::new([0xaa; 32]),
        justified_slot: 10,
        justified_root: Root::new([0xbb; 32]),
        finalized_slot: 9,
        finalized_root: Root::new([0xcc; 32]),
        peers: 3,
        lanes: vec![lane("control", 0, 2), lane("votes", 5, 17)],
        drops: 4,
        tick_lateness_ms: TickLateness { last: 1, max: 8 },
        blocks_imported: 12,
        runtime: "tokio".to_owned(),
        notes: vec!["validator 3: key exhausted at slot 256, no longer signing".to_owned()],
        ..StatusLine::default()
    }
}

#[test]
fn the_table_has_a_row_per_node_and_then_the_notes() {
    let running = NodeView {
        name: "node-0".to_owned(),
        condition: Condition::Running,
        started_in: None,
        status: Some(status()),
    };
    let killed = NodeView {
        name: "node-10".to_owned(),
        condition: Condition::Killed,
        started_in: None,
        status: None,
    };
    let expected = "\
node     state    slot  head         justified    finalized   peers  blocks  drops  late ms  lanes
node-0   running  12.4  12 aaaaaaaa  10 bbbbbbbb  9 cccccccc  3      12      4      1/8      control 0(2) votes 5(17)
node-10  killed
node-0: validator 3: key exhausted at slot 256, no longer signing
";
    assert_eq!(table::render([&running, &killed]), expected);
}

#[test]
fn waiting_blocks_and_votes_are_shown_beside_the_imported_blocks() {
    let status = StatusLine { pending_blocks: 2, pending_votes: 7, ..status() };
    let view = NodeView {
        name: "node-0".to_owned(),
        condition: Condition::Running,
        started_in: None,
        status: Some(status),
    };
    assert!(table::render([&view]).contains("12 (2 and 7 votes wait)"));
}

#[test]
fn the_end_of_a_node_is_a_note_with_its_reason() {
    let condition = Condition::Ended(ExitStatus::from_raw(9));
    let ended = NodeView { name: "node-1".to_owned(), condition, started_in: None, status: None };
    let text = table::render([&ended]);
    let note = "node-1: ended unexpectedly (signal: 9 (SIGKILL)); the others go on\n";
    assert!(text.ends_with(note), "{text}");
}

#[test]
fn a_report_line_is_read_back_as_it_was_written() {
    let line = ReportLine::Status(Box::new(status()));
    let text = serde_json::to_string(&line).expect("it serializes");
    assert!(
        !text.contains('\n') && text.starts_with(r#"{"kind":"status","node":"node-0","slot":12"#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<ReportLine>(&text).expect("it was just written"), line);
}
