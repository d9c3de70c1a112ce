//! The reasons for the failure of a contention run.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use actor_lanes::life::SpawnError;

use consensus::{Rejection, Slot};

use super::RecordError;

/// Contention was not measured, or its result is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ContentionError {
    /// The run has more slots than the keys can sign.
    #[error(
        "these are {slots} slots, and the test scheme's keys sign in {most}: choose fewer --seconds or a longer \
         --interval-ms"
    )]
    TooLong {
        /// The number of slots of the requested run.
        slots: Slot,
        /// The maximum number of slots.
        most: Slot,
    },
    /// The requested time is shorter than one slot.
    #[error(
        "a slot lasts {slot_ms} ms, longer than the whole run: choose more --seconds or a shorter --interval-ms"
    )]
    TooShort {
        /// The duration of a slot, in milliseconds.
        slot_ms: u64,
    },
    /// This build has no foreign loop.
    #[error("this build has no foreign loop: build with `--features embed` or `--all-features`")]
    NoForeignLoop,
    /// The load could not be recorded.
    #[error("cannot record the load: {0}")]
    Record(#[from] RecordError),
    /// The recorded genesis is invalid.
    #[error("the recording makes no chain: {0}")]
    Genesis(#[from] Rejection),
    /// A thread did not start.
    #[error("the thread \"{name}\" did not start: {error}")]
    Thread {
        /// The name of the thread.
        name: &'static str,
        /// The error of the operating system.
        error: io::Error,
    },
    /// An actor did not start.
    #[error("an actor did not start: {0}")]
    Spawn(#[from] SpawnError),
    /// A folder of a store could not be made or removed.
    #[error("cannot use the folder {} of a store: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The error of the operating system.
        error: io::Error,
    },
    /// The store on disk failed.
    #[error("the store failed: {0}")]
    Store(String),
    /// The finalized block is not on the disk at the end.
    #[error("slot {finalized} was finalized, and slot {slot} is on the disk")]
    NotDurable {
        /// The finalized slot on the disk.
        slot: Slot,
        /// The finalized slot of the chain.
        finalized: Slot,
    },
    /// The node did not process its whole load in time.
    #[error("the node had not worked off its load {} s after the last event: choose fewer --validators", .0.as_secs())]
    NotDrained(Duration),
    /// The chain actor did not report its head in time.
    #[error("the chain's owner did not answer in time")]
    NoAnswer,
    /// The actors did not stop cleanly.
    #[error("the actors did not end in order: {0}")]
    NotStopped(String),
    /// A run ended on a different chain than the recording.
    #[error(
        "through the {dispatch}, the chain did not end where it should: {count} messages were dropped on the way"
    )]
    Diverged {
        /// The kind of dispatch: mutex, actor or loop.
        dispatch: String,
        /// The number of messages dropped, for all reasons together.
        count: u64,
    },
    /// Control messages were lost.
    #[error("{0} control messages were lost")]
    ControlLost(u64),
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}
