//! Frames of made looks, drawn on a terminal in memory.

use actor_top::Frame;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;

use super::*;
use crate::model::Link;
use crate::update::{Event, update};

/// A look at a node after some seconds.
fn look(seconds: u64) -> Frame {
    let handled = 100 * seconds;
    let text = format!(
        r#"{{"process": 4242, "program": "node", "inspections": [{{
            "system": "node", "process": 4242, "uptime": {{"secs": {seconds}, "nanos": 0}},
            "started": 5,
            "executors": [
                {{"name": "chain", "is_alive": true, "actors": 1, "turns": {handled}}},
                {{"name": "net", "is_alive": true, "actors": 2,
                  "not_turned_for": {{"secs": 2, "nanos": 0}}}}
            ],
            "actors": [
                {{"id": 1, "path": "/chain", "executor": "chain", "turns": {handled},
                  "restarts": 2, "doing": {{"Handling": {{
                      "message": {{"lane": "blocks", "kind": "Import"}},
                      "at_least": {{"secs": 1, "nanos": 200000000}}}}}},
                  "lanes": [
                      {{"name": "blocks", "capacity": 1024, "depth": 512, "high_water": 768,
                        "accepted": {handled}, "handled": {handled}, "handling": {{
                          "count": {handled}, "median": {{"secs": 0, "nanos": 512000}},
                          "p99": {{"secs": 0, "nanos": 8000000}},
                          "longest": {{"secs": 1, "nanos": 500000000}}}}}},
                      {{"name": "votes", "capacity": 64, "depth": 1, "high_water": 64,
                        "accepted": 5, "handled": 4, "evicted": {seconds}}}]}},
                {{"id": 2, "path": "/net/swarm", "executor": "net", "doing": "Idle", "lanes": []}},
                {{"id": 3, "path": "/net/\u001b[2Jevil", "executor": "net", "doing": "Ready",
                  "lanes": [{{"name": "x", "capacity": 8, "depth": 8}}]}}
            ],
            "findings": [{{"text": "/chain is stuck", "lasts": {{"secs": 3, "nanos": 0}}}}]
        }}]}}"#
    );
    serde_json::from_str(&text).expect("it is a frame")
}

fn model() -> Model {
    let mut model = Model::new("4242".to_owned());
    for seconds in [10, 12] {
        update(&mut model, Event::Seen(Box::new(look(seconds))));
    }
    model
}

/// Draws a frame and returns its lines.
fn lines(model: &mut Model, width: u16, height: u16) -> Vec<String> {
    let theme = Theme::new(false, true);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("it is memory");
    let drawn = terminal.draw(|frame| draw(model, &theme, frame.area(), frame.buffer_mut()));
    drawn.expect("it is memory");
    plain(terminal.backend().buffer()).lines().map(str::to_owned).collect()
}

fn press(model: &mut Model, keys: &str) {
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            key => KeyCode::Char(key),
        };
        update(model, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
}

fn has(lines: &[String], part: &str) -> bool {
    lines.iter().any(|line| line.contains(part))
}

#[test]
fn a_frame_of_80_columns_and_24_lines_shows_all_there_is() {
    let lines = lines(&mut model(), 80, 24);
    assert_eq!(lines.len(), 24);
    assert!(
        lines[0].starts_with("node  pid 4242  up 12.0s  3 actors on 2 executors"),
        "{lines:#?}"
    );
    assert!(lines[1].starts_with("in 100/s  handled 100/s  lost 1.0/s  waiting 521  restarts 2"));
    let chain = lines.iter().find(|line| line.contains("/chain  ")).expect("it is an actor");
    assert!(chain.contains("Import 1.2s"), "{chain}");
    assert!(chain.contains("####::.. 512/1.0k"), "the fullest lane: {chain}");
    assert!(chain.ends_with("+2"), "{chain}");
    assert!(has(&lines, "no turn for 2.0s"));
    let executor = lines.iter().find(|line| line.contains("- chain")).expect("it is an executor");
    assert!(executor.contains("1 actor "), "{executor}");
    assert!(has(&lines, "! /chain is stuck (for 3.0s)"));
    assert!(has(&lines, "evicted 12 (1.0/s)"));
    assert!(has(&lines, "now: /chain has Import (lane blocks) in hand for 1.2s"));
    assert!(has(&lines, "slow: /chain blocks  half within 512us, 99% within 8ms, longest 1.5s"));
    assert!(lines[23].starts_with("q quit"));
}

#[test]
fn every_size_of_a_terminal_has_a_frame() {
    for width in [1, 5, 19, 20, 21, 40, 79, 80, 81, 109, 110, 200] {
        for height in [1, 4, 5, 6, 10, 23, 24, 60] {
            let mut model = model();
            assert_eq!(lines(&mut model, width, height).len(), usize::from(height));
            model.screen.shows_help = true;
            assert_eq!(lines(&mut model, width, height).len(), usize::from(height));
        }
    }
}

#[test]
fn names_of_the_process_are_shown_without_control_characters() {
    let mut model = model();
    let lines = lines(&mut model, 200, 24);
    assert!(has(&lines, "/net/\\u{1b}[2Jevil"), "{lines:#?}");
    assert!(!lines.concat().contains(char::is_control));
}

#[test]
fn keys_open_lanes_sort_filter_and_pause() {
    let mut model = model();
    press(&mut model, "e");
    let shown = lines(&mut model, 80, 24);
    assert!(has(&shown, "blocks") && has(&shown, "votes"), "{shown:#?}");
    press(&mut model, "e");
    press(&mut model, "jj\n");
    assert!(has(&lines(&mut model, 80, 24), "most 64, lost 12"), "the second row is /chain");
    press(&mut model, "\n");

    press(&mut model, "sss");
    let shown = lines(&mut model, 80, 24);
    assert!(shown[0].contains("by rate") && shown[3].contains("/chain"), "{shown:#?}");
    press(&mut model, "SSS");

    press(&mut model, "/swarm\n");
    let shown = lines(&mut model, 80, 24);
    assert!(has(&shown, "/net/swarm") && has(&shown, "FILTERED"), "{shown:#?}");
    assert!(!shown[3..8].concat().contains("/chain"), "{shown:#?}");
    press(&mut model, "\u{1b}");
    assert!(has(&lines(&mut model, 80, 24), "FILTERED").eq(&false));

    press(&mut model, "p");
    update(&mut model, Event::Seen(Box::new(look(99))));
    let shown = lines(&mut model, 80, 24);
    assert!(shown[0].contains("up 12.0s") && shown[0].contains("PAUSED"), "{}", shown[0]);
    press(&mut model, "pq");
    assert!(model.has_ended);
}

#[test]
fn the_selected_row_stays_on_the_screen() {
    let mut frame = look(10);
    let actors = &mut frame.inspections[0].actors;
    let one = actors[1].clone();
    actors.extend((10..200).map(|id| {
        let mut actor = one.clone();
        (actor.id, actor.path) = (id, format!("/net/{id}"));
        actor
    }));
    let mut model = Model::new(String::new());
    update(&mut model, Event::Seen(Box::new(frame)));
    press(&mut model, "G");
    assert!(has(&lines(&mut model, 80, 24), "/net/199"));
    press(&mut model, "g");
    let shown = lines(&mut model, 80, 24);
    assert!(shown[3].contains("chain"), "{shown:#?}");
    for _ in 0..40 {
        press(&mut model, "j");
    }
    let key = model.screen.selected.clone();
    let row = rows(&model).into_iter().position(|row| Some(row.key) == key).expect("a row");
    lines(&mut model, 80, 24);
    assert!((model.screen.first..model.screen.first + model.screen.page).contains(&row));
}

#[test]
fn a_lost_connection_is_shown_with_the_last_look() {
    let mut model = model();
    update(&mut model, Event::Lost("the process has ended".to_owned()));
    let shown = lines(&mut model, 80, 24);
    assert_eq!(shown[0], "4242: the process has ended; it is tried again");
    assert!(has(&shown, "/chain"));
    update(&mut model, Event::Seen(Box::new(look(13))));
    assert_eq!(model.link, Link::Live);
}

#[test]
fn two_systems_of_a_process_have_their_names_before_their_executors() {
    let mut frame = look(10);
    let mut second = frame.inspections[0].clone();
    second.system = "tools".to_owned();
    frame.inspections.push(second);
    let mut model = Model::new(String::new());
    update(&mut model, Event::Seen(Box::new(frame)));
    let shown = lines(&mut model, 120, 40);
    assert!(has(&shown, "node: chain") && has(&shown, "tools: chain"), "{shown:#?}");
}

#[test]
fn without_colours_the_frame_has_the_same_text() {
    let area = Rect::new(0, 0, 80, 24);
    let mut frames = [true, false].map(|has_colours| {
        let mut buffer = Buffer::empty(area);
        draw(&mut model(), &Theme::new(has_colours, false), area, &mut buffer);
        buffer
    });
    assert_eq!(plain(&frames[0]), plain(&frames[1]));
    let is_plain = |buffer: &Buffer| {
        buffer.content.iter().all(|cell| matches!(cell.fg, Color::Reset) && cell.bg == Color::Reset)
    };
    assert!(!is_plain(&frames[0]) && is_plain(&frames[1]));
    frames[1].reset();
}
