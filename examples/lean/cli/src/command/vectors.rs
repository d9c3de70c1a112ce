//! `node vectors`: runs the specification's test vectors against this build.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use actor_lanes::ThreadConfig;
use clap::{Args, builder::PossibleValuesParser, builder::TypedValueParser as _};

use crate::command::CommandError;
use lean_node::runtime;
use vectors::{Format, LoadError, Results, examine, load};

/// Run the specification's test vectors, with each subject owned by an actor
///
/// For each format, it prints the number of passed, failed and skipped vectors, with the reasons.
/// For each failure, it prints the step, the expected value and the actual value. It fails if any
/// vector fails or cannot be read, or if there are no vectors.
#[derive(Debug, Args)]
pub(super) struct VectorsArguments {
    /// The folder of vectors, with one folder per format
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The runtime of the owner
    #[arg(long, value_name = runtime::NAMES)]
    runtime: Option<String>,
    /// Run one format only
    #[arg(long, value_name = "NAME", value_parser = formats())]
    format: Option<Format>,
    /// Print the results as one line of JSON instead of a table
    #[arg(long)]
    json: bool,
}

fn formats() -> impl clap::builder::TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| name.parse::<Format>())
}

/// Vectors were not run, or failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VectorsError {
    /// The folder could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// There are no vectors to run.
    #[error("there are no vectors{} in {}: name a folder that holds FORMAT/MODULE/FUNCTION.json", of(.1), .0.display())]
    None(PathBuf, Option<Format>),
    /// Vectors failed or could not be read.
    #[error("{failed} of {seen} vectors failed, and {unread} files or folders could not be run")]
    Failed {
        /// The number of failed vectors.
        failed: usize,
        /// The number of all vectors.
        seen: usize,
        /// The number of files and folders that could not be read.
        unread: usize,
    },
}

fn of(format: &Option<Format>) -> String {
    format.map_or_else(String::new, |format| format!(" of the format {format}"))
}

pub(super) fn vectors(arguments: &VectorsArguments) -> Result<(), CommandError> {
    let runtime = runtime::by_name(arguments.runtime.as_deref())?;
    let loaded = load(&arguments.folder, arguments.format).map_err(VectorsError::Load)?;
    if loaded.cases.is_empty() && loaded.problems.is_empty() {
        return Err(VectorsError::None(arguments.folder.clone(), arguments.format).into());
    }
    let executor = runtime
        .start_executor(ThreadConfig::named("vectors"))
        .map_err(|error| CommandError::System { doing: "start a thread", error })?;
    let mut results = Results::on(runtime.name());
    results.problems = loaded.problems.iter().map(LoadError::to_string).collect();
    for case in loaded.cases.into_iter().map(Arc::new) {
        let verdict = examine(Arc::clone(&case), &executor, &runtime);
        results.add(&case, verdict);
    }
    executor.stop();
    print(&results, arguments.json)
        .map_err(|error| CommandError::System { doing: "print the results", error })?;
    if results.all_hold() {
        return Ok(());
    }
    let (failed, seen, unread) = (results.failures.len(), results.seen(), results.problems.len());
    Err(VectorsError::Failed { failed, seen, unread }.into())
}

fn print(results: &Results, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(results)?)
    } else {
        writeln!(out, "{results}")
    }
}
