//! A node that begins at a checkpoint fetches the older blocks when asked for, and can then serve
//! its whole chain.

mod support;

use std::sync::Arc;
use std::time::Duration;

use lean_node::config::HttpAddress;
use lean_node::node::Node;
use storage::{ChainIdentity, ChainStore as _, ReadChain as _, RedbStore};
use support::{finalized, network, start};

const ENOUGH: Duration = Duration::from_secs(60);

fn stop(node: Node) {
    assert_eq!(node.stop(ENOUGH), Vec::<String>::new());
}

#[test]
fn a_node_that_began_at_a_checkpoint_has_all_older_blocks_with_their_proofs_after_a_backfill() {
    let runtime = || Arc::clone(&lean_node::runtime::all()[0]);
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut configs = network(2, 1, 1);
    let (late, mut first) = (configs.remove(1), configs.remove(0));
    first.http = HttpAddress::On("127.0.0.1:0".parse().expect("an address"));
    let (first, reports) = start(first, runtime());
    let checkpoint = finalized(&reports, 6).finalized_slot;

    let mut late = late;
    let address = first.http_address().expect("it serves the API");
    late.checkpoint_sync_url = Some(format!("http://{address}"));
    late.checkpoint_sync_deadline = ENOUGH;
    late.data_dir = Some(folder.path().to_owned());
    late.backfill = true;
    let identity = ChainIdentity {
        genesis_time: late.genesis.genesis_time,
        validators_root: consensus::Root::of(&late.genesis.registry()),
        fork: late.genesis.fork_digest.clone(),
        scheme: late.genesis.scheme.to_string(),
    };
    let (late, reports) = start(late, runtime());
    // Blocks reach the disk at least once in a slot, so the fetched ones have a commit by then.
    let last = finalized(&reports, checkpoint + 6).finalized_slot;
    stop(late);
    stop(first);

    let store = RedbStore::open(folder.path(), &identity).expect("the node has ended");
    let reader = store.reader();
    assert_eq!(reader.gaps(0..last + 1, 100).expect("it is intact"), []);
    let blocks = reader.blocks(1..last + 1, 100).expect("it is intact");
    assert!(blocks.len() as u64 > checkpoint, "{} blocks of {last} slots", blocks.len());
    for pair in blocks.windows(2) {
        assert_eq!(pair[1].block.parent_root, consensus::Root::of(&pair[0].block));
    }
}
