//! How a thread is, as its operating system shows it to the process itself.
//!
//! | system | given |
//! |---|---|
//! | Linux | state, wait channel, system call, processor time; time waiting for a processor |
//! | others | nothing |
//!
//! All of it is read from `/proc/self/task`, without a signal to the thread. A file that is not
//! there, or not readable for this process, leaves its part out.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::inspect::shown::Shown;
use crate::inspect::words::{Span, write_lines};

/// How a thread is at one moment. Filled on Linux only.
///
/// # Examples
///
/// ```
/// use actor_system::inspect::ThreadView;
///
/// let mut thread = ThreadView::default();
/// (thread.number, thread.name, thread.state) = (4711, "chain".into(), "running".into());
/// assert_eq!(thread.to_string(), "thread chain (4711) is running");
/// thread.state = "sleeping".into();
/// thread.waits_in = Some("futex_wait_queue".into());
/// assert_eq!(thread.to_string(), "thread chain (4711) is sleeping in futex_wait_queue");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
#[non_exhaustive]
pub struct ThreadView {
    /// The number that the operating system uses for the thread.
    pub number: u32,
    /// The name of the thread, cut by the system to 15 bytes.
    pub name: String,
    /// `running` (or ready to run), `sleeping`, `waiting for a disk`, `stopped`, or the letter of
    /// the system. Empty if it is not known.
    pub state: String,
    /// The place in the kernel where the thread sleeps, if the system shows it.
    pub waits_in: Option<String>,
    /// The number of the system call in which the thread is, if the system shows it.
    pub system_call: Option<u32>,
    /// The processor time of the thread since its start.
    pub processor_time: Option<Duration>,
    /// Its stack, if it was [asked for](crate::inspect::Watchdog::stacks) and a tool could read it.
    pub stack: Option<String>,
}

impl ThreadView {
    /// Reads how a thread of this process is. `None` if it has ended, or on other systems.
    pub(crate) fn of(number: u32) -> Option<Self> {
        let stat = read(number, "stat")?;
        let (name, rest) = name_of(&stat)?;
        let state = state_of(rest.split_whitespace().next()?);
        let running = state == "running";
        let waits_in = read(number, "wchan").filter(|place| place != "0" && !place.is_empty());
        let call = read(number, "syscall");
        let call = call.and_then(|text| text.split_whitespace().next()?.parse().ok());
        Some(Self {
            number,
            name: name.to_owned(),
            state: state.to_owned(),
            waits_in: waits_in.filter(|_| !running),
            system_call: call,
            processor_time: schedule(number).map(|(ran, _waited)| ran),
            stack: None,
        })
    }
}

/// Returns for how long a thread of this process has waited for a processor since its start.
pub(crate) fn processor_wait(number: u32) -> Option<Duration> {
    schedule(number).map(|(_ran, waited)| waited)
}

/// Returns the processor time of a thread, and the time for which it waited for a processor.
fn schedule(number: u32) -> Option<(Duration, Duration)> {
    let text = read(number, "schedstat")?;
    let mut numbers = text.split_whitespace().map_while(|number| number.parse().ok());
    let (ran, waited) = (numbers.next()?, numbers.next()?);
    Some((Duration::from_nanos(ran), Duration::from_nanos(waited)))
}

fn read(thread: u32, file: &str) -> Option<String> {
    let path: PathBuf = ["/proc/self/task", &thread.to_string(), file].iter().collect();
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

/// Returns the name in a line of `stat`, and what follows it. The name is in parentheses and may
/// contain some itself.
fn name_of(stat: &str) -> Option<(&str, &str)> {
    let (_number, rest) = stat.split_once('(')?;
    rest.rsplit_once(')')
}

fn state_of(letter: &str) -> &str {
    match letter {
        "R" => "running",
        "S" => "sleeping",
        "D" => "waiting for a disk",
        "T" | "t" => "stopped",
        other => other,
    }
}

impl fmt::Display for ThreadView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} ({})", Shown(&self.name), self.number)?;
        if !self.state.is_empty() {
            write!(f, " is {}", Shown(&self.state))?;
        }
        if let Some(place) = &self.waits_in {
            write!(f, " in {}", Shown(place))?;
        }
        if let Some(call) = self.system_call {
            write!(f, ", system call {call}")?;
        }
        if let Some(time) = self.processor_time {
            write!(f, ", {} of processor time", Span(time))?;
        }
        if let Some(stack) = &self.stack {
            f.write_str("\n")?;
            write_lines(f, stack)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_read_as_a_whole() {
        assert_eq!(name_of("12 (a (b) c) S 1 2"), Some(("a (b) c", " S 1 2")));
        assert_eq!(name_of("nothing"), None);
    }

    #[test]
    fn states_have_words_and_unknown_ones_their_letter() {
        assert_eq!((state_of("R"), state_of("S"), state_of("X")), ("running", "sleeping", "X"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_thread_runs_while_it_looks_at_itself() {
        let own = fs::read_link("/proc/thread-self").expect("this is Linux");
        let number = own.file_name().and_then(|name| name.to_str()?.parse().ok());
        let view = ThreadView::of(number.expect("a number")).expect("it lives");
        assert_eq!(view.state, "running");
        assert!(ThreadView::of(u32::MAX).is_none());
    }
}
