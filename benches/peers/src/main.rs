//! Compares our actors with other frameworks and raw channels. All contestants run in one process
//! and take turns, round by round.
//!
//! `cargo bench --manifest-path benches/peers/Cargo.toml -- --help` prints the options.
//! `docs/guide/src/benchmarks.md` describes each workload and the fairness of the comparison.

mod actor;
mod arguments;
mod contestant;
mod machine;
mod measure;
mod race;
mod report;
mod stage;
mod workload;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use arguments::{ArgumentError, Arguments, USAGE, asked_for};
use contestant::{Contestant, everybody};
use report::Json;
use workload::Workload;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), ArgumentError> {
    if arguments.help {
        println!("{USAGE}");
        return Ok(());
    }
    let everybody = everybody();
    let contestants: Vec<&Contestant> = everybody
        .iter()
        .filter(|contestant| asked_for(&arguments.contestants, contestant.name))
        .collect();
    let workloads: Vec<Workload> = Workload::ALL
        .iter()
        .copied()
        .filter(|workload| asked_for(&arguments.only, workload.name()))
        .collect();
    if contestants.is_empty() || workloads.is_empty() {
        return Err(ArgumentError("nothing has a name like that; --list prints all names".into()));
    }
    if arguments.list {
        report::list(&workloads, &contestants);
        return Ok(());
    }
    // Created before any round, so that a missing folder is reported immediately and not after ten
    // minutes.
    let mut file = arguments.json.as_deref().map(create).transpose()?;
    let compared = contestants
        .iter()
        .find(|contestant| contestant.name.to_lowercase().contains(&arguments.against));
    let against = compared.map(|contestant| contestant.name);
    let machine = machine::describe(arguments.pin);
    if arguments.pin {
        pin_all(&contestants)?;
    }
    report::preface(&machine, arguments.rounds, against);
    let mut json = Json::new(&machine, arguments.rounds, against);
    for workload in workloads {
        eprintln!("{} …", workload.name());
        let n = workload.n(arguments.divisor);
        let outcomes = race::race(workload, &contestants, arguments.rounds, n);
        report::table(workload, n, &outcomes, against);
        json.add(workload, &outcomes);
    }
    if let Some(file) = &mut file {
        let written = file.write_all(json.finish().as_bytes());
        written.map_err(|error| ArgumentError(format!("--json: cannot write: {error}")))?;
    }
    Ok(())
}

/// Pins threads from here on. A contestant may count the cores on its first use to decide whether
/// to spin. This first use has to precede the pinning.
fn pin_all(contestants: &[&Contestant]) -> Result<(), ArgumentError> {
    for run in contestants.iter().filter_map(|contestant| contestant.run(Workload::AskAcross)) {
        run(10);
    }
    if stage::pin() { Ok(()) } else { Err(ArgumentError("--pin needs the cores 0 and 1".into())) }
}

fn create(path: &Path) -> Result<File, ArgumentError> {
    File::create(path)
        .map_err(|error| ArgumentError(format!("--json: cannot make {}: {error}", path.display())))
}
