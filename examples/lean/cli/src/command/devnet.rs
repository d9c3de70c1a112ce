//! `node devnet`: a whole network on this machine.

use std::env;
use std::io;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::command::genesis::{DEFAULT_KEY_SLOTS, key_slots_for};
use crate::command::log::LogArguments;
use crate::command::screen::{Screen, say_ended};
use crate::command::{CommandError, say};
use consensus::{INTERVALS_PER_SLOT, MILLISECONDS_PER_INTERVAL, Slot};
use devnet::{
    Condition, Deadline, Devnet, DevnetError, DevnetOptions, Kills, NodeView, Prepared, Problem,
    Update, Victims,
};
use keys::SchemeName;
use keys::genesis_file::INTERVALS_MS;
use lean_node::runtime;

/// The number of slots from a slot to its finalization, without faults.
const FINALITY_LAG: u64 = 3;

/// The time allowed for starting, in addition to the time of the slots.
const START_ALLOWANCE: Duration = Duration::from_secs(60);

/// The minimum number of slots allowed beyond the goal.
const SLOTS_ALLOWANCE: u64 = 10;

/// The minimum number of key slots in a devnet with a goal.
const FEWEST_KEY_SLOTS: u64 = 256;

/// Run a network of nodes on this machine, each in its own process, and watch it
///
/// Without --until-finalized it runs until Ctrl-C, or until the time given by --timeout-s. In a
/// terminal it shows one node as `node watch` does, and Tab turns to the next one. Otherwise it
/// prints a table per slot.
#[derive(Debug, Args)]
pub(super) struct DevnetArguments {
    /// The number of nodes
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// The number of validators, assigned to the nodes in turn
    #[arg(long, default_value_t = 8)]
    validators: usize,
    /// The runtime of the nodes' actors
    #[arg(long, value_name = runtime::NAMES)]
    runtime: Option<String>,
    /// The duration of an interval, in milliseconds; a slot has five
    #[arg(long, default_value_t = MILLISECONDS_PER_INTERVAL, value_name = "MS", value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// Succeed when all nodes have finalized this slot and agree on the finalized chain
    #[arg(long, value_name = "SLOT")]
    until_finalized: Option<Slot>,
    /// Fail after this many seconds without reaching --until-finalized; without a goal, stop after
    /// them
    #[arg(long, value_name = "S")]
    timeout_s: Option<u64>,
    /// Print one line of JSON per slot and node
    #[arg(long)]
    json: bool,
    /// The signature scheme of the validators' keys
    #[arg(long, value_enum, default_value_t = SchemeName::Long)]
    scheme: SchemeName,
    /// The number of slots the keys can sign in, a power of two [default: enough for
    /// --until-finalized, or 4096]
    #[arg(long, value_name = "N")]
    key_slots: Option<u64>,
    /// Keep the directory with the nodes' files and logs even after success
    #[arg(long)]
    keep: bool,
    /// Go on with the other nodes if a node ends unexpectedly, for example because it is killed.
    /// The goal then counts for the other nodes. The node is not started again
    #[arg(long)]
    keep_going: bool,
    /// Once all nodes have finalized this slot, kill nodes with SIGKILL and start them again. They
    /// go on with the chains in their folders
    #[arg(long, value_name = "SLOT", requires = "until_finalized")]
    kill_at: Option<Slot>,
    /// The nodes to kill: `all`, or numbers with commas between them
    #[arg(long, value_name = "NODES", requires = "kill_at", default_value_t = Victims::All)]
    kill: Victims,
    /// Serve the HTTP API and the page of each node at a free port of this machine, and print the
    /// addresses. Always so in a terminal
    #[arg(long)]
    http: bool,
    #[command(flatten)]
    pub(super) log: LogArguments,
}

pub(super) fn devnet(arguments: DevnetArguments) -> Result<(), CommandError> {
    arguments.log.install(io::stderr);
    // Checked here, so that a wrong name fails once instead of in every node's log.
    let runtime = runtime::by_name(arguments.runtime.as_deref())?;
    let program = env::current_exe()
        .map_err(|error| CommandError::System { doing: "find this program", error })?;
    let key_slots = arguments.key_slots.unwrap_or_else(|| key_slots(&arguments));
    if let Some(goal) =
        arguments.until_finalized.filter(|goal| goal.saturating_add(FINALITY_LAG) >= key_slots)
    {
        return Err(CommandError::GoalBeyondKeys { goal, key_slots });
    }
    let mut kills = kills(&arguments)?;
    say(format_args!(
        "growing keys for {} validators, {key_slots} slots each …",
        arguments.validators
    ));
    let prepared = Prepared::new(DevnetOptions {
        program,
        nodes: arguments.nodes,
        validators: arguments.validators,
        interval_ms: arguments.interval_ms,
        runtime: Some(runtime.name().to_owned()),
        scheme: arguments.scheme,
        key_slots,
        keep: arguments.keep,
        keep_going: arguments.keep_going,
        node_arguments: node_arguments(&arguments),
    })?;
    let interrupter = prepared.interrupter();
    ctrlc::set_handler(move || interrupter.interrupt())?;
    let until_slot_0 = prepared.until_slot_0().as_secs() + 1;
    say(format_args!(
        "starting {} nodes; slot 0 begins in about {until_slot_0} s …",
        arguments.nodes
    ));
    let mut devnet = prepared.start()?;
    // With --keep-going, a node may have ended during the start.
    devnet.views().for_each(say_ended);
    for (name, address) in devnet.apis() {
        say(format_args!("{name}: http://{address}/ is its page (or: node watch {address})"));
    }
    if arguments.keep {
        say(format_args!("the nodes' files and logs are in {}", devnet.directory().display()));
    }
    let outcome = watch(&mut devnet, &arguments, &mut kills);
    kills
        .iter()
        .flat_map(|kills| kills.lines(&devnet))
        .for_each(|line| say(format_args!("{line}")));
    let ended: Vec<_> = ended(&devnet).collect();
    let directory = devnet.directory().to_owned();
    // The nodes are stopped cleanly even after a failure. The first failure is the one returned.
    let stopped = devnet.stop();
    outcome?;
    stopped?;
    if !ended.is_empty() {
        say(format_args!(
            "ended unexpectedly: {}; the nodes' files and logs are in {}",
            ended.join(", "),
            directory.display()
        ));
    }
    if let Some(slot) = arguments.until_finalized {
        let left = arguments.nodes - ended.len();
        let which = if ended.is_empty() { "all" } else { "the other" };
        say(format_args!("{which} {left} nodes have finalized slot {slot} and agree on the chain"));
    }
    Ok(())
}

/// Returns the arguments for every node.
fn node_arguments(arguments: &DevnetArguments) -> Vec<String> {
    let is_served = arguments.http || Screen::has_view(arguments.json);
    let http = is_served.then(|| "--http-address=127.0.0.1:0".to_owned());
    arguments.log.for_child().into_iter().chain(http).collect()
}

/// Returns the names of the nodes that have ended unexpectedly.
fn ended(devnet: &Devnet) -> impl Iterator<Item = String> {
    let is_ended = |view: &&NodeView| matches!(view.condition, Condition::Ended(_));
    devnet.views().filter(is_ended).map(|view| view.name.clone())
}

/// Returns the kill that the arguments ask for.
fn kills(arguments: &DevnetArguments) -> Result<Option<Kills>, CommandError> {
    let (Some(at), Some(goal)) = (arguments.kill_at, arguments.until_finalized) else {
        return Ok(None);
    };
    let nodes = arguments.nodes;
    if let Some(node) = arguments.kill.beyond(nodes) {
        return Err(CommandError::NoNodeToKill { node, nodes });
    }
    if at >= goal {
        return Err(CommandError::KillAfterGoal { at, goal });
    }
    Ok(Some(Kills::new(at, arguments.kill.clone())))
}

/// Shows the devnet until it has reached its goal, or has failed to.
fn watch(
    devnet: &mut Devnet,
    arguments: &DevnetArguments,
    kills: &mut Option<Kills>,
) -> Result<(), CommandError> {
    let mut screen = Screen::start(arguments.json, devnet)
        .map_err(|error| CommandError::System { doing: "start a thread", error })?;
    let outcome = follow(devnet, arguments, kills, &mut screen);
    let ended = screen.end(devnet);
    // A failed view has interrupted the devnet, and is the reason for its end.
    ended?;
    Ok(outcome?)
}

fn follow(
    devnet: &mut Devnet,
    arguments: &DevnetArguments,
    kills: &mut Option<Kills>,
    screen: &mut Screen,
) -> Result<(), DevnetError> {
    let patience = patience(arguments);
    let deadline = patience.map_or_else(Deadline::never, Deadline::after);
    loop {
        let update = devnet.next(deadline)?;
        if let Some(kills) = kills
            && kills.follow(update, devnet)?
            && !screen.is_view()
        {
            say(format_args!("killed the nodes of --kill, and started them again"));
        }
        match (update, arguments.until_finalized) {
            (Update::Status(node), _) => {
                screen.status(devnet, node).map_err(|error| unwritable(error, devnet))?;
            }
            (Update::Ended(node), _) => screen.ended(devnet, node),
            (Update::Ready(_), _) => {}
            (Update::Interrupted | Update::DeadlinePassed, None) => return Ok(()),
            (Update::Interrupted, Some(_)) => return Err(devnet.error(Problem::Interrupted)),
            (Update::DeadlinePassed, Some(slot)) => {
                let what =
                    format!("not every node has finalized slot {slot}, or no slot in common,");
                return Err(devnet.too_late(&what, patience.unwrap_or_default()));
            }
        }
        let are_kills_over = kills.as_ref().is_none_or(Kills::is_over);
        let is_goal = |slot| devnet.agreement().is_reached(slot);
        if are_kills_over && arguments.until_finalized.is_some_and(is_goal) {
            return Ok(());
        }
    }
}

/// Returns the time limit: the requested one, or enough for the slots of the goal.
fn patience(arguments: &DevnetArguments) -> Option<Duration> {
    let slot = Duration::from_millis(arguments.interval_ms.saturating_mul(INTERVALS_PER_SLOT));
    let generous = |goal| {
        let slots = u32::try_from(generous_slots(goal)).unwrap_or(u32::MAX);
        START_ALLOWANCE.saturating_add(slot.saturating_mul(slots))
    };
    arguments.timeout_s.map(Duration::from_secs).or_else(|| arguments.until_finalized.map(generous))
}

/// Returns the number of slots of the keys.
fn key_slots(arguments: &DevnetArguments) -> u64 {
    // Generating keys takes time, so a short run gets keys with few slots.
    let slots = arguments
        .until_finalized
        .map_or(DEFAULT_KEY_SLOTS, |goal| generous_slots(goal).max(FEWEST_KEY_SLOTS));
    key_slots_for(arguments.scheme, slots)
}

/// Returns three times the number of slots needed without faults.
fn generous_slots(goal: Slot) -> u64 {
    goal.saturating_add(SLOTS_ALLOWANCE).saturating_mul(3)
}

fn unwritable(error: io::Error, devnet: &mut Devnet) -> DevnetError {
    devnet.error(Problem::System { doing: "write to standard output".to_owned(), error })
}
