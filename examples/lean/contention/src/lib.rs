//! `node contention`: what a mutex around the chain costs the network thread, and what an actor costs it.
//!
//! ```text
//!              ┌─ Dispatch: actor ──▶ Ingress ─▶ decoder ─▶ ChainActor ┐
//! Recording ──▶│  network thread                                       │──▶ Outcome ─▶ table, JSON
//!              └─ Dispatch: mutex ──▶ lock ─▶ ChainState ◀─ tick thread┘
//! ```
//!
//! In reading order: `recording` with `voters` and `schedule` (the load), `network_thread` (who replays it),
//! `through_actor` with `watched`, and `mutex` (the two ways), `timeline`, `site`, `spread`, `outcome` and `table` (what
//! is measured, and how it is shown).

mod error;
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

use std::io::{self, Write as _};
use std::ops::RangeInclusive;
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

/// How many validators the recorded network may have.
const VALIDATORS: RangeInclusive<u64> = 1..=VALIDATOR_REGISTRY_LIMIT as u64;

/// How long a run may be, in seconds.
const SECONDS: RangeInclusive<u64> = 1..=3600;

/// Measure what a mutex around the chain costs the network thread, and what the actor costs it.
///
/// One node gets the same recorded load twice, at the same times: a chain of blocks, votes and aggregates with
/// signatures that are really verified, and peers' requests. Once the network thread takes a mutex for each call, which
/// a tick thread takes as well; once it tells the actor. For each call site the table says how long the network thread
/// was held up, then how late ticks came, what was dropped, and where the chain ended, which must be the same.
#[derive(Debug, Args)]
pub struct ContentionArguments {
    /// Measure one of the two only
    #[arg(long, value_enum)]
    dispatch: Option<Way>,
    /// How long the load lasts, in seconds
    #[arg(long, default_value_t = 10, value_name = "S", value_parser = value_parser!(u64).range(SECONDS))]
    seconds: u64,
    /// The async runtime of the actors
    #[arg(long, value_name = "tokio|smol")]
    pub runtime: Option<String>,
    /// How many validators vote in each slot
    #[arg(long, default_value_t = 1024, value_name = "N", value_parser = value_parser!(u64).range(VALIDATORS))]
    validators: u64,
    /// How long an interval lasts, in milliseconds; a slot has five
    #[arg(long, default_value_t = 100, value_name = "MS", value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// Print the results as one line of JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// How the network thread reaches the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    /// It tells the chain's actor.
    Actor,
    /// It takes a lock around the chain.
    #[value(name = "mutex")]
    Locked,
}

/// The results of one command, as JSON.
#[derive(Debug, Serialize, Deserialize)]
struct Results {
    runs: Vec<Outcome>,
}

/// Records the load, replays it in each way that was asked for, and prints the results.
///
/// # Errors
///
/// [`ContentionError`] when the load cannot be recorded, a replay fails or the results cannot be printed.
pub fn contention(arguments: &ContentionArguments, runtime: &Arc<dyn Runtime>) -> Result<(), ContentionError> {
    let slots = slots(arguments)?;
    let ContentionArguments { validators, interval_ms, .. } = *arguments;
    eprintln!("recording {slots} slots of {validators} validators …");
    let recording = recording::record(validators, slots, interval_ms)?;
    let ways = arguments.dispatch.map_or_else(|| vec![Way::Locked, Way::Actor], |way| vec![way]);
    let mut runs = Vec::new();
    for way in ways {
        eprintln!("replaying {} events in {} s …", recording.events.len(), arguments.seconds);
        runs.push(replay(way, &recording, interval_ms, runtime)?);
        if !arguments.json {
            print(&format!("{}\n", table::render(&runs[runs.len() - 1])))?;
        }
    }
    if let ([mutex, actor], false) = (runs.as_slice(), arguments.json) {
        print(&table::compare(mutex, actor))?;
    }
    let results = Results { runs };
    if arguments.json {
        print(&format!("{}\n", serde_json::to_string(&results).expect("plain figures and texts can be written")))?;
    }
    results.runs.iter().try_for_each(check)
}

fn replay(
    way: Way,
    recording: &Recording,
    interval_ms: u64,
    runtime: &Arc<dyn Runtime>,
) -> Result<Outcome, ContentionError> {
    match way {
        Way::Actor => through_actor::run(recording, interval_ms, &**runtime),
        Way::Locked => mutex::run(recording, interval_ms),
    }
}

/// Says what was wrong with a run, if anything was: a load that was lost on the way makes its figures worthless.
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

/// Returns how many slots there are to record.
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

fn print(text: &str) -> Result<(), ContentionError> {
    io::stdout().lock().write_all(text.as_bytes()).map_err(ContentionError::Output)
}
