//! Everything that is read from a chain on disk: the rows of its tables, and the file around them.

use std::path::Path;
use std::sync::Arc;

use consensus::{
    AggregatedAttestation, AttestationData, Block, BlockBody, Checkpoint, MultiMessageAggregate,
    ProofBytes, Root, SignedBlock, Slot, State, Store, Validators, aggregation_bits, genesis,
    process_block, process_slots,
};
use redb::backends::InMemoryBackend;
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, StorageBackend, TableDefinition,
    WriteTransaction,
};
use storage::{
    ChainIdentity, ChainStore as _, Changes, Finalized, Keep, Loaded, Progress, ReadChain as _,
    RedbStore, StorageError,
};
use xmss::PublicKey;

const META: TableDefinition<&str, &str> = TableDefinition::new("meta");
const BLOCKS: TableDefinition<&[u8; 40], &[u8]> = TableDefinition::new("blocks");
const SLOTS: TableDefinition<&[u8; 32], u64> = TableDefinition::new("slots");
const CHAIN: TableDefinition<u64, &[u8; 32]> = TableDefinition::new("chain");
const STATES: TableDefinition<u64, &[u8]> = TableDefinition::new("states");
const REGISTRIES: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("registries");
const VOTES: TableDefinition<&[u8; 40], &[u8]> = TableDefinition::new("votes");
const PEERS: TableDefinition<u64, &str> = TableDefinition::new("peers");

/// The file of a test in memory. Its copies share their content.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<InMemoryBackend>);

impl StorageBackend for Disk {
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> std::io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> std::io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> std::io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, data)
    }
}

/// Returns the network of all files here.
fn identity() -> ChainIdentity {
    ChainIdentity {
        genesis_time: 1_700_000_000,
        validators_root: Root::of(&registry()),
        fork: "12345678".to_owned(),
        scheme: "test".to_owned(),
    }
}

/// Checks a store with any rows in its tables. A row is its table (a byte), its key, and its value
/// with its length (two bytes, little-endian) in front.
pub fn stored_rows(bytes: &[u8]) {
    let disk = Disk::default();
    let database = Database::builder().create_with_backend(disk.clone());
    let database = database.expect("there is memory");
    let transaction = database.begin_write().expect("there is memory");
    insert_rows(&transaction, bytes).expect("there is memory");
    transaction.commit().expect("there is memory");
    drop(database);
    check(disk);
}

/// Checks a file with some damage. The input is a length to cut the file to (four bytes), and
/// changes of its bytes: a place (four bytes), a number and as many bytes.
pub fn stored_file(bytes: &[u8]) {
    let Some((length, mut changes)) = bytes.split_first_chunk() else { return };
    let disk = whole();
    let whole = disk.len().expect("it is memory");
    let length = u64::from(u32::from_le_bytes(*length)).min(whole);
    while let Some((place, rest)) = changes.split_first_chunk() {
        let place = u64::from(u32::from_le_bytes(*place)) % whole;
        let (count, rest) = crate::split_choice(rest);
        let (new, rest) = rest.split_at(usize::from(count).min(rest.len()));
        let new = &new[..new.len().min((whole - place) as usize)];
        disk.write(place, new).expect("it is memory");
        changes = rest;
    }
    if length > 0 {
        // A folder's file is never empty, and an empty one is a new one here.
        disk.set_len(length).expect("it is memory");
        check(disk);
    }
}

/// Returns the rows of a small chain in the form of [`stored_rows`].
pub fn rows_of_a_small_chain() -> Vec<u8> {
    let database = Database::builder().create_with_backend(whole()).expect("it is intact");
    let transaction = database.begin_read().expect("it is intact");
    let mut rows = Vec::new();
    let mut row = |table: u8, key: &[u8], value: &[u8]| {
        let length = u16::try_from(value.len()).expect("it is a small chain");
        rows.extend([&[table], key, &length.to_le_bytes(), value].concat());
    };
    macro_rules! rows {
        ($($number:literal: $table:ident, $key:expr, $value:expr;)*) => {$(
            for entry in transaction.open_table($table).expect("it is there").iter().expect("it is intact") {
                let (key, value) = entry.expect("it is intact");
                #[allow(clippy::redundant_closure_call, reason = "the closures differ in their types")]
                row($number, &($key)(key.value()), &($value)(value.value()));
            }
        )*};
    }
    let slot = |slot: u64| slot.to_le_bytes();
    let text = |text: &str| text.as_bytes().to_vec();
    let name = |name: &str| [&[name.len() as u8], name.as_bytes()].concat();
    rows! {
        0: META, name, text;
        1: BLOCKS, |key: &[u8; 40]| *key, |block: &[u8]| block.to_vec();
        2: SLOTS, |root: &[u8; 32]| *root, slot;
        3: CHAIN, slot, |root: &[u8; 32]| *root;
        4: STATES, slot, |state: &[u8]| state.to_vec();
        5: REGISTRIES, |root: &[u8; 32]| *root, |registry: &[u8]| registry.to_vec();
        6: VOTES, |key: &[u8; 40]| *key, |vote: &[u8]| vote.to_vec();
        7: PEERS, slot, text;
    }
    rows
}

fn insert_rows(transaction: &WriteTransaction, mut bytes: &[u8]) -> Result<(), redb::Error> {
    let mut meta = transaction.open_table(META)?;
    let mut blocks = transaction.open_table(BLOCKS)?;
    let mut slots = transaction.open_table(SLOTS)?;
    let mut chain = transaction.open_table(CHAIN)?;
    let mut states = transaction.open_table(STATES)?;
    let mut registries = transaction.open_table(REGISTRIES)?;
    let mut votes = transaction.open_table(VOTES)?;
    let mut peers = transaction.open_table(PEERS)?;
    while let Some((table, rest)) = bytes.split_first() {
        bytes = rest;
        let key_length = match table % 8 {
            0 => usize::from(take(&mut bytes, 1).first().copied().unwrap_or_default()),
            1 | 6 => 40,
            2 | 5 => 32,
            _ => 8,
        };
        let key = take(&mut bytes, key_length);
        let length = u16::from_le_bytes(padded(take(&mut bytes, 2)));
        let value = take(&mut bytes, usize::from(length));
        let slot = |bytes| u64::from_le_bytes(padded(bytes));
        let text = String::from_utf8_lossy(value);
        match table % 8 {
            0 => drop(meta.insert(&*String::from_utf8_lossy(key), &*text)?),
            1 => drop(blocks.insert(&padded(key), value)?),
            2 => drop(slots.insert(&padded(key), slot(value))?),
            3 => drop(chain.insert(slot(key), &padded(value))?),
            4 => drop(states.insert(slot(key), value)?),
            5 => drop(registries.insert(&padded(key), value)?),
            6 => drop(votes.insert(&padded(key), value)?),
            _ => drop(peers.insert(slot(key), &*text)?),
        }
    }
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(count.min(bytes.len()));
    *bytes = rest;
    taken
}

fn padded<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut padded = [0; N];
    let length = bytes.len().min(N);
    padded[..length].copy_from_slice(&bytes[..length]);
    padded
}

/// Opens the chain, and uses all that can be read. Each fault must be an error.
fn check(disk: Disk) {
    let path = Path::new("the file of the test");
    let Ok(mut store) = RedbStore::in_backend(disk, path, &identity()) else { return };
    let reader = store.reader();
    let figures = reader.figures();
    let verified = reader.verify(&Progress::none());
    let _ = reader.blocks(0..u64::MAX, 64);
    if let Ok(Some(loaded)) = reader.load() {
        let finalized = loaded.finalized;
        assert_eq!(figures.map(|figures| figures.finalized).ok(), Some(Some(finalized)));
        assert!(reader.block(&finalized.root).is_ok() || verified.is_err());
        begin(&loaded);
    }
    let keep = Keep { blocks_from: 2, states_from: 1 };
    let pruned = store.prune(keep, 4);
    let peers = Some(vec!["/ip4/127.0.0.1/udp/9000/quic-v1".to_owned()]);
    let written = store.write(&Changes { peers, ..Changes::default() });
    for error in [pruned.err(), written.err()].into_iter().flatten() {
        assert!(matches!(error, StorageError::Damaged { .. }), "{error:?}");
    }
}

/// Begins a chain as a node does.
fn begin(loaded: &Loaded) {
    let Loaded { finalized, anchor, state, blocks, votes, .. } = loaded;
    assert_eq!(Root::of(&anchor.block), finalized.root);
    assert_eq!(anchor.block.slot, finalized.slot);
    assert_eq!(Root::of(state), anchor.block.state_root);
    assert!(blocks.iter().all(|block| block.block.slot > finalized.slot));
    assert!(blocks.is_sorted_by_key(|block| block.block.slot));
    let Ok(mut store) = Store::new(state.clone(), anchor.block.clone(), None) else { return };
    for block in blocks {
        // Blocks that break a rule are left out.
        let _ = store.restore_block(block);
    }
    assert!(store.restore_votes(votes) <= votes.len());
    assert!(store.tree().chain(store.head()).count() > 0);
}

/// Returns a file with a small chain.
fn whole() -> Disk {
    let disk = Disk::default();
    let path = Path::new("the file of the test");
    let store = RedbStore::in_backend(disk.clone(), path, &identity());
    let mut store = store.expect("there is memory");
    for changes in small_chain() {
        store.write(&changes).expect("there is memory");
    }
    disk
}

/// Returns the changes of a small chain: a finalized block, two blocks above it, and a vote.
fn small_chain() -> Vec<Changes> {
    let (anchor_state, anchor) = genesis(identity().genesis_time, registry());
    let (first, first_state) = next(&anchor, &anchor_state, 1);
    let (second, _) = next(&first, &first_state, 2);
    let (other, _) = next(&first, &first_state, 4);
    let place = |block: &Block| Checkpoint { root: Root::of(block), slot: block.slot };
    let kept = |block: &Block| {
        let proof = ProofBytes::try_from(vec![9; 40]).expect("it is short");
        let proof = MultiMessageAggregate { proof };
        (Root::of(block), Arc::new(SignedBlock { block: block.clone(), proof }))
    };
    let finalized =
        |block: &Block, state| Some(Finalized { checkpoint: place(block), state: Arc::new(state) });
    let data = AttestationData {
        slot: 3,
        head: place(&second),
        target: place(&second),
        source: place(&anchor),
    };
    let aggregation_bits = aggregation_bits([0, 2]).expect("two validators");
    vec![
        Changes {
            blocks: vec![kept(&anchor)],
            finalized: finalized(&anchor, anchor_state),
            ..Changes::default()
        },
        Changes {
            blocks: [&first, &second, &other].map(kept).to_vec(),
            finalized: finalized(&first, first_state),
            votes: vec![AggregatedAttestation { aggregation_bits, data }],
            peers: Some(vec!["/ip4/127.0.0.1/udp/9000/quic-v1".to_owned()]),
        },
    ]
}

fn next(parent: &Block, state: &State, slot: Slot) -> (Block, State) {
    let mut block = Block {
        slot,
        proposer_index: slot % 3,
        parent_root: Root::of(parent),
        state_root: Root::ZERO,
        body: BlockBody::default(),
    };
    let mut state = process_slots(state, slot).expect("it is after its parent");
    process_block(&mut state, &block).expect("it is valid");
    block.state_root = Root::of(&state);
    (block, state)
}

fn registry() -> Validators {
    let key = |byte| PublicKey::new([byte; PublicKey::LENGTH]);
    let keys = [(key(1), key(2)), (key(3), key(4)), (key(5), key(6))];
    Validators::new(keys).expect("three are few")
}
