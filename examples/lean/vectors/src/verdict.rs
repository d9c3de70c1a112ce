//! The result of a vector.

use std::fmt;

use serde::Serialize;

use crate::revision::Rule;

/// The result of one vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome: passed, failed, superseded or skipped.
    pub outcome: Outcome,
    /// The values left out of the comparison, although the vector was run.
    pub not_compared: Vec<NotCompared>,
}

/// The outcome of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All compared values are as expected.
    Passed,
    /// At least one compared value is not as expected.
    Failed(Vec<Difference>),
    /// All values are as expected, except for these expectations of an older revision.
    Superseded(Vec<Superseded>),
    /// The vector was not run, for this reason.
    Skipped(String),
}

/// A difference between the expected and the actual value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The number of the step, counted from 0, and its kind. `None` in a vector of one step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The name of the compared value.
    pub what: String,
    /// The value in the vector.
    pub expected: String,
    /// The actual value.
    pub got: String,
}

/// An expectation that a changed rule has superseded. The rule as it was before gives this value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Superseded {
    /// The rule.
    pub rule: Rule,
    /// The difference.
    pub difference: Difference,
}

/// A value in a vector that was not compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// The name of the value, with its step.
    pub what: String,
    /// The reason for the missing comparison.
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

/// Collects the differences during the run of a vector.
#[derive(Debug, Default)]
pub(super) struct Findings {
    step: Option<String>,
    differences: Vec<Difference>,
    superseded: Vec<Superseded>,
    not_compared: Vec<NotCompared>,
}

impl Findings {
    /// Sets the step of all findings added from now on.
    pub(super) fn in_step(&mut self, number: usize, kind: &str) {
        self.step = Some(format!("{number} ({kind})"));
    }

    /// Compares two values.
    pub(super) fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, got: T, expected: T) {
        if got != expected {
            self.differ(what, format!("{got:?}"), format!("{expected:?}"));
        }
    }

    /// Compares the reason of a rejection with the expected one.
    pub(super) fn same_rejection(&mut self, got: Option<String>, expected: Option<&str>) {
        if got.as_deref() != expected {
            let shown = |reason: Option<&str>| reason.unwrap_or("no rejection").to_owned();
            self.differ("rejection", shown(got.as_deref()), shown(expected));
        }
    }

    /// Adds a difference.
    pub(super) fn differ(
        &mut self,
        what: &str,
        got: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let (step, what) = (self.step.clone(), what.to_owned());
        self.differences.push(Difference {
            step,
            what,
            expected: expected.into(),
            got: got.into(),
        });
    }

    /// Returns findings without differences, for a part of this step.
    pub(super) fn part(&self) -> Self {
        Self { step: self.step.clone(), ..Self::default() }
    }

    /// Returns whether there are no differences.
    pub(super) fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }

    /// Adds the findings of a part.
    pub(super) fn add(&mut self, part: Self) {
        self.differences.extend(part.differences);
        self.superseded.extend(part.superseded);
        self.not_compared.extend(part.not_compared);
    }

    /// Adds the differences of a part as expectations that a changed rule has superseded.
    pub(super) fn add_superseded(&mut self, rule: Rule, part: Self) {
        let differences = part.differences.into_iter();
        self.superseded.extend(differences.map(|difference| Superseded { rule, difference }));
    }

    /// Adds a value left out of the comparison.
    pub(super) fn not_compared(&mut self, what: &str, reason: &str) {
        let what = self
            .step
            .as_ref()
            .map_or_else(|| what.to_owned(), |step| format!("step {step}: {what}"));
        self.not_compared.push(NotCompared { what, reason: reason.to_owned() });
    }

    /// Returns the verdict.
    pub(super) fn into_verdict(self) -> Verdict {
        let outcome = if !self.differences.is_empty() {
            Outcome::Failed(self.differences)
        } else if !self.superseded.is_empty() {
            Outcome::Superseded(self.superseded)
        } else {
            Outcome::Passed
        };
        Verdict { outcome, not_compared: self.not_compared }
    }
}

impl Verdict {
    /// Returns the verdict of a skipped vector.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped(reason.into()), not_compared: Vec::new() }
    }
}
