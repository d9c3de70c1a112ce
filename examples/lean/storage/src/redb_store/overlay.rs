//! A file that is only read. The writes of the database stay in memory.
//!
//! redb repairs a file when it opens it, and writes to it when it closes it. So a file that may
//! have to be refused is first opened behind this layer, which leaves it as it is.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use redb::StorageBackend;
use redb::backends::FileBackend;

use crate::progress::Progress;

const PAGE: u64 = 4096;

/// The largest number of changed pages: 64 MiB. A repair changes the header and the lists of free
/// pages, which are a few pages for each GiB.
const MOST_PAGES: usize = 1 << 14;

/// A file, and its changes in memory.
#[derive(Debug)]
pub(super) struct Overlay {
    file: FileBackend,
    changed: ArcSwap<Changed>,
    /// The bytes read from the file. Only a counter, so its order is of no interest.
    read: AtomicU64,
    length: u64,
    progress: Progress,
}

#[derive(Clone, Debug)]
struct Changed {
    length: u64,
    /// The part of the file that was never cut off.
    left: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE as usize]>>,
}

impl Overlay {
    /// Wraps a file, which can be open for reading only. Reports the bytes read from it.
    pub(super) fn new(file: File, progress: Progress) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let file = FileBackend::new(file).map_err(io::Error::other)?;
        let changed = Changed { length, left: length, pages: BTreeMap::new() };
        let changed = ArcSwap::from_pointee(changed);
        Ok(Self { file, changed, read: AtomicU64::new(0), length, progress })
    }

    /// Reads from the file, with zeros behind its end.
    fn read_file(&self, changed: &Changed, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = changed.left.saturating_sub(offset).min(out.len() as u64);
        let (there, behind) = out.split_at_mut(there as usize);
        behind.fill(0);
        if there.is_empty() { Ok(()) } else { self.file.read(offset, there) }
    }

    /// Returns the file with a part written.
    fn written(&self, changed: &Changed, offset: u64, data: &[u8]) -> io::Result<Changed> {
        let mut next = changed.clone();
        let end = offset + data.len() as u64;
        next.length = next.length.max(end);
        for number in offset / PAGE..end.div_ceil(PAGE) {
            let start = number * PAGE;
            let mut page = [0; PAGE as usize];
            match changed.pages.get(&number) {
                Some(kept) => page = **kept,
                None => self.read_file(changed, start, &mut page)?,
            }
            let (from, to) = (offset.max(start), end.min(start + PAGE));
            page[(from - start) as usize..(to - start) as usize]
                .copy_from_slice(&data[(from - offset) as usize..(to - offset) as usize]);
            next.pages.insert(number, Arc::new(page));
        }
        if next.pages.len() > MOST_PAGES {
            return Err(io::Error::other("its repair changes more than 64 MiB"));
        }
        Ok(next)
    }
}

impl Changed {
    /// Returns the file with another length.
    fn resized(&self, length: u64) -> Self {
        let mut next = self.clone();
        if length < next.length {
            next.left = next.left.min(length);
            next.pages.split_off(&length.div_ceil(PAGE));
            if let Some(last) = next.pages.get_mut(&(length / PAGE)) {
                let mut page = **last;
                page[(length % PAGE) as usize..].fill(0);
                *last = Arc::new(page);
            }
        }
        next.length = length;
        next
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changed.load().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changed = self.changed.load();
        let end = offset + out.len() as u64;
        if end > changed.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.read_file(&changed, offset, out)?;
        for (number, page) in changed.pages.range(offset / PAGE..end.div_ceil(PAGE)) {
            let start = number * PAGE;
            let (from, to) = (offset.max(start), end.min(start + PAGE));
            out[(from - offset) as usize..(to - offset) as usize]
                .copy_from_slice(&page[(from - start) as usize..(to - start) as usize]);
        }
        let read = self.read.fetch_add(out.len() as u64, Relaxed) + out.len() as u64;
        self.progress.at(read, self.length);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.changed.rcu(|changed| changed.resized(length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = Ok(());
        self.changed.rcu(|changed| match self.written(changed, offset, data) {
            Ok(next) => Arc::new(next),
            Err(error) => {
                written = Err(error);
                Arc::clone(changed)
            }
        });
        written
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

    use super::*;
    use crate::forest::Chance;

    #[test]
    fn a_file_behind_the_layer_answers_as_a_written_one_and_stays_as_it_is() {
        for seed in 0..40 {
            let mut chance = Chance(seed);
            let mut model: Vec<u8> =
                (0..chance.below(30_000)).map(|_| chance.next() as u8).collect();
            let original = model.clone();
            let mut file = tempfile::tempfile().expect("a temporary file");
            file.write_all(&model).expect("there is room");
            let handle = file.try_clone().expect("a second handle");
            let layer = Overlay::new(handle, Progress::none()).expect("it is a file");
            for _ in 0..60 {
                let place = chance.below(40_000);
                if chance.one_in(4) {
                    layer.set_len(place as u64).expect("it is in memory");
                    model.resize(place, 0);
                } else {
                    let data = vec![chance.next() as u8; chance.below(9_000)];
                    layer.write(place as u64, &data).expect("it is in memory");
                    model.resize(model.len().max(place + data.len()), 0);
                    model[place..place + data.len()].copy_from_slice(&data);
                }
                assert_eq!(layer.len().expect("it is known"), model.len() as u64);
                let from = chance.below(model.len() + 1);
                let mut out = vec![1; chance.below(model.len() - from + 1)];
                layer.read(from as u64, &mut out).expect("it is inside");
                assert_eq!(out, model[from..from + out.len()], "seed {seed}");
                let behind = layer.read(model.len() as u64, &mut [0]);
                assert_eq!(behind.expect_err("it ends").kind(), io::ErrorKind::UnexpectedEof);
            }
            let mut left = Vec::new();
            file.seek(SeekFrom::Start(0)).expect("it is a file");
            file.read_to_end(&mut left).expect("it can be read");
            assert_eq!(left, original);
        }
    }

    #[test]
    fn changes_in_memory_are_bounded() {
        let file = tempfile::tempfile().expect("a temporary file");
        let layer = Overlay::new(file, Progress::none()).expect("it is a file");
        let data = vec![0; PAGE as usize * MOST_PAGES];
        layer.write(0, &data).expect("it is the bound");
        layer.write(data.len() as u64, &[1]).expect_err("it is beyond the bound");
        assert_eq!(layer.len().expect("it is known"), data.len() as u64, "nothing was written");
    }
}
