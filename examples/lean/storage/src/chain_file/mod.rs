//! A chain in a file, to move it between folders and machines.
//!
//! The file is a stream of records. All numbers are little-endian.
//!
//! ```text
//! offset  bytes  content
//!      0      8  "LEANCHN" and a line break
//!      8      4  version: 1
//!     12      …  records
//!
//! a record:
//!      0      2  kind
//!      2      2  zero
//!      4      4  length of the content, at most 64 MiB
//!      8      n  content
//!  8 + n     32  SHA-256 of: the checksum of the record before (for the first record: the first
//!                12 bytes of the file), and the bytes 0 to 8 + n of this record
//!
//! kind  number  content
//!    1       1  network: genesis time (8), root of the registry (32), length of the fork's name
//!               (2), the name, and the name of the signature scheme
//!    2       1  SSZ of the finalized checkpoint
//!    3   1 … 8  SSZ of a finalized state, in the order of slots. The last one is that of the
//!               finalized checkpoint
//!    4     1 …  SSZ of a signed block: first the finalized ones, then their descendants, both in
//!               the order of slots
//!    5     0 …  SSZ of a vote after the finalized slot: the data with its voters
//!    6       1  end: the number of records before it (8). Nothing follows
//! ```
//!
//! Each checksum covers all records before it. So a missing, a repeated or a moved record is found.
//! Checksums find accidents. The roots in blocks and states bind the chain to its finalized
//! checkpoint, and the choice of this checkpoint is trusted, as in checkpoint sync.

mod contents;
mod error;
mod export;
mod import;
mod records;
#[cfg(test)]
mod tests;

pub use error::ChainFileError;
pub use export::{Exported, Selection, export};
pub use import::{Imported, check, import};
