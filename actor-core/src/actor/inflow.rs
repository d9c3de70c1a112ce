//! What brings messages to an actor from within its own task: work in flight and attached streams.
//!
//! Behind one pointer, so that an actor with neither checks one word for each message.

use std::sync::Arc;

use crate::actor::streams::attached::Streams;
use crate::actor::work::pieces::Pieces;
use crate::mailbox::{Message, Shared};

pub(crate) struct Inflow<M> {
    /// First, so dropped first: sources end before the work that they have caused.
    streams: Option<Box<Streams<M>>>,
    work: Option<Pieces<M>>,
}

impl<M: Message> Inflow<M> {
    pub(super) fn new() -> Self {
        Self { streams: None, work: None }
    }

    pub(super) fn make_work(&mut self, shared: &Arc<Shared<M>>) -> &mut Pieces<M> {
        self.work.get_or_insert_with(|| Pieces::new(Arc::clone(shared)))
    }

    pub(super) fn make_streams(&mut self, shared: &Arc<Shared<M>>) -> &mut Streams<M> {
        self.streams.get_or_insert_with(|| Box::new(Streams::new(Arc::clone(shared))))
    }

    /// Returns the work of this life, also if none is in flight.
    pub(crate) fn all_work(&mut self) -> Option<&mut Pieces<M>> {
        self.work.as_mut()
    }

    /// Returns the streams of this life, also if none is attached.
    pub(super) fn all_streams(&mut self) -> Option<&mut Streams<M>> {
        self.streams.as_deref_mut()
    }

    /// Drops all streams.
    pub(super) fn end_streams(&mut self) {
        self.streams = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.work.as_ref().is_none_or(Pieces::is_empty)
            && self.streams.as_ref().is_none_or(|streams| streams.is_empty())
    }

    /// Returns whether a message may be ready.
    pub(crate) fn has_more(&self) -> bool {
        self.work.as_ref().is_some_and(Pieces::has_more)
            || self.streams.as_ref().is_some_and(|streams| streams.has_more())
    }
}
