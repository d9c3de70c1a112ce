//! The hostile peer's command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use hostile::attack::{self, ATTACKS, Attack, Order};
use hostile::bench::{self, BenchOptions, Program};
use hostile::relay::Relay;
use hostile::tally::Tally;
use hostile::target::{HttpTarget, Target};

/// Attacks a Lean node on this machine as no honest peer would. Each attack is bounded in rate and
/// time, and only loopback addresses are accepted.
#[derive(Debug, Parser)]
#[command(name = "hostile", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the attacks
    List,
    /// Run one attack on nodes that are running
    Attack(AttackArguments),
    /// Run a peer that forwards without validating, and print its address
    Relay {
        /// The seconds until it ends
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Measure attacks on devnets of four nodes, and print one row for each
    Bench(BenchArguments),
}

#[derive(Debug, Args)]
struct AttackArguments {
    /// The attack
    #[arg(value_parser = by_name)]
    attack: &'static Attack,
    /// A peer to attack: ADDRESS:PORT or /ip4/ADDRESS/udp/PORT/quic-v1; may be repeated
    #[arg(long = "target", required = true)]
    targets: Vec<Target>,
    /// The HTTP API of a node on the same chain: ADDRESS:PORT; may be repeated
    #[arg(long = "http", required = true)]
    apis: Vec<HttpTarget>,
    /// The duration of an interval of the chain, in milliseconds
    #[arg(long, default_value_t = 800)]
    interval_ms: u64,
    /// The duration of the attack, in seconds
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// The number of identities at the same time [default: of the attack]
    #[arg(long)]
    identities: Option<usize>,
    /// The messages a second of each identity [default: of the attack]
    #[arg(long)]
    rate: Option<u32>,
}

#[derive(Debug, Args)]
struct BenchArguments {
    /// A program to measure: LABEL=PATH; may be repeated, to compare programs
    #[arg(long = "node", required = true, value_parser = program)]
    programs: Vec<Program>,
    /// An attack to measure; may be repeated [default: all]
    #[arg(long = "attack", value_parser = by_name)]
    attacks: Vec<&'static Attack>,
    /// The duration of an interval, in milliseconds; a slot has five
    #[arg(long, default_value_t = 200)]
    interval_ms: u64,
    /// The duration of each attack, in seconds
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// The time after each attack, in seconds
    #[arg(long, default_value_t = 16)]
    after_s: u64,
    /// One line of JSON for each row
    #[arg(long)]
    json: bool,
    /// A page of documentation: its lines between `<!-- figures -->` and `<!-- end of figures -->`
    /// are replaced with the rows
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

fn by_name(name: &str) -> Result<&'static Attack, String> {
    Attack::by_name(name).ok_or_else(|| "no such attack; `hostile list` has all names".to_owned())
}

fn program(text: &str) -> Result<Program, String> {
    let (label, path) = text.split_once('=').ok_or("expected LABEL=PATH")?;
    Ok(Program { label: label.to_owned(), path: PathBuf::from(path) })
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::List => {
            list();
            Ok(())
        }
        Command::Attack(arguments) => attack(arguments),
        Command::Relay { seconds } => relay(Duration::from_secs(seconds)),
        Command::Bench(arguments) => run_bench(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hostile: {error}");
            ExitCode::FAILURE
        }
    }
}

fn list() {
    for attack in ATTACKS {
        let Attack { name, summary, identities, rate, .. } = attack;
        println!("{name:33} {summary} ({identities} identities, {rate} a second each)");
    }
}

fn attack(arguments: AttackArguments) -> Result<(), Box<dyn std::error::Error>> {
    let order = Order {
        targets: arguments.targets,
        apis: arguments.apis,
        interval: Duration::from_millis(arguments.interval_ms),
        duration: Duration::from_secs(arguments.seconds),
        identities: arguments.identities,
        rate: arguments.rate,
    };
    let tally = Arc::new(Tally::default());
    reactor()?.block_on(attack::run(arguments.attack, &order, &tally))?;
    println!("{}: {tally}", arguments.attack.name);
    Ok(())
}

fn relay(duration: Duration) -> Result<(), Box<dyn std::error::Error>> {
    reactor()?.block_on(async {
        let relay = Relay::listen().await?;
        let address = relay.address();
        println!("/ip4/{}/udp/{}/quic-v1/p2p/{}", address.ip(), address.port(), relay.peer_id());
        // The relay runs until its time is over.
        let _ = tokio::time::timeout(duration, relay.run()).await;
        Ok(())
    })
}

fn run_bench(arguments: BenchArguments) -> Result<(), Box<dyn std::error::Error>> {
    let all = || ATTACKS.iter().collect();
    let options = BenchOptions {
        programs: arguments.programs,
        attacks: if arguments.attacks.is_empty() { all() } else { arguments.attacks },
        interval: Duration::from_millis(arguments.interval_ms),
        duration: Duration::from_secs(arguments.seconds),
        after: Duration::from_secs(arguments.after_s),
    };
    if !arguments.json {
        println!("{}", bench::heading());
    }
    let mut rows = Vec::new();
    bench::bench(&options, |row| {
        if arguments.json {
            println!("{}", serde_json::to_string(&row).unwrap_or_default());
        } else {
            println!("{row}");
        }
        eprintln!("{} {}: {}", row.attack, row.program, row.attacker);
        rows.push(row);
    })?;
    if let Some(page) = arguments.write {
        bench::write_figures(&page, &rows)?;
    }
    Ok(())
}

fn reactor() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
