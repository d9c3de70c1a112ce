//! What brings messages to an actor from within its own task: work in flight and attached streams.
//!
//! Behind one pointer, so that an actor with neither checks one word for each message.

use std::sync::Arc;

use crate::actor::context::Context;
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

    fn is_empty(&self) -> bool {
        self.work.as_ref().is_none_or(Pieces::is_empty)
            && self.streams.as_ref().is_none_or(|streams| streams.is_empty())
    }

    /// Returns whether a message may be ready.
    pub(crate) fn has_more(&self) -> bool {
        self.work.as_ref().is_some_and(Pieces::has_more)
            || self.streams.as_ref().is_some_and(|streams| streams.has_more())
    }
}

impl<M: Message> Context<M> {
    /// Returns whether a message may come from work in flight or from an attached stream.
    #[inline(always)]
    pub(crate) fn has_inflow(&mut self) -> bool {
        self.inflow.get_mut().as_deref().is_some_and(|inflow| !inflow.is_empty())
    }

    /// Returns the work of this life if any is in flight.
    pub(crate) fn work(&mut self) -> Option<&mut Pieces<M>> {
        self.inflow.get_mut().as_deref_mut()?.all_work().filter(|work| !work.is_empty())
    }

    /// Returns the streams of this life if any is attached.
    pub(crate) fn streams(&mut self) -> Option<&mut Streams<M>> {
        self.inflow.get_mut().as_deref_mut()?.all_streams().filter(|streams| !streams.is_empty())
    }

    /// Drops all attached streams, because the mailbox has closed.
    pub(crate) fn end_streams(&mut self) {
        if let Some(inflow) = self.inflow.get_mut() {
            inflow.streams = None;
        }
    }

    /// Drops all attached streams, and ends all work in flight. Results in time are left in the
    /// mailbox.
    #[inline(always)]
    pub(crate) fn end_work(&mut self) {
        if self.inflow.get_mut().is_some() {
            self.inflow.set(None);
        }
    }

    /// Works with the sources of this life, which are made if there are none. They leave their cell
    /// meanwhile, so `with` must run no code of the program.
    pub(super) fn with_inflow<T>(&self, with: impl FnOnce(&mut Inflow<M>) -> T) -> T {
        let kept = self.inflow.take();
        let mut inflow = kept.unwrap_or_else(|| Box::new(Inflow::new()));
        let result = with(&mut inflow);
        self.inflow.set(Some(inflow));
        result
    }
}
