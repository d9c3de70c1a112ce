//! `node genesis`: the files of a network, to run it by hand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::{Args, value_parser};

use crate::command::CommandError;
use crate::consensus::MILLISECONDS_PER_INTERVAL;
use crate::devnet::{Identities, NetworkPlan};
use crate::genesis_file::INTERVALS_MS;
use crate::keys::SchemeName;
use crate::runtime;

/// Write the files of a new network: a genesis file, key files, and one configuration file a node.
#[derive(Debug, Args)]
pub(super) struct GenesisArguments {
    /// The directory to write to; files that exist are not overwritten
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// How many nodes there are
    #[arg(long, default_value_t = 4)]
    nodes: usize,
    /// How many validators there are, dealt out to the nodes in turn
    #[arg(long, default_value_t = 8)]
    validators: usize,
    /// How long an interval lasts, in milliseconds; a slot has five
    #[arg(long, default_value_t = MILLISECONDS_PER_INTERVAL, value_parser = value_parser!(u64).range(INTERVALS_MS))]
    interval_ms: u64,
    /// How many seconds from now slot 0 begins
    #[arg(long, default_value_t = 10)]
    genesis_delay_s: u64,
    /// The signature scheme of the validators' keys
    #[arg(long, value_enum, default_value_t = SchemeName::Long)]
    scheme: SchemeName,
    /// How many slots the keys can sign in, a power of two [default: 4096, or as many as the scheme has]
    #[arg(long, value_name = "N")]
    key_slots: Option<u64>,
    /// The IP address that all nodes listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// The first node's UDP port; the others have the following ones
    #[arg(long, default_value_t = 9000)]
    first_port: u16,
    /// What the nodes' actors run on
    #[arg(long)]
    runtime: Option<String>,
}

/// How many slots keys last if nobody says how many they should: four and a half hours at the specification's pace.
pub(super) const DEFAULT_KEY_SLOTS: u64 = 4096;

/// Returns how many slots a scheme's keys can have that are wanted to last for `slots`.
pub(super) fn key_slots_for(scheme: SchemeName, slots: u64) -> u64 {
    let lifetime = scheme.scheme().lifetime();
    slots.checked_next_power_of_two().map_or(lifetime, |slots| slots.min(lifetime))
}

pub(super) fn genesis(arguments: &GenesisArguments) -> Result<(), CommandError> {
    runtime::by_name(arguments.runtime.as_deref())?;
    let key_slots = arguments.key_slots.unwrap_or_else(|| key_slots_for(arguments.scheme, DEFAULT_KEY_SLOTS));
    let identities = Identities::generate(arguments.nodes, arguments.validators, arguments.scheme, key_slots)?;
    let start = SystemTime::now() + Duration::from_secs(arguments.genesis_delay_s);
    let plan = NetworkPlan {
        genesis_time: start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
        interval_ms: arguments.interval_ms,
        runtime: arguments.runtime.clone(),
        addresses: (arguments.first_port..=u16::MAX)
            .take(arguments.nodes)
            .map(|port| SocketAddr::new(arguments.address, port))
            .collect(),
    };
    let configs = plan.write(&identities, &arguments.dir)?;
    println!(
        "slot 0 begins {} s from now, and nodes may start later; start each in a terminal of its own:",
        arguments.genesis_delay_s
    );
    for config in configs {
        println!("  cargo run --release -p node -- run --config {}", config.display());
    }
    Ok(())
}
