//! The specification's test vectors, run against this node's code.
//!
//! ```text
//! load ─▶ Case ─▶ examine ──Begin, Take(0), Take(1), …, Sum──▶ owner's thread: Trial ─▶ Verdict
//!                                                                                          │
//!                                                             Results (a table, or JSON) ◀─┘
//! ```
//!
//! An actor owns the subject of a vector (a store, a state or a codec), as in a node. The subject
//! is created on the owner's thread, on any runtime. Each step is a message, and its answer is a
//! reply. The verdicts are the same on every runtime, because the consensus rules do not depend on
//! the runtime.
//!
//! Reading order: `case` (files), `format` (the list of formats), `trial` (the test for each
//! format) with a file or folder per format, `field`, `container` and `anchor` (reading JSON),
//! `verdict`, `revision` (changed rules), `owner` (the actor), `results` (the table). To add a
//! format, add a line to [`Format`], a line to `trial::open`, and a file.

mod anchor;
mod api_endpoint;
mod case;
mod container;
mod field;
mod fork_choice;
mod format;
mod justifiability;
mod networking_codec;
mod owner;
mod poseidon_permutation;
mod proof_setting;
mod results;
mod revision;
mod slot_clock;
mod ssz;
mod state_transition;
mod sync;
mod trial;
mod verdict;
mod verify_signatures;

pub use case::{Case, LoadError, Loaded, load};
pub use format::{Format, UnknownFormat};
pub use owner::examine;
pub use results::{FailedCase, FormatResults, Results, SupersededCase};
pub use revision::Rule;
pub use verdict::{Difference, NotCompared, Outcome, Superseded, Verdict};
