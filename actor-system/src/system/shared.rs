//! What all owners and actors of one system share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use actor_core::life::{Seat, SpawnError, Wish};
use actor_core::{Executor, Runtime, ThreadConfig};
use event_listener::{Event, IntoNotification as _, Listener as _, listener};
use papaya::HashMap;

use crate::clock::{Clock, time_left};
use crate::executors::{Executors, Seated, Slot};
use crate::gate::Gate;
use crate::system::entry::{ActorId, Entry, Plan, Resident};
use crate::system::names::{Names, path_of};
use crate::system::report::{ActorReport, Cause, Report};
use crate::system::shutdown::Shutdown;

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
    entries: HashMap<ActorId, Weak<Entry>>,
    pub(crate) names: Names,
    begun: OnceLock<Begun>,
    report: OnceLock<Report>,
    on_report: Event,
    #[cfg(feature = "signals")]
    pub(crate) signals: crate::signals::Watches,
}

/// The begin of the one shutdown.
pub(crate) struct Begun {
    pub(crate) cause: Cause,
    pub(crate) patience: Duration,
    /// The actor whose end began it. It has left the list before.
    pub(crate) ended: Option<ActorReport>,
}

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
            begun: OnceLock::new(),
            report: OnceLock::new(),
            on_report: Event::new(),
            #[cfg(feature = "signals")]
            signals: crate::signals::Watches::default(),
        })
    }

    /// Gives an actor its place and its entry.
    pub(crate) fn seat(self: &Arc<Self>, site: &Site, wish: &Wish) -> Result<Seat, SpawnError> {
        let inside = self.gate.pass().ok_or(SpawnError::SystemStopping)?;
        let id = ActorId(self.ids.fetch_add(1, Ordering::Relaxed));
        let path = match &wish.name {
            Some(name) => path_of(name)?,
            None => format!("/{}-{id}", wish.kind).into(),
        };
        if wish.name.is_some() {
            self.names.reserve(&path, id, &wish)?;
        }
        let seated = self.sit(site, id, &path);
        if seated.is_err() && wish.name.is_some() {
            self.names.free(&path, id);
        }
        let seated = seated?;
        let executor = Arc::clone(&seated.slot.executor);
        let plan = Plan {
            id,
            path: Arc::clone(&path),
            phase: wish.phase,
            is_named: wish.name.is_some(),
            owns_thread: matches!(site, Site::OwnThread(_)),
        };
        let resident = Resident::new(self, plan, seated);
        inside.stay();
        self.entries.pin().insert(id, Arc::downgrade(&resident.entry));
        Ok(Seat { executor, path: Some(path), host: Some(Arc::new(resident)) })
    }

    fn sit(&self, site: &Site, id: ActorId, path: &str) -> Result<Seated, SpawnError> {
        match site {
            Site::Pool => Ok(self.pool.choose()),
            Site::Executor(slot) => Ok(Seated::on(slot)),
            Site::OwnThread(config) => {
                let runtime = self.runtime.as_ref().ok_or(SpawnError::NoExecutor)?;
                let named = || ThreadConfig::named(path.trim_start_matches('/'));
                let config = config.clone().unwrap_or_else(named);
                let slot = Slot::start(&**runtime, config);
                let slot = slot.map_err(|e| SpawnError::NoThread(e.to_string().into()))?;
                let threads = self.threads.pin();
                // Threads of actors that ended are kept for a join by the shutdown, until here.
                threads.retain(|_, thread| !thread.executor.join(Duration::ZERO));
                threads.insert(id, Arc::clone(&slot));
                Ok(Seated::on(&slot))
            }
        }
    }

    pub(crate) fn count_start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Removes an actor at its end, or one that did not begin.
    pub(crate) fn remove(&self, entry: &Entry) {
        self.entries.pin().remove(&entry.id);
        if entry.is_named {
            self.names.free(&entry.path, entry.id);
        }
    }

    /// Returns the running actors, in the order of their starts.
    pub(crate) fn members(&self) -> Vec<Arc<Entry>> {
        let entries = self.entries.pin();
        let mut members: Vec<_> = entries.values().filter_map(Weak::upgrade).collect();
        members.sort_unstable_by_key(|entry| entry.id);
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
        let own = self.runtime.as_ref().and_then(|runtime| {
            let config = ThreadConfig::named(format!("{}-stop", self.name));
            runtime.start_executor(config).ok()
        });
        let adopted = self.slots().into_iter().map(|slot| Arc::clone(&slot.executor));
        let own = own.map(|executor| (executor, true)).into_iter();
        for (executor, is_own) in own.chain(adopted.map(|executor| (executor, false))) {
            let shared = Arc::clone(self);
            let clock = Clock(Arc::clone(&executor));
            let run = move || Shutdown::new(shared, clock, is_own).run();
            if executor.spawn(Box::new(move || Box::pin(run()))).is_ok() {
                return;
            }
        }
        // All executors were stopped by others, so nothing can wait for the actors here.
        self.publish(Report::draft(self, begun));
    }

    pub(crate) fn begun(&self) -> Option<&Begun> {
        self.begun.get()
    }

    /// Publishes the report of the shutdown. The first one counts.
    pub(crate) fn publish(&self, report: Report) {
        if self.report.set(report).is_ok() {
            #[cfg(feature = "signals")]
            self.signals.end();
            self.on_report.notify(usize::MAX.additional());
        }
    }

    pub(crate) fn report(&self) -> Option<&Report> {
        self.report.get()
    }

    /// Waits for the report.
    pub(crate) async fn reported(&self) -> &Report {
        loop {
            if let Some(report) = self.report() {
                return report;
            }
            listener!(self.on_report => reported);
            // Checked again: it may have come before the listener was registered.
            if self.report().is_none() {
                reported.await;
            }
        }
    }

    /// Waits for the report, blocking the thread for at most `timeout`.
    pub(crate) fn reported_blocking(&self, timeout: Duration) -> Option<&Report> {
        let left = time_left(timeout);
        while self.report().is_none() {
            listener!(self.on_report => reported);
            if self.report().is_none() && reported.wait_timeout(left()).is_none() {
                break;
            }
        }
        self.report()
    }
}
