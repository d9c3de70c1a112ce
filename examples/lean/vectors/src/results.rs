//! The results of many vectors, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::case::Case;
use crate::format::Format;
use crate::revision::Rule;
use crate::verdict::{Difference, NotCompared, Outcome, Superseded, Verdict};

/// The results of the vectors of one or more formats.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Results {
    /// The name of the runtime the vectors ran on.
    pub runtime: String,
    /// The results of each format with at least one vector.
    pub formats: Vec<FormatResults>,
    /// The failed vectors.
    pub failures: Vec<FailedCase>,
    /// The vectors with expectations of an older revision and no other difference.
    pub superseded: Vec<SupersededCase>,
    /// The files and folders that could not be read. Their vectors were not run.
    pub problems: Vec<String>,
}

/// The results of one format's vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormatResults {
    /// The format's name.
    pub format: String,
    /// The number of passed vectors.
    pub passed: usize,
    /// The number of failed vectors.
    pub failed: usize,
    /// The number of vectors with expectations of an older revision and no other difference.
    pub superseded: usize,
    /// The number of these expectations, by the rule that has changed.
    pub superseded_by: BTreeMap<Rule, usize>,
    /// The number of skipped vectors, by reason.
    pub skipped: BTreeMap<String, usize>,
    /// The number of values not compared in the vectors run, by reason.
    pub not_compared: BTreeMap<String, usize>,
}

/// A failed vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailedCase {
    /// The path of the file within the folder of vectors, and the name of the case within the file.
    pub name: String,
    /// The differences from the vector.
    pub differences: Vec<Difference>,
}

/// A vector with expectations that changed rules have superseded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SupersededCase {
    /// The path of the file within the folder of vectors, and the name of the case within the file.
    pub name: String,
    /// The expectations, each with the rule.
    pub expectations: Vec<Superseded>,
}

impl Results {
    /// Returns empty results for a run on the runtime with this name.
    #[must_use]
    pub fn on(runtime: &str) -> Self {
        Self { runtime: runtime.to_owned(), ..Self::default() }
    }

    /// Adds the verdict of one vector.
    pub fn add(&mut self, case: &Case, verdict: Verdict) {
        let row = self.row(case.format);
        for NotCompared { reason, .. } in verdict.not_compared {
            *row.not_compared.entry(reason).or_default() += 1;
        }
        match verdict.outcome {
            Outcome::Passed => row.passed += 1,
            Outcome::Superseded(expectations) => {
                row.superseded += 1;
                for Superseded { rule, .. } in &expectations {
                    *row.superseded_by.entry(*rule).or_default() += 1;
                }
                self.superseded.push(SupersededCase { name: case.name.clone(), expectations });
            }
            Outcome::Skipped(reason) => *row.skipped.entry(reason).or_default() += 1,
            Outcome::Failed(differences) => {
                row.failed += 1;
                self.failures.push(FailedCase { name: case.name.clone(), differences });
            }
        }
    }

    /// Returns the number of vectors, including the skipped ones.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.formats.iter().map(|row| row.seen()).sum()
    }

    /// Returns whether no vector failed and all files and folders could be read.
    #[must_use]
    pub fn all_hold(&self) -> bool {
        self.failures.is_empty() && self.problems.is_empty()
    }

    fn row(&mut self, format: Format) -> &mut FormatResults {
        let place =
            self.formats.iter().position(|row| row.format == format.name()).unwrap_or_else(|| {
                self.formats.push(FormatResults {
                    format: format.name().to_owned(),
                    passed: 0,
                    failed: 0,
                    superseded: 0,
                    superseded_by: BTreeMap::new(),
                    skipped: BTreeMap::new(),
                    not_compared: BTreeMap::new(),
                });
                self.formats.len() - 1
            });
        &mut self.formats[place]
    }
}

impl FormatResults {
    /// Returns the number of skipped vectors.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped.values().sum()
    }

    fn seen(&self) -> usize {
        self.passed + self.failed + self.superseded + self.skipped()
    }
}

impl fmt::Display for Results {
    /// Writes the failures before the table, so that the table stays visible at the end of the
    /// output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for failure in &self.failures {
            writeln!(f, "FAILED {}", failure.name)?;
            for difference in &failure.differences {
                writeln!(f, "  {difference}")?;
            }
        }
        for problem in &self.problems {
            writeln!(f, "NOT RUN {problem}")?;
        }
        if !self.all_hold() {
            writeln!(f)?;
        }
        writeln!(
            f,
            "{:<29} {:>6} {:>6} {:>7}  on {}",
            "format", "passed", "failed", "skipped", self.runtime
        )?;
        for row in &self.formats {
            writeln!(
                f,
                "{:<29} {:>6} {:>6} {:>7}",
                row.format,
                row.passed,
                row.failed,
                row.skipped()
            )?;
            if row.superseded > 0 {
                writeln!(f, "    {} of an older revision, superseded:", row.superseded)?;
            }
            for (rule, n) in &row.superseded_by {
                writeln!(f, "        {n} expectations by {rule}")?;
            }
            for (reason, n) in &row.skipped {
                writeln!(f, "    {n} skipped: {reason}")?;
            }
            for (reason, n) in &row.not_compared {
                writeln!(f, "    {n} values not compared: {reason}")?;
            }
        }
        let sum =
            |count: fn(&FormatResults) -> usize| self.formats.iter().map(count).sum::<usize>();
        write!(
            f,
            "{:<29} {:>6} {:>6} {:>7}",
            "all",
            sum(|row| row.passed),
            sum(|row| row.failed),
            sum(FormatResults::skipped)
        )?;
        match sum(|row| row.superseded) {
            0 => Ok(()),
            count => write!(f, "\n{count} of an older revision, superseded"),
        }
    }
}
