//! The measurement of attacks: a devnet of real processes for each, with one row as the result.
//!
//! Several programs can be compared: for each attack, each program is measured in turn.

mod devnet;
mod page;
mod probe;
mod process;
mod relays;
mod row;
mod watch;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::attack::{self, Attack, AttackError, Order};
use crate::tally::Tally;

pub use devnet::{Devnet, NODES};
pub use page::write_figures;
pub use row::{Row, heading};

/// The time for a fresh devnet to reach its normal state, besides the time for its first slots.
const STARTING: Duration = Duration::from_secs(60);

/// The slots of normal finality that are watched before an attack.
const CALM_SLOTS: u32 = 5;

/// The last slots of the wait after an attack. A node not normal in them has not recovered.
const LAST_SLOTS: u64 = 2;

/// A program to measure.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name in the table.
    pub label: String,
    /// Its path.
    pub path: PathBuf,
}

/// The options of a measurement.
#[derive(Clone, Debug)]
pub struct BenchOptions {
    /// The programs.
    pub programs: Vec<Program>,
    /// The attacks.
    pub attacks: Vec<&'static Attack>,
    /// The duration of an interval; a slot has five.
    pub interval: Duration,
    /// The duration of each attack.
    pub duration: Duration,
    /// The time after each attack.
    pub after: Duration,
}

/// The reason why a row could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The operating system refused something.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A file written by `node genesis` has another form.
    #[error("a configuration of the nodes cannot be read: {0}")]
    Config(#[from] toml::de::Error),
    /// The program did not write a network's files.
    #[error("`genesis` failed: {0}")]
    Genesis(String),
    /// A node ended, or did not start.
    #[error("{0}")]
    Node(String),
    /// The attack did not begin.
    #[error(transparent)]
    Attack(#[from] AttackError),
}

/// Measures all attacks with all programs, and passes on each row.
///
/// # Errors
///
/// Returns the error of the first row that could not be measured.
pub fn bench(options: &BenchOptions, mut report: impl FnMut(Row)) -> Result<(), BenchError> {
    for attack in &options.attacks {
        for program in &options.programs {
            report(measure(attack, program, options)?);
        }
    }
    Ok(())
}

/// Measures one attack with one program.
///
/// # Errors
///
/// Returns [`BenchError`] if the devnet does not reach its normal state, or if the attack does not
/// begin.
pub fn measure(
    attack: &'static Attack,
    program: &Program,
    options: &BenchOptions,
) -> Result<Row, BenchError> {
    let mut devnet = Devnet::start(program, attack.setting, options.interval)?;
    devnet.wait_until_normal(STARTING)?;
    devnet.clear();
    devnet.watch(devnet.slot_time() * CALM_SLOTS);
    let calm = devnet.worst_behind();
    let calm_rss = devnet.rss_max();
    let before = devnet.figures();
    devnet.clear();
    devnet.probe()?;

    let tally = Arc::new(Tally::default());
    let attacking = start_attack(attack, &devnet, options, &tally)?;
    devnet.watch_attack(attack.setting, options.duration);
    let attacked = devnet.figures();
    let ended = attacking.join().map_err(|_| io::Error::other("the attack panicked"))?;
    ended?;
    let (during, peers_during) = (devnet.worst_behind(), devnet.fewest_peers());
    let end_slot = devnet.current_slot();
    devnet.clear_series();
    devnet.watch(options.after);
    let after = devnet.figures();
    Ok(Row {
        attack: attack.name,
        program: program.label.clone(),
        behind_before: calm,
        behind_during: during,
        behind_after: devnet.worst_behind(),
        slots_until_normal: devnet.slots_until(calm, end_slot, LAST_SLOTS),
        rss_before_mb: calm_rss,
        rss_max_mb: devnet.rss_max(),
        cpu_seconds: attacked.cpu_seconds - before.cpu_seconds,
        dropped: after.dropped.saturating_sub(before.dropped),
        refused_by_lanes: after.refused.saturating_sub(before.refused),
        bans: after.bans.saturating_sub(before.bans),
        peers_during,
        peers_at_end: devnet.last_peers(),
        configured_during: devnet.fewest_configured(),
        fewest_votes: devnet.fewest_votes(),
        http_worst_ms: devnet.http_worst_ms(),
        http_failures: devnet.http_failures(),
        is_one_chain: devnet.is_one_chain(),
        ended_nodes: devnet.ended_nodes(),
        attacker: tally.to_string(),
    })
}

fn start_attack(
    attack: &'static Attack,
    devnet: &Devnet,
    options: &BenchOptions,
    tally: &Arc<Tally>,
) -> Result<thread::JoinHandle<Result<(), AttackError>>, BenchError> {
    let order = Order {
        targets: devnet.targets(),
        apis: devnet.apis().to_vec(),
        interval: options.interval,
        duration: options.duration,
        identities: None,
        rate: None,
    };
    let tally = Arc::clone(tally);
    let reactor = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = thread::Builder::new()
        .name("attack".to_owned())
        .spawn(move || reactor.block_on(attack::run(attack, &order, &tally)))?;
    Ok(thread)
}
