//! A file layer that records what it is asked for, and the disks that a crash can leave.
//!
//! A write is on the disk for certain only after the next sync. Until then a crash keeps it, loses
//! it, keeps some of its sectors, or keeps its first bytes, whatever the order of the writes was.
//!
//! Left out is a disk that breaks its promises: one that answers a sync too early, or that damages
//! bytes which were not written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use redb::StorageBackend;

use crate::forest::Chance;

/// The part of a disk that is written completely or not at all.
const SECTOR: usize = 512;

/// An operation of the database on its file.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write(u64, Vec<u8>),
    SetLength(u64),
    /// All steps before are on the disk.
    Sync,
}

/// A file with a record of its steps. The disk below it can be full, or fail.
#[derive(Debug)]
pub(crate) struct RecordedFile {
    file: File,
    steps: SyncSender<Step>,
    /// The file cannot become longer than this.
    room: u64,
    /// The number of syncs before the disk fails. Only a counter, so its order is of no interest.
    syncs: AtomicU64,
}

impl RecordedFile {
    /// Creates a file on a disk with some room. Its sync fails after `syncs` of them.
    pub(crate) fn new(room: u64, syncs: u64) -> (Self, Receiver<Step>) {
        Self::with(&[], room, syncs)
    }

    /// Creates a file with the content that a crash has left.
    pub(crate) fn with(disk: &[u8], room: u64, syncs: u64) -> (Self, Receiver<Step>) {
        let (steps, record) = sync_channel(1 << 14);
        let file = tempfile::tempfile().expect("a temporary file");
        file.write_all_at(disk, 0).expect("there is room");
        (Self { file, steps, room, syncs: AtomicU64::new(syncs) }, record)
    }

    fn record(&self, step: Step) {
        self.steps.try_send(step).expect("the test takes the steps of each commit");
    }

    fn check_room(&self, end: u64) -> io::Result<()> {
        if end > self.room { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for RecordedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(out, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.check_room(length)?;
        self.file.set_len(length)?;
        self.record(Step::SetLength(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.syncs.load(Relaxed) == 0 {
            return Err(io::Error::other("the disk does not answer"));
        }
        self.syncs.fetch_sub(1, Relaxed);
        self.record(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check_room(offset + data.len() as u64)?;
        self.file.write_all_at(data, offset)?;
        self.record(Step::Write(offset, data.to_vec()));
        Ok(())
    }
}

/// Returns what a disk may have after a crash behind the first `count` steps since `before`.
pub(crate) fn after_crash(
    before: &[u8],
    steps: &[Step],
    count: usize,
    chance: &mut Chance,
) -> Vec<u8> {
    let steps = &steps[..count];
    let is_sync = |step: &Step| matches!(step, Step::Sync);
    let synced = steps.iter().rposition(is_sync).map_or(0, |last| last + 1);
    let mut disk = before.to_vec();
    for step in &steps[..synced] {
        match step {
            Step::Write(offset, bytes) => write(&mut disk, *offset, bytes),
            Step::SetLength(length) => disk.resize(*length as usize, 0),
            Step::Sync => {}
        }
    }
    // Some crashes lose everything since the sync, some nothing, and most of them a part.
    let kept_in_four = [0, 1, 2, 3, 4][chance.below(5)];
    for step in &steps[synced..] {
        let is_kept = |chance: &mut Chance| chance.below(4) < kept_in_four;
        match step {
            Step::Write(offset, bytes) if chance.one_in(3) => {
                for (sector, bytes) in (0_u64..).zip(bytes.chunks(SECTOR)) {
                    if is_kept(chance) {
                        write(&mut disk, offset + sector * SECTOR as u64, bytes);
                    }
                }
            }
            Step::Write(offset, bytes) if chance.one_in(8) => {
                // Less than any disk promises: a part of a sector.
                write(&mut disk, *offset, &bytes[..chance.below(bytes.len() + 1)]);
            }
            Step::Write(offset, bytes) if is_kept(chance) => write(&mut disk, *offset, bytes),
            Step::SetLength(length) if is_kept(chance) => disk.resize(*length as usize, 0),
            _ => {}
        }
    }
    disk
}

fn write(disk: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (start, end) = (offset as usize, offset as usize + bytes.len());
    if disk.len() < end {
        disk.resize(end, 0);
    }
    disk[start..end].copy_from_slice(bytes);
}

#[test]
fn a_crash_keeps_all_synced_writes_and_can_lose_or_tear_the_others() {
    let steps = [
        Step::SetLength(4096),
        Step::Write(0, vec![1; 1024]),
        Step::Sync,
        Step::Write(1024, vec![2; 1024]),
    ];
    let disks: Vec<_> =
        (0..64).map(|seed| after_crash(&[], &steps, 4, &mut Chance(seed))).collect();
    assert!(disks.iter().all(|disk| disk.len() == 4096 && disk[..1024] == [1; 1024]));
    let has =
        |written: [u8; 2]| disks.iter().any(|disk| [disk[1024], disk[1024 + SECTOR]] == written);
    assert!(has([0, 0]) && has([2, 2]) && has([0, 2]) && has([2, 0]));
}
