//! The content of a signing history, and its form in bytes.
//!
//! ```text
//! offset  bytes  content
//!      0      8  "LEANSIGN"
//!      8      4  version, 1
//!     12      4  number of records
//!     16      8  sequence: grows by one with each write
//!     24      8  genesis time, in seconds since 1970
//!     32     32  hash tree root of the validators' registry
//!     64      8  inode of the file
//!     72      8  birth time of the file in nanoseconds, or 0
//!     80     16  zero
//!     96   64·n  records: public key (52), role (1), flags (1), zero (2), slot (8)
//!      …      …  zero, up to the checksum
//! end−32     32  SHA-256 of everything before it
//! ```
//!
//! Numbers are little-endian. The length is a multiple of a page, so that two copies in one file
//! share no page of the disk.

use sha2::{Digest as _, Sha256};

use crate::KeyRole;
use consensus::{Root, Slot, VALIDATOR_REGISTRY_LIMIT};
use xmss::PublicKey;

const MAGIC: &[u8; 8] = b"LEANSIGN";
const VERSION: u32 = 1;
const HEADER: usize = 96;
const RECORD: usize = 64;
const CHECKSUM: usize = 32;
const PAGE: usize = 4096;

/// The flag of a record with a slot.
const HAS_SLOT: u8 = 1;
/// The flag of a record whose key the last process held.
const HELD: u8 = 2;

/// The largest number of records in a file: eight times the keys of a full registry.
pub(super) const MOST_RECORDS: usize = 16 * VALIDATOR_REGISTRY_LIMIT;

/// The chain of a signing history. Slots of another chain are other slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenesisIdentity {
    /// The start of slot 0, in seconds since 1970.
    pub time: u64,
    /// The hash tree root of the validators' registry.
    pub validators_root: Root,
}

/// The place of a file on its disk. A copy of a file has another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) inode: u64,
    /// Nanoseconds since 1970, or 0 if the file system does not keep birth times.
    pub(super) born: u64,
}

impl Origin {
    /// Returns whether a file with this place can be the file written at `other`.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        self.inode == other.inode && (self.born == other.born || self.born == 0 || other.born == 0)
    }
}

/// The newest slot of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) public_key: PublicKey,
    pub(super) role: KeyRole,
    /// The newest slot in which the key may have signed.
    pub(super) newest: Option<Slot>,
    /// Whether the process that wrote the file last holds the key.
    pub(super) is_held: bool,
}

/// The content of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) sequence: u64,
    pub(super) genesis: GenesisIdentity,
    pub(super) origin: Origin,
    pub(super) records: Vec<Record>,
}

/// Returns the length of a table with `records` records, in bytes.
pub(super) fn encoded_len(records: usize) -> usize {
    (HEADER + RECORD * records + CHECKSUM).next_multiple_of(PAGE)
}

/// Returns the longest file of two copies, in bytes.
pub(super) fn longest_file() -> u64 {
    2 * encoded_len(MOST_RECORDS) as u64
}

impl Table {
    pub(super) fn encode(&self) -> Vec<u8> {
        let length = encoded_len(self.records.len());
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend((self.records.len() as u32).to_le_bytes());
        for number in [self.sequence, self.genesis.time] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.genesis.validators_root.as_bytes());
        for number in [self.origin.inode, self.origin.born, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        for record in &self.records {
            bytes.extend(record.public_key.as_bytes());
            bytes.push(role_byte(record.role));
            let has_slot = if record.newest.is_some() { HAS_SLOT } else { 0 };
            bytes.push(has_slot | if record.is_held { HELD } else { 0 });
            bytes.extend([0; 2]);
            bytes.extend(record.newest.unwrap_or(0).to_le_bytes());
        }
        bytes.resize(length - CHECKSUM, 0);
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads a table, or returns what is wrong with it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some((content, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else {
            return Err("it is too short");
        };
        if content.len() < HEADER {
            return Err("it is too short");
        }
        if Sha256::digest(content).as_slice() != checksum {
            return Err("its checksum is wrong");
        }
        // The checksum holds from here on, so the other faults are not those of a disk.
        if content[..8] != *MAGIC {
            return Err("it does not begin as a signing history does");
        }
        if read_u32(content, 8) != VERSION {
            return Err("a later version of this program wrote it");
        }
        let count = read_u32(content, 12) as usize;
        if count > MOST_RECORDS || encoded_len(count) != bytes.len() {
            return Err("its length does not fit its number of records");
        }
        let mut root = [0; 32];
        root.copy_from_slice(&content[32..64]);
        let records = content[HEADER..HEADER + RECORD * count].chunks_exact(RECORD);
        Ok(Self {
            sequence: read_u64(content, 16),
            genesis: GenesisIdentity {
                time: read_u64(content, 24),
                validators_root: Root::new(root),
            },
            origin: Origin { inode: read_u64(content, 64), born: read_u64(content, 72) },
            records: records.map(read_record).collect::<Result<_, _>>()?,
        })
    }
}

fn role_byte(role: KeyRole) -> u8 {
    match role {
        KeyRole::Attestation => 1,
        KeyRole::Proposal => 2,
    }
}

fn read_record(bytes: &[u8]) -> Result<Record, &'static str> {
    let mut key = [0; PublicKey::LENGTH];
    key.copy_from_slice(&bytes[..PublicKey::LENGTH]);
    let role = match bytes[52] {
        1 => KeyRole::Attestation,
        2 => KeyRole::Proposal,
        _ => return Err("a key in it has an unknown role"),
    };
    let flags = bytes[53];
    Ok(Record {
        public_key: PublicKey::new(key),
        role,
        newest: (flags & HAS_SLOT != 0).then(|| read_u64(bytes, 56)),
        is_held: flags & HELD != 0,
    })
}

fn read_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

fn read_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|byte| bytes[at + byte]))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;

    fn table(records: usize) -> Table {
        let record = |number: usize| Record {
            public_key: PublicKey::new([number as u8; PublicKey::LENGTH]),
            role: if number.is_multiple_of(2) { KeyRole::Attestation } else { KeyRole::Proposal },
            newest: (!number.is_multiple_of(3)).then_some(number as u64),
            is_held: number.is_multiple_of(5),
        };
        Table {
            sequence: 7,
            genesis: GenesisIdentity { time: 8, validators_root: Root::new([9; 32]) },
            origin: Origin { inode: 10, born: 11 },
            records: (0..records).map(record).collect(),
        }
    }

    #[test]
    fn a_table_is_read_as_it_was_written_in_whole_pages() {
        for records in [0, 1, 62, 63, 200] {
            let table = table(records);
            let bytes = table.encode();
            assert_eq!(bytes.len() % PAGE, 0);
            assert_eq!(Table::decode(&bytes), Ok(table));
        }
    }

    #[test]
    fn every_changed_byte_and_every_other_length_is_noticed() {
        let bytes = table(3).encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Table::decode(&changed).is_err(), "byte {at}");
        }
        for length in (0..bytes.len()).chain([bytes.len() + PAGE]) {
            let mut other = bytes.clone();
            other.resize(length, 0);
            assert!(Table::decode(&other).is_err(), "{length} bytes");
        }
    }

    proptest! {
        #[test]
        fn no_content_with_a_right_checksum_makes_reading_panic(
            noise in vec(any::<u8>(), 0..5000),
            changes in vec((0..HEADER + RECORD, any::<u8>()), 0..4),
        ) {
            let sign = |mut content: Vec<u8>| {
                let checksum = Sha256::digest(&content);
                content.extend(checksum);
                content
            };
            let _ = Table::decode(&sign(noise));
            let mut content = table(1).encode();
            content.truncate(PAGE - CHECKSUM);
            changes.iter().for_each(|(at, byte)| content[*at] = *byte);
            if let Ok(read) = Table::decode(&sign(content)) {
                prop_assert_eq!(Table::decode(&read.encode()), Ok(read));
            }
        }
    }
}
