//! The tables, and their keys and values in bytes.

use std::ops::Range;

use consensus::{Root, Slot};
use redb::TableDefinition;

/// Facts about the store, in text.
pub(super) const META: TableDefinition<&str, &str> = TableDefinition::new("meta");

/// Signed blocks in SSZ, by slot and root.
pub(super) const BLOCKS: TableDefinition<&SlotKey, &[u8]> = TableDefinition::new("blocks");

/// The slot of each block, by its root.
pub(super) const SLOTS: TableDefinition<&[u8; 32], u64> = TableDefinition::new("slots");

/// The root of each block of the finalized chain, by its slot. Never pruned.
pub(super) const CHAIN: TableDefinition<u64, &[u8; 32]> = TableDefinition::new("chain");

/// Finalized states without registry and history, by slot.
pub(super) const STATES: TableDefinition<u64, &[u8]> = TableDefinition::new("states");

/// Registries in SSZ, by root.
pub(super) const REGISTRIES: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("registries");

/// Votes with their voters in SSZ, by slot and by the root of their data.
pub(super) const VOTES: TableDefinition<&SlotKey, &[u8]> = TableDefinition::new("votes");

/// The addresses of good peers, by rank.
pub(super) const PEERS: TableDefinition<u64, &str> = TableDefinition::new("peers");

/// A slot and a root. The slot is big-endian, so entries are in the order of their slots.
pub(super) type SlotKey = [u8; 40];

pub(super) fn slot_key(slot: Slot, root: &Root) -> SlotKey {
    let mut key = [0; 40];
    key[..8].copy_from_slice(&slot.to_be_bytes());
    key[8..].copy_from_slice(root.as_bytes());
    key
}

pub(super) fn parts_of(key: &SlotKey) -> (Slot, Root) {
    let (slot, root) = key.split_at(8);
    (
        Slot::from_be_bytes(slot.try_into().expect("the first part has eight bytes")),
        Root::new(root.try_into().expect("the second part has 32 bytes")),
    )
}

/// Returns the range of all keys from a slot on.
pub(super) fn from_slot(slot: Slot) -> SlotKey {
    slot_key(slot, &Root::ZERO)
}

/// Returns the range of all keys before a slot.
pub(super) fn before_slot(slot: Slot) -> Range<SlotKey> {
    [0; 40]..from_slot(slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_slots_and_return_their_parts() {
        let keys = [(0, 9), (1, 0), (255, 3), (256, 1), (u64::MAX, 0)]
            .map(|(slot, byte)| (slot, Root::new([byte; 32])));
        let encoded = keys.map(|(slot, root)| slot_key(slot, &root));
        assert!(encoded.is_sorted());
        assert_eq!(encoded.map(|key| parts_of(&key)), keys);
    }
}
