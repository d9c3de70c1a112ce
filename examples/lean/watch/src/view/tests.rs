//! Frames of made events, drawn on a terminal in memory.

use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use super::*;
use crate::NetworkNode;
use crate::feed::News;
use lean_node::events::Event;

fn begin() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any moment will do")]
    Instant::now()
}

/// The events of a node after some slots, with hostile names.
fn events() -> Vec<Event> {
    let root = |byte: u8| format!("0x{}", hex::encode([byte; 32]));
    let block = |byte: u8, slot: u64, parent: &str, weight: u64| {
        format!(
            r#"{{"root": "{}", "slot": {slot}, "parent": {parent}, "weight": {weight}}}"#,
            root(byte)
        )
    };
    let (a, b, c) =
        (block(0xaa, 117, "null", 8), block(0xbb, 119, "0", 6), block(0xcc, 120, "0", 2));
    let head = root(0xbb);
    let data = [
        (
            "node",
            format!(
                r#"{{"name": "node\u001b[2J-0", "phase": "running", "slot": 120, "interval": 3,
                 "uptime_s": 3720, "interval_ms": 800, "blocks_imported": 119,
                 "head": {{"slot": 119, "root": "{head}"}}, "finalized": {{"slot": 117}},
                 "tick_lateness_ms": {{"last": 1, "max": 30}}}}"#
            ),
        ),
        (
            "forks",
            format!(
                r#"{{"blocks": [{a}, {b}, {c}], "validators": 8, "head": 1, "justified": 0,
             "finalized": 0, "safe_target": 1, "left_out": 0}}"#
            ),
        ),
        ("votes", r#"{"received_now": 7}"#.to_owned()),
        (
            "peers",
            r#"{"connected": 3, "configured": 4, "configured_connected": 2, "bans": 5}"#.to_owned(),
        ),
        (
            "history",
            r#"{"slots": [{"slot": 118, "finalized": 115}, {"slot": 119, "finalized": 103}]}"#
                .to_owned(),
        ),
        (
            "actors",
            r#"{"actors": [
            {"name": "chain", "doing": "Block", "busy_ms": 2500, "lanes": [
                {"name": "blocks", "capacity": 1024, "depth": 512, "high_water": 768},
                {"name": "votes", "capacity": 4096, "depth": 1, "high_water": 1, "lost": 1234}]},
            {"name": "evil\u202etxt", "doing": "idle", "lanes": []}]}"#
                .to_owned(),
        ),
        (
            "losses",
            r#"{"groups": [{"name": "dropped by the chain", "total": 15, "reasons": [
            {"reason": "UNKNOWN_BLOCK", "count": 1}, {"reason": "DUPLICATE_VOTE", "count": 14}]},
            {"name": "bans", "total": 2, "reasons": [{"reason": "BadRequest", "count": 2}]}]}"#
                .to_owned(),
        ),
    ];
    let read = |(name, data): (&str, String)| Event::read(name, &data).expect("it is JSON");
    data.into_iter().filter_map(read).collect()
}

fn model(now: Instant) -> Model {
    let mut model = Model::new("http://127.0.0.1:5052".to_owned());
    events().into_iter().for_each(|event| model.take(event, now));
    model
}

fn lines_at(model: &Model, now: Instant, width: u16, height: u16) -> Vec<String> {
    let theme = Theme::new(false, true);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is memory");
    let drawn = terminal.draw(|frame| draw(model, &theme, now, frame.area(), frame.buffer_mut()));
    drawn.expect("it is memory");
    plain(terminal.backend().buffer()).lines().map(str::to_owned).collect()
}

fn has(lines: &[String], part: &str) -> bool {
    lines.iter().any(|line| line.contains(part))
}

#[test]
fn a_frame_of_80_columns_and_24_lines_shows_the_whole_node() {
    let now = begin();
    let lines = lines_at(&model(now), now, 80, 24);
    assert_eq!(lines.len(), 24);
    assert_eq!(lines[0], "node\\u{1b}[2J-0  running  slot 120.3  up 1h02m");
    assert_eq!(lines[1], "head 119 bbbbbbbb  justified 0 00000000  finalized 117 00000000");
    assert_eq!(lines[2], "peers 3 (2/4 configured)  bans 5  votes 7  blocks 119  late 1/30 ms");
    assert!(has(&lines, " o 120 cccccccc      ##.... 2/8"), "{lines:#?}");
    assert!(has(&lines, "*| 119 bbbbbbbb H  S #####. 6/8"), "{lines:#?}");
    assert!(has(&lines, "*' 117 aaaaaaaa  JF  final"), "{lines:#?}");
    assert!(has(&lines, "###::. 512/1.0k"), "the fullest lane: {lines:#?}");
    assert!(has(&lines, "Block 2.5s"), "{lines:#?}");
    assert!(has(&lines, "finality 16 slots behind: _#"), "{lines:#?}");
    assert!(
        has(&lines, "dropped by the chain 15: duplicate vote 14, unknown block 1"),
        "{lines:#?}"
    );
    assert!(has(&lines, "bans 2: bad request 2"), "{lines:#?}");
    assert!(lines[23].starts_with("q quit"));
    assert!(lines.iter().all(|line| !line.contains(char::is_control)), "{lines:#?}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80));
}

#[test]
fn a_narrow_frame_has_short_forms_and_cuts_no_figure_at_60_columns() {
    let now = begin();
    let lines = lines_at(&model(now), now, 60, 24);
    assert_eq!(lines[1], "head 119  justified 0  finalized 117");
    assert_eq!(lines[2], "peers 3 (2/4)  bans 5  votes 7  blocks 119  late 1/30 ms");
}

#[test]
fn many_branches_shorten_the_bar_and_cut_no_weight() {
    let now = begin();
    let mut model = model(now);
    let child = |n: u8| {
        format!(r#"{{"root": "0x{}", "slot": 33, "parent": 0, "weight": 0}}"#, hex::encode([n; 32]))
    };
    let children: Vec<_> = (1..=8).map(child).collect();
    let data = format!(
        r#"{{"blocks": [{{"root": "0x{}", "slot": 32, "parent": null, "weight": 16}}, {}],
            "validators": 16, "head": 1}}"#,
        hex::encode([0; 32]),
        children.join(", ")
    );
    model.take(Event::read("forks", &data).expect("JSON").expect("it is known"), now);
    let lines = lines_at(&model, now, 80, 24);
    assert!(has(&lines, " 32 00000000      #### 16/16 "), "{lines:#?}");
}

#[test]
fn every_size_of_a_terminal_has_a_frame() {
    let now = begin();
    let mut model = model(now);
    for shows_lanes in [false, true] {
        model.shows_lanes = shows_lanes;
        for width in [1, 5, 39, 40, 41, 60, 71, 72, 79, 80, 81, 200] {
            for height in [1, 4, 11, 12, 13, 23, 24, 60] {
                assert_eq!(lines_at(&model, now, width, height).len(), usize::from(height));
            }
        }
    }
    assert_eq!(lines_at(&Model::new(String::new()), now, 80, 24).len(), 24, "before any event");
}

#[test]
fn keys_show_every_lane_and_end_the_program() {
    let now = begin();
    let mut model = model(now);
    let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
    assert!(!has(&lines_at(&model, now, 80, 24), "1/4.0k"));
    assert!(model.press(key(KeyCode::Char('e'))));
    let lines = lines_at(&model, now, 80, 24);
    assert!(has(&lines, "1/4.0k -1.2k"), "{lines:#?}");
    assert!(!model.press(key(KeyCode::Char('x'))) && !model.has_ended);
    model.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(model.has_ended);
}

#[test]
fn a_stuck_owner_and_a_silent_node_stand_out() {
    let now = begin();
    let mut model = model(now);
    let stuck = r#"{"name": "node-0", "phase": "stuck", "behind_ms": 29200}"#;
    model.take(Event::read("node", stuck).expect("JSON").expect("it is known"), now);
    let lines = lines_at(&model, now, 80, 24);
    assert!(lines[0].contains("stuck") && lines[3] == "the chain's owner is stuck for 29.2s");
    model.hear(News::Lost("Connection refused".to_owned()), now);
    let later = now + Duration::from_secs(7);
    let lines = lines_at(&model, later, 80, 24);
    assert_eq!(lines[3], "no event for 7 s: Connection refused; it is tried again");
    assert!(has(&lines, "119 bbbbbbbb"), "the last events stay");
}

#[test]
fn a_theme_without_colours_sends_none() {
    let now = begin();
    for has_colours in [false, true] {
        let theme = Theme::new(has_colours, false);
        let area = Rect::new(0, 0, 80, 24);
        let mut buffer = Buffer::empty(area);
        draw(&model(now), &theme, now, area, &mut buffer);
        let is_coloured = buffer.content().iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(is_coloured, has_colours);
    }
}

#[test]
fn a_network_has_a_line_of_its_nodes_and_tab_turns_to_the_next_one() {
    let now = begin();
    let mut model = model(now);
    model.nodes = (0..4)
        .map(|n| NetworkNode {
            name: format!("node-{n}"),
            address: None,
            state: if n == 2 { "ended".to_owned() } else { "117".to_owned() },
            is_well: n != 2,
        })
        .collect();
    let lines = lines_at(&model, now, 60, 24);
    assert_eq!(lines[0], "FINALIZED [node-0 117] node-1 117  node-2 ended  node-3 117");
    assert!(lines[1].starts_with("node\\u{1b}[2J-0  running  slot 120.3"), "{lines:#?}");
    assert!(lines[23].contains("Tab next node"), "{lines:#?}");
    let key = |code| KeyEvent::new(code, KeyModifiers::NONE);
    for (code, chosen) in [(KeyCode::Tab, 1), (KeyCode::Tab, 2), (KeyCode::BackTab, 1)] {
        assert!(model.press(key(code)));
        assert_eq!(model.chosen, chosen);
    }
    assert!(has(&lines_at(&model, now, 60, 24), " node-0 117 [node-1 117] node-2 ended "));
    model.press(key(KeyCode::BackTab));
    model.press(key(KeyCode::BackTab));
    assert_eq!(model.chosen, 3, "the last one is before the first one");
    model.turn_to("http://127.0.0.1:1".to_owned());
    assert!(has(&lines_at(&model, now, 80, 24), "http://127.0.0.1:1: connecting"));
}
