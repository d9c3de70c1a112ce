//! What all owners and actors of one system share.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Context;
use std::time::{Duration, Instant};

use actor_core::life::{Seat, SpawnError, Wish};
use actor_core::runtime::adapter::ContainedWaker;
use actor_core::runtime::current;
use actor_core::{Runtime, ThreadConfig};
use event_listener::{Event, Listener as _, listener};
use papaya::HashMap;

use crate::clock::{Clock, now, time_left};
use crate::executors::{Executors, Seated, Slot};
use crate::gate::Gate;
use crate::inspect::{FindingView, everyone};
use crate::system::entry::{ActorId, Entry, Facts, Resident};
use crate::system::names::Names;
use crate::system::report::{ActorReport, Cause, Report};
use crate::system::shutdown::Shutdown;
use crate::topic::Topics;

pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    /// Starts further threads. Without one, the shutdown runs on the first executor.
    pub(crate) runtime: Option<Arc<dyn Runtime>>,
    /// The executors of actors without a wish for one.
    pub(crate) pool: Executors,
    /// The executors only for actors that ask for them.
    pub(crate) apart: Vec<Arc<Slot>>,
    /// The threads of actors with one of their own.
    threads: HashMap<ActorId, Arc<Slot>>,
    /// The patience of a shutdown that names none.
    pub(crate) patience: Duration,
    pub(crate) gate: Gate,
    ids: AtomicU64,
    started: AtomicU64,
    entries: HashMap<ActorId, Arc<Entry>>,
    pub(crate) names: Names,
    /// The findings of watchdogs that last now, by the numbers of the watchdogs.
    pub(crate) findings: HashMap<u64, FindingView>,
    began_at: Instant,
    pub(crate) topics: Topics,
    begun: OnceLock<Begun>,
    report: OnceLock<Report>,
    on_change: Event,
    /// Called once after the report.
    at_end: OnceLock<AtEnd>,
}

type AtEnd = Box<dyn Fn() + Send + Sync>;

/// The begin of the one shutdown.
pub(crate) struct Begun {
    pub(crate) cause: Cause,
    pub(crate) patience: Duration,
    /// The actor whose end began it. It has left the list before.
    pub(crate) ended: Option<ActorReport>,
}

/// The time for a report after the patience of its shutdown. The shutdown itself needs less.
const OVERTIME: Duration = Duration::from_secs(5);

/// Where in its system an actor starts.
#[derive(Clone, Debug)]
pub(crate) enum Site {
    /// On an executor of the pool.
    Pool,
    /// On this executor.
    Executor(Arc<Slot>),
    /// On a thread of its own. Without a configuration, it has the actor's name.
    OwnThread(Option<ThreadConfig>),
}

impl Shared {
    pub(crate) fn new(
        name: Arc<str>,
        runtime: Option<Arc<dyn Runtime>>,
        pool: Executors,
        apart: Vec<Arc<Slot>>,
        patience: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            runtime,
            pool,
            apart,
            threads: HashMap::new(),
            patience,
            gate: Gate::new(),
            ids: AtomicU64::new(1),
            started: AtomicU64::new(0),
            entries: HashMap::new(),
            names: Names::default(),
            findings: HashMap::new(),
            began_at: now(),
            topics: Topics::default(),
            begun: OnceLock::new(),
            report: OnceLock::new(),
            on_change: Event::new(),
            at_end: OnceLock::new(),
        })
    }

    /// Returns the place of a new actor, with a host for its life.
    pub(crate) fn seat(self: &Arc<Self>, site: &Site, wish: &Wish) -> Result<Seat, SpawnError> {
        let inside = self.gate.pass().ok_or(SpawnError::SystemStopping)?;
        let id = ActorId(self.ids.fetch_add(1, Ordering::Relaxed));
        let is_named = wish.name.is_some();
        let path = match wish.path() {
            Some(path) => self.names.reserve(&path, id, wish.handle.clone())?,
            None => format!("/{}-{id}", short(wish.kind)).into(),
        };
        let chosen = self.choose(site, id, &path);
        if chosen.is_err() && is_named {
            self.names.free(&path, id);
        }
        let (slot, seated) = chosen?;
        let facts = Facts {
            id,
            path: Arc::clone(&path),
            phase: wish.phase,
            thread: Arc::clone(&slot.name),
            is_named,
            owns_thread: matches!(site, Site::OwnThread(_)),
            system: Arc::clone(&self.name),
            is_supervised: wish.parent.is_some(),
        };
        let resident = Resident::new(self, facts, seated);
        inside.stay();
        let executor = Arc::clone(&slot.executor);
        Ok(Seat { executor, path: Some(path), host: Some(Arc::new(resident)) })
    }

    fn choose(
        &self,
        site: &Site,
        id: ActorId,
        path: &str,
    ) -> Result<(Arc<Slot>, Seated), SpawnError> {
        match site {
            Site::Pool => {
                let (slot, seated) = self.pool.choose().ok_or(SpawnError::NoExecutor)?;
                Ok((Arc::clone(slot), seated))
            }
            Site::Executor(slot) => Ok((Arc::clone(slot), slot.sit())),
            Site::OwnThread(config) => {
                let runtime = self.runtime.as_ref().ok_or(SpawnError::NoExecutor)?;
                let named = || ThreadConfig::named(path.trim_start_matches('/'));
                let slot = Slot::start(&**runtime, config.clone().unwrap_or_else(named));
                let slot = slot.map_err(|error| SpawnError::NoThread(error.to_string().into()))?;
                let threads = self.threads.pin();
                // The shutdown joins the threads in this list. Those that have ended leave it here.
                threads.retain(|_, thread| !thread.executor.join(Duration::ZERO));
                threads.insert(id, Arc::clone(&slot));
                let seated = slot.sit();
                Ok((slot, seated))
            }
        }
    }

    /// Adds an actor at its begin.
    pub(crate) fn add(&self, entry: Entry) {
        let entry = Arc::new(entry);
        everyone::add(&entry);
        self.entries.pin().insert(entry.facts.id, entry);
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes an actor at its end, or one that did not begin.
    pub(crate) fn remove(&self, actor: &Facts) {
        if let Some(entry) = self.entries.pin().remove(&actor.id) {
            everyone::remove(entry.number);
        }
        if actor.is_named {
            self.names.free(&actor.path, actor.id);
        }
        if actor.owns_thread
            && let Some(thread) = self.threads.pin().get(&actor.id)
        {
            thread.executor.stop();
        }
    }

    /// Returns the time since the system's start.
    pub(crate) fn uptime(&self) -> Duration {
        now().saturating_duration_since(self.began_at)
    }

    /// Waits for the report, for at most this time. For a thread of no executor.
    pub(crate) fn is_reported_within(&self, limit: Duration) -> bool {
        listener!(self.on_change => reported);
        if self.report().is_none() {
            reported.wait_timeout(limit);
        }
        self.report().is_some()
    }

    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Returns the running actors, in the order of their starts.
    pub(crate) fn members(&self) -> Vec<Arc<Entry>> {
        let entries = self.entries.pin();
        let mut members: Vec<_> = entries.values().cloned().collect();
        members.sort_unstable_by_key(|entry| entry.facts.id);
        members
    }

    /// Returns all executors of the system.
    pub(crate) fn slots(&self) -> Vec<Arc<Slot>> {
        let mut slots: Vec<_> = self.pool.slots().iter().chain(&self.apart).cloned().collect();
        let threads = self.threads.pin();
        let mut own: Vec<_> = threads.iter().collect();
        own.sort_unstable_by_key(|(id, _)| **id);
        slots.extend(own.into_iter().map(|(_, slot)| Arc::clone(slot)));
        slots
    }

    /// Begins the shutdown, unless it has begun.
    pub(crate) fn begin(
        self: &Arc<Self>,
        cause: Cause,
        patience: Duration,
        ended: Option<ActorReport>,
    ) {
        if !self.gate.close() {
            return;
        }
        // Only the closing call comes here.
        let begun = self.begun.get_or_init(|| Begun { cause, patience, ended });
        self.on_change.notify(usize::MAX);
        // Read here: the task begins later, and some may have ended by then.
        let members = self.members();
        let own = self.runtime.as_ref().and_then(|runtime| {
            runtime.start_executor(ThreadConfig::named(self.thread_name("stop"))).ok()
        });
        let adopted = self.slots().into_iter().map(|slot| Arc::clone(&slot.executor));
        let own = own.map(|executor| (executor, true)).into_iter();
        for (executor, is_own) in own.chain(adopted.map(|executor| (executor, false))) {
            let shared = Arc::clone(self);
            let clock = Clock(Arc::clone(&executor));
            let shutdown = Shutdown::new(shared, clock, is_own, members.clone());
            if executor.spawn(Box::new(move || Box::pin(shutdown.run()))).is_ok() {
                return;
            }
        }
        // All executors were stopped by others, so nothing can wait for the actors here.
        self.publish(Report::draft(self, begun));
    }

    /// The name of a thread for the system itself. A zero byte is no part of a thread's name.
    pub(crate) fn thread_name(&self, role: &str) -> String {
        format!("{}-{role}", self.name.replace('\0', ""))
    }

    pub(crate) fn begun(&self) -> Option<&Begun> {
        self.begun.get()
    }

    /// Publishes the report of the shutdown. The first one counts.
    pub(crate) fn publish(&self, report: Report) {
        if self.report.set(report).is_ok() {
            if let Some(at_end) = self.at_end.get() {
                at_end();
            }
            self.on_change.notify(usize::MAX);
        }
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.report.get()
    }

    /// Sets a function for the end of the shutdown, and returns whether it is the first one. At a
    /// system that has a report, it may be called twice.
    #[cfg(all(unix, feature = "signals"))]
    pub(crate) fn at_end(&self, call: impl Fn() + Send + Sync + 'static) -> bool {
        let is_first = self.at_end.set(Box::new(call)).is_ok();
        // The report may have come before the function.
        if let Some(at_end) = self.at_end.get().filter(|_| is_first && self.report().is_some()) {
            at_end();
        }
        is_first
    }

    /// Waits for the begin of the shutdown, or for its report, as `read` returns it.
    pub(crate) async fn wait_for<T: 'static>(&self, read: fn(&Self) -> Option<&T>) -> &T {
        loop {
            if let Some(value) = read(self) {
                return value;
            }
            listener!(self.on_change => changed);
            // Checked again: it may have come before the listener was registered.
            if read(self).is_none() {
                // A faulty waker must not keep the shutdown from its next step.
                let mut waker = ContainedWaker::new();
                poll_fn(|task| {
                    let mut task = Context::from_waker(waker.of(task.waker()));
                    Pin::new(&mut changed).poll(&mut task)
                })
                .await;
            }
        }
    }

    /// Waits for the report, blocking the thread for at most `timeout`.
    ///
    /// Does not wait on a thread of the system: that thread cannot end meanwhile, so the report
    /// would not come, or come only to name the thread.
    pub(crate) fn reported_blocking(&self, timeout: Duration) -> Option<&Report> {
        let left = time_left(timeout);
        let may_wait = self.report().is_some() || !self.runs_this_thread();
        while may_wait && self.report().is_none() {
            listener!(self.on_change => reported);
            if self.report().is_none() && reported.wait_timeout(left()).is_none() {
                break;
            }
        }
        self.report()
    }

    /// Returns whether the calling thread runs one of the system's executors now.
    fn runs_this_thread(&self) -> bool {
        current().is_some_and(|executor| {
            let is_it = |slot: &Arc<Slot>| {
                std::ptr::addr_eq(Arc::as_ptr(&slot.executor), Arc::as_ptr(&executor))
            };
            self.slots().iter().any(is_it)
        })
    }

    /// Waits for the report until [`OVERTIME`] after the patience of the shutdown. Returns that of
    /// the moment after this.
    pub(crate) fn reported_or_draft(&self, patience: Duration) -> Report {
        let begun = self.begun();
        let patience = begun.map_or(patience, |begun| begun.patience);
        let report = self.reported_blocking(patience.saturating_add(OVERTIME)).cloned();
        report.unwrap_or_else(|| {
            let draft = match self.begun() {
                Some(begun) => Report::draft(self, begun),
                // Another thread has closed the gate, and has not continued yet.
                None => {
                    Report::draft(self, &Begun { cause: Cause::Requested, patience, ended: None })
                }
            };
            Report { is_final: false, ..draft }
        })
    }
}

/// Returns the last part of a type's name: without its modules, and without its parameters.
fn short(kind: &str) -> &str {
    let whole = kind.split('<').next().unwrap_or_default();
    match whole.rsplit("::").next() {
        None | Some("") => "actor",
        Some(name) => name,
    }
}
