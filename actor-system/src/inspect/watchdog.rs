//! The watchdog of a system: its options, and its thread.
//!
//! The thread shares nothing with the owners. It looks, decides and reports; between two looks it
//! waits for the end of the system. It ends after the system's report, and reports the end of each
//! problem that lasted until then.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::inspect::data::FindingView;
use crate::inspect::engine::{Engine, Limits};
use crate::inspect::finding::Finding;
use crate::inspect::sight::Sight;
use crate::inspect::stack;
use crate::system::{Shared, System};

/// Names what is stuck in a system, while it is.
///
/// | finding | when |
/// |---|---|
/// | [`Problem::Handler`] | one message is in hand for the budget |
/// | [`Problem::Ring`] | handlers wait for each other, each for the budget |
/// | [`Problem::Executor`] | its actors have work, and none has a turn for the budget |
/// | [`Problem::Lane`] | it accepts, and nothing is taken from it for [`filling`](Self::filling) |
///
/// [`Problem::Handler`]: crate::inspect::Problem::Handler
/// [`Problem::Ring`]: crate::inspect::Problem::Ring
/// [`Problem::Executor`]: crate::inspect::Problem::Executor
/// [`Problem::Lane`]: crate::inspect::Problem::Lane
///
/// Each finding is reported twice: when it begins, and when it ends. At most 256 last at the same
/// time; further ones are not reported until one ends.
///
/// # No false alarms
///
/// An idle system, a stopped process, a suspended machine and a thread that waits for a processor
/// raise none: see the page `docs/guide/src/inspecting.md` for how the time is counted. A handler
/// that awaits something on purpose has the budget for it.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::sync_channel;
/// use std::time::Duration;
///
/// use actor_core::{Actor, Context, Message, Reply, Spawn};
/// use actor_system::System;
/// use actor_system::inspect::{Problem, Watchdog};
///
/// enum Job {
///     Slow(std::sync::mpsc::Receiver<()>),
/// }
/// impl Message for Job {
///     const KINDS: &'static [&'static str] = &["Slow"];
/// }
/// struct Worker;
/// impl Actor for Worker {
///     type Message = Job;
///     async fn handle(&mut self, Job::Slow(until): Job, _cx: &mut Context<Job>) {
///         // A handler that blocks its thread.
///         until.recv().ok();
///     }
/// }
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let (worker, mailbox) = actor_core::mailbox();
/// let _running = Spawn::new(mailbox).named("worker").start(&system, || Worker)?;
/// let (found, findings) = sync_channel(16);
/// system.watch(
///     Watchdog::new()
///         .budget(Duration::from_millis(20))
///         .on_finding(move |finding| _ = found.try_send(finding.clone())),
/// )?;
/// let (done, until) = sync_channel(1);
/// worker.try_tell(Job::Slow(until))?;
/// let finding = findings.recv()?;
/// assert!(matches!(&finding.problem, Problem::Handler { actor, .. } if actor == "/worker"));
/// println!("{finding}");
/// done.send(())?;
/// assert!(findings.recv()?.is_over);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a watchdog watches nothing until `System::watch`"]
pub struct Watchdog {
    budget: Duration,
    every: Option<Duration>,
    filling: Option<Duration>,
    stacks: bool,
    hook: Hook,
}

/// Receives each finding.
type Hook = Box<dyn FnMut(&Finding) + Send>;

/// Looks taken by hand, on the clock and in the loop of the caller. Made by
/// [`System::watch_by_hand`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use actor_system::System;
/// use actor_system::inspect::Watchdog;
///
/// # let runtime = actor_smol::SmolRuntime::new();
/// let system = System::new("node", runtime)?;
/// let mut looks = system.watch_by_hand(Watchdog::new());
/// let start = Instant::now();
/// assert!(looks.look(start).is_empty());
/// assert!(looks.look(start + Duration::from_secs(1)).is_empty(), "nothing is stuck");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Looks {
    shared: Arc<Shared>,
    engine: Engine,
    stacks: bool,
    hook: Hook,
    began: Option<Instant>,
    /// The first number of the findings shown by inspections.
    number: u64,
    shown: u64,
}

impl Watchdog {
    /// The budget of a handler, unless another one is set: 1 s.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(actor_system::inspect::Watchdog::BUDGET.as_secs(), 1);
    /// ```
    pub const BUDGET: Duration = Duration::from_secs(1);

    /// Creates a watchdog that prints its findings to the standard error.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::inspect::Watchdog;
    ///
    /// assert!(format!("{:?}", Watchdog::new()).contains("budget: 1s"));
    /// ```
    pub fn new() -> Self {
        let print = |finding: &Finding| eprintln!("{finding}");
        Self {
            budget: Self::BUDGET,
            every: None,
            filling: None,
            stacks: false,
            hook: Box::new(print),
        }
    }

    /// Sets the time that one message may take, waits included. The least is 1 ms.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::inspect::Watchdog;
    ///
    /// let watchdog = Watchdog::new().budget(Duration::from_secs(3));
    /// assert!(format!("{watchdog:?}").contains("budget: 3s"));
    /// ```
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget.max(Duration::from_millis(1));
        self
    }

    /// Sets the time between two looks. The default is a quarter of the budget, and the most is
    /// half of it: a problem must be found by several looks. The default is at most 1 s.
    ///
    /// A look runs on the watchdog's thread. The time of a finding is exact to this period.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::inspect::Watchdog;
    ///
    /// let watchdog = Watchdog::new().budget(Duration::from_secs(4)).every(Duration::from_secs(1));
    /// # drop(watchdog);
    /// ```
    pub fn every(mut self, every: Duration) -> Self {
        self.every = Some(every);
        self
    }

    /// Sets for how long a lane may accept messages without one being taken from it. The default is
    /// ten times the budget.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actor_system::inspect::Watchdog;
    ///
    /// let watchdog = Watchdog::new().filling(Duration::from_secs(30));
    /// # drop(watchdog);
    /// ```
    pub fn filling(mut self, filling: Duration) -> Self {
        self.filling = Some(filling);
        self
    }

    /// Sets whether a finding has the stack of its thread: with a thread that blocks or computes.
    /// The default is no.
    ///
    /// The watchdog then runs `eu-stack` or `gdb`, whichever is installed, on its own process. The
    /// tool stops the whole process while it reads, once for each such finding: `gdb` for seconds,
    /// because it reads the symbols first. It needs the right to trace the process. Only on Linux.
    /// Without a tool or the right, the finding has no stack. A tool that does not end within 10 s
    /// is killed.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::inspect::Watchdog;
    ///
    /// let watchdog = Watchdog::new().stacks(true);
    /// # drop(watchdog);
    /// ```
    pub fn stacks(mut self, stacks: bool) -> Self {
        self.stacks = stacks;
        self
    }

    /// Sets the receiver of the findings, in place of the standard error. It runs on the watchdog's
    /// thread, so a slow one delays the next look. A panic in it is contained.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::inspect::Watchdog;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// system.watch(Watchdog::new().on_finding(|finding| println!("{finding}")))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on_finding(mut self, hook: impl FnMut(&Finding) + Send + 'static) -> Self {
        self.hook = Box::new(hook);
        self
    }

    fn limits(&self) -> Limits {
        let least = Duration::from_millis(1) / 2;
        let every = self.every.unwrap_or((self.budget / 4).min(Duration::from_secs(1)));
        Limits {
            budget: self.budget,
            every: every.clamp(least, self.budget / 2),
            filling: self.filling.unwrap_or(self.budget.saturating_mul(10)),
        }
    }
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

impl System {
    /// Watches this system from a thread of its own, until the system's report. The watchdog does
    /// not keep the system running. A system may have several.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::inspect::Watchdog;
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// system.watch(Watchdog::new())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn watch(&self, watchdog: Watchdog) -> io::Result<()> {
        let every = watchdog.limits().every;
        let mut looks = Looks::new(Arc::clone(self.shared()), watchdog);
        let thread = std::thread::Builder::new().name(self.shared().thread_name("watch"));
        let run = move || {
            let shared = Arc::clone(&looks.shared);
            while !shared.is_reported_within(every) {
                looks.look(crate::clock::now());
            }
            looks.end();
        };
        thread.spawn(run).map(drop)
    }

    /// Watches this system by looks of the caller, for a program without a thread to spare, and for
    /// tests with a clock of their own.
    ///
    /// # Examples
    ///
    /// ```
    /// use actor_system::System;
    /// use actor_system::inspect::{Looks, Watchdog};
    ///
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let mut looks: Looks = system.watch_by_hand(Watchdog::new());
    /// assert!(looks.look(std::time::Instant::now()).is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn watch_by_hand(&self, watchdog: Watchdog) -> Looks {
        Looks::new(Arc::clone(self.shared()), watchdog)
    }
}

/// The numbers of the watchdogs of this process.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

/// The numbers of one watchdog's findings.
const FINDINGS: u64 = 1 << 32;

impl Looks {
    fn new(shared: Arc<Shared>, watchdog: Watchdog) -> Self {
        let engine = Engine::new(watchdog.limits());
        let number = NUMBERS.fetch_add(FINDINGS, Ordering::Relaxed);
        let Watchdog { stacks, hook, .. } = watchdog;
        Self { shared, engine, stacks, hook, began: None, number, shown: 0 }
    }

    /// Looks once, and returns what has begun and ended since the last look. The hook receives the
    /// same findings. `now` never goes back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use actor_system::System;
    /// # use actor_system::inspect::Watchdog;
    /// # let runtime = actor_smol::SmolRuntime::new();
    /// let system = System::new("node", runtime)?;
    /// let mut looks = system.watch_by_hand(Watchdog::new());
    /// let now = std::time::Instant::now();
    /// assert!(looks.look(now).is_empty() && looks.look(now).is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn look(&mut self, now: Instant) -> Vec<Finding> {
        let began = *self.began.get_or_insert(now);
        let round = Sight::of(&self.shared).into_round();
        let now = now.saturating_duration_since(began);
        let mut findings = self.engine.round(&self.shared.name, now, &round);
        if self.stacks {
            let begun = findings.iter_mut().filter(|finding| !finding.is_over);
            begun.filter_map(|finding| finding.problem.thread_mut()).for_each(|thread| {
                thread.stack = stack::of(thread.number);
            });
        }
        self.report(&findings);
        findings
    }

    /// Reports the end of all problems.
    fn end(&mut self) {
        let findings = self.engine.end(&self.shared.name);
        self.report(&findings);
    }

    fn report(&mut self, findings: &[Finding]) {
        for finding in findings {
            let hook = &mut self.hook;
            // The panic hook has reported it.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| hook(finding))) {
                drop(catch_unwind(AssertUnwindSafe(|| drop(panic))));
            }
        }
        self.show();
    }

    /// Shows the lasting findings to inspections.
    fn show(&mut self) {
        let name = &self.shared.name;
        let views = self.engine.lasting().map(|(problem, lasts)| FindingView {
            text: Finding::begins(&**name, problem.clone(), lasts).to_string(),
            lasts,
        });
        let views: Vec<_> = views.collect();
        let count = views.len() as u64;
        let shown = self.shared.findings.pin();
        for (number, view) in (self.number..).zip(views) {
            shown.insert(number, view);
        }
        for number in self.number + count..self.number + self.shown.max(count) {
            shown.remove(&number);
        }
        self.shown = count;
    }
}

impl Drop for Looks {
    fn drop(&mut self) {
        let shown = self.shared.findings.pin();
        (self.number..self.number + self.shown).for_each(|number| _ = shown.remove(&number));
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchdog").field("limits", &self.limits()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looks").field("system", &self.shared.name).finish_non_exhaustive()
    }
}
