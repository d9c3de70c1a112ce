//! The page in a headless Chromium, with made data. Without Chromium, a line says so and the tests
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

use actor_lanes::view::{self, Publisher};
use network::{BannedPeer, ConnectedPeer, Multiaddr, PeerId, PeerTable};
use serde_json::json;
use tokio::time::Instant;

use crate::api::tests::browser::{Browser, Screen};
use crate::api::tests::stream_client::Events;
use crate::api::tests::{ANY_PORT, ENOUGH, sources};
use crate::api::{Api, ApiSources, EventSources, Limits, Watched};
use crate::events::MOST_BLOCKS;
use chain::wall_clock::WallClock;
use chain::{Chain, Snapshot};
use consensus::{
    Checkpoint, ForkChoiceNode, ForkChoiceView, INTERVALS_PER_SLOT, Root, Slot, SlotClock, State,
};
use storage::{Durable, Figures};

const PHONE: Screen = Screen { name: "phone", width: 360, height: 740, is_dark: false };
const DESKTOP: Screen = Screen { name: "desktop", width: 1280, height: 900, is_dark: false };

const SCREENS: [Screen; 5] = [
    PHONE,
    Screen { name: "phone-dark", is_dark: true, ..PHONE },
    Screen { name: "tablet", width: 800, ..DESKTOP },
    DESKTOP,
    Screen { name: "desktop-dark", is_dark: true, ..DESKTOP },
];

/// A duration of an interval. A slot has a tenth of a second.
const INTERVAL: u64 = 20;

fn root(n: u64) -> Root {
    let mut bytes = [0; 32];
    bytes.chunks_mut(8).enumerate().for_each(|(at, part)| {
        let mixed = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(at as u32 * 17);
        part.copy_from_slice(&mixed.to_be_bytes());
    });
    Root::from(bytes)
}

/// A chain at this time: finality three slots behind, and a fork in every fifth slot.
fn chain_at(time: u64) -> Snapshot {
    let slot = time / INTERVALS_PER_SLOT;
    let at = |slot: Slot| Checkpoint { slot, root: root(slot * 2) };
    let finalized = slot.saturating_sub(12) / 4 * 4;
    let mut nodes = Vec::new();
    for slot in finalized..=slot {
        let parent = slot.saturating_sub(if slot % 5 == 1 { 2 } else { 1 });
        let parent = if slot > finalized { parent.max(finalized) } else { parent };
        let node = |number, parent_slot: u64, weight| ForkChoiceNode {
            root: root(number),
            slot,
            parent_root: root(parent_slot * 2),
            proposer_index: slot % 64,
            weight,
        };
        nodes.push(node(slot * 2, parent, 64 - (slot - finalized)));
        if slot % 5 == 3 && slot > finalized {
            nodes.push(node(slot * 2 + 1, slot - 1, slot % 7));
        }
    }
    Snapshot {
        time,
        head: at(slot),
        justified: at(slot.saturating_sub(2).max(finalized)),
        finalized: at(finalized),
        safe_target: root(slot.saturating_sub(1).max(finalized) * 2),
        finalized_state: Some(Arc::new(State::default())),
        fork_choice: Arc::new(ForkChoiceView { nodes }),
        validator_count: 64,
        own_validators: 16,
        is_aggregator: true,
        uncounted_proofs: (time % 5) as usize,
        counted_proofs: 12,
        peers: 9,
        blocks_imported: slot,
        pending_votes: (time % 3) as usize,
        dropped: [
            ("UNKNOWN_BLOCK", slot),
            ("DUPLICATE_VOTE", time * 3),
            ("INVALID_SIGNATURE", 1_234_567),
        ]
        .into(),
        ..Snapshot::default()
    }
}

fn peers() -> PeerTable {
    let now = Instant::now();
    let peer = |n: u32| ConnectedPeer {
        address: Multiaddr::empty(),
        peer: PeerId::random(),
        is_configured: n < 3,
        is_inbound: n % 2 == 1,
        since: now,
        points: 100 - 5 * n,
    };
    let ban =
        |n: u32| BannedPeer { peer: PeerId::random(), until: now + Duration::from_secs(100) * n };
    PeerTable {
        connected: (0..9).map(peer).collect(),
        connected_left_out: 3,
        banned: (1..4).map(ban).collect(),
        banned_left_out: 0,
    }
}

/// A served chain. Its lifetime ends with that of its publisher.
struct Page {
    api: Api,
    publisher: Publisher<Snapshot>,
    _kept: Box<dyn std::any::Any>,
}

fn serve(chain: Snapshot, change: impl FnOnce(&mut ApiSources)) -> Page {
    serve_within(Limits::default(), chain, change)
}

fn serve_within(limits: Limits, chain: Snapshot, change: impl FnOnce(&mut ApiSources)) -> Page {
    let (handle, mailbox) = Chain::new();
    let (publisher, published) = view::publisher(chain);
    let (decoder, decoder_mailbox) = actor_lanes::mailbox::<chain::decoder::DecoderMessage>();
    let mut sources = sources(handle, published);
    sources.watched.push(Watched::new("decoder", decoder));
    change(&mut sources);
    // A few messages that nobody handles, for the bars.
    (0..5).for_each(|_| assert_eq!(sources.chain.head(Duration::from_millis(1)), None));
    let limits = Limits { event_period: Duration::from_millis(100), ..limits };
    let api = Api::start(ANY_PORT, sources, limits).expect("a port is free");
    Page { api, publisher, _kept: Box::new((mailbox, decoder_mailbox)) }
}

/// Publishes a chain that follows the clock, until the result is dropped.
fn live(publisher: Publisher<Snapshot>, clock: SlotClock) -> SyncSender<()> {
    let (stop, stopped) = sync_channel(0);
    thread::spawn(move || {
        while stopped.recv_timeout(Duration::from_millis(INTERVAL))
            == Err(RecvTimeoutError::Timeout)
        {
            publisher.publish(chain_at(clock.total_intervals(WallClock::SYSTEM.now())));
        }
    });
    stop
}

/// Whether the page needs no scrolling to the side.
const IS_WITHIN: &str = "document.documentElement.scrollWidth <= innerWidth";

/// Everything wider than the screen, except in the parts that scroll.
const TOO_WIDE: &str = "[...document.querySelectorAll('body *')].filter((it) =>
    !it.closest('.scroll, svg') && it.getBoundingClientRect().right > innerWidth + 1)
    .map((it) => it.id || it.className || it.nodeName)";

#[test]
fn a_browser_shows_a_live_node_at_every_width_and_in_both_colours() {
    let Some(mut browser) = Browser::start() else { return };
    let clock = SlotClock::new(WallClock::SYSTEM.now() / 1000 - 30).with_interval(INTERVAL);
    let figures = Figures { file_bytes: 123_456_789, blocks: 4096, ..Figures::default() };
    let durable = Durable { figures, ..Durable::default() };
    let (_disk, stored) = view::publisher(durable);
    let (_peers, peers) = view::publisher(peers());
    let Page { api, publisher, _kept } = serve(chain_at(0), |sources| {
        (sources.clock, sources.wall) = (clock, WallClock::SYSTEM);
        sources.shown = EventSources { peers, ..EventSources::default() };
        sources.supervision.stored = Some(stored);
    });
    let _live = live(publisher, clock);
    for screen in SCREENS {
        browser.open(api.address(), screen);
        browser.wait("document.getElementById('phase').textContent === 'running'");
        browser.wait("document.querySelectorAll('#tree .row').length > 5");
        // Some slots later, new blocks have come and old ones have gone.
        browser.wait("window.first ||= Number(document.getElementById('head').textContent)");
        browser.wait("Number(document.getElementById('head').textContent) > window.first + 20");
        browser.wait("document.querySelector('#lag .curve').getAttribute('d').includes('L')");
        // Finality is twelve slots behind, and the blocks above have votes.
        let texts = "[...document.querySelectorAll('#tree .row')].map((it) => it.lastChild\
                     .previousSibling.textContent)";
        browser.wait(&format!("{texts}.filter((it) => it === 'final').length === 1"));
        browser.wait(&format!("{texts}.filter((it) => it.endsWith('/64')).length > 8"));
        assert_eq!(browser.value(TOO_WIDE), json!([]), "{screen:?}");
        assert_eq!(browser.value(IS_WITHIN), json!(true), "{screen:?}");
        assert_eq!(browser.value("window.shifts"), json!([]), "{screen:?}");
        assert_eq!(browser.problems, [""; 0], "{screen:?}");
        assert_eq!(browser.value("document.querySelectorAll('#peer-rows tr').length"), json!(9));
        assert_eq!(browser.value("document.getElementById('disk').hidden"), json!(false));
        let paper = "getComputedStyle(document.body).backgroundColor";
        let is_dark = "rgb(16, 19, 23)";
        assert_eq!(browser.value(paper) == json!(is_dark), screen.is_dark, "{screen:?}");
        let picture = browser.picture(screen.name);
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000, "{screen:?}");
    }
    assert_eq!(api.stop(ENOUGH), None);
}

#[test]
fn hostile_texts_are_texts_on_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    let hostile = "<img src=x onerror='window.attacked = 1'><script>window.attacked = 1</script>";
    let notes = vec![hostile.to_owned()];
    let page = serve(Snapshot { notes, ..chain_at(50) }, |sources| {
        sources.name = hostile.to_owned();
        sources.wall = WallClock::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(40));
    });
    browser.open(page.api.address(), DESKTOP);
    browser.wait("document.getElementById('notice').textContent.includes('onerror')");
    assert_eq!(browser.value("document.getElementById('name').textContent"), json!(hostile));
    assert_eq!(browser.value("document.querySelectorAll('img').length"), json!(0));
    assert_eq!(browser.value("typeof window.attacked"), json!("undefined"));
    // No script of the page's own could write HTML either.
    let write = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'written'; } \
                 catch (error) { return error.name; } })()";
    assert_eq!(browser.value(write), json!("TypeError"));
    assert_eq!(page.api.stop(ENOUGH), None);
}

static NOW: AtomicU64 = AtomicU64::new(40_000);

#[test]
fn a_stuck_owner_and_an_ended_node_stand_out_on_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    let page = serve(chain_at(50), |sources| {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.load(Ordering::Relaxed));
        sources.wall = WallClock::new(now);
    });
    browser.open(page.api.address(), PHONE);
    browser.wait("document.getElementById('phase').textContent === 'running'");
    // Interval 51 was due at 40.8 s.
    NOW.store(70_800, Ordering::Relaxed);
    browser.wait("document.getElementById('phase').textContent === 'stuck'");
    browser.wait("document.getElementById('notice').textContent.includes('stuck for 30.0 s')");
    assert_eq!(browser.picture("stuck").get(..4), Some(&b"\x89PNG"[..]));
    // The owner goes on.
    page.publisher.publish(chain_at(88));
    browser.wait("document.getElementById('phase').textContent === 'running'");
    browser.wait("!document.getElementById('notice').classList.contains('alarm')");
    assert_eq!(page.api.stop(ENOUGH), None);
    browser.wait("document.getElementById('phase').textContent === 'no data'");
    browser.wait("document.body.classList.contains('stale')");
    assert_eq!(browser.picture("no-data").get(..4), Some(&b"\x89PNG"[..]));
}

#[test]
fn a_page_without_a_place_for_its_stream_says_so_and_gets_one_that_becomes_free() {
    let Some(mut browser) = Browser::start() else { return };
    let limits = Limits { event_streams_per_client: 1, ..Limits::default() };
    let page = serve_within(limits, chain_at(50), |sources| {
        sources.wall = WallClock::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(40));
    });
    let other = Events::open(page.api.address());
    browser.open(page.api.address(), PHONE);
    browser.wait("document.getElementById('notice').textContent.includes('close other views')");
    drop(other);
    browser.wait("document.getElementById('phase').textContent === 'running'");
    assert_eq!(page.api.stop(ENOUGH), None);
}

#[test]
fn many_forks_are_drawn_up_to_a_bound_and_the_others_are_counted() {
    let Some(mut browser) = Browser::start() else { return };
    let node = |n: u64, parent: u64, slot, weight| ForkChoiceNode {
        root: root(n),
        slot,
        parent_root: root(parent),
        proposer_index: 0,
        weight,
    };
    let mut nodes = vec![node(0, u64::MAX - 1, 1, 64)];
    nodes.extend((1..40).map(|n| node(n, n - 1, n + 1, 60)));
    nodes.extend((100..3000).map(|n| node(n, n % 40, 41 + n % 5, 1)));
    let head = Checkpoint { slot: 40, root: root(39) };
    let finalized = Checkpoint { slot: 1, root: root(0) };
    let fork_choice = Arc::new(ForkChoiceView { nodes });
    let chain = Snapshot { head, finalized, fork_choice, ..chain_at(50) };
    let page = serve(chain, |sources| {
        sources.wall = WallClock::new(|| SystemTime::UNIX_EPOCH + Duration::from_secs(40));
    });
    for screen in [PHONE, DESKTOP] {
        browser.open(page.api.address(), screen);
        browser.wait(&format!("document.querySelectorAll('#tree .row').length === {MOST_BLOCKS}"));
        browser.wait("document.getElementById('tree-more').textContent.includes('left out')");
        assert_eq!(browser.value(IS_WITHIN), json!(true), "{screen:?}");
        browser.picture(&format!("forks-{}", screen.name));
    }
    assert_eq!(browser.problems, [""; 0]);
    assert_eq!(page.api.stop(ENOUGH), None);
}
