//! Figures of this process, with the names of Prometheus' client libraries. Linux only.

use std::fs;

use crate::api::exposition::Exposition;
use crate::api::exposition::Kind::{Counter, Gauge};

/// The ticks of the times in `/proc/self/stat`, per second. The kernel's interface has the same
/// number on every architecture with Rust's standard library.
const TICKS: f64 = 100.0;

/// Writes the figures that this system has.
pub(super) fn write(page: &mut Exposition) {
    let stat = read("stat");
    let status = read("status");
    let mut figure = |name, kind, help, value: Option<f64>| {
        if let Some(value) = value {
            page.figure(name, kind, help, value);
        }
    };
    let kibibytes = |name| field(&status, name).map(|value| value * 1024.0);
    figure(
        "process_cpu_seconds_total",
        Counter,
        "User and system CPU time spent.",
        ticks(&stat, USER_TIME)
            .and_then(|user| ticks(&stat, SYSTEM_TIME).map(|system| user + system)),
    );
    figure("process_resident_memory_bytes", Gauge, "Resident memory size.", kibibytes("VmRSS:"));
    figure("process_virtual_memory_bytes", Gauge, "Virtual memory size.", kibibytes("VmSize:"));
    figure("process_threads", Gauge, "Threads of the process.", field(&status, "Threads:"));
    figure(
        "process_open_fds",
        Gauge,
        "Open file descriptors.",
        fs::read_dir("/proc/self/fd").ok().map(|open| open.count() as f64),
    );
    figure(
        "process_max_fds",
        Gauge,
        "The most open file descriptors.",
        field(&read("limits"), "Max open files"),
    );
    let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
    figure(
        "process_start_time_seconds",
        Gauge,
        "Start of the process, in Unix seconds.",
        field(&boot, "btime").and_then(|boot| ticks(&stat, START_TIME).map(|start| boot + start)),
    );
}

/// The places of fields in `/proc/self/stat`, counted from the field after the program's name.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const START_TIME: usize = 19;

fn read(file: &str) -> String {
    fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default()
}

/// Returns a time of `/proc/self/stat`, in seconds. The program's name, in parentheses, may have
/// any bytes.
fn ticks(stat: &str, place: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: f64 = fields.split_whitespace().nth(place)?.parse().ok()?;
    Some(ticks / TICKS)
}

/// Returns the first number in the line that begins with `name`.
fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_may_have_any_name() {
        let stat = "7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 9 0 4200 0";
        assert_eq!(ticks(stat, USER_TIME), Some(2.5));
        assert_eq!(ticks(stat, SYSTEM_TIME), Some(0.5));
        assert_eq!(ticks(stat, START_TIME), Some(42.0));
        assert_eq!(ticks("", START_TIME), None);
    }

    #[test]
    fn a_line_without_a_number_is_no_figure() {
        let limits = "Max open files            1024                 524288               files\n";
        assert_eq!(field(limits, "Max open files"), Some(1024.0));
        assert_eq!(field("Max open files unlimited", "Max open files"), None);
        assert_eq!(field("", "Threads:"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_running_process_has_all_figures() {
        let mut page = Exposition::default();
        write(&mut page);
        let text = page.into_text();
        let value = |name: &str| -> f64 {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().expect("a number")
        };
        assert!(value("process_resident_memory_bytes") > 1e5);
        assert!(value("process_virtual_memory_bytes") > value("process_resident_memory_bytes"));
        assert!(value("process_cpu_seconds_total") >= 0.0);
        assert!(value("process_threads") >= 1.0);
        assert!(value("process_open_fds") >= 3.0);
        assert!(value("process_max_fds") >= value("process_open_fds"));
        assert!(value("process_start_time_seconds") > 1.6e9);
    }
}
