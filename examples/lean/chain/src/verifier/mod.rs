//! Verification and proving outside the chain's actor: a pool of verifiers and a prover, each on
//! its own thread.
//!
//! ```text
//!  decoder ── block, vote ──▶ ┌────────────┐ ── Job, by lane ─────▶ verifier 1 … n ──┐
//!                             │ ChainActor │ ── Job ──────────────▶ prover ──────────┤
//!                             └────────────┘ ◀── JobsDone, batched ──────────────────┘
//! ```
//!
//! The chain's actor reads the store, which is cheap, and never checks a signature. A worker has a
//! [`Job`] with all its inputs, and never reads the store. No side waits for the other: jobs and
//! results are messages. This module depends on the consensus rules only. Results go to the
//! [`Recipient`](actor_lanes::Recipient) given to the [`Pool`].
//!
//! # The stages of a vote or an aggregate
//!
//! ```text
//!  arrives ─▶ checked against the store ─▶ in flight ─▶ result ─▶ checked again ─▶ in a pool
//!               │ block missing: held      │ no room: VERIFICATION_FULL │ finality passed: dropped
//!               │ else refused             │ lost: VERIFICATION_LOST    │ else inserted
//! ```
//!
//! * **Before**: the specification's checks in its order (`validate_attestation`,
//!   `VALIDATOR_NOT_IN_STATE`, …), then a check for a held signature of the same vote by the same
//!   validator. A copy in flight is no reason to drop another, because the first copy may be
//!   forged. Both are verified, and the vote counts once.
//! * **After**: the first checks can become false in two ways only. If the vote names a block of
//!   this node, and that block was withdrawn unsigned, the vote is held as if its block had never
//!   arrived. If finality has passed the vote's head, the vote is dropped, as pruning would have
//!   done.
//! * A vote counts from the end of its verification. A vote in flight misses the aggregation or the
//!   count of that moment, and takes part in the next.
//!
//! # The stages of a block
//!
//! ```text
//!  arrives ─▶ checked ─▶ waits ─▶ in flight ─▶ result ─▶ checked again ─▶ imported
//!               │          │                     │ refused: its children are dropped.
//!               │          │                     │   If only the proof was bad: another
//!               │          │                     │   copy decides, or it is fetched
//!               │          │ no place: refused
//!               │ slot not begun: kept
//!               │ parent missing: held, and the parent is fetched
//!               │ parent in flight: held
//!
//!  imported ─▶ its children, and the votes waiting for it
//! ```
//!
//! * **Before**: the block is refused if it has too many votes, is more than a slot early, final,
//!   not of its proposer's turn, known, or one too many in its slot. None of this needs the parent.
//!   Then follow `UNKNOWN_PARENT_BLOCK` and the other checks of `Store::check_block`. The verifier
//!   checks the proof and applies the block to its parent's state.
//! * **A block up to one slot early** is kept until its slot begins, and then processed.
//! * **Its turn** depends on its sender, because anyone can make a block with a false proof, and
//!   only the verification shows it. The five ranks are in `Rank`: configured peers, strangers with
//!   a valid block, configured peers with several blocks of one slot, unknown strangers, and
//!   strangers with a false proof. Each rank has places of its own among the waiting blocks and in
//!   verification, so no rank waits for another. Within a rank, senders take turns. A stranger has
//!   one block of each slot without a result, and after a false proof it has no other block of that
//!   slot verified. A configured peer may be a relay that forwards before it verifies. Four of its
//!   blocks of a slot are in the first rank, and after them its newest ones go first.
//! * **A block without a place** is refused (`Ignore`). If it was valid, the next block or a peer's
//!   status names it, and it is fetched by its root. The bounds of a sender do not apply to a
//!   requested block, because its request bounds it and a peer pays for an invalid answer.
//! * **The same block again** is not verified while the first copy has no result, unless it comes
//!   from a better rank. A copy with another proof is a block of its own, because a block's root
//!   does not cover its proof and the first copy may be a forgery. The first valid copy ends the
//!   others.
//! * **After**: a block is dropped if it became known, final or one too many in its slot meanwhile.
//!   If its parent was withdrawn, the block is held for it.
//! * **After a bad block**, all blocks waiting for it are dropped (`INVALID_ANCESTOR`). If only the
//!   proof was bad, or the verification was lost, they continue to wait and the block is fetched.
//!
//! # Order, bounds and failures
//!
//! * **Order**: results arrive in any order. Blocks and aggregates are processed in the order of
//!   their jobs' start, because in the specification the first one wins in two cases: when two
//!   justify equally, and when a validator votes for two things in one slot. Those of the first
//!   turn have an order of their own, so none of them waits for a stranger's result. A child starts
//!   after its parent's import. Single votes are verified newest first and processed on arrival,
//!   because a signature counts for nothing before its aggregation.
//! * **Bounds**: at most [`VOTES`], [`AGGREGATES`] and [`BLOCKS`] are in flight, and 64 MiB of
//!   each. Strangers have [`STRANGER_VOTES`] and [`STRANGER_AGGREGATES`] besides, and each of them
//!   a share. Their jobs have lanes of their own, in which they take turns. A verifier's lanes have
//!   room for all blocks and aggregates in flight, and the chain's lane for results has room for
//!   all results. Neither refuses a message. At most one round of aggregation and [`RECOVERIES`]
//!   recoveries of a block's votes are in flight.
//! * **Too many votes**: the oldest votes waiting for a verifier are dropped (`VERIFICATION_LOST`),
//!   so that the votes verified are those of the current slot. Blocks and aggregates have their own
//!   lanes, and a batch of votes ends after a millisecond.
//! * **A bad signature** affects no other: each vote of a batch is verified separately and gets its
//!   own result.
//! * **A panic** in a verification is contained. It is the result of that job, and the verifier
//!   continues.
//! * **A verifier that ends** drops its jobs. Each job's `Ticket` then reports the job as lost. A
//!   block is verified once more by another verifier; a vote is dropped and counted.
//! * **A missing result** is given up after 25 intervals, and counted. If it arrives later, it is
//!   ignored.

mod bounds;
mod job;
mod measured_proofs;
mod meters;
mod pool;
mod ticket;
mod worker;

pub use bounds::{
    AGGREGATES, BLOCKS, IN_FLIGHT, RECOVERIES, STRANGER_AGGREGATES, STRANGER_VOTES, VOTES,
};
pub use job::{Done, Job, JobId, JobsDone, NotDone, Outcome};
pub use measured_proofs::MeasuredProofs;
pub use meters::{Results, Total, WorkMeters};
pub use pool::{Pool, verifier_count};
pub use ticket::{Assigned, Turn};
pub use worker::Verifier;
