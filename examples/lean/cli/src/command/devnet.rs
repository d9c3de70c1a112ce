//! `node devnet`: a whole network on this machine.

use std::env;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::{Args, value_parser};

use crate::command::CommandError;
use crate::command::genesis::{DEFAULT_KEY_SLOTS, key_slots_for};
use crate::command::report_lines::in_json;
use crate::command::screen::Screen;
use consensus::{INTERVALS_PER_SLOT, MILLISECONDS_PER_INTERVAL, Slot};
use devnet::{Deadline, Devnet, DevnetError, DevnetOptions, Prepared, Problem, Update};
use keys::SchemeName;
use keys::genesis_file::INTERVALS_MS;
use lean_node::report::ReportLine;
use lean_node::runtime;

/// How many slots after a slot its finality comes, when nothing goes wrong.
const FINALITY_LAG: u64 = 3;

/// How long a devnet gets beyond the slots that it needs.
const START_ALLOWANCE: Duration = Duration::from_secs(60);

/// How many slots beyond the goal a devnet gets at least.
const SLOTS_ALLOWANCE: u64 = 10;

/// How many slots the keys of a devnet with a goal have at least.
const FEWEST_KEY_SLOTS: u64 = 256;

/// Run a network of nodes on this machine, each a process of its own, and watch it.
///
/// Without --until-finalized it runs until Ctrl-C, or until --timeout-s have passed.
#[derive(Debug, Args)]
pub(super) struct DevnetArguments {
    /// How many nodes there are
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// How many validators there are, dealt out to the nodes in turn
    #[arg(long, default_value_t = 8)]
    validators: usize,
    /// What the nodes' actors run on
    #[arg(long, value_name = "tokio|smol|thread")]
    runtime: Option<String>,
    /// How long an interval lasts, in milliseconds; a slot has five
    #[arg(long, default_value_t = MILLISECONDS_PER_INTERVAL, value_name = "MS", value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// Succeed once every node has finalized this slot and all have finalized the same chain
    #[arg(long, value_name = "SLOT")]
    until_finalized: Option<Slot>,
    /// Give up on --until-finalized after this many seconds; without it, end in order after them
    #[arg(long, value_name = "S")]
    timeout_s: Option<u64>,
    /// Print one line of JSON per slot and node instead of a table
    #[arg(long)]
    json: bool,
    /// The signature scheme of the validators' keys
    #[arg(long, value_enum, default_value_t = SchemeName::Long)]
    scheme: SchemeName,
    /// How many slots the keys can sign in, a power of two [default: enough for --until-finalized, or 4096]
    #[arg(long, value_name = "N")]
    key_slots: Option<u64>,
    /// Keep the directory with the nodes' files and logs also when all goes well
    #[arg(long)]
    keep: bool,
}

pub(super) fn devnet(arguments: DevnetArguments) -> Result<(), CommandError> {
    // A name that is wrong shows here, and not once in each node's log.
    let runtime = runtime::by_name(arguments.runtime.as_deref())?;
    let program = env::current_exe().map_err(|error| CommandError::System { doing: "find this program", error })?;
    let key_slots = arguments.key_slots.unwrap_or_else(|| key_slots(&arguments));
    if let Some(goal) = arguments.until_finalized.filter(|goal| goal.saturating_add(FINALITY_LAG) >= key_slots) {
        return Err(CommandError::GoalBeyondKeys { goal, key_slots });
    }
    eprintln!("growing keys for {} validators, {key_slots} slots each …", arguments.validators);
    let prepared = Prepared::new(DevnetOptions {
        program,
        nodes: arguments.nodes,
        validators: arguments.validators,
        interval_ms: arguments.interval_ms,
        runtime: Some(runtime.name().to_owned()),
        scheme: arguments.scheme,
        key_slots,
        keep: arguments.keep,
    })?;
    let interrupter = prepared.interrupter();
    ctrlc::set_handler(move || interrupter.interrupt())?;
    let until_slot_0 = prepared.until_slot_0().as_secs() + 1;
    eprintln!("starting {} nodes; slot 0 begins in about {until_slot_0} s …", arguments.nodes);
    let mut devnet = prepared.start()?;
    if arguments.keep {
        eprintln!("the nodes' files and logs are in {}", devnet.directory().display());
    }
    let outcome = watch(&mut devnet, &arguments);
    // The nodes stop in order also when they were not what they should be; what was wrong first is told first.
    let stopped = devnet.stop();
    outcome?;
    stopped?;
    if let Some(slot) = arguments.until_finalized {
        eprintln!("all {} nodes have finalized slot {slot} and agree on the chain", arguments.nodes);
    }
    Ok(())
}

fn watch(devnet: &mut Devnet, arguments: &DevnetArguments) -> Result<(), DevnetError> {
    let patience = patience(arguments);
    let deadline = patience.map_or_else(Deadline::never, Deadline::after);
    let mut screen = Screen::new();
    loop {
        let update = devnet.next(deadline)?;
        match (update, arguments.until_finalized) {
            (Update::Status(node), _) => {
                let status = devnet.view(node).status.clone().unwrap_or_default();
                if arguments.json {
                    let line = in_json(&ReportLine::Status(Box::new(status)));
                    writeln!(io::stdout().lock(), "{line}")
                } else {
                    screen.show(devnet)
                }
                .map_err(|error| unwritable(error, devnet))?;
            }
            (Update::Ready(_), _) => {}
            (Update::Interrupted | Update::DeadlinePassed, None) => return Ok(()),
            (Update::Interrupted, Some(_)) => return Err(devnet.error(Problem::Interrupted)),
            (Update::DeadlinePassed, Some(slot)) => {
                let what = format!("not every node has finalized slot {slot}, or no slot in common,");
                return Err(devnet.too_late(&what, patience.unwrap_or_default()));
            }
        }
        if arguments.until_finalized.is_some_and(|slot| devnet.agreement().is_reached(slot)) {
            return Ok(());
        }
    }
}

/// Returns how long to watch: as long as was asked for, or long enough for the slots that are needed.
fn patience(arguments: &DevnetArguments) -> Option<Duration> {
    let slot = Duration::from_millis(arguments.interval_ms.saturating_mul(INTERVALS_PER_SLOT));
    let generous = |goal| {
        let slots = u32::try_from(generous_slots(goal)).unwrap_or(u32::MAX);
        START_ALLOWANCE.saturating_add(slot.saturating_mul(slots))
    };
    arguments.timeout_s.map(Duration::from_secs).or_else(|| arguments.until_finalized.map(generous))
}

/// Returns how many slots the keys should last for.
fn key_slots(arguments: &DevnetArguments) -> u64 {
    // Keys take time to grow, so a short run gets short ones.
    let slots = arguments.until_finalized.map_or(DEFAULT_KEY_SLOTS, |goal| generous_slots(goal).max(FEWEST_KEY_SLOTS));
    key_slots_for(arguments.scheme, slots)
}

/// Returns three times the slots that a network needs when nothing goes wrong.
fn generous_slots(goal: Slot) -> u64 {
    goal.saturating_add(SLOTS_ALLOWANCE).saturating_mul(3)
}

fn unwritable(error: io::Error, devnet: &mut Devnet) -> DevnetError {
    devnet.error(Problem::System { doing: "write to standard output".to_owned(), error })
}
