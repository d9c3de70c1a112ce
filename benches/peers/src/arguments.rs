//! The program's arguments.

use std::fmt;
use std::path::PathBuf;

/// The usage text.
pub(crate) const USAGE: &str = "\
Usage: cargo bench --manifest-path benches/peers/Cargo.toml -- [options]

  --only TEXT         workloads whose name contains TEXT; may be given several times
  --contestant TEXT   contestants whose name contains TEXT; may be given several times
  --rounds N          timed rounds of each, 1 to 1000 (11)
  --quick             3 rounds of a quarter of the operations: a look in less than a minute
  --against TEXT      whom the ratios compare with: the first contestant whose name contains TEXT (ours)
  --pin               senders on core 0, actors on core 1; a hop goes from one to the other
  --json FILE         writes every figure to FILE as well
  --list              prints the workloads and the contestants, and runs nothing
  --help              prints this";

/// The arguments, checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) only: Vec<String>,
    pub(crate) contestants: Vec<String>,
    pub(crate) rounds: usize,
    /// Divides the operations of each round.
    pub(crate) divisor: u64,
    pub(crate) against: String,
    pub(crate) pin: bool,
    pub(crate) json: Option<PathBuf>,
    pub(crate) list: bool,
    pub(crate) help: bool,
}

/// States the wrong argument, and its error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ArgumentError(pub(crate) String);

impl Arguments {
    /// Parses the arguments after the program's name.
    ///
    /// # Errors
    ///
    /// Returns an error for an unknown option, for an option without its value, and for a number
    /// out of range.
    pub(crate) fn parse(
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<Self, ArgumentError> {
        let mut parsed = Self {
            only: Vec::new(),
            contestants: Vec::new(),
            rounds: 0,
            divisor: 1,
            against: "ours".into(),
            pin: false,
            json: None,
            list: false,
            help: false,
        };
        let mut arguments = arguments.into_iter();
        while let Some(option) = arguments.next() {
            let mut value = || {
                let value = arguments.next().filter(|value| !value.starts_with("--"));
                value.ok_or_else(|| ArgumentError(format!("{option} needs a value")))
            };
            match option.as_str() {
                "--only" => parsed.only.push(value()?.to_lowercase()),
                "--contestant" => parsed.contestants.push(value()?.to_lowercase()),
                "--rounds" => parsed.rounds = rounds(&value()?)?,
                "--against" => parsed.against = value()?.to_lowercase(),
                "--json" => parsed.json = Some(value()?.into()),
                "--quick" => parsed.divisor = 4,
                "--pin" => parsed.pin = true,
                "--list" => parsed.list = true,
                "--help" | "-h" => parsed.help = true,
                // `cargo bench` passes this to every benchmark.
                "--bench" => {}
                unknown => return Err(ArgumentError(format!("unknown argument {unknown}"))),
            }
        }
        if parsed.rounds == 0 {
            parsed.rounds = if parsed.divisor > 1 { 3 } else { 11 };
        }
        Ok(parsed)
    }
}

fn rounds(text: &str) -> Result<usize, ArgumentError> {
    match text.parse() {
        Ok(rounds @ 1..=1000) => Ok(rounds),
        _ => Err(ArgumentError(format!("--rounds takes a number from 1 to 1000, not {text}"))),
    }
}

/// Returns whether a name is requested: by a part of it, or because the request is empty.
pub(crate) fn asked_for(asked: &[String], name: &str) -> bool {
    let name = name.to_lowercase();
    asked.is_empty() || asked.iter().any(|part| name.contains(part))
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\n{USAGE}", self.0)
    }
}

impl std::error::Error for ArgumentError {}
