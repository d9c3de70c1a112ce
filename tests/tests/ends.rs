//! Random graphs of actors with monitors and links, and random ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Barrier};
use std::thread;

use actor_lanes::actor::MonitorId;
use actor_lanes::{Context, Executor, Handle, Running, Runtime, spawn};
use actor_tests::{
    CONTROL, Desk, FIFO, LATEST, Letter, NEWEST, PATIENCE, end_of, executor, signal, wait,
};

const RUNS: u64 = 40;
const ACTORS: usize = 10;
const STEPS: usize = 60;

/// Random numbers from a seed (SplitMix64), so that a failed run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

type Ends = Receiver<(u64, String)>;

struct Graph {
    actors: Vec<(Handle<Letter>, Running)>,
    /// Outside of the graph, so it sees all ends.
    watcher: (Handle<Letter>, Running),
    ends: Ends,
    told: std::sync::mpsc::SyncSender<(u64, String)>,
    /// The target and the identity of each monitor not removed.
    monitors: BTreeMap<u64, (usize, MonitorId)>,
    links: BTreeSet<(usize, usize)>,
    /// The expected reasons of ended actors.
    ended: BTreeMap<usize, String>,
}

/// Runs in the actor, and returns its result.
fn run<T: Send + 'static>(
    desk: &Handle<Letter>,
    act: impl FnOnce(&mut Context<Letter>) -> T + Send + 'static,
) -> T {
    let (told, tells) = signal();
    let act = Letter::act(CONTROL, move |_, cx| told.send(act(cx)).expect("the test waits"));
    desk.try_tell(act).expect("there is room");
    wait(&tells)
}

impl Graph {
    fn new(executors: &[Arc<dyn Executor>]) -> Self {
        let start =
            |n: usize| spawn(&executors[n % executors.len()], Desk::default).expect("it starts");
        let (told, ends) = signal();
        Self {
            actors: (0..ACTORS).map(start).collect(),
            watcher: start(0),
            ends,
            told,
            monitors: BTreeMap::new(),
            links: BTreeSet::new(),
            ended: BTreeMap::new(),
        }
    }

    fn step(&mut self, random: &mut Random, number: u64) {
        let (one, other) = (random.below(ACTORS), random.below(ACTORS));
        match random.below(12) {
            0..5 => self.monitor(one, [FIFO, CONTROL, NEWEST, LATEST][random.below(4)], number),
            5..7 => self.demonitor(random),
            7..9 => self.link(one, other),
            9 => self.unlink(one, other),
            _ => self.end(one, random.below(4)),
        }
    }

    fn monitor(&mut self, target: usize, lane: usize, number: u64) {
        let (handle, told) = (self.actors[target].0.clone(), self.told.clone());
        let id = run(&self.watcher.0, move |cx| {
            cx.monitor(&handle, move |down| {
                let reason = down.reason.to_string();
                Letter::act(lane, move |_, _| {
                    told.send((number, reason)).expect("the test waits");
                })
            })
        });
        self.monitors.insert(number, (target, id));
    }

    fn demonitor(&mut self, random: &mut Random) {
        if self.monitors.is_empty() {
            return;
        }
        let nth = random.below(self.monitors.len());
        let (&number, &(target, id)) = self.monitors.iter().nth(nth).expect("there are as many");
        let was_pending = run(&self.watcher.0, move |cx| cx.demonitor(id));
        assert!(was_pending || self.ended.contains_key(&target), "it fires at an end only");
        if was_pending {
            self.monitors.remove(&number);
        }
    }

    fn link(&mut self, one: usize, other: usize) {
        self.actors[one].1.link(&self.actors[other].0);
        match (self.ended.get(&one).cloned(), self.ended.get(&other).cloned()) {
            _ if one == other => {}
            (None, None) => _ = self.links.insert((one.min(other), one.max(other))),
            (Some(reason), None) => self.end_linked(other, &reason),
            (None, Some(reason)) => self.end_linked(one, &reason),
            (Some(_), Some(_)) => {}
        }
    }

    /// Expects the end of an actor linked to one that had ended.
    fn end_linked(&mut self, actor: usize, reason: &str) {
        if !is_normal(reason) {
            let cause = reason.strip_prefix(LINKED).unwrap_or(reason);
            self.expect(actor, format!("{LINKED}{cause}"));
        }
    }

    fn unlink(&mut self, one: usize, other: usize) {
        self.actors[one].1.unlink(&self.actors[other].0);
        self.links.remove(&(one.min(other), one.max(other)));
    }

    fn end(&mut self, one: usize, how: usize) {
        if self.ended.contains_key(&one) {
            return;
        }
        let (handle, running) = &self.actors[one];
        end(handle, running, how);
        self.expect(one, REASONS[how].to_owned());
    }

    /// Waits for the expected end of an actor, and of all actors linked to it.
    fn expect(&mut self, one: usize, reason: String) {
        let cause = reason.strip_prefix(LINKED).unwrap_or(&reason).to_owned();
        let mut all = vec![(one, reason)];
        while let Some((one, reason)) = all.pop() {
            if self.ended.contains_key(&one) {
                continue;
            }
            assert_eq!(end_of(&self.actors[one].1).reason.to_string(), reason);
            self.ended.insert(one, reason.clone());
            let (own, others) = self.links.iter().partition(|&&(a, b)| a == one || b == one);
            self.links = others;
            if !is_normal(&reason) {
                let own: BTreeSet<(usize, usize)> = own;
                let linked = own.into_iter().map(|(a, b)| if a == one { b } else { a });
                all.extend(linked.map(|other| (other, format!("{LINKED}{cause}"))));
            }
        }
    }

    /// Ends all others at once, from several threads, and checks each monitor.
    fn finish(self, random: &mut Random) {
        let ready = Barrier::new(ACTORS);
        thread::scope(|threads| {
            for (handle, running) in &self.actors {
                let (how, ready) = (random.below(4), &ready);
                threads.spawn(move || {
                    ready.wait();
                    end(handle, running, how);
                });
            }
        });
        let reasons: Vec<String> =
            self.actors.iter().map(|(_, running)| end_of(running).reason.to_string()).collect();
        let mut seen = BTreeMap::new();
        for _ in 0..self.monitors.len() {
            let (number, reason) = wait(&self.ends);
            assert!(seen.insert(number, reason).is_none(), "monitor {number} fired twice");
        }
        for (number, (target, _id)) in &self.monitors {
            assert_eq!(seen.get(number), Some(&reasons[*target]), "monitor {number}");
        }
        let (_handle, running) = &self.watcher;
        running.stop(PATIENCE);
        let exit = end_of(running);
        drop(self.told);
        assert_eq!(self.ends.iter().count(), 0, "nothing comes after the last one");
        let accepted: u64 = exit.lanes.iter().map(|lane| lane.accepted).sum();
        let handled: u64 = exit.lanes.iter().map(|lane| lane.handled).sum();
        assert_eq!((accepted, exit.undelivered()), (handled, 0), "{exit:?}");
    }
}

const LINKED: &str = "ended with a linked actor: ";
const REASONS: [&str; 4] = ["stopped", "killed", "failed: as wanted", "panicked: as wanted"];

fn is_normal(reason: &str) -> bool {
    reason == REASONS[0]
}

fn end(handle: &Handle<Letter>, running: &Running, how: usize) {
    match how {
        0 => running.stop(PATIENCE),
        1 => running.kill(),
        // The actor may have ended already.
        2 => drop(handle.try_tell(Letter::act(FIFO, |_, cx| cx.fail("as wanted")))),
        _ => drop(handle.try_tell(Letter::act(FIFO, |_, _| panic!("as wanted")))),
    }
}

fn random_graphs(runtime: &dyn Runtime) {
    let executors = [executor(runtime), executor(runtime)];
    for seed in 0..RUNS {
        let (mut random, mut graph) = (Random(seed), Graph::new(&executors));
        println!("seed {seed} on {}", runtime.name());
        (0..STEPS).for_each(|n| graph.step(&mut random, n as u64));
        graph.finish(&mut random);
    }
}

#[test]
fn each_end_in_a_random_graph_is_reported_exactly_once_with_its_reason() {
    actor_lanes::runtime::all().iter().for_each(|runtime| random_graphs(&**runtime));
}
