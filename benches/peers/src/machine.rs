//! The properties of the machine and the build with an effect on the figures.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use crate::measure::clock_cost;

/// Returns the names and values of the properties needed to read the figures.
pub(crate) fn describe(pinned: bool) -> Vec<(&'static str, String)> {
    let cores =
        available_parallelism().map_or_else(|_unknown| "unknown".into(), |cores| cores.to_string());
    vec![
        ("processor", processor()),
        ("cores", cores),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("rustc", rustc()),
        (
            "profile",
            if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" }
                .into(),
        ),
        (
            "allocator",
            "the system's (glibc malloc), counting in a round of its own; no mimalloc".into(),
        ),
        ("pinning", if pinned { "senders on core 0, actors on core 1" } else { "none" }.into()),
        ("asking the clock", format!("{} ns, taken off single calls", clock_cost())),
        ("load average before", read("/proc/loadavg").split(' ').next().unwrap_or_default().into()),
    ]
}

fn processor() -> String {
    let information = read("/proc/cpuinfo");
    let line = information.lines().find_map(|line| line.strip_prefix("model name"));
    line.map_or_else(
        || "unknown".into(),
        |line| line.trim_start_matches([' ', '\t', ':']).to_owned(),
    )
}

/// The compiler used by `cargo` in this directory, and so the compiler of this build.
fn rustc() -> String {
    let printed = Command::new("rustc").arg("--version").output().ok();
    printed.map_or_else(
        || "unknown".into(),
        |printed| String::from_utf8_lossy(&printed.stdout).trim().to_owned(),
    )
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .map_or_else(|_unreadable| "unknown".into(), |text| text.trim().to_owned())
}
