//! Verification and proving, away from the chain's owner: a pool of verifiers and a prover, each on a thread of its own.
//!
//! ```text
//!  decoder ── block, vote ──▶ ┌────────────┐ ── Job, by lane ──▶ verifier 1 … n ──┐
//!                             │ ChainActor │ ── Job ───────────▶ prover ──────────┤
//!                             └────────────┘ ◀── Done, batched ───────────────────┘
//! ```
//!
//! The owner looks at the store, which is cheap, and never at a signature; whoever verifies has a [`Job`] with all that it
//! needs, and never looks at the store. Nobody waits for anybody: a job is told, and its outcome is told back.
//!
//! # What a vote or an aggregate goes through
//!
//! ```text
//!  comes ─▶ checked against the store ─▶ under way ─▶ found ─▶ checked again ─▶ in a pool
//!             │ block missing: held        │ no room: VERIFICATION_FULL     │ finality went past: dropped
//!             │ else refused               │ lost: VERIFICATION_LOST        │ else inserted
//! ```
//!
//! * **Before**: the specification's checks in its order (`validate_attestation`, `VALIDATOR_NOT_IN_STATE`, …), and
//!   whether the same validator's signature of the same vote is held already. A copy that is still being verified is no
//!   reason to drop another: the first may be forged. Both are verified, and the vote counts once.
//! * **After**: the checks before cannot have become false but in two ways. A block of this node's own that was not
//!   signed is withdrawn: the vote is held as if its block had never come. Finality has gone past the vote's head: it is
//!   dropped, as it would have been pruned.
//! * A vote counts as having come when its verification ended. One that is under way when votes are aggregated or begin
//!   to count is there the next time.
//!
//! # What a block goes through
//!
//! ```text
//!  comes ─▶ checked against the store ─▶ under way ─▶ found ─▶ checked again ─▶ imported ─▶ its children, its votes
//!             │ parent missing: held,      │ no room: held            │ refused: its children go with it, unless
//!             │   the parent is fetched    │                          │   the proof alone was bad: another copy is
//!             │ parent under way: held     │                          │   tried, or fetched
//! ```
//!
//! * **Before**: whether it is known, in the future, final, or of a slot that is full; then `UNKNOWN_PARENT_BLOCK` and
//!   `DUPLICATE_ATTESTATION_DATA`. The verifier checks the proof and applies the block to its parent's state.
//! * **The same block again** while one copy is under way is not verified. If its proof is another, it is kept beside
//!   (a block's root does not cover its proof, so the first may be a forgery), four of them at most; a fifth is
//!   forgotten, and the block fetched again if none was good.
//! * **After**: a block that became known, final or one too many of its slot meanwhile is dropped; one whose parent was
//!   withdrawn is held for it.
//! * **Of a bad block**, all that wait for it are dropped (`INVALID_ANCESTOR`). Where only the proof was bad or the
//!   verification was lost, they go on waiting and the block is fetched.
//!
//! # Order, bounds, and what goes wrong
//!
//! * **Order**: outcomes come in any order. Blocks and aggregates are acted on in the order in which their jobs were
//!   begun, because the specification lets the first win where two justify as much, or where a validator votes for two
//!   things in one slot; a child is begun after its parent was imported. Single votes are verified newest first and acted
//!   on as they come: a signature counts for nothing before it has been aggregated.
//! * **Bounds**: [`VOTES`], [`AGGREGATES`] and [`BLOCKS`] may be under way at once, and 64 MiB of each. A verifier's
//!   lanes have room for all blocks and aggregates, and the owner's lane for outcomes has room for an outcome of
//!   everything, so neither refuses. One round of aggregation and [`RECOVERIES`] recoveries of a block's votes are under
//!   way at most.
//! * **Too many votes**: of those that wait for a verifier, the oldest are dropped (`VERIFICATION_LOST`), so that what is
//!   verified is of this slot. Blocks and aggregates have lanes of their own, and a batch of votes ends after a
//!   millisecond.
//! * **A bad signature** spoils no other: a batch is verified one by one, and each gets its own outcome.
//! * **A panic** in a verification is contained: it is the outcome of that job, and its verifier goes on.
//! * **A verifier that ends** drops the jobs it has. Each job has a `Ticket`, which then tells the owner
//!   that the job was lost. A block is begun once more on another verifier; a vote is dropped and counted.
//! * **An outcome that does not come** within 25 intervals is given up, and counted; should it come after all, it is
//!   left out.

mod job;
mod meters;
mod pool;
mod ticket;
mod worker;

pub use job::{Done, Job, JobId, NotDone, Outcome};
pub use meters::{SharedHistogram, WorkMeters};
pub use pool::{Pool, verifier_count};
pub use ticket::Assigned;
pub use worker::Verifier;

use ticket::Ticket;

/// Votes that may be under way to be verified at once: those of two slots of a full registry.
pub const VOTES: usize = 8192;

/// Aggregates that may be under way to be verified at once.
pub const AGGREGATES: usize = 1024;

/// Blocks that may be under way to be verified at once.
pub const BLOCKS: usize = 64;

/// Blocks whose votes may be under way to be recovered at once.
pub const RECOVERIES: usize = 64;

/// Everything that may be under way at once: as many outcomes may wait for the owner. One is the round of aggregation.
pub const UNDER_WAY: usize = VOTES + AGGREGATES + BLOCKS + RECOVERIES + 1;
