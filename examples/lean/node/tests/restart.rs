//! Restarts of whole nodes with a folder of their chain.

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actor_lanes::Runtime;
use consensus::Checkpoint;
use lean_node::config::NodeConfig;
use lean_node::node::{Node, StartError};
use storage::{ChainIdentity, ChainStore as _, ReadChain as _, RedbStore, StorageError};
use support::{finalized, network, start};

const ENOUGH: Duration = Duration::from_secs(60);

fn stop(node: Node) {
    assert_eq!(node.stop(ENOUGH), Vec::<String>::new());
}

fn runtime() -> Arc<dyn Runtime> {
    Arc::clone(&lean_node::runtime::all()[0])
}

/// Returns the finalized block on the disk of a stopped node.
fn on_disk(folder: &Path, config: &NodeConfig) -> Checkpoint {
    let identity = ChainIdentity {
        genesis_time: config.genesis.genesis_time,
        validators_root: consensus::Root::of(&config.genesis.registry()),
        fork: config.genesis.fork_digest.clone(),
        scheme: config.genesis.scheme.to_string(),
    };
    let store = RedbStore::open(folder, &identity).expect("the node has ended");
    store.reader().figures().expect("it is intact").finalized.expect("it has an anchor")
}

#[test]
fn a_network_goes_on_with_its_chain_after_all_of_its_nodes_were_stopped() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut configs = network(2, 4, 1);
    let folders = [folder.path().join("one"), folder.path().join("other")];
    for (config, folder) in configs.iter_mut().zip(&folders) {
        config.data_dir = Some(folder.clone());
    }
    let run = |until| {
        let mut nodes = Vec::new();
        for config in &configs {
            nodes.push(start(config.clone(), runtime()));
        }
        let lines: Vec<_> = nodes.iter().map(|(_, reports)| finalized(reports, until)).collect();
        let heads = nodes.iter().map(|(node, _)| node.head(ENOUGH).expect("its owner answers"));
        let heads: Vec<_> = heads.collect();
        nodes.into_iter().for_each(|(node, _)| stop(node));
        (lines, heads)
    };
    let (lines, _) = run(4);
    let kept: Vec<_> =
        folders.iter().zip(&configs).map(|(folder, config)| on_disk(folder, config)).collect();
    for (line, kept) in lines.iter().zip(&kept) {
        assert!(line.finalized_slot <= kept.slot, "{line:?} was announced, and {kept:?} is kept");
    }
    let goal = kept.iter().map(|kept| kept.slot).max().expect("there are nodes") + 4;
    let (_, heads) = run(goal);
    assert!(heads.iter().all(|head| head.finalized.slot >= goal), "{heads:?}");
    let after = on_disk(&folders[0], &configs[0]);
    assert!(after.slot >= goal);
}

#[test]
fn a_folder_of_another_network_and_one_in_use_prevent_the_start_and_are_kept() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut config = network(1, 1, 600).remove(0);
    config.data_dir = Some(folder.path().to_owned());
    let (node, _reports) = start(config.clone(), runtime());
    let error = Node::start(config.clone(), runtime(), drop).expect_err("it is in use");
    assert!(matches!(error, StartError::Storage(StorageError::InUse { .. })), "{error:?}");
    stop(node);

    let before = on_disk(folder.path(), &config);
    let mut other = config.clone();
    other.genesis.genesis_time += 1;
    let error = Node::start(other, runtime(), drop).expect_err("it is of another network");
    assert!(matches!(error, StartError::Storage(StorageError::OtherNetwork { .. })), "{error:?}");
    assert_eq!(on_disk(folder.path(), &config), before);

    fs::write(folder.path().join("chain.redb"), b"a letter").expect("it is writable");
    let error = Node::start(config, runtime(), drop).expect_err("it is no chain");
    assert!(matches!(error, StartError::Storage(StorageError::NotAChain { .. })), "{error:?}");
}
