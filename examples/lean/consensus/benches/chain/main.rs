//! The cost of the chain's rules for the owner of the chain, and its growth with the number of
//! validators and of blocks without finality.
//!
//! `cargo bench -p consensus --bench chain` prints Markdown. The first table has every part at
//! 4,096 validators and 1,000 blocks without a supermajority: the median, and the lower and upper
//! quartiles of the rounds. The second table has the medians of all sizes. `-- 512 100` measures
//! one size only.

mod grown;
mod live_bytes;
mod parts;
mod timing;

use std::env;
use std::time::Duration;

use grown::Grown;
use parts::{Part, parts};

const VALIDATORS: [usize; 3] = [64, 512, 4_096];

const BLOCKS: [u64; 3] = [10, 100, 1_000];

fn main() {
    // Cargo adds an option of its own. It is not a number, so skip it.
    let sizes: Vec<u64> =
        env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    match sizes[..] {
        [] => all(),
        [validators, blocks] => {
            let validators =
                usize::try_from(validators).expect("a registry has at most 4,096 validators");
            detailed(validators, blocks, &measure(validators, blocks));
        }
        _ => panic!("give no sizes, or two: validators and blocks"),
    }
}

fn all() {
    let sizes = VALIDATORS.iter().flat_map(|validators| BLOCKS.map(|blocks| (*validators, blocks)));
    let measured: Vec<_> = sizes
        .map(|(validators, blocks)| (validators, blocks, measure(validators, blocks)))
        .collect();
    let (validators, blocks, largest) = measured.last().expect("there are sizes");
    detailed(*validators, *blocks, largest);
    growth(&measured);
}

fn measure(validators: usize, blocks: u64) -> Vec<Part> {
    parts(&Grown::new(validators, blocks))
}

fn detailed(validators: usize, blocks: u64, parts: &[Part]) {
    println!("| {validators} validators, {blocks} blocks | median (quarters) |");
    println!("|---|---|");
    for part in parts {
        let quarters = match part.time {
            Some(times) => {
                format!("{} ({}–{})", shown(times.median), shown(times.lower), shown(times.upper))
            }
            None => part.size(),
        };
        println!("| {} | {quarters} |", part.name);
    }
    println!();
}

fn growth(measured: &[(usize, u64, Vec<Part>)]) {
    let heads: Vec<_> =
        measured.iter().map(|(validators, blocks, _)| format!("{validators} × {blocks}")).collect();
    println!("| validators × blocks | {} |", heads.join(" | "));
    println!("|---|{}", "---|".repeat(heads.len()));
    let (_, _, first) = measured.first().expect("there are sizes");
    for (row, part) in first.iter().enumerate() {
        let cells: Vec<_> = measured
            .iter()
            .map(|(_, _, parts)| {
                parts[row].time.map_or_else(|| parts[row].size(), |times| shown(times.median))
            })
            .collect();
        println!("| {} | {} |", part.name, cells.join(" | "));
    }
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.2} µs"),
        10.0..1_000.0 => format!("{micros:.0} µs"),
        _ => format!("{:.1} ms", micros / 1_000.0),
    }
}
