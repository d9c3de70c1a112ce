//! The newest text of each kind of event, for all clients.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::time::{Instant, sleep};

use crate::api::ApiSources;
use crate::api::events::history::Records;
use crate::api::events::{forks, make};
use crate::events::Event;
use crate::reporter::until_next_report;
use chain::Snapshot;

/// The number of kinds of events.
const KINDS: usize = Event::NAMES.len();

/// Makes the events from published data, and keeps the newest text of each kind. It stays on the
/// API's thread.
pub(in crate::api) struct Board {
    sources: Rc<ApiSources>,
    /// The time between two readings of the data.
    period: Duration,
    records: RefCell<Records>,
    content: RefCell<Content>,
}

#[derive(Default)]
struct Content {
    /// The time of the next reading. `None` before the first one.
    due: Option<Instant>,
    texts: [Text; KINDS],
    /// The snapshot of the last event about fork choice.
    forks_of: Option<Arc<Snapshot>>,
}

/// The newest text of one kind. Before the first one, its number is 0.
#[derive(Clone, Default)]
struct Text {
    number: u64,
    bytes: Bytes,
}

/// The numbers of the last texts taken by one client.
#[derive(Debug, Default)]
pub(in crate::api) struct Taken([u64; KINDS]);

impl Board {
    pub(in crate::api) fn new(sources: Rc<ApiSources>, period: Duration) -> Self {
        Self { sources, period, records: RefCell::default(), content: RefCell::default() }
    }

    /// Returns the next text that is newer than the last one taken of its kind. Reads the data
    /// again if its time has come.
    pub(in crate::api) fn next(&self, taken: &mut Taken, now: Instant) -> Option<Bytes> {
        let mut content = self.content.borrow_mut();
        if content.due.is_none_or(|due| due <= now) {
            content.due = Some(now + self.period);
            self.read(&mut content, now);
        }
        for (taken, text) in taken.0.iter_mut().zip(&content.texts) {
            if *taken < text.number {
                *taken = text.number;
                return Some(text.bytes.clone());
            }
        }
        None
    }

    /// Returns the time of the next reading of the data.
    pub(in crate::api) fn due(&self, now: Instant) -> Instant {
        self.content.borrow().due.unwrap_or(now)
    }

    /// Adds a record to the history in each slot, also without a client. Never completes.
    pub(in crate::api) async fn keep_history(self: Rc<Self>) {
        let (clock, wall) = (self.sources.clock, self.sources.wall);
        loop {
            sleep(Duration::from_millis(until_next_report(clock, wall.now()))).await;
            self.record();
        }
    }

    /// Adds a record of this moment to the history.
    pub(in crate::api) fn record(&self) {
        self.records.borrow_mut().add(&self.sources);
    }

    fn read(&self, content: &mut Content, now: Instant) {
        let sources = &*self.sources;
        let (chain, seen) = (sources.published.get(), sources.shown.look());
        let records = self.records.borrow();
        if content.forks_of.as_ref().is_none_or(|last| !Arc::ptr_eq(last, &chain)) {
            content.put(&Event::Forks(forks::forks(&chain)));
            content.forks_of = Some(Arc::clone(&chain));
        }
        content.put(&Event::Node(Box::new(make::node(sources, &chain, &seen))));
        content.put(&Event::Votes(make::votes(sources, &chain, &records)));
        content.put(&Event::History(records.history()));
        content.put(&Event::Peers(make::peers(sources, now)));
        content.put(&Event::Actors(make::actors(sources, &seen)));
        content.put(&Event::Losses(make::losses(sources, &chain)));
        if let Some(stored) = &sources.supervision.stored {
            content.put(&Event::Disk(make::disk(&stored.get())));
        }
    }
}

impl Content {
    /// Replaces the text of an event's kind, if the event has changed.
    fn put(&mut self, event: &Event) {
        let text = &mut self.texts[event.kind()];
        let bytes = event.to_text();
        if text.bytes != bytes {
            *text = Text { number: text.number + 1, bytes: bytes.into() };
        }
    }
}
