//! The start of a signing history: locks, what earlier processes wrote, and a new file.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;

use super::SigningHistory;
use super::error::HistoryError;
use super::folder::{self, Folder, Found, Place};
use super::held::HeldKeys;
use super::interchange::Interchange;
use super::lock::{self, Owner};
use super::table::{GenesisIdentity, Record};
use crate::{KeyRole, ValidatorKeyFiles};
use consensus::{Slot, ValidatorIndex};
use xmss::PublicKey;

/// A key of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldKey {
    /// The validator.
    pub validator: ValidatorIndex,
    /// The messages signed with the key.
    pub role: KeyRole,
    /// The key's public half.
    pub public_key: PublicKey,
}

impl HeldKey {
    /// Returns the two keys of a validator.
    pub fn both(files: &ValidatorKeyFiles) -> [Self; 2] {
        let key = |role, public_key| Self { validator: files.index, role, public_key };
        [
            key(KeyRole::Attestation, files.attestation.public_key()),
            key(KeyRole::Proposal, files.proposal.public_key()),
        ]
    }
}

/// The keys of a process, and the folders of their histories.
#[derive(Clone, Debug)]
pub struct HistoryPlan {
    /// The node's name. It names the file in each folder.
    pub node: String,
    /// The chain.
    pub genesis: GenesisIdentity,
    /// The folders of histories, each with its keys. They are created if they do not exist.
    pub folders: BTreeMap<PathBuf, Vec<HeldKey>>,
    /// Further folders of histories to be read, but not written. They need not exist.
    pub also_read: Vec<PathBuf>,
    /// Whether to accept a history that is the copy of another file.
    pub accept_copy: bool,
    /// An exported history, to be imported first.
    pub import: Option<PathBuf>,
}

/// What earlier processes wrote about the keys of this one.
#[derive(Debug, Default)]
struct Known {
    newest: HashMap<PublicKey, Slot>,
    remarks: Vec<String>,
}

impl SigningHistory {
    /// Opens the histories of a process's keys, and writes its files anew.
    ///
    /// The newest slot of a key is the newest one in any file of the folders. The lock of this
    /// process's files is held until the value is dropped.
    ///
    /// # Errors
    ///
    /// Returns [`HistoryError`] if
    ///
    /// * a running process holds one of the keys,
    /// * one of the keys, or this node's file, belongs to another chain,
    /// * a file is damaged, or is a copy of another file,
    /// * the history to be imported is unusable,
    /// * a file or folder cannot be read, locked or written.
    pub fn open(plan: &HistoryPlan) -> Result<Self, HistoryError> {
        let folders = existing_folders(plan)?;
        check_once(folders.values().flatten())?;
        // Locked in the order of their paths, so that two processes do not wait for each other.
        let locked = folders.keys().cloned().map(Folder::lock).collect::<Result<Vec<_>, _>>()?;
        let places: Vec<Place> = locked.iter().map(|folder| folder.place(&plan.node)).collect();
        let owner = Owner::this(&plan.node);
        let locks = places.iter().map(|place| place.lock(&owner)).collect::<Result<Vec<_>, _>>()?;

        let ours: HashMap<PublicKey, KeyRole> =
            folders.values().flatten().map(|key| (key.public_key, key.role)).collect();
        let mut known = Known::default();
        let mut own_files = Vec::new();
        for (folder, place) in locked.iter().zip(&places) {
            let found = folder.scan(place)?;
            for file in &found {
                known.learn(file, file.path == place.path(), &ours, plan)?;
            }
            own_files.push(found.into_iter().find(|file| file.path == place.path()));
        }
        for path in &plan.also_read {
            for file in read_further(path, folders.keys())? {
                known.learn(&file, false, &ours, plan)?;
            }
        }
        let imported = match &plan.import {
            Some(path) => Interchange::load(path, plan.genesis)?.data,
            None => Vec::new(),
        };

        let mut history = Self {
            genesis: plan.genesis,
            files: Vec::new(),
            places: HashMap::new(),
            remarks: Vec::new(),
            _locks: locks,
        };
        for ((place, keys), old) in places.iter().zip(folders.values()).zip(own_files) {
            let sequence = old.as_ref().map_or(0, |old| old.table.sequence + 1);
            let mut records: BTreeMap<PublicKey, Record> = BTreeMap::new();
            for record in old.into_iter().flat_map(|old| old.table.records) {
                records.insert(record.public_key, Record { is_held: false, ..record });
            }
            for key in keys {
                let record = entry(&mut records, key.public_key, key.role);
                record.role = key.role;
                record.is_held = true;
                record.newest = record.newest.max(known.newest.get(&key.public_key).copied());
            }
            for signed in &imported {
                // A key that this process does not hold is kept in the first file.
                let is_here = records.contains_key(&signed.public_key)
                    || (history.files.is_empty() && !ours.contains_key(&signed.public_key));
                if is_here {
                    let record = entry(&mut records, signed.public_key, signed.role);
                    record.newest = record.newest.max(Some(signed.newest_slot));
                }
            }
            let file = history.files.len();
            let numbers: HashMap<_, _> = records.keys().copied().zip(0..).collect();
            for key in keys {
                let place = (file, numbers[&key.public_key]);
                history.places.insert((key.validator, key.role), place);
            }
            let journal = place.write(plan.genesis, sequence, records.into_values().collect())?;
            history.files.push(HeldKeys::new(journal));
        }
        history.remarks = known.remarks;
        if let Some(path) = &plan.import {
            let (path, count) = (path.display(), imported.len());
            history.remarks.push(match history.files.len() {
                0 => format!("{path} was not imported: this node has no validators"),
                _ => format!("the newest slots of {count} keys were imported from {path}"),
            });
        }
        Ok(history)
    }
}

impl Known {
    /// Takes what a file knows about the keys of this process.
    fn learn(
        &mut self,
        file: &Found,
        is_own: bool,
        ours: &HashMap<PublicKey, KeyRole>,
        plan: &HistoryPlan,
    ) -> Result<(), HistoryError> {
        let shared =
            || file.table.records.iter().filter(|record| ours.contains_key(&record.public_key));
        if file.is_live && shared().any(|record| record.is_held) {
            let (path, owner) = (file.lock_path.clone(), lock::owner(&file.lock_path));
            return Err(HistoryError::InUse { path, owner });
        }
        if !is_own && shared().next().is_none() {
            return Ok(());
        }
        if file.table.genesis != plan.genesis {
            let (found, expected) = (Box::new(file.table.genesis), Box::new(plan.genesis));
            return Err(HistoryError::OtherGenesis { path: file.path.clone(), found, expected });
        }
        if file.is_copy && !plan.accept_copy {
            return Err(HistoryError::Copied(file.path.clone()));
        }
        if let Some(damage) = file.damage {
            let path = file.path.display();
            self.remarks.push(format!(
                "one of the two copies in the signing history {path} is damaged ({damage}); the other one is used"
            ));
        }
        for record in shared() {
            if let Some(slot) = record.newest {
                let newest = self.newest.entry(record.public_key).or_insert(slot);
                *newest = slot.max(*newest);
            }
        }
        Ok(())
    }
}

/// Creates the folders and joins those that are the same.
fn existing_folders(plan: &HistoryPlan) -> Result<BTreeMap<PathBuf, Vec<HeldKey>>, HistoryError> {
    let mut folders: BTreeMap<PathBuf, Vec<HeldKey>> = BTreeMap::new();
    for (path, keys) in &plan.folders {
        folders.entry(folder::create(path)?).or_default().extend(keys);
    }
    Ok(folders)
}

fn check_once<'a>(keys: impl Iterator<Item = &'a HeldKey>) -> Result<(), HistoryError> {
    let mut seen = HashMap::new();
    for key in keys {
        if seen.insert(key.public_key, ()).is_some() {
            return Err(HistoryError::KeyTwice(Box::new(key.public_key)));
        }
    }
    Ok(())
}

/// Reads a further folder, if it exists and is not one of the folders read already.
fn read_further<'a>(
    path: &PathBuf,
    mut known: impl Iterator<Item = &'a PathBuf>,
) -> Result<Vec<Found>, HistoryError> {
    match path.canonicalize() {
        Ok(path) if known.any(|other| *other == path) => Ok(Vec::new()),
        Ok(path) => folder::scan(&path, None),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(HistoryError::io("read the folder", path)(error)),
    }
}

fn entry(
    records: &mut BTreeMap<PublicKey, Record>,
    public_key: PublicKey,
    role: KeyRole,
) -> &mut Record {
    let new = Record { public_key, role, newest: None, is_held: false };
    records.entry(public_key).or_insert(new)
}
