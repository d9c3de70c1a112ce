//! Names of a program, safe for a terminal.

use std::fmt;

/// A text for a terminal or a log: characters without a look of their own are shown as escapes.
///
/// These are control characters, such as the begin of a terminal's command and the end of a line,
/// marks of direction, joiners, and others without a width. So no name of an actor, of a lane or of
/// a system changes the terminal or hides a part of a line. All `Display`s of this module print
/// names so.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::Shown;
///
/// assert_eq!(Shown("/chain/blöcke").to_string(), "/chain/blöcke");
/// assert_eq!(Shown("/a\u{1b}[2J\nb").to_string(), "/a\\u{1b}[2J\\u{a}b");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        if !text.contains(is_hidden) {
            return f.pad(text);
        }
        let mut shown = String::with_capacity(2 * text.len());
        for c in text.chars() {
            if is_hidden(c) {
                shown.extend(c.escape_unicode());
            } else {
                shown.push(c);
            }
        }
        f.pad(&shown)
    }
}

/// Returns whether a character has no look of its own.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::inspect::{
        ActorView, Doing, ExecutorView, Finding, FindingView, InHand, Inspection, LaneView,
        Problem, RingPart, ThreadView, WaitFor, WaitView,
    };

    /// Clears a terminal, rings, turns the direction, and begins a line.
    const HOSTILE: &str = "x\u{1b}[2J\u{7}\u{202e}\u{9b}31m\ny";

    fn assert_harmless(text: &str) {
        assert!(text.contains("x\\u{1b}[2J"), "{text:?}");
        assert!(!text.contains(|c| c != '\n' && is_hidden(c)), "{text:?}");
        assert!(text.lines().all(|line| !line.starts_with('y')), "a name began a line: {text:?}");
    }

    #[test]
    fn no_name_in_an_inspection_controls_the_terminal() {
        let name = || HOSTILE.to_owned();
        let in_hand = || InHand { lane: name(), kind: Some(name()) };
        let wait = WaitView { actor: Some(name()), ..WaitView::default() };
        let actor = |executor: &str, message| ActorView {
            path: name(),
            executor: executor.to_owned(),
            doing: Doing::Awaiting { message, at_least: Duration::ZERO },
            lanes: vec![LaneView { name: name(), ..LaneView::default() }],
            waits: vec![wait.clone()],
            ..ActorView::default()
        };
        let actors =
            vec![actor(HOSTILE, in_hand()), actor(HOSTILE, InHand { kind: None, ..in_hand() })];
        let seen = Inspection {
            system: name(),
            executors: vec![ExecutorView { name: name(), ..ExecutorView::default() }],
            actors,
            findings: vec![FindingView { text: name(), ..FindingView::default() }],
            ..Inspection::default()
        };
        assert_harmless(&seen.to_string());
        assert_eq!(seen.to_string().lines().count(), 9 + 1, "no name has ended a line");
    }

    #[test]
    fn no_name_in_a_finding_controls_the_terminal() {
        let name = || HOSTILE.to_owned();
        let message = || InHand { lane: name(), kind: None };
        let thread = ThreadView {
            name: name(),
            stack: Some(format!("#0 {HOSTILE}")),
            ..ThreadView::default()
        };
        let doing = Doing::Handling { message: message(), at_least: Duration::ZERO };
        let waits = vec![WaitView { actor: Some(name()), ..WaitView::default() }];
        let parts = vec![RingPart::new(name(), Some(message()), WaitFor::Answer)];
        let problems = [
            Problem::Handler { actor: name(), doing, waits, thread: None },
            Problem::Ring { actors: parts },
            Problem::Executor { name: name(), ready: vec![name()], thread: None },
            Problem::Lane { actor: name(), lane: name(), accepted: 1, waiting: 1 },
        ];
        for problem in problems {
            let begin = Finding::begins(name(), problem.clone(), Duration::ZERO).to_string();
            let end = Finding::ends(name(), problem, Duration::ZERO).to_string();
            for text in [begin, end] {
                assert_harmless(&text);
                assert_eq!(text.lines().count(), 1, "{text:?}");
            }
        }
        // The lines of a stack stay lines.
        let shown = thread.to_string();
        assert!(!shown.contains(|c| c != '\n' && is_hidden(c)), "{shown:?}");
    }
}
