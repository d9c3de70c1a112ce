//! What other threads can see of a named actor at work: its turns, and whom its handler waits for.
//!
//! Only an actor with a name has one: a system names each of its actors. The thread-local of
//! [`current`] has that of the actor at work, for panic hooks, and for the waits of its handler.
//!
//! | field | written by | read by |
//! |---|---|---|
//! | `turns`, `thread`, `timers`, `work`, `streams` | the thread of the actor's task | any thread |
//! | `waits` | the thread that polls or drops a future of the actor | any thread |
//!
//! The figures are relaxed stores of one writer. A reader may see a slightly older one, and no
//! decision of the framework depends on them. They are hidden from loom for this reason.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64 as PlainU64};
use std::sync::{Arc, OnceLock};

use crate::mailbox::seen::ActorSeen;
use crate::mailbox::waits::{Place, Waits, What};
use crate::sync::Ordering;

thread_local! {
    /// The actor whose code runs on this thread.
    static CURRENT: Cell<Option<Arc<Presence>>> = const { Cell::new(None) };
    /// Whether that code is a handler's, or another part of the life that waits in order. Work in
    /// flight and streams are not: no handler waits for them. Read first, because it costs less.
    static IS_IN_ORDER: Cell<bool> = const { Cell::new(false) };
    /// The number of this thread for the operating system, once read. 0 before.
    static THREAD: Cell<u32> = const { Cell::new(0) };
}

/// The number of the next named actor in this process.
static NUMBERS: PlainU64 = PlainU64::new(1);

/// One named actor, as other threads see it.
pub(crate) struct Presence {
    name: Arc<str>,
    /// Different for each named actor of the process.
    number: u64,
    /// Twice the number of turns, and one more within a turn.
    turns: PlainU64,
    /// The number of the thread of the last turn for the operating system. 0 if it is not known.
    thread: AtomicU32,
    timers: PlainU64,
    work: PlainU64,
    streams: PlainU64,
    waits: Waits,
    /// The numbers of the actors that it passes messages on to, if it is a queue.
    passes_on: OnceLock<Box<[u64]>>,
}

/// What is armed, in flight and attached, as the actor's task writes it down.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) timers: usize,
    pub(crate) work: usize,
    pub(crate) streams: usize,
}

impl Presence {
    pub(crate) fn new(name: Arc<str>) -> Arc<Self> {
        Arc::new(Self {
            name,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            turns: PlainU64::new(0),
            thread: AtomicU32::new(0),
            timers: PlainU64::new(0),
            work: PlainU64::new(0),
            streams: PlainU64::new(0),
            waits: Waits::new(),
            passes_on: OnceLock::new(),
        })
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Returns the number of begun turns, and whether the last one still lasts.
    fn turns(&self) -> (u64, bool) {
        let turns = self.turns.load(Ordering::Relaxed);
        (turns.div_ceil(2), !turns.is_multiple_of(2))
    }

    /// Returns the number of the thread of the last turn, if it is known.
    fn thread(&self) -> Option<u32> {
        Some(self.thread.load(Ordering::Relaxed)).filter(|thread| *thread != 0)
    }

    /// Adds what is written down here to a look.
    pub(crate) fn add_to(&self, seen: &mut ActorSeen) {
        let read = |count: &PlainU64| count.load(Ordering::Relaxed) as usize;
        (seen.turns, seen.has_turn) = self.turns();
        seen.number = self.number;
        seen.name = Some(Arc::clone(&self.name));
        seen.thread = self.thread();
        seen.timers = read(&self.timers);
        seen.work = read(&self.work);
        seen.streams = read(&self.streams);
        seen.waits = self.waits.look();
        seen.passes_on = self.passes_on.get().map(|others| others.to_vec()).unwrap_or_default();
    }

    /// Writes down what is armed, in flight and attached. Called by the actor's task.
    pub(crate) fn show(&self, counts: Counts) {
        self.timers.store(counts.timers as u64, Ordering::Relaxed);
        self.work.store(counts.work as u64, Ordering::Relaxed);
        self.streams.store(counts.streams as u64, Ordering::Relaxed);
    }

    /// States whom the actor passes messages on to, once.
    pub(crate) fn pass_on_to(&self, others: impl Iterator<Item = u64>) {
        drop(self.passes_on.set(others.collect()));
    }

    /// Begins or ends a turn. Called by the actor's task.
    fn turn(&self) {
        self.turns.store(self.turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }
}

/// Returns the name of the actor whose code runs on this thread.
pub(crate) fn current_name() -> Option<Arc<str>> {
    with_current(|presence| Arc::clone(&presence.name))
}

/// Reads the current actor. An ending thread may have dropped its thread-locals.
fn with_current<T>(read: impl FnOnce(&Arc<Presence>) -> T) -> Option<T> {
    CURRENT
        .try_with(|current| {
            let presence = current.take()?;
            let value = read(&presence);
            current.set(Some(presence));
            Some(value)
        })
        .ok()
        .flatten()
}

/// A turn of a named actor: its presence is the current one, and the one before is put back at the
/// drop, because an actor may be polled by another one's handler.
pub(crate) struct Turn<'a> {
    presence: &'a Presence,
    before: Option<Arc<Presence>>,
    was_in_order: bool,
}

impl<'a> Turn<'a> {
    pub(crate) fn begin(presence: &'a Arc<Presence>) -> Self {
        let before = CURRENT.try_with(|current| current.replace(Some(Arc::clone(presence))));
        presence.thread.store(this_thread(), Ordering::Relaxed);
        presence.turn();
        let was_in_order = IS_IN_ORDER.replace(true);
        Self { presence, before: before.ok().flatten(), was_in_order }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.presence.turn();
        IS_IN_ORDER.set(self.was_in_order);
        let before = self.before.take();
        _ = CURRENT.try_with(|current| current.set(before));
    }
}

/// Runs code of the current actor that no handler waits for: its work in flight, its streams.
pub(crate) fn beside<T>(run: impl FnOnce() -> T) -> T {
    let _beside = Beside { was_in_order: IS_IN_ORDER.replace(false) };
    run()
}

struct Beside {
    was_in_order: bool,
}

impl Drop for Beside {
    fn drop(&mut self) {
        IS_IN_ORDER.set(self.was_in_order);
    }
}

/// A wait of the current actor's handler for another actor. It ends with the drop, on any thread.
pub(crate) struct Wait {
    presence: Arc<Presence>,
    place: Place,
}

impl Wait {
    /// Begins a wait. `None` beyond [`MOST`](crate::mailbox::waits::MOST) waits at the same time.
    #[cold]
    fn begin(what: What, number: impl FnOnce() -> u64) -> Option<Self> {
        let presence = with_current(Arc::clone)?;
        let place = presence.waits.begin(what, number())?;
        Some(Self { presence, place })
    }

    /// Begins a wait with the first pending poll, and ends it with a ready one.
    #[inline]
    pub(crate) fn follow(
        wait: &mut Option<Self>,
        is_pending: bool,
        what: What,
        number: impl FnOnce() -> u64,
    ) {
        match wait {
            None if is_pending && IS_IN_ORDER.get() => *wait = Self::begin(what, number),
            Some(_) if !is_pending => *wait = None,
            _ => {}
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.presence.waits.end(self.place);
    }
}

/// Returns the number of this thread for the operating system. 0 if it is not known.
fn this_thread() -> u32 {
    let known = |number: &Cell<u32>| {
        if number.get() == 0 {
            number.set(read_this_thread().unwrap_or(u32::MAX));
        }
        number.get()
    };
    let number = THREAD.try_with(known).unwrap_or_default();
    if number == u32::MAX { 0 } else { number }
}

/// Reads the number of this thread where the system shows it as a file: on Linux.
#[cold]
fn read_this_thread() -> Option<u32> {
    let path = std::fs::read_link("/proc/thread-self").ok()?;
    path.file_name()?.to_str()?.parse().ok()
}
