//! Tables for people.

use crate::contestant::Contestant;
use crate::measure::Quartiles;
use crate::race::Outcome;
use crate::workload::Workload;

/// Prints the machine, and how to read the tables.
pub(crate) fn preface(machine: &[(&'static str, String)], rounds: usize, against: Option<&str>) {
    for (name, value) in machine {
        println!("* {name}: {value}");
    }
    println!("* rounds: {rounds}, after one to warm up; the contestants take turns round by round");
    println!(
        "\nEach cell: the median of the rounds (first–third quartile). Ratio: its median to that of {}, in this run. \
         Allocations and voluntary context switches are per operation, of all threads. x: across two threads; local: \
         on one. –: cannot do that.",
        against.unwrap_or("nobody here")
    );
}

/// Prints one workload's table.
pub(crate) fn table(workload: Workload, n: u64, outcomes: &[Outcome<'_>], against: Option<&str>) {
    let figures = workload.figures();
    println!("\n### {}\n\n{n} operations a round.\n", workload.name());
    println!("| | room | {} | ratio | allocations | switches |", figures.join(" | "));
    println!("|---|---|{}---|---|---|", "---|".repeat(figures.len()));
    let base = outcomes.iter().find(|outcome| Some(outcome.contestant.name) == against);
    let base =
        base.and_then(|outcome| outcome.result.as_ref()).map(|result| result.figures[0].median);
    for Outcome { contestant, result } in outcomes {
        let (name, room) = (contestant.name, contestant.room_in(workload));
        let Some(result) = result else {
            println!("| {name} | {room} | {}– | – | – |", "– | ".repeat(figures.len()));
            continue;
        };
        let cells: Vec<String> = result.figures.iter().map(cell).collect();
        let ratio = base
            .map_or_else(|| "–".into(), |base| format!("{:.2}", result.figures[0].median / base));
        println!(
            "| {name}{} | {room} | {} | {ratio} | {} | {} |",
            if result.n < n { " †" } else { "" },
            cells.join(" | "),
            figure(result.allocations, 2),
            figure(result.switches.median, 3)
        );
    }
    if outcomes.iter().any(|outcome| outcome.result.as_ref().is_some_and(|result| result.n < n)) {
        println!(
            "\n† fewer operations a round: those of the round to warm up took more than half a second."
        );
    }
}

/// Prints the available contestants, and their workloads.
pub(crate) fn list(workloads: &[Workload], contestants: &[&Contestant]) {
    println!("| workload | operations a round | figures |\n|---|---|---|");
    for workload in workloads {
        println!("| {} | {} | {} |", workload.name(), workload.n(1), workload.figures().join(", "));
    }
    println!("\n| contestant | room | setting |\n|---|---|---|");
    for Contestant { name, room, setting, .. } in contestants {
        println!("| {name} | {room} | {setting} |");
    }
}

fn cell(Quartiles { lower, median, upper }: &Quartiles) -> String {
    let digits = if *median < 100.0 { 1 } else { 0 };
    format!("{} ({}–{})", figure(*median, digits), figure(*lower, digits), figure(*upper, digits))
}

/// Negative zero would be printed with its sign.
fn figure(value: f64, digits: usize) -> String {
    format!("{:.digits$}", value + 0.0)
}
