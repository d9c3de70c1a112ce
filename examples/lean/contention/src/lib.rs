//! `node contention`: measures the cost of a mutex around the chain for the network thread, and the
//! cost of an actor, on a thread of its own and in a foreign event loop.
//!
//! ```text
//!              ┌─ Dispatch: mutex ──▶ lock ─▶ ChainState ◀─ tick thread┐
//! Recording ──▶│  network thread                                       │──▶ Outcome ─▶ table, JSON
//!              └─ Dispatch: actor ──▶ Ingress ─▶ decoder ─▶ ChainActor ┘
//!                                        on a thread of its own, or in a foreign loop
//! ```
//!
//! Reading order: `recording` with `voters` and `schedule` (the load), `network_thread` (the
//! replay), `through_actor` with `watched`, `kept` (a store on disk), `foreign_loop`, and `mutex` (the kinds of dispatch),
//! `timeline`, `site`, `spread`, `outcome`, `table` and `comparison` (the measurements and their
//! display).

mod comparison;
mod error;
#[cfg(feature = "embed")]
mod foreign_loop;
mod inline_jobs;
mod kept;
mod mutex;
mod network_thread;
mod outcome;
mod recording;
mod schedule;
mod site;
mod spread;
mod table;
mod through_actor;
mod timeline;
mod voters;
mod watched;

use std::fmt;
use std::io::{self, Write as _};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actor_lanes::Runtime;
use clap::{Args, ValueEnum, value_parser};
use serde::{Deserialize, Serialize};

use consensus::{INTERVALS_PER_SLOT, VALIDATOR_REGISTRY_LIMIT};
use keys::genesis_file::INTERVALS_MS;

use self::outcome::Outcome;
use self::recording::Recording;

pub use self::error::ContentionError;
pub use self::recording::RecordError;

/// The permitted number of validators in the recorded network.
const VALIDATORS: RangeInclusive<u64> = 1..=VALIDATOR_REGISTRY_LIMIT as u64;

/// The permitted duration of a run, in seconds.
const SECONDS: RangeInclusive<u64> = 1..=3600;

/// The permitted number of rounds.
const ROUNDS: RangeInclusive<u64> = 1..=1000;

/// Measure the cost of a mutex around the chain for the network thread, and the cost of the actor
///
/// The node receives the same recorded load several times, at the same times. The load is a chain
/// of blocks, votes and aggregates, and requests of peers. All signatures are really verified. In
/// the first run, the network thread takes a mutex for each call. A tick thread takes the same
/// mutex. In the second run, the network thread sends messages to the actor, on a thread of its
/// own. In the third run, the actor lives in an epoll loop, which also serves a timer and a socket
/// of its own. For each call site, the table shows how long calls blocked the network thread. It
/// also shows the lateness of ticks, the dropped messages, and the final chain, which must be the
/// same in all runs.
#[derive(Debug, Args)]
pub struct ContentionArguments {
    /// Measure one of them only
    #[arg(long, value_enum)]
    dispatch: Option<Way>,
    /// Measure the actor with a store on disk as well, in new folders in this one
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// The duration of the load, in seconds
    #[arg(long, default_value_t = 10, value_name = "S", value_parser = value_parser!(u64).range(SECONDS))]
    seconds: u64,
    /// The number of runs of each kind, which alternate; the comparison shows their medians
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = value_parser!(u64).range(ROUNDS))]
    rounds: u64,
    /// The runtime of the actors
    #[arg(long, value_name = lean_node::runtime::NAMES)]
    pub runtime: Option<String>,
    /// The number of validators, each with one vote per slot
    #[arg(long, default_value_t = 1024, value_name = "N", value_parser = value_parser!(u64).range(VALIDATORS))]
    validators: u64,
    /// The duration of an interval, in milliseconds; a slot has five
    #[arg(long, default_value_t = 100, value_name = "MS", value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// Print the results as one line of JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// The network thread's way of calling the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// The network thread takes a lock around the chain.
    #[value(name = "mutex")]
    Locked,
    /// The network thread sends messages to the chain actor, on a thread of its own.
    Actor,
    /// The network thread sends messages to the chain actor, in a foreign event loop.
    Loop,
}

/// Replays a recording in one way.
type Replay = fn(&Recording, u64, &Arc<dyn Runtime>) -> Result<Outcome, ContentionError>;

/// A run of a round: a way without a store, or the actor with a store on disk.
#[derive(Clone, Copy)]
enum Step<'a> {
    Plain(Replay),
    Kept(&'a Path),
}

/// The ways compiled into this build, in the order of their runs.
const WAYS: &[(Way, Replay)] = &[
    (Way::Locked, mutex::run),
    (Way::Actor, through_actor::on_its_own_thread),
    #[cfg(feature = "embed")]
    (Way::Loop, foreign_loop::run),
];

/// The results of one command, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Results {
    runs: Vec<Outcome>,
}

/// Records the load, replays it in each way that was asked for, and prints the results.
///
/// # Errors
///
/// Fails if the load cannot be recorded, a replay fails, or the results cannot be printed.
pub fn contention(
    arguments: &ContentionArguments,
    runtime: &Arc<dyn Runtime>,
) -> Result<(), ContentionError> {
    let slots = slots(arguments)?;
    let ways = ways(arguments.dispatch)?;
    let ContentionArguments { validators, interval_ms, .. } = *arguments;
    say(format_args!("recording {slots} slots of {validators} validators …"));
    let recording = recording::record(validators, slots, interval_ms)?;
    let plain = ways.iter().map(|(_, replay)| Step::Plain(*replay));
    let steps: Vec<_> = plain.chain(arguments.store.as_deref().map(Step::Kept)).collect();
    let mut runs = Vec::new();
    for (round, step) in
        (0..arguments.rounds).flat_map(|round| steps.iter().map(move |step| (round, step)))
    {
        let events = recording.events.len();
        say(format_args!("replaying {events} events in {} s …", arguments.seconds));
        let run = match step {
            Step::Plain(replay) => replay(&recording, interval_ms, runtime)?,
            Step::Kept(folder) => {
                let folder = folder.join(format!("contention-{round}"));
                kept::run(&recording, interval_ms, runtime, &folder)?
            }
        };
        if !arguments.json {
            print(&format!("{}\n", table::render(&run)))?;
        }
        runs.push(run);
    }
    let results = Results { runs };
    if arguments.json {
        print(&in_json(&results))?;
    } else if results.runs.len() > 1 {
        print(&comparison::compare(&results.runs))?;
    }
    results.runs.iter().try_for_each(check)
}

fn in_json(results: &Results) -> String {
    let line = serde_json::to_string(results).expect("plain figures and texts can be written");
    format!("{line}\n")
}

/// Returns the requested way, or all ways of this build.
fn ways(asked: Option<Way>) -> Result<Vec<(Way, Replay)>, ContentionError> {
    let is_asked = |(way, _): &&(Way, Replay)| asked.is_none_or(|asked| asked == *way);
    let ways: Vec<_> = WAYS.iter().filter(is_asked).copied().collect();
    if ways.is_empty() { Err(ContentionError::NoForeignLoop) } else { Ok(ways) }
}

/// Returns an error if a run is invalid. The figures of a run that lost part of its load are
/// meaningless.
fn check(outcome: &Outcome) -> Result<(), ContentionError> {
    if outcome.control_lost() > 0 {
        return Err(ContentionError::ControlLost(outcome.control_lost()));
    }
    if !outcome.is_as_recorded {
        let lanes = outcome.lanes.iter().map(|lane| lane.refused + lane.evicted);
        let count = lanes.chain(outcome.dropped.values().copied()).sum();
        return Err(ContentionError::Diverged { dispatch: outcome.dispatch.clone(), count });
    }
    Ok(())
}

/// Returns the number of slots to record.
fn slots(arguments: &ContentionArguments) -> Result<u64, ContentionError> {
    let slot_ms = arguments.interval_ms * INTERVALS_PER_SLOT;
    let slots = arguments.seconds * 1000 / slot_ms;
    let most = voters::SCHEME.lifetime();
    match slots {
        0 => Err(ContentionError::TooShort { slot_ms }),
        slots if slots > most => Err(ContentionError::TooLong { slots, most }),
        slots => Ok(slots),
    }
}

/// Writes a line about the progress to standard error. A reader that is gone is no failure.
fn say(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn print(text: &str) -> Result<(), ContentionError> {
    io::stdout().lock().write_all(text.as_bytes()).map_err(ContentionError::Output)
}
