//! The same figures for programs: one object with the machine and a list of results.

use std::fmt::Write;

use crate::measure::Quartiles;
use crate::race::Outcome;
use crate::workload::Workload;

/// A document extended table by table.
pub(crate) struct Json {
    text: String,
    results: usize,
}

impl Json {
    /// Begins with the machine.
    pub(crate) fn new(
        machine: &[(&'static str, String)],
        rounds: usize,
        against: Option<&str>,
    ) -> Self {
        let mut text = String::from("{\n  \"machine\": {");
        for (index, (name, value)) in machine.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            put(&mut text, format_args!("{comma}\n    {}: {}", quoted(name), quoted(value)));
        }
        let against = against.map_or_else(|| "null".into(), quoted);
        put(
            &mut text,
            format_args!(
                "\n  }},\n  \"rounds\": {rounds},\n  \"against\": {against},\n  \"results\": ["
            ),
        );
        Self { text, results: 0 }
    }

    /// Adds one workload's results. Contestants without this workload are skipped.
    pub(crate) fn add(&mut self, workload: Workload, outcomes: &[Outcome<'_>]) {
        for outcome in outcomes {
            let Some(result) = &outcome.result else { continue };
            let comma = if self.results == 0 { "" } else { "," };
            self.results += 1;
            put(
                &mut self.text,
                format_args!(
                    "{comma}\n    {{\"workload\": {}, \"contestant\": {}, \"room\": {}, \"operations\": {}, \
                     \"allocations\": {:.4}, \"switches\": {:.5}, \"figures\": {{",
                    quoted(workload.name()),
                    quoted(outcome.contestant.name),
                    quoted(outcome.contestant.room_in(workload)),
                    result.n,
                    result.allocations,
                    result.switches.median
                ),
            );
            for (index, (name, quartiles)) in
                workload.figures().iter().zip(&result.figures).enumerate()
            {
                let Quartiles { lower, median, upper } = quartiles;
                let comma = if index == 0 { "" } else { ", " };
                let name = quoted(name);
                put(
                    &mut self.text,
                    format_args!(
                        "{comma}{name}: {{\"median\": {median:.3}, \"lower\": {lower:.3}, \"upper\": {upper:.3}}}"
                    ),
                );
            }
            self.text.push_str("}}");
        }
    }

    /// Ends the document.
    pub(crate) fn finish(mut self) -> String {
        self.text.push_str("\n  ]\n}\n");
        self.text
    }
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("a string takes everything");
}

/// Quotes a JSON string. The input has no control characters except possibly a tab.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => {
                put(&mut quoted, format_args!("\\u{:04x}", u32::from(control)))
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
