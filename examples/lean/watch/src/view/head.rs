//! The lines at the top: the node, its chain, its peers, and what needs attention.

use std::time::{Duration, Instant};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::model::{Link, Model};
use crate::text::{clean, count, span};
use crate::view::{Role, Theme, put};
use lean_node::events::{BlockName, NodeState, Phase};

/// The time without an event that is shown.
const SILENCE: Duration = Duration::from_secs(3);

pub(super) fn draw(model: &Model, theme: &Theme, now: Instant, area: Rect, buffer: &mut Buffer) {
    let node = &model.latest.node;
    if model.events == 0 {
        let text = match &model.link {
            Link::Lost(why) => {
                format!("{}: {}; it is tried again", clean(&model.target), clean(why))
            }
            Link::Connecting | Link::Live => format!("{}: connecting", clean(&model.target)),
        };
        put(buffer, area, 0, &[(&text, Role::Waiting)], theme);
        return;
    }
    let role = match node.phase {
        Phase::Running => Role::Good,
        Phase::Stuck | Phase::Failed => Role::Alarm,
        _ => Role::Waiting,
    };
    let name = format!("{}  ", clean(&node.name));
    let clock =
        format!("  slot {}.{}  up {}", node.slot, node.interval, span(node.uptime_s * 1000));
    let first =
        [(name.as_str(), Role::Title), (node.phase.name(), role), (clock.as_str(), Role::Plain)];
    put(buffer, area, 0, &first, theme);
    let width = usize::from(area.width);
    put(
        buffer,
        area,
        1,
        &[(&fitting(width, |is_short| chain(node, is_short)), Role::Plain)],
        theme,
    );
    put(
        buffer,
        area,
        2,
        &[(&fitting(width, |is_short| others(model, is_short)), Role::Plain)],
        theme,
    );
    if let Some((text, role)) = attention(model, now) {
        put(buffer, area, 3, &[(&text, role)], theme);
    }
}

/// Returns the long form of a text if it fits, and else the short one.
fn fitting(width: usize, text: impl Fn(bool) -> String) -> String {
    let long = text(false);
    if long.width() <= width { long } else { text(true) }
}

fn chain(node: &NodeState, is_short: bool) -> String {
    let block = |block: BlockName| match hex::encode(&block.root.as_bytes()[..4]) {
        root if !is_short => format!("{} {root}", block.slot),
        _ => block.slot.to_string(),
    };
    let NodeState { head, justified, finalized, .. } = *node;
    format!("head {}  justified {}  finalized {}", block(head), block(justified), block(finalized))
}

fn others(model: &Model, is_short: bool) -> String {
    let (node, peers, votes) = (&model.latest.node, &model.latest.peers, &model.latest.votes);
    let of = if is_short { "" } else { " configured" };
    format!(
        "peers {} ({}/{}{of})  bans {}  votes {}  blocks {}  late {}/{} ms",
        count(peers.connected),
        peers.configured_connected,
        peers.configured,
        count(peers.bans),
        count(votes.received_now),
        count(node.blocks_imported),
        node.tick_lateness_ms.last,
        node.tick_lateness_ms.max,
    )
}

/// Returns the most important thing to know, and its role.
fn attention(model: &Model, now: Instant) -> Option<(String, Role)> {
    let node = &model.latest.node;
    let silent = model.heard.map(|heard| now.saturating_duration_since(heard));
    let silent = silent.filter(|silent| *silent >= SILENCE);
    let texts = [
        silent.map(|silent| {
            let why = match &model.link {
                Link::Lost(why) => format!(": {}", clean(why)),
                Link::Connecting | Link::Live => String::new(),
            };
            (format!("no event for {} s{why}; it is tried again", silent.as_secs()), Role::Alarm)
        }),
        (node.phase == Phase::Stuck).then(|| {
            (format!("the chain's owner is stuck for {}", span(node.behind_ms)), Role::Alarm)
        }),
        node.findings.first().map(|finding| {
            (format!("{} (for {})", clean(&finding.text), span(finding.lasts_ms)), Role::Alarm)
        }),
        (!node.reason.is_empty()).then(|| (clean(&node.reason), Role::Waiting)),
        (!node.warnings.is_empty())
            .then(|| (format!("warnings: {}", clean(&node.warnings.join(", "))), Role::Waiting)),
        node.notes.last().map(|note| (clean(note), Role::Quiet)),
    ];
    texts.into_iter().flatten().next()
}
