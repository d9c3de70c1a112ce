//! A file for `node db import`. Its checksums are made here, so that the content is reached.

use consensus::{Checkpoint, MultiMessageAggregate, Root, SignedBlock, State};
use libssz::{SszDecode as _, SszEncode as _};
use sha2::{Digest as _, Sha256};

/// The first bytes of a file of version 1.
const HEAD: &[u8; 12] = b"LEANCHN\n\x01\0\0\0";

/// A file written by the first version of the node.
const FIXTURE: &[u8] = include_bytes!("../../storage/src/fixtures/version-1.lean");

const FINALIZED: u8 = 2;
const STATE: u8 = 3;
const BLOCK: u8 = 4;
const END: u8 = 6;

/// Checks a file of these records: kind (1 byte), length (4 bytes, little-endian), content.
pub fn chain_file(bytes: &[u8]) {
    _ = storage::chain_file::check(bytes);
    _ = storage::chain_file::check(&sealed(bytes));
}

/// Returns the records as a file with right checksums, and with the last record.
fn sealed(mut records: &[u8]) -> Vec<u8> {
    let (mut file, mut before, mut count) = (HEAD.to_vec(), HEAD.to_vec(), 0_u64);
    let mut add = |kind: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let head = [&u16::from(kind).to_le_bytes()[..], &[0, 0], &length.to_le_bytes()].concat();
        let sum = Sha256::new().chain_update(&before).chain_update(&head).chain_update(content);
        before = sum.finalize().to_vec();
        file.extend([&head[..], content, &before].concat());
    };
    while let Some((&kind, rest)) = records.split_first() {
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { break };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (content, rest) = rest.split_at(length.min(rest.len()));
        add(kind, content);
        (records, count) = (rest, count + 1);
    }
    add(END, &count.to_le_bytes());
    file
}

/// Returns the records of a small chain. Its blocks have no proofs, because seeds are small.
pub fn records_of_a_small_chain() -> Vec<u8> {
    let mut records = fixture();
    for (_, content) in records.iter_mut().filter(|(kind, _)| *kind == BLOCK) {
        let mut block = SignedBlock::from_ssz_bytes(content).expect("it is a block");
        block.proof = MultiMessageAggregate::default();
        *content = block.to_ssz();
    }
    packed(records)
}

/// Returns the records of a chain with its finalized block at a slot far beyond its history.
pub fn records_of_a_far_slot() -> Vec<u8> {
    const FAR: u64 = 1 << 60;
    let mut records = fixture();
    let state = records.iter().rposition(|(kind, _)| *kind == STATE).expect("there is a state");
    let mut far = State::from_ssz_bytes(&records[state].1).expect("it is a state");
    far.slot = FAR;
    let mut block = records
        .iter()
        .find(|(kind, _)| *kind == BLOCK)
        .map(|(_, block)| SignedBlock::from_ssz_bytes(block).expect("it is a block"))
        .expect("there is a block");
    block.block.slot = FAR;
    let finalized = Checkpoint { root: Root::of(&block.block), slot: FAR };
    records[state].1 = far.to_ssz();
    records.retain(|(kind, _)| *kind <= STATE);
    let states = records.iter().filter(|(kind, _)| *kind == STATE).count();
    // Only the last state, which is that of the finalized block.
    let mut left = states;
    records.retain(|(kind, _)| {
        left -= usize::from(*kind == STATE);
        *kind != STATE || left == 0
    });
    for (_, content) in records.iter_mut().filter(|(kind, _)| *kind == FINALIZED) {
        *content = finalized.to_ssz();
    }
    records.push((BLOCK, block.to_ssz()));
    packed(records)
}

/// Returns the records of the fixture without its end.
fn fixture() -> Vec<(u8, Vec<u8>)> {
    let mut rest = &FIXTURE[HEAD.len()..];
    let mut records = Vec::new();
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let length = u32::from_le_bytes(head[4..].try_into().expect("four bytes")) as usize;
        records.push((head[0], after[..length].to_vec()));
        rest = &after[length + 32..];
    }
    records.pop();
    records
}

fn packed(records: Vec<(u8, Vec<u8>)>) -> Vec<u8> {
    let record = |(kind, content): (u8, Vec<u8>)| {
        let length = u32::try_from(content.len()).expect("it is a small chain");
        [&[kind][..], &length.to_le_bytes(), &content].concat()
    };
    records.into_iter().flat_map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_records_of_a_file_are_that_file_and_reach_its_check() {
        assert_eq!(sealed(&packed(fixture())), FIXTURE);
        let small = sealed(&records_of_a_small_chain());
        assert!(storage::chain_file::check(&small).is_ok());
        let far = storage::chain_file::check(&sealed(&records_of_a_far_slot()));
        let fault = far.expect_err("no chain is so long").to_string();
        assert!(fault.contains("block"), "the check of the block is reached: {fault}");
    }
}
