//! The page and the events of a running node: while its chain's owner is stuck, and with a store.
//!
//! The events are read in any case. Without Chromium, a line says so, and the page is not opened.

mod support;

#[path = "../../node/src/api/tests/browser.rs"]
mod browser;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use browser::{Browser, Screen};
use lean_node::events::{Event, NodeState, Phase};
use support::{ENOUGH, Network, RunningNode, get};

const SCREEN: Screen = Screen { name: "node", width: 800, height: 900, is_dark: false };

/// The time in which a viewer must see that the owner is stuck, and that it goes on again. A node
/// calls its owner stuck after 25 intervals, 2.5 s here.
const SECONDS: Duration = Duration::from_secs(10);

/// The events of a node.
struct Events {
    lines: BufReader<TcpStream>,
}

impl Events {
    fn of(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).expect("the API listens");
        stream.set_read_timeout(Some(ENOUGH)).expect("a socket takes a timeout");
        stream.write_all(b"GET /events HTTP/1.1\r\nhost: node\r\n\r\n").expect("it reads");
        Self { lines: BufReader::new(stream) }
    }

    /// Waits for an event. Lines of the chunks' lengths are skipped as lines without an event.
    fn until<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> T {
        let (mut name, mut line) = (String::new(), String::new());
        loop {
            line.clear();
            let read = self.lines.read_line(&mut line).expect("the stream goes on");
            assert_ne!(read, 0, "the stream has ended");
            if let Some(of) = line.trim_end().strip_prefix("event: ") {
                of.clone_into(&mut name);
            } else if let Some(data) = line.trim_end().strip_prefix("data: ")
                && let Some(event) = Event::read(&name, data).expect("it is JSON")
                && let Some(found) = wanted(event)
            {
                return found;
            }
        }
    }

    /// Waits for a state of the node.
    fn state(&mut self, wanted: impl Fn(&NodeState) -> bool) -> NodeState {
        self.until(|event| match event {
            Event::Node(node) => Some(*node).filter(|node| wanted(node)),
            _ => None,
        })
    }
}

/// Asks a node for a fault. The file appears at once, so that no node reads half of it.
fn ask(file: &Path, text: &str) {
    let half = file.with_extension("half");
    fs::write(&half, text).expect("the file can be written");
    fs::rename(&half, file).expect("it is in the same folder");
}

fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the node's processes have the real clock")]
    Instant::now()
}

#[test]
fn the_page_works_while_the_owner_is_stuck_and_shows_within_seconds_that_it_is() {
    let network = Network::write(1);
    let file = network.directory().join("stuck.fault");
    let mut command = network.run(0);
    command.env("LEAN_NODE_FAULT_FILE", &file);
    let node = RunningNode::start(command);
    let mut events = Events::of(node.http());
    let before = events.state(|node| node.phase == Phase::Running && node.finalized.slot > 0);
    let mut browser = Browser::start();
    if let Some(browser) = &mut browser {
        browser.open(node.http(), SCREEN);
        browser.wait("document.getElementById('phase').textContent === 'running'");
    }

    let asked = now();
    ask(&file, "chain stuck");
    let stuck = events.state(|node| node.phase == Phase::Stuck);
    assert!(asked.elapsed() < SECONDS, "{:?}", asked.elapsed());
    assert!(stuck.head.slot >= before.head.slot, "the last chain stays");
    let later = events.state(|node| node.behind_ms > stuck.behind_ms + 1000);
    assert!(later.slot > stuck.slot && later.head == stuck.head, "{later:?}");
    if let Some(browser) = &mut browser {
        browser.wait("document.getElementById('phase').textContent === 'stuck'");
        browser.wait("document.getElementById('notice').textContent.includes('owner is stuck')");
        // A page opened now has everything at once.
        browser.open(node.http(), SCREEN);
        browser.wait("document.getElementById('phase').textContent === 'stuck'");
        browser.wait("document.querySelectorAll('#tree .row').length > 0");
        browser.wait("document.querySelector('.actor.busy b').textContent === 'chain'");
        let picture = browser.picture(&format!("{}-stuck", SCREEN.name));
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000);
    }
    assert!(get(node.http(), "/").starts_with("HTTP/1.1 200 "));
    assert!(get(node.http(), "/lean/v0/health").starts_with("HTTP/1.1 503 "));

    let asked = now();
    ask(&file, "");
    let after = events.state(|node| node.phase == Phase::Running && node.head.slot > later.slot);
    assert!(asked.elapsed() < SECONDS, "{:?}", asked.elapsed());
    assert!(after.head.slot > stuck.head.slot);
    if let Some(browser) = &mut browser {
        browser.wait("document.getElementById('phase').textContent === 'running'");
        browser.wait("!document.querySelector('.actor.busy')");
        assert_eq!(browser.problems, [""; 0]);
    }
    node.terminate();
    let (status, log) = node.end();
    assert!(status.success(), "{log}");
}

#[test]
fn the_page_of_a_node_with_a_store_shows_its_disk_and_that_of_another_hides_it() {
    let network = Network::write(2);
    let mut command = network.run(0);
    command.arg("--data-dir").arg(network.directory().join("chain"));
    let mut in_memory = network.run(1);
    in_memory.arg("--in-memory");
    let (with, without) = (RunningNode::start(command), RunningNode::start(in_memory));
    let figure = |name: &'static str, least: u64| {
        move |event| match event {
            Event::Disk(disk) => {
                let it = disk.figures.into_iter().find(|it| it.name == name)?;
                Some(it.value).filter(|value| *value >= least)
            }
            _ => None,
        }
    };
    let mut events = Events::of(with.http());
    // The first figures, and others when the store has grown.
    let blocks = events.until(figure("blocks", 1));
    assert!(events.until(figure("blocks", blocks + 2)) > blocks);
    let finalized = events.until(figure("finalized slot", 1));
    let size = events.until(figure("size", 1));
    let state = events.state(|node| node.finalized.slot >= finalized);
    let files = fs::read_dir(network.directory().join("chain")).expect("it is the folder");
    let most = files.map(|file| file.expect("it is readable").metadata().expect("it is").len());
    assert!(size <= most.sum::<u64>(), "{size} bytes are in the folder");
    assert!(state.finalized.slot >= finalized);
    let mut others = Events::of(without.http());
    // All kinds of events come before the second state with a later finalized block.
    let mut after = 2;
    for _ in 0..2 {
        after = others.until(|event| match event {
            Event::Disk(disk) => panic!("{disk:?}"),
            Event::Node(node) => Some(node.finalized.slot).filter(|slot| *slot > after),
            _ => None,
        });
    }

    let Some(mut browser) = Browser::start() else { return };
    browser.open(with.http(), SCREEN);
    browser.wait("!document.getElementById('disk').hidden");
    let text = "document.getElementById('disk-figures').innerText";
    browser.wait(&format!("{text}.includes('MiB') || {text}.includes('KiB')"));
    browser.wait(&format!("window.disk ||= {text}"));
    browser.wait(&format!("{text} !== window.disk"));
    browser.open(without.http(), SCREEN);
    browser.wait("Number(document.getElementById('finalized').textContent) > 2");
    browser.wait("document.getElementById('disk').hidden");
    assert_eq!(browser.problems, [""; 0]);
}
