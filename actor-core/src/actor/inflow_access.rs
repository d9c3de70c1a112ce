//! The context's access to its sources besides the lanes: work in flight, attached streams, and
//! whether there are any.

use crate::actor::context::Context;
use crate::actor::inflow::Inflow;
use crate::actor::streams::attached::Streams;
use crate::actor::work::pieces::Pieces;
use crate::mailbox::{Counts, Message};

impl<M: Message> Context<M> {
    /// Returns whether this life has, or had, timers, work in flight or streams.
    #[inline(always)]
    pub(crate) fn has_sources(&mut self) -> bool {
        self.timers.is_some() || self.inflow.get_mut().is_some()
    }

    /// Shows other threads what is armed and in flight, at the end of a turn with
    /// [sources](Self::has_sources).
    #[cold]
    pub(crate) fn show(&mut self) {
        let work = self.work().map_or(0, |work| work.len());
        let streams = self.streams().map_or(0, |streams| streams.len());
        let timers = self.timers.as_ref().map_or(0, |timers| timers.len());
        if let Some(presence) = self.shared.life().presence() {
            presence.show(Counts { timers, work, streams });
        }
    }

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
            inflow.end_streams();
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
