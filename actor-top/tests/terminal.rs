//! The program in a real terminal: `tmux`, 80 columns and 24 lines. Without `tmux`, a line says so
//! and the tests end. And its frame for scripts.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use actor_core::{Actor, Context, Lane, Message, Spawn, mailbox};
use actor_system::System;
use actor_thread::ThreadRuntime;
use actor_top::{Server, Serving};
use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_actor-top");
const PATIENCE: Duration = Duration::from_secs(60);

struct Job;
impl Message for Job {
    const LANES: &'static [Lane] = &[Lane::control("o\u{1b}[31m", 4), Lane::fifo("jobs", 64)];
    fn lane(&self) -> usize {
        1
    }
}

struct Worker;
impl Actor for Worker {
    type Message = Job;
    async fn handle(&mut self, _job: Job, _cx: &mut Context<Job>) {}
}

/// A process of actors: this one.
struct Process {
    system: System,
    serving: Serving,
    folder: tempfile::TempDir,
}

impl Process {
    fn new() -> Self {
        let system = System::new("pictured", ThreadRuntime::new()).expect("it starts");
        let folder = tempfile::tempdir().expect("there is room");
        let serving = serve(&system, folder.path());
        for name in ["worker", "evil\u{202e}txt"] {
            let (handle, mailbox) = mailbox::<Job>();
            handle.try_tell(Job).expect("there is room");
            let running = Spawn::new(mailbox).named(name).start(&system, || Worker);
            running.expect("the system runs").started_blocking(PATIENCE).expect("it starts");
            // The actor stays, because its handle does.
            std::mem::forget(handle);
        }
        Self { system, serving, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("top.sock")
    }
}

fn serve(system: &System, folder: &Path) -> Serving {
    Server::new([system]).at(folder.join("top.sock")).start().expect("the folder is new")
}

#[test]
fn one_frame_for_scripts_is_plain_text() {
    let process = Process::new();
    let frame = Command::new(PROGRAM)
        .args(["--once", "--interval", "50", "--width", "100"])
        .arg(process.path())
        .output()
        .expect("it runs");
    let text = String::from_utf8(frame.stdout).expect("it is text");
    assert!(frame.status.success(), "{text}{}", String::from_utf8_lossy(&frame.stderr));
    assert!(text.starts_with("pictured  pid "), "{text}");
    assert!(text.contains("/worker") && text.contains("idle"), "{text}");
    assert!(text.contains("evil\\u{202e}txt"), "{text}");
    assert!(text.lines().all(|line| !line.contains(char::is_control)), "{text}");
    drop(process.system);
}

#[test]
fn a_process_that_is_not_there_is_an_error() {
    let ended =
        Command::new(PROGRAM).args(["--once", "/nowhere/at all"]).output().expect("it runs");
    assert!(!ended.status.success());
    assert!(String::from_utf8_lossy(&ended.stderr).starts_with("actor-top: "));
}

/// A terminal with a shell in it.
struct Tmux {
    folder: tempfile::TempDir,
}

impl Tmux {
    fn new() -> Option<Self> {
        if Command::new("tmux").arg("-V").stdout(Stdio::null()).status().is_err() {
            println!("tmux is missing: skipped");
            return None;
        }
        let tmux = Self { folder: tempfile::tempdir().expect("there is room") };
        tmux.run(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh"]);
        tmux.type_line("PS1='ready> '; export LC_ALL=C.UTF-8; clear");
        Some(tmux)
    }

    fn run(&self, arguments: &[&str]) -> String {
        let done = Command::new("tmux")
            .arg("-u")
            .arg("-S")
            .arg(self.folder.path().join("s"))
            .args(arguments)
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("it runs");
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn keys(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    fn type_line(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
        self.keys(&["Enter"]);
    }

    /// Waits until the screen is as it should be, and returns it.
    #[expect(clippy::disallowed_methods, reason = "another process draws: there is no signal")]
    fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.run(&["capture-pane", "-p"]);
            if is_so(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "waited for {what}:\n{screen}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts the program, after a command of the shell. Returns its number.
    fn start(&self, process: &Process, before: &str) -> Pid {
        let number = process.folder.path().join("number");
        self.type_line(&format!(
            "sh -c '{before} echo $$ >{}; exec {PROGRAM} --interval 50 {}'",
            number.display(),
            process.path().display()
        ));
        self.wait("the first look", |screen| screen.contains("/worker"));
        let program = fs::read_to_string(number).expect("the shell has written it");
        let program: i32 = program.trim().parse().expect("it is a number");
        Pid::from_raw(program).expect("it is a number")
    }

    /// Waits for the shell, and for a terminal in its usual state.
    fn wait_for_shell(&self) {
        self.wait("the prompt", |screen| screen.contains("ready>"));
        self.type_line("stty -a | grep -q ' echo ' && echo is''echoed || echo is''mute");
        self.wait("the echo of keys", |screen| screen.contains("isechoed"));
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        _ = Command::new("tmux")
            .arg("-S")
            .arg(self.folder.path().join("s"))
            .arg("kill-server")
            .status();
    }
}

#[test]
fn a_real_terminal_shows_the_actors_and_follows_keys_and_sizes() {
    let Some(tmux) = Tmux::new() else { return };
    let process = Process::new();
    tmux.type_line(&format!("{PROGRAM} --interval 50 {}", process.path().display()));
    let screen = tmux.wait("the first look", |screen| screen.contains("/worker"));
    assert!(screen.starts_with("pictured  pid "), "{screen}");
    assert!(screen.contains("evil\\u{202e}txt"), "no name controls the terminal:\n{screen}");
    assert_eq!(screen.lines().count(), 24, "{screen}");

    tmux.keys(&["e"]);
    tmux.wait("the lanes", |screen| screen.contains("o\\u{1b}[31m"));
    tmux.keys(&["e", "s"]);
    tmux.wait("the next order", |screen| screen.contains("by time"));
    tmux.keys(&["?"]);
    tmux.wait("the help", |screen| screen.contains("any key"));
    tmux.keys(&["x"]);
    tmux.keys(&["/"]);
    tmux.run(&["send-keys", "-l", "worker"]);
    tmux.keys(&["Enter"]);
    tmux.wait("the filter", |screen| screen.contains("FILTERED") && !screen.contains("evil"));

    tmux.run(&["resize-window", "-x", "120", "-y", "40"]);
    tmux.wait("the new size", |screen| {
        screen.lines().nth(39).is_some_and(|l| l.starts_with("q quit"))
    });
    tmux.keys(&["q"]);
    tmux.wait_for_shell();
}

#[test]
fn a_lost_process_is_named_and_found_again() {
    let Some(tmux) = Tmux::new() else { return };
    let Process { system, serving, folder } = Process::new();
    let path = folder.path().join("top.sock");
    tmux.type_line(&format!("{PROGRAM} --interval 50 {}", path.display()));
    tmux.wait("the first look", |screen| screen.contains("pictured  pid "));
    drop(serving);
    tmux.wait("the loss", |screen| {
        screen.contains("it is tried again") && screen.contains("/worker")
    });
    let _serving = serve(&system, folder.path());
    tmux.wait("the next look", |screen| screen.starts_with("pictured  pid "));
    tmux.keys(&["q"]);
    tmux.wait_for_shell();
}

#[test]
fn the_terminal_is_restored_at_a_signal_and_at_a_panic() {
    let Some(tmux) = Tmux::new() else { return };
    let process = Process::new();
    let program = tmux.start(&process, "");
    kill_process(program, Signal::TERM).expect("it runs");
    tmux.wait_for_shell();
    tmux.type_line("clear");
    tmux.type_line(&format!("{PROGRAM} --panic --interval 50 {}", process.path().display()));
    tmux.wait("the panic", |screen| screen.contains("panicked at"));
    tmux.type_line("clear");
    tmux.wait_for_shell();
}

#[cfg(target_os = "linux")]
#[test]
fn the_program_ends_with_its_terminal_also_where_a_hang_up_is_ignored() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, pidfd_open};

    for before in ["", "trap \"\" HUP;"] {
        let Some(tmux) = Tmux::new() else { return };
        let process = Process::new();
        let program = tmux.start(&process, before);
        let program = pidfd_open(program, PidfdFlags::empty()).expect("it runs");
        drop(tmux);
        let mut ends = [PollFd::new(&program, PollFlags::IN)];
        let most = Timespec { tv_sec: PATIENCE.as_secs() as _, tv_nsec: 0 };
        assert_eq!(poll(&mut ends, Some(&most)), Ok(1), "it goes on after {before:?}");
    }
}

#[test]
fn no_colours_are_sent_to_a_terminal_that_wants_none() {
    let Some(tmux) = Tmux::new() else { return };
    let process = Process::new();
    for (variable, has_colours) in [("NO_COLOR=1", false), ("NO_COLOR=", true)] {
        tmux.type_line(&format!(
            "clear; {variable} {PROGRAM} --interval 50 {}",
            process.path().display()
        ));
        tmux.wait("the first look", |screen| screen.contains("/worker") && screen.contains("idle"));
        let screen = tmux.run(&["capture-pane", "-p", "-e"]);
        let is_colour = |code: &str| code.starts_with("[3") || code.starts_with("[9");
        let has = screen.split('\u{1b}').any(|code| is_colour(code) && !code.starts_with("[39m"));
        assert_eq!(has, has_colours, "{variable}:\n{screen}");
        tmux.keys(&["q"]);
        tmux.wait("the shell", |screen| screen.contains("ready>"));
    }
}

/// The children of a test end with it.
#[test]
fn without_a_terminal_it_says_what_to_do() {
    let process = Process::new();
    let mut child: Child = Command::new(PROGRAM)
        .arg(process.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let errors = BufReader::new(child.stderr.take().expect("it is piped"));
    let text: Vec<_> = errors.lines().map_while(Result::ok).collect();
    assert!(text.concat().contains("--once"), "{text:?}");
    assert!(!child.wait().expect("it ends").success());
}
