//! Crashes of the machine at every point of a write, and disks that fail, by seed.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::error::NotReserved;
use super::held::HeldKeys;
use super::journal::{Disk, Journal};
use super::table::{GenesisIdentity, Origin, Record, Table};
use crate::KeyRole;
use consensus::{Root, Slot};
use xmss::PublicKey;

/// The part of a disk that is written completely or not at all, unless the power fails within it.
const SECTOR: usize = 512;

/// Numbers by seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, parts: usize) -> bool {
        self.below(parts) == 0
    }
}

/// What a journal did with its disk.
#[derive(Clone, Debug)]
enum Step {
    /// Bytes were passed to the disk: all of them, or a part before an error.
    Write(usize, Vec<u8>),
    /// All bytes before are on the disk.
    Sync,
    /// Some of the bytes before are on the disk, and the others are lost for good.
    FailedSync,
}

/// A disk that reports its steps, and fails by chance.
struct Recorded {
    steps: SyncSender<Step>,
    /// One step in so many fails. Zero: none does.
    fails: usize,
    chance: Chance,
}

impl Recorded {
    fn fails(&mut self) -> bool {
        self.fails > 0 && self.chance.one_in(self.fails)
    }
}

impl Disk for Recorded {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let fails = self.fails();
        let length = if fails { self.chance.below(bytes.len()) } else { bytes.len() };
        let step = Step::Write(offset as usize, bytes[..length].to_vec());
        self.steps.try_send(step).expect("the test has room for all steps");
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let fails = self.fails();
        let step = if fails { Step::FailedSync } else { Step::Sync };
        self.steps.try_send(step).expect("the test has room for all steps");
        if fails { Err(io::Error::other("the disk does not answer")) } else { Ok(()) }
    }
}

fn table(validators: usize) -> Table {
    let record = |number: usize| {
        let mut key = [0; PublicKey::LENGTH];
        key[..8].copy_from_slice(&number.to_le_bytes());
        let role = if number < validators { KeyRole::Attestation } else { KeyRole::Proposal };
        Record { public_key: PublicKey::new(key), role, newest: None, is_held: true }
    };
    Table {
        sequence: 0,
        genesis: GenesisIdentity { time: 1, validators_root: Root::new([2; 32]) },
        origin: Origin::default(),
        records: (0..2 * validators).map(record).collect(),
    }
}

fn recorded(table: &Table, seed: u64, fails: usize) -> (HeldKeys, Receiver<Step>) {
    let (steps, record) = sync_channel(1 << 16);
    let disk = Recorded { steps, fails, chance: Chance(seed) };
    (HeldKeys::new(Journal::new(table.clone(), Box::new(disk))), record)
}

/// A run of a node: the steps of its disk, and the reserved slots, each with the number of steps
/// before it.
struct Run {
    start: Vec<u8>,
    steps: Vec<Step>,
    reserved: Vec<(usize, usize, Slot)>,
}

impl Run {
    fn new(seed: u64, slots: u64, fails: usize) -> Self {
        let table = table(3);
        let start = Journal::new_file(&table);
        let (mut held, record) = recorded(&table, seed, fails);
        let mut chance = Chance(!seed);
        let (mut steps, mut reserved) = (Vec::new(), Vec::new());
        for slot in 0..slots {
            for _ in 0..chance.below(4) {
                let key = chance.below(6);
                let is_reserved = held.reserve(key, slot).is_ok();
                steps.extend(record.try_iter());
                if is_reserved {
                    reserved.push((steps.len(), key, slot));
                }
            }
            if chance.one_in(2) {
                let _ = held.copy();
                steps.extend(record.try_iter());
            }
        }
        Self { start, steps, reserved }
    }

    /// Returns what the disk may have after a power failure in step `at`, when `bytes` bytes of it
    /// were done.
    fn after_crash(&self, at: usize, bytes: usize, chance: &mut Chance) -> Vec<u8> {
        let mut disk = self.start.clone();
        let mut waiting: Vec<(usize, Vec<u8>)> = Vec::new();
        for step in &self.steps[..at] {
            match step {
                Step::Write(offset, bytes) => waiting.push((*offset, bytes.clone())),
                Step::Sync => {
                    for (offset, bytes) in waiting.drain(..) {
                        disk[offset..offset + bytes.len()].copy_from_slice(&bytes);
                    }
                }
                Step::FailedSync => reach_by_chance(&mut disk, &mut waiting, chance),
            }
        }
        reach_by_chance(&mut disk, &mut waiting, chance);
        if let Some(Step::Write(offset, new)) = self.steps.get(at) {
            let bytes = bytes.min(new.len());
            let torn = bytes / SECTOR * SECTOR;
            reach_by_chance(&mut disk, &mut vec![(*offset, new[..torn].to_vec())], chance);
            disk[offset + torn..offset + bytes].copy_from_slice(&new[torn..bytes]);
        }
        disk
    }

    /// Asserts that no slot reserved before step `at` is unknown after a crash in it.
    fn check_crash(&self, at: usize, bytes: usize, chance: &mut Chance) {
        let disk = self.after_crash(at, bytes, chance);
        let table = Journal::recover(&disk).expect("one copy is intact").table;
        for (after, key, slot) in &self.reserved {
            assert!(
                *after > at || table.records[*key].newest >= Some(*slot),
                "key {key} signed in slot {slot}, and the history has {:?} after a crash in step {at}",
                table.records[*key].newest
            );
        }
    }
}

/// Writes each waiting sector or loses it, by chance.
fn reach_by_chance(disk: &mut [u8], waiting: &mut Vec<(usize, Vec<u8>)>, chance: &mut Chance) {
    for (offset, bytes) in waiting.drain(..) {
        for (sector, new) in bytes.chunks(SECTOR).enumerate() {
            if chance.one_in(2) {
                let begin = offset + sector * SECTOR;
                disk[begin..begin + new.len()].copy_from_slice(new);
            }
        }
    }
}

#[test]
fn a_crash_after_any_byte_loses_no_reserved_slot() {
    let run = Run::new(1, 4, 0);
    let mut chance = Chance(2);
    assert!(run.reserved.len() > 3 && run.steps.len() > 6, "the run is long enough");
    for (at, step) in run.steps.iter().enumerate() {
        let length = if let Step::Write(_, bytes) = step { bytes.len() } else { 0 };
        (0..=length).for_each(|bytes| run.check_crash(at, bytes, &mut chance));
    }
}

#[test]
fn crashes_by_chance_lose_no_reserved_slot_on_disks_that_fail() {
    for seed in 0..300 {
        let run = Run::new(seed, 12, [0, 3, 6][seed as usize % 3]);
        let mut chance = Chance(seed << 20);
        for at in 0..=run.steps.len() {
            run.check_crash(at, chance.below(5000), &mut chance);
        }
    }
}

#[test]
fn damage_to_one_copy_loses_nothing_and_damage_to_both_is_noticed() {
    let table = table(3);
    let (mut held, steps) = recorded(&table, 1, 0);
    held.reserve(0, 9).expect("nothing was signed before");
    held.copy().expect("this disk does not fail");
    let run = Run {
        start: Journal::new_file(&table),
        steps: steps.try_iter().collect(),
        reserved: Vec::new(),
    };
    let file = run.after_crash(run.steps.len(), 0, &mut Chance(1));
    for at in (0..file.len()).step_by(97) {
        let mut damaged = file.clone();
        damaged[at] ^= 0x40;
        let recovered = Journal::recover(&damaged).expect("the other copy is intact");
        assert_eq!(
            (recovered.table.records[0].newest, recovered.damage.is_some()),
            (Some(9), true)
        );
        let other = (at + file.len() / 2) % file.len();
        damaged[other] ^= 1;
        assert_eq!(
            Journal::recover(&damaged).expect_err("both are damaged"),
            "its checksum is wrong"
        );
    }
}

#[test]
fn the_votes_of_4096_validators_in_a_slot_are_one_write_and_one_wait_for_the_disk() {
    let (mut held, steps) = recorded(&table(4096), 1, 0);
    for slot in 1..3 {
        for validator in 0..4096 {
            assert_eq!(held.reserve(validator, slot), Ok(()));
        }
        let done: Vec<_> = steps.try_iter().collect();
        assert!(matches!(done[..], [Step::Write(..), Step::Sync]), "{} steps", done.len());
    }
}

#[test]
fn a_proposal_reserves_no_slot_for_another_key() {
    let (mut held, _steps) = recorded(&table(2), 1, 0);
    assert_eq!(held.reserve(2, 5), Ok(()));
    let newest: Vec<_> = held.journal.table.records.iter().map(|record| record.newest).collect();
    assert_eq!(newest, [None, None, Some(5), None]);
}

#[test]
fn nothing_is_reserved_in_a_slot_that_was_not_written_and_the_next_slot_is_tried_again() {
    let table = table(2);
    let (mut held, steps) = recorded(&table, 1, 1);
    let refused = held.reserve(0, 5).expect_err("every step of this disk fails");
    assert!(matches!(refused, NotReserved::NotWritten(_)), "{refused}");
    assert_eq!(held.reserve(1, 5), Err(refused), "the disk is not asked again in the same slot");
    assert_eq!(steps.try_iter().count(), 1);
    assert!(held.reserve(1, 6).is_err());
    assert_eq!(steps.try_iter().count(), 1);
    assert_eq!(held.reserve(0, 4), Err(NotReserved::NotNewer { newest: 6, slot: 4 }));
}
