//! Tests of checkpoint sync: a node beginning at another node's finalized block over the HTTP API,
//! and unusable sources.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use consensus::{
    Block, EqualKeys, GenesisConfig, MultiMessageAggregate, Rejection, Root, SignedBlock, State,
    Validators, genesis,
};
use keys::genesis_file::GenesisFile;
use lean_node::checkpoint_sync::{
    Anchor, CheckpointError, Mismatch, Patience, fetch_anchor, verify_anchor,
    verify_checkpoint_state,
};
use lean_node::config::{HttpAddress, NodeConfig};
use lean_node::node::{Node, StartError};
use libssz::SszEncode;
use support::{finalized, network, start};
use xmss::PublicKey;

const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn genesis_file() -> GenesisFile {
    network(1, 2, 0).remove(0).genesis
}

fn anchor_of(genesis_file: &GenesisFile) -> Anchor {
    let (state, block) = genesis(genesis_file.genesis_time, genesis_file.registry());
    Anchor { state, block }
}

/// Returns an anchor for a changed state, with a block naming that state.
fn named(state: State) -> Anchor {
    let block = Block { state_root: Root::of(&state), ..Block::default() };
    Anchor { state, block }
}

/// Serves one answer per connection, in order, and then no more.
fn source(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind(ANY_PORT).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("the node connects");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request has a head");
                request.push(byte[0]);
            }
            // The node may close the connection before it has read the whole answer.
            let _ = stream.write_all(&answer);
        }
    });
    format!("http://{address}/")
}

fn found(body: &[u8]) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// Fetches an anchor in one attempt, in slot 0.
fn fetch_once(url: &str, file: &GenesisFile) -> Result<Anchor, CheckpointError> {
    fetch_anchor(url, file, || 0, Patience::until(Duration::ZERO))
}

fn answers(anchor: &Anchor) -> Vec<Vec<u8>> {
    let signed =
        SignedBlock { block: anchor.block.clone(), proof: MultiMessageAggregate::default() };
    vec![found(&signed.to_ssz()), found(&anchor.state.to_ssz())]
}

#[test]
fn a_late_node_begins_at_the_finalized_block_of_another_and_reaches_the_head() {
    let runtimes = lean_node::runtime::all();
    let mut configs = network(4, 8, 4);
    let mut late = configs.pop().expect("there are four");
    configs[0].http = HttpAddress::On(ANY_PORT);
    let nodes: Vec<_> = configs
        .into_iter()
        .enumerate()
        .map(|(index, config)| start(config, Arc::clone(&runtimes[index % runtimes.len()])))
        .collect();
    // Three of four nodes hold three quarters of the votes.
    let begun = finalized(&nodes[0].1, 4);
    let address = nodes[0].0.http_address().expect("it was told to serve");

    late.checkpoint_sync_url = Some(format!("http://{address}/"));
    late.http = HttpAddress::On(ANY_PORT);
    let (late, reports) = start(late, Arc::clone(&runtimes[0]));
    let own_address = late.http_address().expect("it was told to serve");
    let first = reports.recv_timeout(Duration::from_secs(60)).expect("it reports every slot");
    assert!(
        first.finalized_slot >= begun.finalized_slot,
        "it does not begin at genesis: {first:#?}"
    );
    let line = finalized(&reports, first.slot + 4);
    let other = finalized(&nodes[0].1, line.finalized_slot);
    if other.finalized_slot == line.finalized_slot {
        assert_eq!(other.finalized_root, line.finalized_root);
    }
    assert!(line.head_slot + 2 >= line.slot, "it is at the head: {line:#?}");
    let tree: serde_json::Value = get(own_address, "/lean/v0/fork_choice");
    assert_eq!(tree["validator_count"], 8);
    assert!(
        tree["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|node| node["slot"].as_u64() > Some(0))
    );
    for (node, _) in nodes.into_iter().chain([(late, reports)]) {
        assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
    }
}

fn get(address: SocketAddr, path: &str) -> serde_json::Value {
    let text = ureq::get(format!("http://{address}{path}"))
        .call()
        .expect("the API answers")
        .body_mut()
        .read_to_vec();
    serde_json::from_slice(&text.expect("it comes whole")).expect("it is JSON")
}

#[test]
fn a_node_with_an_unreachable_source_does_not_start() {
    let mut config: NodeConfig = network(1, 1, 0).remove(0);
    let nobody =
        TcpListener::bind(ANY_PORT).expect("a port is free").local_addr().expect("it is bound");
    config.checkpoint_sync_url = Some(format!("http://{nobody}"));
    let runtime = Arc::clone(&lean_node::runtime::all()[0]);
    let error = Node::start(config, runtime, drop).expect_err("there is nothing to begin at");
    assert!(
        matches!(error, StartError::Checkpoint(CheckpointError::Unreachable { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("/lean/v0/blocks/finalized"), "{error}");
}

#[test]
fn a_taken_http_address_is_an_error_unless_the_api_is_optional() {
    let taken = TcpListener::bind(ANY_PORT).expect("a port is free");
    let mut config = network(1, 1, 0).remove(0);
    config.http = HttpAddress::On(taken.local_addr().expect("it is bound"));
    let error = Node::start(config, Arc::clone(&lean_node::runtime::all()[0]), drop)
        .expect_err("the port is taken");
    assert!(matches!(error, StartError::Api(_)), "{error}");

    let mut config = network(1, 1, 0).remove(0);
    config.http = HttpAddress::IfFree(taken.local_addr().expect("it is bound"));
    let node = Node::start(config, Arc::clone(&lean_node::runtime::all()[0]), drop)
        .expect("it can do without");
    assert_eq!(node.http_address(), None);
    assert_eq!(node.stop(Duration::from_secs(10)), Vec::<String>::new());
}

#[test]
fn the_anchor_of_a_good_source_is_accepted() {
    let file = genesis_file();
    let anchor = anchor_of(&file);
    assert_eq!(
        fetch_once(&source(answers(&anchor)), &file).expect("it is the network's own genesis"),
        anchor
    );
}

#[test]
fn a_source_whose_finality_advances_in_between_is_asked_again() {
    let file = genesis_file();
    let anchor = anchor_of(&file);
    let mut newer = anchor.clone();
    newer.state.slot = 1;
    let newer = named(newer.state);
    let [block, state] = answers(&anchor).try_into().expect("two answers");
    let [_, newer_state] = answers(&newer).try_into().expect("two answers");
    let url = source(vec![block.clone(), newer_state.clone(), block.clone(), state]);
    assert_eq!(fetch_once(&url, &file).expect("the second time they belong together"), anchor);

    let torn = [block, newer_state].into_iter().cycle().take(6).collect();
    let error = fetch_once(&source(torn), &file).expect_err("they never belong together");
    assert!(
        matches!(error, CheckpointError::Refused { mismatch: Mismatch::NotItsState, .. }),
        "{error}"
    );
}

#[test]
fn every_unusable_block_and_state_has_its_own_mismatch() {
    let file = genesis_file();
    let good = anchor_of(&file);
    assert_eq!(verify_anchor(&good, &file, 0), Ok(()));

    let changed = |change: &dyn Fn(&mut State)| {
        let mut state = good.state.clone();
        change(&mut state);
        verify_anchor(&named(state), &file, 0)
    };
    assert_eq!(
        changed(&|state| state.validators = Validators::default()),
        Err(Mismatch::NoValidators)
    );
    let other_time = GenesisConfig { genesis_time: file.genesis_time + 1 };
    let (checkpoint, local) = (other_time.genesis_time, file.genesis_time);
    assert_eq!(
        changed(&|state| state.config = other_time),
        Err(Mismatch::GenesisTime { checkpoint, local })
    );
    let other = network(1, 3, 0).remove(0).genesis.registry();
    assert_eq!(changed(&|state| state.validators = other.clone()), Err(Mismatch::Validators));
    let key = PublicKey::new([7; PublicKey::LENGTH]);
    let equal = Validators::new([(key, key)]).expect("one validator");
    assert_eq!(
        changed(&|state| state.validators = equal.clone()),
        Err(Mismatch::EqualKeys(EqualKeys { index: 0 }))
    );
    assert_eq!(
        changed(&|state| state.justifications_roots.push(Root::ZERO).expect("few roots")),
        Err(Mismatch::Tallies(Rejection::JustificationVotesLengthMismatch))
    );
    assert_eq!(changed(&|state| state.latest_block_header.slot = 1), Err(Mismatch::NotItsBlock));

    let torn = Anchor { block: Block::default(), ..good.clone() };
    assert_eq!(verify_anchor(&torn, &file, 0), Err(Mismatch::NotItsState));
    let mut early = good.state.clone();
    (early.slot, early.latest_block_header.slot) = (9, 9);
    let early = Anchor {
        block: Block { slot: 9, state_root: Root::of(&early), ..Block::default() },
        state: early,
    };
    assert_eq!(verify_anchor(&early, &file, 8), Err(Mismatch::Future { slot: 9, current: 8 }));
    assert_eq!(verify_anchor(&early, &file, 9), Ok(()));
    assert_eq!(verify_checkpoint_state(&State::default()), Err(Mismatch::NoValidators));
}

#[test]
fn every_kind_of_bad_answer_has_its_own_error() {
    let file = genesis_file();
    let fetch = |answers: Vec<Vec<u8>>| {
        fetch_once(&source(answers), &file).expect_err("it is no checkpoint")
    };
    let [block, state] = answers(&anchor_of(&file)).try_into().expect("two answers");

    let error = fetch(vec![
        b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 3\r\n\r\nno!".to_vec(),
    ]);
    assert!(
        matches!(&error, CheckpointError::Status { status: 404, text, .. } if text == "no!"),
        "{error}"
    );
    let error = fetch(vec![found(b"{}")]);
    assert!(matches!(error, CheckpointError::Undecodable { what: "block", .. }), "{error}");
    let error = fetch(vec![block.clone(), found(&state[..state.len() / 2])]);
    assert!(matches!(error, CheckpointError::Undecodable { what: "state", .. }), "{error}");
    let error = fetch(vec![b"SSH-2.0-OpenSSH\r\n".to_vec()]);
    assert!(matches!(error, CheckpointError::Unreachable { .. }), "{error}");
    let error = fetch(vec![
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 100\r\n\r\nshort".to_vec(),
    ]);
    assert!(matches!(error, CheckpointError::Unreachable { .. }), "{error}");
    // A block has at most 10 MiB, independent of the length declared by the source.
    let error = fetch(vec![found(&vec![0; (10 << 20) + 1])]);
    assert!(matches!(error, CheckpointError::TooLarge { limit: 10_485_760, .. }), "{error}");
    let away = format!(
        "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {}\r\n\r\n",
        source(vec![block])
    );
    let error = fetch(vec![away.into_bytes()]);
    assert!(
        matches!(error, CheckpointError::Unreachable { .. }),
        "where it leads there is no state: {error}"
    );

    for url in [
        "",
        "localhost:5052",
        "ftp://localhost",
        "http://",
        "/lean/v0",
        "http://localhost:65536",
        "http://[::1]:0",
        "http://localhost:",
    ] {
        let error = fetch_once(url, &file).expect_err("it is no URL");
        assert!(matches!(error, CheckpointError::Url(_)), "{url}: {error}");
    }
}

const UNAVAILABLE: &[u8] =
    b"HTTP/1.1 503 Store not initialized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Many attempts in quick succession.
const PATIENT: Patience = Patience {
    deadline: Duration::from_secs(120),
    first_pause: Duration::from_millis(1),
    longest_pause: Duration::from_millis(4),
};

#[test]
fn a_source_that_is_not_ready_is_asked_again_until_it_is() {
    let file = genesis_file();
    let anchor = anchor_of(&file);
    // It closes the connection without an answer, and then it is not ready twice.
    let early = vec![Vec::new(), UNAVAILABLE.to_vec(), UNAVAILABLE.to_vec()];
    let url = source([early, answers(&anchor)].concat());
    assert_eq!(fetch_anchor(&url, &file, || 0, PATIENT).expect("it becomes ready"), anchor);
}

#[test]
fn a_failure_that_cannot_mend_itself_ends_the_attempts() {
    let file = genesis_file();
    // A second attempt would find nobody, and end with another error after a long time.
    let missing = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let error = fetch_anchor(&source(vec![missing.to_vec()]), &file, || 0, PATIENT)
        .expect_err("it has no checkpoint");
    assert!(matches!(error, CheckpointError::Status { status: 404, .. }), "{error}");
    let mut other = file.clone();
    other.genesis_time += 1;
    let error = fetch_anchor(&source(answers(&anchor_of(&other))), &file, || 0, PATIENT)
        .expect_err("it is of another network");
    let is_of_another_network =
        matches!(error, CheckpointError::Refused { mismatch: Mismatch::GenesisTime { .. }, .. });
    assert!(is_of_another_network, "{error}");
}

#[test]
fn the_attempts_end_at_the_deadline_with_the_last_error() {
    let file = genesis_file();
    let patience = Patience { deadline: Duration::from_millis(20), ..PATIENT };
    let error = fetch_anchor(&source(vec![UNAVAILABLE.to_vec(); 10_000]), &file, || 0, patience)
        .expect_err("it never becomes ready");
    assert!(matches!(error, CheckpointError::Status { status: 503, .. }), "{error}");
}
