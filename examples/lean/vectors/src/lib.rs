//! The specification's test vectors, run against this node's code.
//!
//! ```text
//! load ─▶ Case ─▶ examine ──Begin, Take(0), Take(1), …, Sum──▶ owner's thread: Trial ─▶ Verdict
//!                                                                                          │
//!                                                             Results (a table, or JSON) ◀─┘
//! ```
//!
//! What a vector tests is owned by an actor, as it is in a node: a store, a state or a codec is made on the owner's
//! thread, on whatever runtime, each step is a message, and the answers come back as replies. The verdicts are the same on
//! every runtime, because the rules do not know one.
//!
//! In reading order: `case` (files), `format` (what formats there are), `trial` (what is done with each) with a file or a
//! folder for each format, `field`, `container` and `anchor` (reading JSON, and what it stands for), `verdict`, `owner` (the actor), `results` (the table).
//! A new format is a line in [`Format`], a line in `trial::open`, and a file.

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
pub use results::{FailedCase, FormatResults, Results};
pub use verdict::{Difference, NotCompared, Outcome, Verdict};
