//! The records of a chain file: their lengths and checksums.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::ChainFileError;
use crate::error::StorageError;
use crate::progress::Progress;

const MAGIC: [u8; 8] = *b"LEANCHN\n";
const VERSION: u32 = 1;
const LONGEST_CONTENT: u32 = 64 << 20;

type Checksum = [u8; 32];

/// The kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Network = 1,
    Finalized = 2,
    State = 3,
    Block = 4,
    Vote = 5,
    End = 6,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Network, Self::Finalized, Self::State, Self::Block, Self::Vote, Self::End];

    fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u16 == number)
    }
}

fn head_of_file() -> [u8; 12] {
    let mut head = [0; 12];
    head[..8].copy_from_slice(&MAGIC);
    head[8..].copy_from_slice(&VERSION.to_le_bytes());
    head
}

fn checksum(before: &[u8], head: &[u8], content: &[u8]) -> Checksum {
    Sha256::new().chain_update(before).chain_update(head).chain_update(content).finalize().into()
}

/// Writes records.
#[derive(Debug)]
pub(super) struct RecordWriter<W: Write> {
    out: BufWriter<W>,
    before: Vec<u8>,
    pub(super) records: u64,
    pub(super) bytes: u64,
}

impl<W: Write> RecordWriter<W> {
    pub(super) fn begin(out: W) -> io::Result<Self> {
        let head = head_of_file();
        let mut out = BufWriter::new(out);
        out.write_all(&head)?;
        Ok(Self { out, before: head.to_vec(), records: 0, bytes: head.len() as u64 })
    }

    pub(super) fn write(&mut self, kind: Kind, content: &[u8]) -> io::Result<()> {
        let length = u32::try_from(content.len()).ok().filter(|length| *length <= LONGEST_CONTENT);
        let length = length.ok_or_else(|| io::Error::other("a record is longer than 64 MiB"))?;
        let mut head = [0; 8];
        head[..2].copy_from_slice(&(kind as u16).to_le_bytes());
        head[4..].copy_from_slice(&length.to_le_bytes());
        let checksum = checksum(&self.before, &head, content);
        self.out.write_all(&head)?;
        self.out.write_all(content)?;
        self.out.write_all(&checksum)?;
        self.before = checksum.to_vec();
        self.records += 1;
        self.bytes += (head.len() + content.len() + checksum.len()) as u64;
        Ok(())
    }

    /// Writes the last record, and returns the output.
    pub(super) fn end(mut self) -> io::Result<(W, u64)> {
        let records = self.records;
        self.write(Kind::End, &records.to_le_bytes())?;
        let bytes = self.bytes;
        Ok((self.out.into_inner()?, bytes))
    }
}

/// A record with the right checksum.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) kind: Kind,
    pub(super) content: Vec<u8>,
}

/// Reads records, and checks their checksums.
#[derive(Debug)]
pub(super) struct RecordReader<R> {
    path: PathBuf,
    input: BufReader<R>,
    before: Vec<u8>,
    /// The number of the record that was read last, from 1 on.
    number: u64,
    read: u64,
    length: u64,
    progress: Progress,
}

impl RecordReader<File> {
    /// Opens a file. Reports the bytes read from it.
    pub(super) fn open(path: &Path, progress: Progress) -> Result<Self, ChainFileError> {
        let failed = || StorageError::io("read", path);
        let file = File::open(path).map_err(failed())?;
        let found = file.metadata().map_err(failed())?;
        // A folder can be opened on some systems, and fails in the first read.
        if !found.is_file() {
            return Err(ChainFileError::NotAChainFile(path.to_owned()));
        }
        Self::begin(path, file, found.len(), progress)
    }
}

impl<R: Read> RecordReader<R> {
    pub(super) fn begin(
        path: &Path,
        input: R,
        length: u64,
        progress: Progress,
    ) -> Result<Self, ChainFileError> {
        let path = path.to_owned();
        let mut reader = Self {
            path,
            input: BufReader::new(input),
            before: head_of_file().to_vec(),
            number: 0,
            read: 0,
            length,
            progress,
        };
        let mut head = Vec::new();
        (&mut reader.input).take(12).read_to_end(&mut head).map_err(reader.failed())?;
        let (magic, version) = head.split_at(head.len().min(8));
        if magic != MAGIC {
            return Err(ChainFileError::NotAChainFile(reader.path));
        }
        let Ok(version) = version.try_into().map(u32::from_le_bytes) else {
            reader.number = 1;
            return Err(reader.cut());
        };
        if version != VERSION {
            return Err(ChainFileError::Version { path: reader.path, found: version });
        }
        reader.read = 12;
        Ok(reader)
    }

    /// Reads the next record. After the last one, checks that nothing follows, and returns `None`.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ChainFileError> {
        self.number += 1;
        let mut head = [0; 8];
        self.fill(&mut head)?;
        let [kind_low, kind_high, zero_low, zero_high, length @ ..] = head;
        let length = u32::from_le_bytes(length);
        let kind = Kind::of(u16::from_le_bytes([kind_low, kind_high]));
        let Some(kind) = kind.filter(|_| (zero_low, zero_high) == (0, 0)) else {
            return Err(self.fault("it is of no known kind"));
        };
        if length > LONGEST_CONTENT {
            return Err(self.fault("its length is beyond 64 MiB"));
        }
        // Memory grows with the bytes that are there, not with the stated length.
        let mut content = Vec::new();
        let input = (&mut self.input).take(u64::from(length));
        let read = { input }.read_to_end(&mut content).map_err(self.failed())?;
        if read != length as usize {
            return Err(self.cut());
        }
        let mut written = [0; 32];
        self.fill(&mut written)?;
        let checksum = checksum(&self.before, &head, &content);
        if checksum != written {
            return Err(self.fault("its checksum is wrong"));
        }
        self.before = checksum.to_vec();
        self.read += 40 + u64::from(length);
        self.progress.at(self.read, self.length);
        if kind != Kind::End {
            return Ok(Some(Record { kind, content }));
        }
        if content != (self.number - 1).to_le_bytes() {
            return Err(self.fault("it states another number of records"));
        }
        match self.input.read(&mut [0]).map_err(self.failed())? {
            0 => Ok(None),
            _ => Err(self.fault("something follows the end")),
        }
    }

    /// Returns the error of the record that was read last.
    pub(super) fn fault(&self, what: impl Into<String>) -> ChainFileError {
        ChainFileError::Record { path: self.path.clone(), record: self.number, what: what.into() }
    }

    fn cut(&self) -> ChainFileError {
        ChainFileError::Cut { path: self.path.clone(), record: self.number }
    }

    fn failed(&self) -> impl FnOnce(io::Error) -> ChainFileError + use<R> {
        let failed = StorageError::io("read", self.path.clone());
        |error| failed(error).into()
    }

    fn fill(&mut self, out: &mut [u8]) -> Result<(), ChainFileError> {
        match self.input.read_exact(out) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.cut()),
            Err(error) => Err(self.failed()(error)),
        }
    }
}
