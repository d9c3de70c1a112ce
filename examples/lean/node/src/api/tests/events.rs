//! Tests of the events: their content against the views, and the limits of their streams.

use std::io::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use actor_lanes::view::{self, Publisher};
use tokio::time::Instant;

use crate::api::events::{Board, Taken};
use crate::api::tests::client::{ask, connect, get};
use crate::api::tests::stream_client::{Events, REQUEST, quick};
use crate::api::tests::{ANY_PORT, ENOUGH, Served, sources};
use crate::api::{Api, ApiSources, Limits, Watched};
use crate::events::{Event, Latest, MOST_SLOTS, Phase};
use crate::health::Failure;
use chain::wall_clock::WallClock;
use chain::{Chain, Snapshot};
use consensus::{Checkpoint, ForkChoiceNode, ForkChoiceView, Root, SlotClock, State};
use storage::{Durable, Figures};

const SHORT: Duration = Duration::from_millis(50);

fn root(byte: u8) -> Root {
    Root::from([byte; 32])
}

/// A published chain of two blocks.
fn snapshot() -> Snapshot {
    let node = |byte, parent, slot, weight| ForkChoiceNode {
        root: root(byte),
        slot,
        parent_root: root(parent),
        proposer_index: 1,
        weight,
    };
    Snapshot {
        time: 10,
        head: Checkpoint { slot: 6, root: root(2) },
        justified: Checkpoint { slot: 5, root: root(1) },
        finalized: Checkpoint { slot: 5, root: root(1) },
        safe_target: root(1),
        finalized_state: Some(Arc::new(State::default())),
        fork_choice: Arc::new(ForkChoiceView { nodes: vec![node(1, 0, 5, 4), node(2, 1, 6, 3)] }),
        validator_count: 4,
        own_validators: 2,
        is_aggregator: true,
        signatures: 7,
        uncounted_proofs: 8,
        counted_proofs: 9,
        peers: 3,
        blocks_imported: 11,
        pending_blocks: 12,
        pending_votes: 13,
        dropped: [("UNKNOWN_BLOCK", 14), ("NEVER", 0)].into(),
        tick_lateness: Duration::from_millis(15),
        worst_tick_lateness: Duration::from_millis(16),
        missed_intervals: 17,
        notes: vec!["</script><b>note".to_owned()],
        ..Snapshot::default()
    }
}

/// Published data without an owner. The chain's handle keeps its mailbox open.
struct Published {
    publisher: Publisher<Snapshot>,
    sources: ApiSources,
    _mailbox: Box<dyn std::any::Any>,
}

fn published(chain: Snapshot) -> Published {
    let (handle, mailbox) = Chain::new();
    let (publisher, published) = view::publisher(chain);
    Published { publisher, sources: sources(handle, published), _mailbox: Box::new(mailbox) }
}

/// Takes all texts that are newer than the last ones.
fn take(board: &Board, taken: &mut Taken, latest: &mut Latest) -> Vec<String> {
    take_at(board, taken, Instant::now(), latest)
}

/// As [`take`], at one moment.
fn take_at(board: &Board, taken: &mut Taken, now: Instant, latest: &mut Latest) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(text) = board.next(taken, now) {
        let (name, event) = read(std::str::from_utf8(&text).expect("it is text"));
        latest.take(event);
        names.push(name);
    }
    names
}

/// Reads a whole event.
fn read(text: &str) -> (String, Event) {
    let (name, data) = text.split_once('\n').expect("it has two lines");
    let name = name.strip_prefix("event: ").expect("a name");
    let data = data.strip_prefix("data: ").expect("data");
    let event = Event::read(name, data).expect("it is JSON").expect("it is known");
    (name.to_owned(), event)
}

fn latest(sources: ApiSources) -> Latest {
    let board = Board::new(Rc::new(sources), ENOUGH);
    let mut latest = Latest::default();
    take(&board, &mut Taken::default(), &mut latest);
    latest
}

#[test]
fn the_events_show_what_the_views_and_the_mailboxes_have() {
    let mut published = published(snapshot());
    let (decoder, _decoder_mailbox) = actor_lanes::mailbox::<chain::decoder::DecoderMessage>();
    published.sources.watched.push(Watched::new("decoder", decoder));
    let sources = published.sources;
    // Nobody answers, so the question stays in its lane.
    assert_eq!(sources.chain.head(Duration::from_millis(1)), None);
    let stats = sources.chain.stats();
    let Latest { node, forks, votes, history, peers, actors, losses, disk } = latest(sources);
    let chain = snapshot();
    assert_eq!((node.name.as_str(), node.phase), ("node-0", Phase::Running));
    assert_eq!((node.head.slot, node.head.root), (6, root(2)));
    assert_eq!((node.justified.slot, node.finalized.root), (5, root(1)));
    assert_eq!((node.validators, node.own_validators, node.is_aggregator), (4, 2, true));
    assert_eq!((node.blocks_imported, node.pending_blocks, node.pending_votes), (11, 12, 13));
    let late = node.tick_lateness_ms;
    assert_eq!((late.last, late.max, node.missed_intervals), (15, 16, 17));
    assert_eq!(node.notes, chain.notes);
    let blocks: Vec<_> =
        forks.blocks.iter().map(|it| (it.root, it.slot, it.parent, it.weight)).collect();
    assert_eq!(blocks, [(root(1), 5, None, 4), (root(2), 6, Some(0), 3)]);
    assert_eq!((forks.head, forks.safe_target, forks.validators), (Some(1), Some(0), 4));
    assert_eq!((votes.signatures, votes.uncounted, votes.counted), (7, 8, 9));
    assert_eq!((history.slots.len(), peers.connected), (0, 3));
    let names: Vec<_> = actors.actors.iter().map(|actor| actor.name.as_str()).collect();
    assert_eq!(names, ["chain", "decoder"]);
    let stats = stats.iter().map(|lane| (lane.name.to_owned(), lane.depth, lane.capacity as u64));
    let lanes = actors.actors[0].lanes.iter();
    let lanes: Vec<_> = lanes.map(|lane| (lane.name.clone(), lane.depth, lane.capacity)).collect();
    assert_eq!(lanes, stats.collect::<Vec<_>>());
    assert_eq!(lanes.iter().map(|(_, depth, _)| depth).sum::<u64>(), 1);
    let by_chain = &losses.groups[0];
    assert_eq!((by_chain.name.as_str(), by_chain.total), ("dropped by the chain", 14));
    assert_eq!(by_chain.reasons.len(), 1, "a reason without a count is left out");
    assert_eq!(disk, None, "without a store");
}

#[test]
fn figures_of_a_disk_are_an_event() {
    let figures = Figures { file_bytes: 4096, blocks: 7, ..Figures::default() };
    let durable = Durable { figures, last_commit: Duration::from_millis(12), ..Durable::default() };
    let (_publisher, stored) = view::publisher(durable.clone());
    let mut sources = published(snapshot()).sources;
    sources.supervision.stored = Some(stored);
    let shown = latest(sources).disk.expect("there is a store");
    let value = |name: &str| shown.figures.iter().find(|it| it.name == name).map(|it| it.value);
    assert_eq!(
        (value("size"), value("blocks"), value("last commit")),
        (Some(4096), Some(7), Some(12))
    );
    assert_eq!(value("failed"), None);
    let (_publisher, stored) =
        view::publisher(Durable { failure: Some("full".to_owned()), ..durable });
    let mut sources = published(snapshot()).sources;
    sources.supervision.stored = Some(stored);
    assert!(
        latest(sources)
            .disk
            .expect("there is a store")
            .figures
            .iter()
            .any(|it| it.name == "failed")
    );
}

#[test]
fn the_phase_of_a_node_is_that_of_its_parts_and_its_clock() {
    let phase = |chain: Snapshot, change: &dyn Fn(&mut ApiSources)| {
        let mut published = published(chain);
        change(&mut published.sources);
        let node = latest(published.sources).node;
        (node.phase, node.reason)
    };
    let reason = |text: &str| text.to_owned();
    assert_eq!(phase(snapshot(), &|_| {}), (Phase::Running, String::new()));
    let starting = phase(Snapshot::default(), &|_| {});
    assert_eq!(starting, (Phase::Starting, reason("the chain's owner is starting")));
    let waiting = phase(snapshot(), &|sources| sources.clock = SlotClock::new(12));
    assert_eq!(waiting, (Phase::Waiting, reason("waiting for genesis, 12 s")));
    let syncing = phase(Snapshot { is_syncing: true, ..snapshot() }, &|_| {});
    assert_eq!(syncing, (Phase::Syncing, reason("the head is at slot 6 of 0")));
    let stopping = phase(snapshot(), &|sources| sources.supervision.lifecycle.stop());
    assert_eq!(stopping, (Phase::Stopping, reason("the node is stopping")));
    let (failed, why) = phase(snapshot(), &|sources| {
        assert!(sources.supervision.lifecycle.fail(Failure::new("signer", "panicked")));
    });
    assert_eq!(failed, Phase::Failed);
    assert!(why.ends_with("signer: panicked"), "{why}");
}

#[test]
fn an_event_without_a_change_is_not_sent_again_and_all_clients_share_one_text() {
    let published = published(snapshot());
    let board = Board::new(Rc::new(published.sources), Duration::from_millis(1));
    let (mut first, mut second) = (Taken::default(), Taken::default());
    let begin = Instant::now();
    let text = board.next(&mut first, begin).expect("there is one");
    let same = board.next(&mut second, begin).expect("there is one");
    assert_eq!(text.as_ptr(), same.as_ptr(), "it was encoded once");
    let mut latest = Latest::default();
    assert_eq!(take_at(&board, &mut first, begin, &mut latest).len(), 6);
    let later = begin + Duration::from_secs(1);
    assert_eq!(take_at(&board, &mut first, later, &mut latest), [""; 0]);
    published.publisher.publish(Snapshot { signatures: 70, ..snapshot() });
    assert_eq!(take_at(&board, &mut first, later, &mut latest), [""; 0], "it is not time yet");
    let later = later + Duration::from_secs(1);
    assert_eq!(take_at(&board, &mut first, later, &mut latest), ["votes"]);
    assert_eq!(latest.votes.signatures, 70);
}

#[test]
fn a_client_that_has_missed_texts_gets_the_newest_ones_only() {
    let published = published(snapshot());
    let board = Board::new(Rc::new(published.sources), Duration::from_millis(1));
    let mut now = Instant::now();
    let (mut quick, mut slow, mut latest) = (Taken::default(), Taken::default(), Latest::default());
    take_at(&board, &mut slow, now, &mut latest);
    for signatures in 100..200 {
        published.publisher.publish(Snapshot { signatures, ..snapshot() });
        now += Duration::from_secs(1);
        take_at(&board, &mut quick, now, &mut latest);
    }
    assert_eq!(take_at(&board, &mut slow, now, &mut latest), ["votes"]);
    assert_eq!(latest.votes.signatures, 199);
}

static NOW: AtomicU64 = AtomicU64::new(0);

#[test]
fn the_stream_goes_on_while_the_owner_is_stuck_and_says_for_how_long() {
    let mut published = published(Snapshot { time: 0, ..snapshot() });
    let now = || SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.load(Ordering::Relaxed));
    published.sources.wall = WallClock::new(now);
    let api = Api::start(ANY_PORT, published.sources, quick()).expect("a port is free");
    let mut events = Events::open(api.address());
    let mut until = |phase: Phase, behind_ms: u64| {
        events.until(|event| match event {
            Event::Node(node) if node.phase == phase && node.behind_ms == behind_ms => {
                Some(node.reason.clone())
            }
            _ => None,
        })
    };
    assert_eq!(until(Phase::Running, 0), "");
    // An interval has 0.8 s. The next tick of an owner at time 0 is due at 0.8 s.
    NOW.store(30_000, Ordering::Relaxed);
    assert_eq!(until(Phase::Stuck, 29_200), "the chain's owner is 37 intervals behind the clock");
    NOW.store(31_000, Ordering::Relaxed);
    until(Phase::Stuck, 30_200);
    published.publisher.publish(Snapshot { time: 38, ..snapshot() });
    assert_eq!(until(Phase::Running, 0), "");
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn a_stream_costs_a_blocked_owner_no_message() {
    let served = Served::start(quick());
    let release = served.block_owner();
    let mut events = Events::open(served.address());
    let mut kinds = [false; 7];
    events.until(|event| {
        kinds[event.kind()] = true;
        kinds.iter().all(|is_seen| *is_seen).then_some(())
    });
    let accepted = || served.owner.chain.stats().iter().map(|lane| lane.accepted).sum::<u64>();
    let before = accepted();
    // A change of role waits for the owner, and the stream shows the waiting message.
    let mut change = connect(served.address());
    let body = r#"{"enabled":true}"#;
    write!(
        change,
        "POST /lean/v0/admin/aggregator HTTP/1.1\r\nhost: node\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the server reads");
    events.until(|event| match event {
        Event::Actors(actors) => {
            actors.actors[0].lanes.iter().any(|lane| lane.depth > 0).then_some(())
        }
        _ => None,
    });
    assert_eq!(accepted(), before + 1, "the change alone");
    drop(release);
    served.stop();
}

#[test]
fn streams_have_a_bound_and_an_ended_one_makes_room() {
    let limits = Limits { event_streams_per_client: 2, ..quick() };
    let served = Served::start(limits);
    let address = served.address();
    let first = Events::open(address);
    let _second = Events::open(address);
    let refused = get(address, "/events");
    assert_eq!(refused.status, "503 Too Many Event Streams");
    assert_eq!(refused.header("retry-after"), Some("10"));
    assert_eq!(get(address, "/lean/v0/health").status, "200 OK");
    let metrics = get(address, "/metrics");
    assert!(metrics.text().contains("\napi_event_streams 2\n"));
    assert!(metrics.text().contains("\napi_event_streams_refused_total 1\n"));
    drop(first);
    // The server learns of the end some time later.
    let _third = loop {
        if let Some(events) = Events::try_open(address) {
            break events;
        }
        thread::yield_now();
    };
    served.stop();
}

#[test]
fn a_head_request_for_events_takes_no_place() {
    let served = Served::start(Limits { event_streams_per_client: 1, ..quick() });
    let mut stream = connect(served.address());
    for _ in 0..3 {
        let head = ask(&mut stream, &REQUEST.replace("GET", "HEAD"));
        assert_eq!(head.status, "200 OK");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
    }
    assert!(Events::try_open(served.address()).is_some());
    served.stop();
}

#[test]
fn a_stream_ends_in_order_with_the_life_of_its_connection_and_with_the_api() {
    let served = Served::start(Limits { life: SHORT, ..quick() });
    Events::open(served.address()).read_to_end();
    served.stop();
    let patience = Limits { stop_patience: ENOUGH * 10, ..quick() };
    let served = Served::start(patience);
    let mut events = Events::open(served.address());
    events.until(|event| matches!(event, Event::Node(_)).then_some(()));
    served.stop();
    events.read_to_end();
}

/// Notes of half a megabyte, with their number at the end.
fn large(number: usize) -> Snapshot {
    Snapshot { notes: vec!["x".repeat(1 << 19), number.to_string()], ..snapshot() }
}

fn number(event: &Event) -> Option<usize> {
    match event {
        Event::Node(node) => node.notes.last()?.parse().ok(),
        _ => None,
    }
}

#[test]
fn a_client_that_reads_too_slowly_misses_events_and_gets_the_newest() {
    const EVENTS: usize = 100;
    let published = published(large(0));
    let limits = Limits { write_patience: ENOUGH * 10, ..quick() };
    let api = Api::start(ANY_PORT, published.sources, limits).expect("a port is free");
    let (mut slow, mut quick) = (Events::open(api.address()), Events::open(api.address()));
    for n in 1..=EVENTS {
        published.publisher.publish(large(n));
        quick.until(|event| (number(event) == Some(n)).then_some(()));
    }
    let mut seen = Vec::new();
    slow.until(|event| {
        seen.extend(number(event));
        (number(event) == Some(EVENTS)).then_some(())
    });
    assert!(seen.is_sorted(), "{seen:?}");
    assert!(seen.len() < EVENTS / 2, "nothing but the connection keeps events: {seen:?}");
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn a_client_that_does_not_read_at_all_is_dropped_and_no_other_is() {
    let published = published(large(0));
    let limits = Limits { write_patience: SHORT, ..quick() };
    let api = Api::start(ANY_PORT, published.sources, limits).expect("a port is free");
    let (silent, mut quick) = (Events::open(api.address()), Events::open(api.address()));
    let address = api.address();
    let streams = || {
        let page = get(address, "/metrics");
        let line = page.text().lines().find_map(|line| line.strip_prefix("api_event_streams "));
        line.expect("it is a metric").to_owned()
    };
    for n in 1.. {
        published.publisher.publish(large(n));
        quick.until(|event| (number(event) == Some(n)).then_some(()));
        if streams() == "1" {
            break;
        }
    }
    silent.read_to_reset();
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn the_history_has_one_record_in_a_slot_and_forgets_the_oldest() {
    static SLOT: AtomicU64 = AtomicU64::new(0);
    let mut published = published(snapshot());
    published.sources.wall = WallClock::new(|| {
        SystemTime::UNIX_EPOCH + Duration::from_secs(4 * SLOT.load(Ordering::Relaxed))
    });
    let board = Board::new(Rc::new(published.sources), ENOUGH);
    for slot in 0..MOST_SLOTS as u64 + 10 {
        SLOT.store(slot, Ordering::Relaxed);
        board.record();
        let head = Checkpoint { slot, root: root(2) };
        published.publisher.publish(Snapshot { head, ..snapshot() });
        board.record();
    }
    let mut latest = Latest::default();
    take(&board, &mut Taken::default(), &mut latest);
    let slots = latest.history.slots;
    assert_eq!(slots.len(), MOST_SLOTS);
    assert_eq!((slots[0].slot, slots[0].head), (10, 10), "the later record of a slot");
    assert!(slots.is_sorted_by_key(|record| record.slot));
    assert_eq!(slots[0].losses, 0, "losses before the first record are in it alone");
}
