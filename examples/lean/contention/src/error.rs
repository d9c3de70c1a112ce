//! Why a contention run failed.

use std::io;
use std::time::Duration;

use actor_lanes::life::SpawnError;

use consensus::{Rejection, Slot};

use super::RecordError;

/// Says why contention was not measured, or why its result is not what it must be.
#[derive(Debug, thiserror::Error)]
pub enum ContentionError {
    /// More slots were asked for than the keys can sign in.
    #[error(
        "these are {slots} slots, and the test scheme's keys sign in {most}: choose fewer --seconds or a longer \
         --interval-ms"
    )]
    TooLong {
        /// How many slots the run would have.
        slots: Slot,
        /// How many it may have.
        most: Slot,
    },
    /// Not one slot fits in the time.
    #[error("a slot lasts {slot_ms} ms, longer than the whole run: choose more --seconds or a shorter --interval-ms")]
    TooShort {
        /// How long a slot lasts, in milliseconds.
        slot_ms: u64,
    },
    /// The load was not made.
    #[error("cannot record the load: {0}")]
    Record(#[from] RecordError),
    /// The recorded chain's beginning makes no chain.
    #[error("the recording makes no chain: {0}")]
    Genesis(#[from] Rejection),
    /// A thread did not start.
    #[error("the thread \"{name}\" did not start: {error}")]
    Thread {
        /// The thread's name.
        name: &'static str,
        /// What the operating system said.
        error: io::Error,
    },
    /// An executor ended as soon as it was started.
    #[error("an executor took no actor: {0}")]
    Executor(#[from] SpawnError),
    /// The node did not come to the end of its load.
    #[error("the node had not worked off its load {} s after the last event: choose fewer --validators", .0.as_secs())]
    NotDrained(Duration),
    /// The chain's owner did not say where it stands.
    #[error("the chain's owner did not answer in time")]
    NoAnswer,
    /// A thread did not end in order.
    #[error("the thread \"{0}\" did not end in order")]
    NotStopped(&'static str),
    /// A run ended on another chain than the recording.
    #[error("through the {dispatch}, the chain did not end where it should: {count} messages were dropped on the way")]
    Diverged {
        /// How the network thread reached the chain.
        dispatch: String,
        /// How many messages were dropped for whatever reason.
        count: u64,
    },
    /// Control messages were not delivered.
    #[error("{0} control messages were lost")]
    ControlLost(u64),
    /// Standard output took no more.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
}
