//! The devnet's table.

use std::num::NonZeroUsize;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

use consensus::Root;
use devnet::table::Layout;
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

/// A running node and a killed one.
fn views() -> [NodeView; 2] {
    let view = |name: &str, condition, status| NodeView {
        name: name.to_owned(),
        condition,
        started_in: None,
        status,
    };
    [
        view("node-0", Condition::Running, Some(status())),
        view("node-10", Condition::Ended(ExitStatus::from_raw(9)), None),
    ]
}

fn rendered(width: usize, height: usize, color: bool) -> String {
    let (width, height) = (NonZeroUsize::new(width), NonZeroUsize::new(height));
    table::render_in(Layout { width, height, color }, &views())
}

#[test]
fn columns_that_do_not_fit_are_left_out_in_the_stated_order() {
    let headings = |width| rendered(width, 0, false).lines().next().map(str::to_owned);
    let expected = [
        (
            200,
            "node     state    slot  head         justified    finalized   peers  blocks  drops  late ms  lanes",
        ),
        (
            100,
            "node     state    slot  head         justified    finalized   peers  blocks  drops  late ms",
        ),
        (90, "node     state    slot  head         justified    finalized   peers  blocks  drops"),
        (80, "node     state    slot  head         justified    finalized   peers  blocks"),
        (72, "node     state    slot  head         finalized   peers  blocks"),
        (60, "node     state    slot  head         finalized   peers"),
        (50, "node     state    slot  head         finalized"),
        (40, "node     state    slot  finalized"),
        (30, "node     state    finalized"),
    ];
    for (width, line) in expected {
        assert_eq!(headings(width).as_deref(), Some(line), "{width} columns");
    }
}

#[test]
fn no_line_is_longer_than_the_terminal_is_wide() {
    for width in 1..200 {
        let text = rendered(width, 0, false);
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width} columns: {line}");
        }
    }
}

#[test]
fn notes_are_broken_between_words() {
    let text = rendered(40, 0, false);
    let notes: Vec<_> = text.lines().skip(3).collect();
    assert_eq!(
        notes,
        [
            "node-0: validator 3: key exhausted at",
            "slot 256, no longer signing",
            "node-10: ended unexpectedly (signal: 9",
            "(SIGKILL)); the others go on",
        ]
    );
}

#[test]
fn a_low_terminal_shows_the_number_of_lines_left_out() {
    assert_eq!(rendered(200, 5, false), rendered(200, 0, false));
    let text = rendered(200, 4, false);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!((lines.len(), lines[3]), (4, "… 2 more lines"));
    for height in 1..8 {
        assert!(rendered(80, height, false).lines().count() <= height);
    }
}

#[test]
fn colours_change_nothing_but_the_colour() {
    for width in [30, 40, 80, 200] {
        let coloured = rendered(width, 0, true);
        assert!(coloured.contains("\x1b[31mended\x1b[0m"), "{coloured:?}");
        let mut plain = coloured.clone();
        for code in ["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[33m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, rendered(width, 0, false));
    }
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
