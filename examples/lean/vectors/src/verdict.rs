//! What comes of a vector.

use std::fmt;

use serde::Serialize;

/// What came of one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it holds.
    pub outcome: Outcome,
    /// What the vector says that was not compared, although the rest was.
    pub not_compared: Vec<NotCompared>,
}

/// Whether a vector holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that was compared is as the vector says.
    Passed,
    /// Something is not.
    Failed(Vec<Difference>),
    /// Nothing was compared, for this reason.
    Skipped(String),
}

/// Something that is not as a vector says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The step, counted from 0, and its kind; a vector of one step has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What was compared.
    pub what: String,
    /// What the vector says.
    pub expected: String,
    /// What came out.
    pub got: String,
}

/// A value of a vector that was not compared with anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// Which one, and in which step.
    pub what: String,
    /// Why it was not.
    pub reason: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "step {step}: ")?;
        }
        write!(f, "{}: expected {}, got {}", self.what, self.expected, self.got)
    }
}

/// Gathers what is found while a vector is gone through.
#[derive(Debug, Default)]
pub(super) struct Findings {
    step: Option<String>,
    differences: Vec<Difference>,
    not_compared: Vec<NotCompared>,
}

impl Findings {
    /// Says which step the findings from now on belong to.
    pub(super) fn in_step(&mut self, number: usize, kind: &str) {
        self.step = Some(format!("{number} ({kind})"));
    }

    /// Compares two values.
    pub(super) fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, got: T, expected: T) {
        if got != expected {
            self.differ(what, format!("{got:?}"), format!("{expected:?}"));
        }
    }

    /// Compares what the rules refused, and why, with what they should.
    pub(super) fn same_rejection(&mut self, got: Option<String>, expected: Option<&str>) {
        if got.as_deref() != expected {
            let shown = |reason: Option<&str>| reason.unwrap_or("no rejection").to_owned();
            self.differ("rejection", shown(got.as_deref()), shown(expected));
        }
    }

    /// Notes a difference.
    pub(super) fn differ(&mut self, what: &str, got: impl Into<String>, expected: impl Into<String>) {
        let (step, what) = (self.step.clone(), what.to_owned());
        self.differences.push(Difference { step, what, expected: expected.into(), got: got.into() });
    }

    /// Notes that a value of the vector is not compared.
    pub(super) fn not_compared(&mut self, what: &str, reason: &str) {
        let what = self.step.as_ref().map_or_else(|| what.to_owned(), |step| format!("step {step}: {what}"));
        self.not_compared.push(NotCompared { what, reason: reason.to_owned() });
    }

    /// Sums up.
    pub(super) fn into_verdict(self) -> Verdict {
        let outcome = if self.differences.is_empty() { Outcome::Passed } else { Outcome::Failed(self.differences) };
        Verdict { outcome, not_compared: self.not_compared }
    }
}

impl Verdict {
    /// A vector that nothing was done with.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped(reason.into()), not_compared: Vec::new() }
    }
}
