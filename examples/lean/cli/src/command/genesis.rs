//! `node genesis`: writes the files of a network, to run it by hand or with other clients.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use actor_lanes::runtime::adapter::system_wall_now;
use clap::{ArgGroup, Args, value_parser};

use crate::command::new_folder::{NewFolder, OnSignal, check_new};
use crate::command::{CommandError, print};
use consensus::MILLISECONDS_PER_INTERVAL;
use devnet::{Identities, NetworkPlan, PlanError};
use keys::genesis_file::INTERVALS_MS;
use keys::{NetworkKey, SchemeName, Seed};
use lean_node::config::undialable;
use lean_node::lean_files::LeanPlan;
use lean_node::runtime;

/// The allowed times from the writing of the files to slot 0, in seconds.
const GENESIS_DELAYS_S: RangeInclusive<u64> = 0..=365 * 24 * 60 * 60;

/// Write the files of a new network: for this program, or a genesis folder for any lean client
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("form").required(true))]
pub(super) struct GenesisArguments {
    /// The directory for this program's files: a genesis file, key files, and one configuration
    /// file per node; it must be new or empty
    #[arg(long, value_name = "DIR", group = "form")]
    dir: Option<PathBuf>,
    /// The genesis folder to write, in the form shared by lean clients: config.yaml,
    /// validators.yaml, nodes.yaml and key files; it must be new or empty
    #[arg(long, value_name = "DIR", group = "form")]
    lean: Option<PathBuf>,
    /// The nodes' names in a genesis folder, separated by commas [default: node-0, node-1, …]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with_all = ["dir", "nodes"])]
    names: Vec<String>,
    /// The number of nodes
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// The number of validators, assigned to the nodes in turn
    #[arg(long, default_value_t = 8)]
    validators: usize,
    /// The duration of an interval, in milliseconds; a slot has five
    #[arg(long, conflicts_with = "lean", default_value_t = MILLISECONDS_PER_INTERVAL, value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// The number of seconds from now to the start of slot 0, a year at most
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = value_parser!(u64).range(GENESIS_DELAYS_S))]
    genesis_delay_s: u64,
    /// The signature scheme of the validators' keys [default: long; in a genesis folder test, the
    /// scheme known to other clients]
    #[arg(long, value_enum)]
    scheme: Option<SchemeName>,
    /// The number of slots the keys can sign in: a power of two; in a genesis folder, two or more
    /// times the square root of the scheme's lifetime [default: 4096, or the scheme's maximum if
    /// that is lower]
    #[arg(long, value_name = "N")]
    key_slots: Option<u64>,
    /// The IP address of all nodes, which the other nodes dial
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The UDP port of the first node; the other nodes have the ports after it
    #[arg(long, value_name = "PORT", default_value_t = 9000, value_parser = value_parser!(u16).range(1..))]
    first_port: u16,
    /// The runtime of the nodes' actors
    #[arg(long, conflicts_with = "lean", value_name = runtime::NAMES)]
    runtime: Option<String>,
}

/// The default number of slots of a key: four and a half hours at the specification's pace.
pub(super) const DEFAULT_KEY_SLOTS: u64 = 4096;

/// Returns the number of slots of a scheme's keys that suffices for `slots`, or the scheme's
/// maximum if that is lower.
pub(super) fn key_slots_for(scheme: SchemeName, slots: u64) -> u64 {
    let lifetime = scheme.scheme().lifetime();
    slots.checked_next_power_of_two().map_or(lifetime, |slots| slots.min(lifetime))
}

pub(super) fn genesis(arguments: &GenesisArguments) -> Result<(), CommandError> {
    match (&arguments.dir, &arguments.lean) {
        (Some(directory), _) => own_files(arguments, directory),
        (None, Some(directory)) => genesis_folder(arguments, directory),
        (None, None) => Err(CommandError::NoForm),
    }
}

/// Writes the files for `node run --config`.
fn own_files(arguments: &GenesisArguments, directory: &Path) -> Result<(), CommandError> {
    runtime::by_name(arguments.runtime.as_deref())?;
    let addresses = addresses(arguments, arguments.nodes)?;
    check_new(directory)?;
    let on_signal = OnSignal::install()?;
    let scheme = arguments.scheme.unwrap_or(SchemeName::Long);
    let key_slots = arguments.key_slots.unwrap_or_else(|| key_slots_for(scheme, DEFAULT_KEY_SLOTS));
    let identities =
        Identities::generate(arguments.nodes, arguments.validators, scheme, key_slots)?;
    let plan = NetworkPlan {
        genesis_time: genesis_time(arguments),
        interval_ms: arguments.interval_ms,
        runtime: arguments.runtime.clone(),
        addresses,
    };
    let draft = NewFolder::begin(directory, on_signal)?;
    let configs = plan.write(&identities, draft.path())?;
    draft.publish()?;
    let path = |config: &PathBuf| directory.join(config.file_name().unwrap_or_default());
    let commands = configs.iter().map(|config| format!("--config {}", path(config).display()));
    print_commands(arguments, commands)
}

/// Writes the files for any lean client, including `node run --genesis`.
fn genesis_folder(arguments: &GenesisArguments, directory: &Path) -> Result<(), CommandError> {
    let named = arguments.names.len();
    let nodes = if named == 0 { arguments.nodes } else { named };
    let addresses = ipv4(&addresses(arguments, nodes)?)?;
    let names = match arguments.names.as_slice() {
        [] => (0..nodes).map(|node| format!("node-{node}")).collect(),
        names => names.to_vec(),
    };
    check_new(directory)?;
    let on_signal = OnSignal::install()?;
    let scheme = arguments.scheme.unwrap_or(SchemeName::Test);
    let window = 2 * scheme.scheme().epochs_per_bottom_tree();
    let key_slots =
        arguments.key_slots.unwrap_or_else(|| key_slots_for(scheme, DEFAULT_KEY_SLOTS).max(window));
    let drawn = |error| CommandError::System { doing: "draw random keys", error };
    let seeds = (0..arguments.validators)
        .map(|_| Ok((Seed::random()?, Seed::random()?)))
        .collect::<io::Result<Vec<_>>>();
    let validators =
        keys::generate_trees(scheme, &seeds.map_err(drawn)?, key_slots).map_err(PlanError::from)?;
    let nodes = names
        .iter()
        .map(|_| NetworkKey::random())
        .collect::<io::Result<Vec<_>>>()
        .map_err(drawn)?;
    let plan = LeanPlan { genesis_time: genesis_time(arguments), names, addresses };
    let draft = NewFolder::begin(directory, on_signal)?;
    plan.write(&nodes, &validators, draft.path())?;
    draft.publish()?;
    let directory = directory.display();
    let command = |name| format!("--genesis {directory} --node-id {name} --aggregator");
    print_commands(arguments, plan.names.iter().map(command))
}

fn genesis_time(arguments: &GenesisArguments) -> u64 {
    let start = system_wall_now() + Duration::from_secs(arguments.genesis_delay_s);
    start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the address of each node, after a check of the network's size.
fn addresses(arguments: &GenesisArguments, nodes: usize) -> Result<Vec<SocketAddr>, CommandError> {
    PlanError::check_size(nodes, arguments.validators)?;
    let ports = (arguments.first_port..=u16::MAX).take(nodes);
    let addresses: Vec<_> = ports.map(|port| SocketAddr::new(arguments.address, port)).collect();
    if addresses.len() < nodes {
        return Err(PlanError::Addresses { nodes, addresses: addresses.len() }.into());
    }
    match addresses.first().and_then(|first| Some((*first, undialable(*first)?))) {
        Some((address, fault)) => Err(CommandError::Undialable { address, fault }),
        None => Ok(addresses),
    }
}

/// Returns the addresses as those of a genesis folder.
fn ipv4(addresses: &[SocketAddr]) -> Result<Vec<SocketAddrV4>, CommandError> {
    let ipv4 = |address: &SocketAddr| match address {
        SocketAddr::V4(address) => Ok(*address),
        SocketAddr::V6(address) => Err(CommandError::OnlyIpv4(IpAddr::V6(*address.ip()))),
    };
    addresses.iter().map(ipv4).collect()
}

/// Prints the commands to start the nodes of the new network.
fn print_commands(
    arguments: &GenesisArguments,
    nodes: impl Iterator<Item = String>,
) -> Result<(), CommandError> {
    let commands: String =
        nodes.map(|files| format!("  cargo run --release -p node -- run {files}\n")).collect();
    let text = format!(
        "slot 0 begins {} s from now, and nodes may start later; start each in a terminal of its own:\n{commands}",
        arguments.genesis_delay_s
    );
    print(text.as_bytes())
}
