//! The contents of a chain file, in their order and with their roots checked.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::sync::Arc;

use consensus::{AggregatedAttestation, Checkpoint, Root, SignedBlock, Slot, State};
use libssz::SszDecode;

use super::error::ChainFileError;
use super::records::{Kind, Record, RecordReader};
use crate::MOST_VOTES;
use crate::changes::Finalized;
use crate::identity::ChainIdentity;

/// The largest number of states in a file.
pub(super) const MOST_STATES: usize = 8;

/// The next part of a chain.
#[derive(Debug)]
pub(super) enum Part {
    /// A block. If its state is in the file, this is the finalized block with its state.
    Block(Root, Arc<SignedBlock>, Option<Finalized>),
    Vote(AggregatedAttestation),
}

/// A chain file behind its states.
#[derive(Debug)]
pub(super) struct Contents<R> {
    records: RecordReader<R>,
    pub(super) identity: ChainIdentity,
    pub(super) finalized: Checkpoint,
    /// The states of blocks that are still to come, by slot.
    states: BTreeMap<Slot, Arc<State>>,
    /// The state of the finalized checkpoint. Its history names all blocks below.
    newest: Arc<State>,
    /// The finalized block and the blocks above it. Empty before the finalized block.
    tree: HashSet<Root>,
    /// The slot of the last block.
    last: Option<Slot>,
    votes: usize,
    /// The record behind the states, which was read already.
    next: Option<Record>,
}

impl<R: Read> Contents<R> {
    /// Reads the records before the first block.
    pub(super) fn read(mut records: RecordReader<R>) -> Result<Self, ChainFileError> {
        let network = expect(&mut records, Kind::Network)?;
        let identity =
            decode_identity(&network).ok_or_else(|| records.fault("its network cannot be read"))?;
        let finalized = expect(&mut records, Kind::Finalized)?;
        let finalized: Checkpoint = decode(&records, &finalized)?;
        let mut states: BTreeMap<Slot, Arc<State>> = BTreeMap::new();
        let next = loop {
            match records.next()? {
                Some(Record { kind: Kind::State, content }) => {
                    let state: State = decode(&records, &content)?;
                    if states.len() == MOST_STATES {
                        return Err(records.fault("it has too many states"));
                    }
                    if state.config.genesis_time != identity.genesis_time
                        || Root::of(&state.validators) != identity.validators_root
                    {
                        return Err(records.fault("its state is of another network"));
                    }
                    if states.last_key_value().is_some_and(|(last, _)| *last >= state.slot) {
                        return Err(records.fault("its states are in a wrong order"));
                    }
                    states.insert(state.slot, Arc::new(state));
                }
                Some(next) => break next,
                None => return Err(records.fault("the finalized block is missing before it")),
            }
        };
        let newest = states.last_key_value().map(|(_, state)| Arc::clone(state));
        let Some(newest) = newest.filter(|newest| newest.slot == finalized.slot) else {
            return Err(records.fault("the state of the finalized block is missing before it"));
        };
        let (tree, last, votes) = (HashSet::new(), None, 0);
        Ok(Self {
            records,
            identity,
            finalized,
            states,
            newest,
            tree,
            last,
            votes,
            next: Some(next),
        })
    }

    /// Reads the next part. `None` is the end of a complete file.
    pub(super) fn part(&mut self) -> Result<Option<Part>, ChainFileError> {
        let record = match self.next.take() {
            Some(record) => Some(record),
            None => self.records.next()?,
        };
        match record {
            Some(Record { kind: Kind::Block, content }) if self.votes == 0 => {
                self.block(&content).map(Some)
            }
            Some(Record { kind: Kind::Vote, content }) if !self.tree.is_empty() => {
                self.vote(&content).map(Some)
            }
            None if !self.tree.is_empty() => Ok(None),
            None => Err(self.records.fault("the finalized block is missing before it")),
            Some(_) => Err(self.records.fault("it is in a wrong order")),
        }
    }

    fn block(&mut self, content: &[u8]) -> Result<Part, ChainFileError> {
        let block: SignedBlock = decode(&self.records, content)?;
        let (slot, root) = (block.block.slot, Root::of(&block.block));
        let fault = |what: &str| self.records.fault(format!("block {root} of slot {slot} {what}"));
        if self.last.is_some_and(|last| last > slot) {
            return Err(fault("is in a wrong order"));
        }
        let mut finalized = None;
        if slot <= self.finalized.slot {
            if self.last == Some(slot) || self.root_at(slot) != Some(root) {
                return Err(fault("is not in the finalized chain"));
            }
            if block.block.parent_root != self.root_before(slot) {
                return Err(fault("does not name the finalized block before it"));
            }
            if let Some(state) = self.states.get(&slot) {
                if block.block.state_root != Root::of(&**state) {
                    return Err(fault("has another state than the file"));
                }
                let state = Arc::clone(state);
                finalized = Some(Finalized { checkpoint: Checkpoint { root, slot }, state });
            }
            if let Some((missing, _)) = self.states.range(..slot).next() {
                return Err(fault(&format!("comes, and the block of state {missing} did not")));
            }
            if slot == self.finalized.slot {
                self.tree.insert(root);
            }
            self.states.remove(&slot);
        } else {
            if !self.tree.contains(&block.block.parent_root) {
                return Err(fault("has a parent that is not before it"));
            }
            if !self.tree.insert(root) {
                return Err(fault("is there twice"));
            }
        }
        self.last = Some(slot);
        Ok(Part::Block(root, Arc::new(block), finalized))
    }

    fn vote(&mut self, content: &[u8]) -> Result<Part, ChainFileError> {
        let vote: AggregatedAttestation = decode(&self.records, content)?;
        self.votes += 1;
        if self.votes > MOST_VOTES || vote.data.slot <= self.finalized.slot {
            return Err(self.records.fault("its vote is settled, or one too many"));
        }
        Ok(Part::Vote(vote))
    }

    /// Returns the root of the finalized block of a slot.
    fn root_at(&self, slot: Slot) -> Option<Root> {
        if slot == self.finalized.slot {
            return Some(self.finalized.root);
        }
        let place = usize::try_from(slot).ok()?;
        self.newest.historical_block_hashes.get(place).copied()
    }

    /// Returns the root of the last finalized block before a slot, or zero before the first one.
    fn root_before(&self, slot: Slot) -> Root {
        let history = &self.newest.historical_block_hashes;
        // The slot is from the file, and can be far beyond the history.
        let roots = (0..slot.min(history.len() as u64))
            .rev()
            .filter_map(|slot| history.get(usize::try_from(slot).ok()?));
        roots.copied().find(|root| !root.is_zero()).unwrap_or(Root::ZERO)
    }
}

fn expect<R: Read>(records: &mut RecordReader<R>, kind: Kind) -> Result<Vec<u8>, ChainFileError> {
    match records.next()? {
        Some(record) if record.kind == kind => Ok(record.content),
        _ => Err(records.fault("it is in a wrong order")),
    }
}

fn decode<T: SszDecode, R: Read>(
    records: &RecordReader<R>,
    content: &[u8],
) -> Result<T, ChainFileError> {
    T::from_ssz_bytes(content)
        .map_err(|error| records.fault(format!("its content cannot be read: {error:?}")))
}

/// Returns the content of the first record.
pub(super) fn encode_identity(identity: &ChainIdentity) -> Vec<u8> {
    let ChainIdentity { genesis_time, validators_root, fork, scheme } = identity;
    let mut content = genesis_time.to_le_bytes().to_vec();
    content.extend_from_slice(validators_root.as_bytes());
    // The names are chosen by the program, and short.
    let length = u16::try_from(fork.len()).unwrap_or(u16::MAX);
    content.extend_from_slice(&length.to_le_bytes());
    content.extend_from_slice(&fork.as_bytes()[..usize::from(length)]);
    content.extend_from_slice(scheme.as_bytes());
    content
}

fn decode_identity(content: &[u8]) -> Option<ChainIdentity> {
    let (genesis_time, content) = content.split_first_chunk::<8>()?;
    let (validators_root, content) = content.split_first_chunk::<32>()?;
    let (length, content) = content.split_first_chunk::<2>()?;
    let (fork, scheme) = content.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some(ChainIdentity {
        genesis_time: u64::from_le_bytes(*genesis_time),
        validators_root: Root::new(*validators_root),
        fork: String::from_utf8(fork.to_vec()).ok()?,
        scheme: String::from_utf8(scheme.to_vec()).ok()?,
    })
}
