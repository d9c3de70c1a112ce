//! A thousand supervised actors that each panic a hundred times under a flood of tells and asks.
//!
//! One half restarts by a policy of its own, the other half is one supervision tree. They run on
//! executors of three runtimes, in one system. The account is exact: each accepted message is
//! handled once, in one life or another; each ask is answered or seen dropped; each panic is one
//! restart; no memory is left behind; and every handle works at the end.
//!
//! ```text
//! STORM_PANICS=1000 cargo test --release -p actor-tests --test storm
//! ```

#![expect(unsafe_code, reason = "a global allocator that counts can be written in no other way")]

use std::alloc::{GlobalAlloc, Layout, System as Memory};
use std::collections::VecDeque;
use std::env;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;

use actor_lanes::executors::Executors;
use actor_lanes::life::{Phase, Restart};
use actor_lanes::reply::Answer;
use actor_lanes::supervise::{Strategy, Supervisor};
use actor_lanes::{
    Actor, Context, ExitReason, Handle, Lane, Message, Reply, Running, Spawn, System, TryTellError,
    runtime,
};
use actor_tests::{PATIENCE, executor};
use futures::executor::block_on;

/// The system's allocator, with the number of bytes in use.
struct Counting;

static BYTES: AtomicI64 = AtomicI64::new(0);

fn add(bytes: usize) {
    BYTES.fetch_add(i64::try_from(bytes).expect("it fits"), Ordering::Relaxed);
}

fn sub(bytes: usize) {
    BYTES.fetch_sub(i64::try_from(bytes).expect("it fits"), Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator unchanged. Counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        unsafe { Memory.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        sub(layout.size());
        // SAFETY: the caller keeps to the contract of `dealloc`, and every pointer comes from
        // `Memory`.
        unsafe { Memory.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        add(size);
        sub(layout.size());
        // SAFETY: the caller keeps to the contract of `realloc`, and every pointer comes from
        // `Memory`.
        unsafe { Memory.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const SENDERS: usize = 4;

/// Asks of one sender that wait for their answers at the same time.
const ASKED: usize = 256;

/// Small enough to be full at times.
const CAPACITY: usize = 16;

/// One actor's account, kept outside of all its lives.
#[derive(Default)]
struct Account {
    /// The sums of the numbers accepted from the senders, and of those handled.
    accepted: AtomicU64,
    handled: AtomicU64,
    refused: AtomicU64,
    asked: AtomicU64,
    replied: AtomicU64,
    answered: AtomicU64,
    dropped: AtomicU64,
    lives: AtomicU64,
    panics: AtomicU64,
    most_panics: AtomicU64,
}

enum Job {
    Tell(u64),
    Ask(u64, Reply<u64>),
}

impl Message for Job {
    const LANES: &'static [Lane] = &[Lane::fifo("jobs", CAPACITY)];
}

/// Panics at random, up to a number of times in all its lives together.
struct Fragile {
    account: Arc<Account>,
    random: u64,
}

impl Fragile {
    fn maker(account: &Arc<Account>, seed: u64) -> impl FnMut() -> Self + Send + 'static + use<> {
        let account = Arc::clone(account);
        move || {
            let life = account.lives.fetch_add(1, Ordering::Relaxed);
            // Each life has another course.
            let random = (seed << 32 | life).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            Self { account: Arc::clone(&account), random }
        }
    }

    fn breaks(&mut self) -> bool {
        // Xorshift: the next of a long row of numbers without a visible order.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let account = &self.account;
        let may =
            account.panics.load(Ordering::Relaxed) < account.most_panics.load(Ordering::Relaxed);
        may && self.random.is_multiple_of(4)
    }
}

impl Actor for Fragile {
    type Message = Job;

    async fn handle(&mut self, job: Job, _cx: &mut Context<Job>) {
        let (Job::Tell(n) | Job::Ask(n, _)) = job;
        self.account.handled.fetch_add(n, Ordering::Relaxed);
        if self.breaks() {
            self.account.panics.fetch_add(1, Ordering::Relaxed);
            panic!("at random");
        }
        if let Job::Ask(n, reply) = job {
            self.account.replied.fetch_add(1, Ordering::Relaxed);
            reply.send(n);
        }
    }
}

struct Member {
    handle: Handle<Job>,
    account: Arc<Account>,
}

impl Member {
    /// Waits for an answer.
    fn ask(&self) {
        let answer = self.handle.ask_blocking(|reply| Job::Ask(0, reply), PATIENCE);
        assert_eq!(answer.expect("every handle works"), 0);
        self.account.asked.fetch_add(1, Ordering::Relaxed);
        self.account.answered.fetch_add(1, Ordering::Relaxed);
    }
}

struct Sender<'a> {
    members: &'a [Member],
    asked: VecDeque<(usize, u64, Answer<u64>)>,
    next: u64,
}

impl Sender<'_> {
    /// Sends until each actor has had its panics.
    fn flood(mut self) {
        loop {
            let mut is_done = true;
            for (index, Member { handle, account }) in self.members.iter().enumerate() {
                let most = account.most_panics.load(Ordering::Relaxed);
                if account.panics.load(Ordering::Relaxed) >= most {
                    continue;
                }
                is_done = false;
                self.next += 1;
                let n = self.next;
                count(account, n, handle.try_tell(Job::Tell(n)).map_err(refused));
                let asked = handle.try_ask(|reply| Job::Ask(n, reply));
                if let Some(answer) = count(account, n, asked.map_err(refused)) {
                    account.asked.fetch_add(1, Ordering::Relaxed);
                    self.asked.push_back((index, n, answer));
                }
                if self.asked.len() >= ASKED {
                    self.receive();
                }
            }
            if is_done {
                break;
            }
        }
        while !self.asked.is_empty() {
            self.receive();
        }
    }

    fn receive(&mut self) {
        let (index, n, answer) = self.asked.pop_front().expect("one is waiting");
        let account = &self.members[index].account;
        match block_on(answer) {
            Ok(answer) => {
                assert_eq!(answer, n);
                account.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(_dropped) => _ = account.dropped.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Only a full lane refuses: no handle of a restarting actor is ever closed.
fn refused(error: TryTellError<Job>) {
    assert!(matches!(error, TryTellError::Full(_)), "{error}");
}

fn count<T>(account: &Account, n: u64, sent: Result<T, ()>) -> Option<T> {
    match sent {
        Ok(sent) => {
            account.accepted.fetch_add(n, Ordering::Relaxed);
            Some(sent)
        }
        Err(()) => {
            account.refused.fetch_add(1, Ordering::Relaxed);
            None
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// Floods all actors until each has had this many panics in all. Then all queues are empty. Returns
/// the bytes in use.
fn storm(members: &[Member], panics: u64, round: u64) -> i64 {
    members.iter().for_each(|member| member.account.most_panics.store(panics, Ordering::Relaxed));
    thread::scope(|threads| {
        for sender in 0..SENDERS as u64 {
            // Numbers of different senders differ, and so do those of different rounds.
            let next = (sender + round * SENDERS as u64) << 32;
            threads.spawn(move || Sender { members, asked: VecDeque::new(), next }.flood());
        }
    });
    members.iter().for_each(Member::ask);
    BYTES.load(Ordering::Relaxed)
}

/// Lets each actor handle messages until it has the memory for their times. Otherwise some actors
/// have it during the storm, because the first messages of a life are not timed.
fn warm_up(members: &[Member]) {
    for member in members {
        let is_timed = || member.handle.figures().lanes[0].handling.count() > 0;
        let mut asks = std::iter::repeat_with(|| member.ask()).take(10_000);
        assert!(is_timed() || asks.any(|()| is_timed()));
    }
}

/// Starts all actors in the system. Every second one is in the tree.
fn start(system: &System, count: u64) -> (Vec<Member>, Vec<Running>) {
    let without_limit = || Restart::transient().most(u32::MAX);
    let mut tree = Supervisor::new(Strategy::OneForOne).named("tree").restart(without_limit());
    let (mut members, mut running) = (Vec::new(), Vec::new());
    for seed in 0..count {
        let (handle, mailbox) = actor_lanes::mailbox();
        let account = Arc::<Account>::default();
        let (spawn, make) =
            (Spawn::new(mailbox).named(format!("{seed}")), Fragile::maker(&account, seed));
        if seed.is_multiple_of(2) {
            tree = tree.child(spawn, system, make);
        } else {
            let restarting = spawn.restart(without_limit()).phase(Phase::Workers);
            running.push(restarting.start(system, make).expect("it starts"));
        }
        members.push(Member { handle, account });
    }
    let tree = tree.start(system).expect("it starts");
    tree.started_blocking(PATIENCE).expect("all children start");
    running.push(tree);
    (members, running)
}

fn check(member: &Member, exit: &actor_lanes::Exit, panics: u64) {
    let account = &member.account;
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    assert!(matches!(exit.reason, ExitReason::Stopped), "{exit:?}");
    assert_eq!(of(&account.accepted), of(&account.handled), "each number once");
    assert_eq!(of(&account.asked), of(&account.answered) + of(&account.dropped));
    assert_eq!(of(&account.replied), of(&account.answered));
    assert_eq!((of(&account.panics), of(&account.lives)), (panics, panics + 1));
    assert_eq!(exit.restarts, panics, "no restart is lost, and none is counted twice");
    let lane = &exit.lanes[0];
    assert_eq!(lane.accepted, lane.handled + lane.undelivered + lane.cancelled);
    assert_eq!((lane.undelivered, lane.cancelled), (0, 0));
    assert_eq!(lane.refused, of(&account.refused));
}

#[test]
fn a_thousand_supervised_actors_outlive_a_storm_of_panics() {
    let (actors, panics) = (number("STORM_ACTORS", 1000), number("STORM_PANICS", 100));
    panic::set_hook(Box::new(|info| {
        // The ones of the actors are part of the storm.
        if info.payload_as_str() != Some("at random") {
            eprintln!("{info}");
        }
    }));
    let mut places = runtime::all().into_iter().map(|runtime| executor(&*runtime));
    let first = Executors::adopt("0", places.next().expect("there is a runtime"));
    let executors =
        places.enumerate().fold(first, |all, (i, one)| all.and(format!("{}", i + 1), one));
    let system = System::on("storm", executors);
    let (members, running) = start(&system, actors);
    warm_up(&members);
    let before = storm(&members, panics / 5, 0);
    let after = storm(&members, panics, 1);
    let growth = after - before;
    // Not a byte for each restart: what remains is the slack of tables, pools and lanes.
    let restarts = i64::try_from(actors * (panics - panics / 5)).expect("it fits");
    assert!(growth < restarts, "{growth} bytes more after {restarts} restarts, from {before}");
    let infos = system.actors();
    let exits = |name: u64| {
        let path =
            if name.is_multiple_of(2) { format!("/tree/{name}") } else { format!("/{name}") };
        let info = infos.iter().find(|info| *info.path == *path).expect("it runs");
        info.running.clone()
    };
    let all: Vec<_> = (0..actors).map(exits).collect();
    let report = system.stop_blocking(PATIENCE);
    assert_eq!(report.actors.len(), members.len() + 1);
    for (member, running) in members.iter().zip(&all) {
        check(member, &running.exit().expect("it has ended"), panics);
    }
    assert!(running.iter().all(|running| running.exit().is_some()));
    eprintln!("{} restarts, {growth} bytes more of {before}", actors * panics);
}
