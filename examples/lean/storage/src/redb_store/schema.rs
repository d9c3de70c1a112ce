//! The first entries of a database: its schema and its network. New tables, and migrations.

use std::path::Path;
use std::str::FromStr;

use consensus::{Checkpoint, Root};
use redb::{
    Database, ReadOnlyTable, ReadableDatabase as _, ReadableTable, TableError, WriteTransaction,
};

use super::fault::Fault;
use super::tables::{BLOCKS, CHAIN, META, PEERS, REGISTRIES, SLOTS, STATES, VOTES};
use crate::error::StorageError;
use crate::identity::ChainIdentity;

/// Changes a database from one schema to the next one.
pub(super) type Migration = fn(&WriteTransaction) -> Result<(), Fault>;

/// The migrations: the first one leads from schema 1 to schema 2. The newest schema is the one
/// after all of them.
pub(super) const MIGRATIONS: &[Migration] = &[];

const SCHEMA: &str = "schema";
const GENESIS_TIME: &str = "genesis_time";
const VALIDATORS_ROOT: &str = "validators_root";
const FORK: &str = "fork";
const SCHEME: &str = "scheme";
const FINALIZED: &str = "finalized";

/// The table [`META`], open for reading or for writing.
pub(super) trait Meta: ReadableTable<&'static str, &'static str> {}

impl<T: ReadableTable<&'static str, &'static str>> Meta for T {}

/// Begins a transaction with the durability of all commits: two phases, and no repair of the whole
/// file after a crash.
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_two_phase_commit(true);
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Writes the first entries of a new database, and its empty tables.
pub(super) fn create(database: &Database, identity: &ChainIdentity) -> Result<(), Fault> {
    let transaction = begin(database)?;
    {
        let mut meta = transaction.open_table(META)?;
        let ChainIdentity { genesis_time, validators_root, fork, scheme } = identity;
        meta.insert(SCHEMA, newest(MIGRATIONS).to_string().as_str())?;
        meta.insert(GENESIS_TIME, genesis_time.to_string().as_str())?;
        meta.insert(VALIDATORS_ROOT, validators_root.to_string().as_str())?;
        meta.insert(FORK, fork.as_str())?;
        meta.insert(SCHEME, scheme.as_str())?;
        transaction.open_table(BLOCKS)?;
        transaction.open_table(SLOTS)?;
        transaction.open_table(CHAIN)?;
        transaction.open_table(STATES)?;
        transaction.open_table(REGISTRIES)?;
        transaction.open_table(VOTES)?;
        transaction.open_table(PEERS)?;
    }
    Ok(transaction.commit()?)
}

/// Checks the schema and the network of an existing database, and migrates it if necessary.
pub(super) fn check(
    database: &Database,
    path: &Path,
    expected: &ChainIdentity,
    migrations: &[Migration],
) -> Result<(), Fault> {
    let schema = {
        let meta = meta(database, path)?;
        let schema = check_schema(&meta, path, newest(migrations))?;
        check_identity(&read_identity(&meta, path)?, path, expected)?;
        schema
    };
    migrate(database, schema, migrations)
}

/// Returns the network of an existing database with a known schema.
pub(super) fn identity(database: &Database, path: &Path) -> Result<ChainIdentity, Fault> {
    let meta = meta(database, path)?;
    check_schema(&meta, path, newest(MIGRATIONS))?;
    read_identity(&meta, path)
}

/// Opens the first table. It is made with the file, so a database without it is of another program.
fn meta(
    database: &Database,
    path: &Path,
) -> Result<ReadOnlyTable<&'static str, &'static str>, Fault> {
    database.begin_read()?.open_table(META).map_err(|error| match error {
        TableError::TableDoesNotExist(_)
        | TableError::TableTypeMismatch { .. }
        | TableError::TableIsMultimap(_) => {
            StorageError::NotAChain { path: path.to_owned() }.into()
        }
        error => error.into(),
    })
}

/// Checks that a database has no chain.
pub(super) fn check_is_empty(database: &Database, path: &Path) -> Result<(), Fault> {
    match finalized(&meta(database, path)?)? {
        Some(finalized) => Err(StorageError::HasChain { path: path.to_owned(), finalized }.into()),
        None => Ok(()),
    }
}

fn check_schema(meta: &impl Meta, path: &Path, newest: u32) -> Result<u32, Fault> {
    let found: u32 = parsed(meta, SCHEMA)?.ok_or_else(|| incomplete(path))?;
    if found == 0 {
        return Err(StorageError::UnknownVersion { path: path.to_owned(), found }.into());
    }
    if found > newest {
        return Err(StorageError::NewerVersion { path: path.to_owned(), found, newest }.into());
    }
    Ok(found)
}

fn read_identity(meta: &impl Meta, path: &Path) -> Result<ChainIdentity, Fault> {
    let missing = || Fault::from(incomplete(path));
    Ok(ChainIdentity {
        genesis_time: parsed(meta, GENESIS_TIME)?.ok_or_else(missing)?,
        validators_root: parsed(meta, VALIDATORS_ROOT)?.ok_or_else(missing)?,
        fork: text(meta, FORK)?.ok_or_else(missing)?,
        scheme: text(meta, SCHEME)?.ok_or_else(missing)?,
    })
}

fn newest(migrations: &[Migration]) -> u32 {
    1 + migrations.len() as u32
}

/// Checks that a database is of the expected network.
pub(super) fn check_identity(
    found: &ChainIdentity,
    path: &Path,
    expected: &ChainIdentity,
) -> Result<(), Fault> {
    let path = path.to_owned();
    if found.scheme != expected.scheme {
        let (found, expected) = (found.scheme.clone(), expected.scheme.clone());
        return Err(StorageError::OtherScheme { path, found, expected }.into());
    }
    if found != expected {
        let (found, expected) = (Box::new(found.clone()), Box::new(expected.clone()));
        return Err(StorageError::OtherNetwork { path, found, expected }.into());
    }
    Ok(())
}

/// Carries out the migrations from a schema on, in one transaction with the new number.
fn migrate(database: &Database, from: u32, migrations: &[Migration]) -> Result<(), Fault> {
    let done = from.saturating_sub(1) as usize;
    let left = migrations.get(done..).unwrap_or_default();
    if left.is_empty() {
        return Ok(());
    }
    let transaction = begin(database)?;
    for migration in left {
        migration(&transaction)?;
    }
    let schema = newest(migrations).to_string();
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(SCHEMA, schema.as_str())?;
    }
    Ok(transaction.commit()?)
}

fn incomplete(path: &Path) -> StorageError {
    StorageError::Incomplete {
        path: path.to_owned(),
        what: "an entry about its network is missing",
    }
}

fn text(meta: &impl Meta, name: &str) -> Result<Option<String>, Fault> {
    Ok(meta.get(name)?.map(|value| value.value().to_owned()))
}

fn parsed<T: FromStr>(meta: &impl Meta, name: &str) -> Result<Option<T>, Fault> {
    let damaged = || Fault::damaged(format!("its entry \"{name}\" cannot be read"));
    text(meta, name)?.map(|value| value.parse().map_err(|_| damaged())).transpose()
}

/// Reads the newest finalized block.
pub(super) fn finalized(meta: &impl Meta) -> Result<Option<Checkpoint>, Fault> {
    let Some(entry) = meta.get(FINALIZED)? else { return Ok(None) };
    let parts = entry.value().split_once(' ').and_then(|(slot, root)| {
        Some(Checkpoint { slot: slot.parse().ok()?, root: root.parse::<Root>().ok()? })
    });
    match parts {
        Some(checkpoint) => Ok(Some(checkpoint)),
        None => Err(Fault::damaged("its entry \"finalized\" cannot be read")),
    }
}

/// Writes the newest finalized block.
pub(super) fn set_finalized(
    transaction: &WriteTransaction,
    checkpoint: Checkpoint,
) -> Result<(), Fault> {
    let Checkpoint { root, slot } = checkpoint;
    let mut meta = transaction.open_table(META)?;
    meta.insert(FINALIZED, format!("{slot} {root}").as_str())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;

    fn identity() -> ChainIdentity {
        ChainIdentity {
            genesis_time: 7,
            validators_root: Root::new([1; 32]),
            fork: "lean".to_owned(),
            scheme: "test".to_owned(),
        }
    }

    fn database() -> Database {
        let database = redb::Builder::new()
            .create_with_backend(InMemoryBackend::new())
            .expect("memory is writable");
        create(&database, &identity()).expect("it is new");
        database
    }

    fn add_a_peer(transaction: &WriteTransaction) -> Result<(), Fault> {
        let mut peers = transaction.open_table(PEERS)?;
        peers.insert(0_u64, "migrated")?;
        Ok(())
    }

    fn fail(transaction: &WriteTransaction) -> Result<(), Fault> {
        add_a_peer(transaction)?;
        Err(Fault::damaged("a migration failed"))
    }

    fn first_peer(database: &Database) -> Option<String> {
        let transaction = database.begin_read().expect("it can be read");
        let peers = transaction.open_table(PEERS).expect("it has the table");
        let first = peers.first().expect("it can be read");
        first.map(|(_, peer)| peer.value().to_owned())
    }

    #[test]
    fn an_older_schema_is_migrated_once_and_a_newer_one_is_refused() {
        let (database, path) = (database(), Path::new("chain.redb"));
        check(&database, path, &identity(), &[add_a_peer]).expect("the migration succeeds");
        assert_eq!(first_peer(&database).as_deref(), Some("migrated"));
        check(&database, path, &identity(), &[fail]).expect("it has been migrated already");
        let refused = check(&database, path, &identity(), MIGRATIONS);
        assert!(
            matches!(
                refused,
                Err(Fault::Refused(StorageError::NewerVersion { found: 2, newest: 1, .. }))
            ),
            "{refused:?}"
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_the_old_schema() {
        let (database, path) = (database(), Path::new("chain.redb"));
        assert!(check(&database, path, &identity(), &[fail]).is_err());
        assert_eq!(first_peer(&database), None);
        check(&database, path, &identity(), MIGRATIONS).expect("it is as before");
    }
}
