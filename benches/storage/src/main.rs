//! The cost of keeping the chain in redb and in fjall, with the same load and the same trait.
//!
//! `cargo run --release` prints rows of Markdown for 10,000 slots with 4,096 validators. `-- SLOTS
//! VALIDATORS PROOF_BYTES` measures another size. `-- kills 200` kills a writing process 200 times
//! for each database.

#[path = "../../../examples/lean/storage/benches/keeping/chain.rs"]
mod chain;
mod in_fjall;
mod kills;
#[path = "../../../examples/lean/storage/benches/keeping/measure.rs"]
mod measure;

use std::env;

use in_fjall::FjallStore;
use measure::{Size, measure, shown, without_store};
use storage::RedbStore;

fn main() {
    let words: Vec<_> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", name, folder] => return kills::write_until_killed(name, folder.as_ref()),
        ["kills", count] => return kills::kill(count.parse().expect("a number of kills")),
        _ => {}
    }
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let size = match numbers[..] {
        [] => Size { slots: 10_000, validators: 4_096, proof_bytes: 4_096 },
        [slots, validators, proof_bytes] => Size { slots: slots as u64, validators, proof_bytes },
        _ => panic!("give no sizes, or three: slots, validators and bytes of a proof"),
    };
    let Size { slots, validators, proof_bytes } = size;
    println!("| {slots} slots, {validators} validators, proofs of {proof_bytes} bytes | | |");
    println!("|---|---|---|");
    println!("| none | grow the chain | {} |", shown(without_store(size)));
    let folder = tempfile::tempdir().expect("a temporary directory");
    measure("redb", size, &folder.path().join("redb"), |folder, identity| {
        RedbStore::open(folder, identity).expect("the folder has this chain")
    });
    measure("fjall", size, &folder.path().join("fjall"), |folder, _| FjallStore::open(folder));
}
