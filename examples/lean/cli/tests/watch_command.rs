//! `node watch` against running nodes, and the same view of a devnet: one frame for scripts, and a
//! real terminal (`tmux`, 80 columns and 24 lines). Without `tmux`, a line says so and the test
//! ends.

mod support;

use std::process::{Command, Stdio};
use std::time::Instant;

use support::{ENOUGH, Network, RunningNode, free_tcp_port};

use lean_node::report::ReportLine;

const PROGRAM: &str = env!("CARGO_BIN_EXE_node");

/// Waits until a node has finalized a block.
fn wait_for_finality(node: &RunningNode) {
    node.until(|line| matches!(line, ReportLine::Status(status) if status.finalized_slot > 0));
}

#[test]
fn one_frame_for_scripts_shows_the_chain_the_actors_and_the_losses() {
    let network = Network::write(1);
    let node = RunningNode::start(network.run(0));
    wait_for_finality(&node);
    let frame = Command::new(PROGRAM)
        .args(["watch", "--once", "--ascii", "--width", "80", &node.http().to_string()])
        .output()
        .expect("it runs");
    let text = String::from_utf8(frame.stdout).expect("it is text");
    assert!(frame.status.success(), "{text}{}", String::from_utf8_lossy(&frame.stderr));
    assert!(text.starts_with("node-0  running  slot "), "{text}");
    for part in ["head ", "finalized ", "1/1", "chain", "verifier-0", "reporter", "bans 0"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.lines().all(|line| !line.contains(char::is_control)), "{text}");
}

#[test]
fn a_wrong_address_a_missing_node_and_a_missing_terminal_have_errors_that_say_what_to_do() {
    let run = |arguments: &[&str]| {
        let ended = Command::new(PROGRAM)
            .arg("watch")
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (code, text) = run(&["--once", "ftp://node"]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("127.0.0.1:5052"), "an example: {text}");
    let nowhere = format!("127.0.0.1:{}", free_tcp_port());
    let (code, text) = run(&["--once", &nowhere]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&nowhere), "{text}");
    let (code, text) = run(&[&nowhere]);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("--once"), "{text}");
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

    fn type_line(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
        self.run(&["send-keys", "Enter"]);
    }

    /// Waits until the screen is as it should be, and returns it.
    #[expect(clippy::disallowed_methods, reason = "another process draws: there is no signal")]
    fn wait(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + ENOUGH;
        loop {
            let screen = self.run(&["capture-pane", "-p"]);
            if is_so(&screen) {
                return screen;
            }
            assert!(Instant::now() < end, "waited for {what}:\n{screen}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let socket = self.folder.path().join("s");
        _ = Command::new("tmux").arg("-S").arg(socket).arg("kill-server").status();
    }
}

#[test]
fn a_real_terminal_follows_the_node_keys_sizes_and_the_nodes_end() {
    let Some(tmux) = Tmux::new() else { return };
    let network = Network::write(1);
    let node = RunningNode::start(network.run(0));
    wait_for_finality(&node);
    tmux.type_line(&format!("{PROGRAM} watch {}", node.http()));
    let screen = tmux.wait("a frame", |screen| screen.contains("running"));
    assert!(screen.starts_with("node-0  running  slot "), "{screen}");
    assert_eq!(screen.lines().count(), 24, "{screen}");
    for part in ["FORK CHOICE", "ACTORS", "FINALITY", "●", "chain", "q quit"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    let slot = |screen: &str| screen.split("slot ").nth(1).map(|rest| rest[..4].to_owned());
    let before = slot(&screen);
    tmux.wait("a later slot", |screen| slot(screen).is_some() && slot(screen) != before);

    tmux.run(&["send-keys", "e"]);
    tmux.wait("the lanes", |screen| screen.contains("ACTORS AND LANES"));
    tmux.run(&["resize-window", "-x", "100", "-y", "40"]);
    tmux.wait("the new size", |screen| {
        screen.lines().nth(39).is_some_and(|line| line.starts_with("q quit"))
    });
    node.terminate();
    tmux.wait("the silence", |screen| screen.contains("no event for "));
    tmux.run(&["send-keys", "q"]);
    tmux.wait("the shell", |screen| screen.contains("ready>"));
}

#[test]
fn a_devnet_in_a_terminal_shows_each_of_its_nodes_in_turn_and_ends_with_the_view() {
    let Some(tmux) = Tmux::new() else { return };
    let devnet = "devnet --nodes 3 --validators 3 --scheme test --interval-ms 100 --keep-going";
    tmux.type_line(&format!("TMPDIR={} {PROGRAM} {devnet}", tmux.folder.path().display()));
    let screen = tmux.wait("the first node", |screen| {
        screen.starts_with("FINALIZED [node-0 ") && screen.contains("\nnode-0  running  slot ")
    });
    assert_eq!(screen.lines().count(), 24, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    for part in ["FORK CHOICE", "ACTORS", "FINALITY", "Tab next node", "http://127.0.0.1:"] {
        assert!(screen.contains(part), "{part} is not in\n{screen}");
    }
    tmux.wait("finality", |screen| {
        let state = screen.split("[node-0 ").nth(1).and_then(|rest| rest.split(']').next());
        state.and_then(|slot| slot.parse::<u64>().ok()).is_some_and(|slot| slot > 0)
    });
    tmux.run(&["send-keys", "Tab"]);
    tmux.wait("the second node", |screen| {
        screen.contains("[node-1 ") && screen.contains("\nnode-1  running  slot ")
    });
    tmux.run(&["resize-window", "-x", "60", "-y", "24"]);
    tmux.wait("60 columns", |screen| {
        screen.contains("[node-1 ") && screen.lines().all(|line| line.chars().count() <= 60)
    });
    let devnet = tmux.run(&["list-panes", "-F", "#{pane_pid}"]);
    let killed = children(&children(devnet.trim())[0]).remove(2);
    assert!(Command::new("kill").args(["-KILL", &killed]).status().expect("it runs").success());
    tmux.wait("the end of the third node", |screen| screen.contains(" node-2 ended"));
    tmux.run(&["send-keys", "q"]);
    let screen = tmux.wait("the shell", |screen| screen.contains("\nready>"));
    assert!(screen.contains("node-0 is in slot "), "{screen}");
    assert!(screen.contains("node-2 has ended (signal: 9 (SIGKILL))"), "{screen}");
}

/// Returns the processes with this parent, in the order of their start.
fn children(parent: &str) -> Vec<String> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).expect("it runs");
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_devnet_prints_an_address_for_each_node_that_can_be_watched() {
    use std::io::{BufRead as _, BufReader};

    let mut devnet = Command::new(PROGRAM)
        .args(["devnet", "--http", "--nodes", "2", "--validators", "2", "--scheme", "test"])
        .args(["--interval-ms", "100"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let lines = BufReader::new(devnet.stderr.take().expect("it is piped")).lines();
    let pages = lines.map_while(Result::ok).filter(|line| line.contains("is its page"));
    let pages: Vec<_> = pages.take(2).collect();
    for (n, page) in pages.iter().enumerate() {
        let address = page.split("http://").nth(1).and_then(|rest| rest.split('/').next());
        let frame = Command::new(PROGRAM)
            .args(["watch", "--once", address.expect("an address")])
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&frame.stdout).into_owned();
        assert!(text.starts_with(&format!("node-{n}  ")), "{page}\n{text}");
    }
    let interrupted = Command::new("kill").args(["-INT", &devnet.id().to_string()]).status();
    assert!(interrupted.expect("kill is everywhere").success());
    assert!(devnet.wait().expect("it is ours").success());
    assert_eq!(pages.len(), 2);
}
