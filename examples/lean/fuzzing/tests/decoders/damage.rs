//! Ways to damage a valid encoding.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// One change of an encoding. Positions are relative to its length, so that they fit every
/// encoding.
#[derive(Clone, Debug)]
enum Damage {
    /// Changes a byte.
    Flip(Index, u8),
    /// Removes the end.
    Cut(Index),
    /// Removes a range in the middle.
    Remove(Index, usize),
    /// Repeats a range.
    Repeat(Index, usize),
    /// Replaces the rest with the rest of another encoding.
    Splice(Index, Index, Index),
    /// Overwrites four bytes, such as a length or an offset.
    Overwrite(Index, u32),
    /// Inserts bytes resembling a length.
    Insert(Index, Vec<u8>),
}

/// Generates a valid encoding with one to four changes.
pub(crate) fn damaged(valid: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let all = valid.clone();
    (select(valid), prop::collection::vec(damage(), 1..5)).prop_map(move |(mut bytes, damages)| {
        damages.into_iter().for_each(|damage| apply(damage, &mut bytes, &all));
        bytes
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    let length = prop_oneof![
        Just(0),
        Just(1),
        Just(4),
        0_u32..2000,
        Just(u32::MAX),
        Just(i32::MAX as u32),
        any::<u32>(),
    ];
    let inserted = prop_oneof![
        length.clone().prop_map(|length| length.to_le_bytes().to_vec()),
        // A variable-length integer of any length, including excessive ones.
        (0_usize..12).prop_map(|more| [vec![0xff; more], vec![0x01]].concat()),
        prop::collection::vec(any::<u8>(), 1..9),
    ];
    prop_oneof![
        4 => (any::<Index>(), 1_u8..).prop_map(|(at, change)| Damage::Flip(at, change)),
        1 => any::<Index>().prop_map(Damage::Cut),
        1 => (any::<Index>(), 1_usize..40).prop_map(|(at, size)| Damage::Remove(at, size)),
        1 => (any::<Index>(), 1_usize..40).prop_map(|(at, size)| Damage::Repeat(at, size)),
        1 => (any::<Index>(), any::<Index>(), any::<Index>()).prop_map(|(at, other, from)| Damage::Splice(at, other, from)),
        2 => (any::<Index>(), length).prop_map(|(at, length)| Damage::Overwrite(at, length)),
        2 => (any::<Index>(), inserted).prop_map(|(at, inserted)| Damage::Insert(at, inserted)),
    ]
}

fn apply(damage: Damage, bytes: &mut Vec<u8>, all: &[Vec<u8>]) {
    // There is one more position than there are bytes, because the end is a position too.
    let place = |at: Index, length: usize| at.index(length + 1);
    let length = bytes.len();
    match damage {
        Damage::Flip(at, change) => {
            if let Some(byte) = bytes.get_mut(place(at, length)) {
                *byte ^= change;
            }
        }
        Damage::Cut(at) => bytes.truncate(place(at, length)),
        Damage::Remove(at, size) => {
            let at = place(at, length);
            bytes.drain(at..length.min(at + size));
        }
        Damage::Repeat(at, size) => {
            let at = place(at, length);
            let piece = bytes[at..length.min(at + size)].to_vec();
            bytes.splice(at..at, piece);
        }
        Damage::Splice(at, other, from) => {
            let other = &all[other.index(all.len())];
            bytes.truncate(place(at, length));
            bytes.extend_from_slice(&other[place(from, other.len())..]);
        }
        Damage::Overwrite(at, value) => {
            let at = place(at, length);
            bytes.splice(at..length.min(at + 4), value.to_le_bytes());
        }
        Damage::Insert(at, inserted) => {
            let at = place(at, length);
            bytes.splice(at..at, inserted);
        }
    }
}
