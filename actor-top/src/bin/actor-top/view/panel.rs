//! The lines below the table: losses, the slowest handlers, and findings of watchdogs.

use std::cmp::Reverse;

use actor_system::inspect::{ActorView, InHand, LaneView};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Look, Model};
use crate::rates::{LOSSES, losses};
use crate::rows::actors;
use crate::text::{clean, count, rate, short, span};
use crate::view::put;
use crate::view::theme::{Role, Theme};

/// The most handlers shown: those in progress, and the slowest so far.
const SLOWEST: usize = 3;
/// The most findings shown.
const FINDINGS: usize = 4;

/// Returns the lines, the most important first.
pub(super) fn lines(model: &Model) -> Vec<(String, Role)> {
    let Some(look) = &model.look else { return Vec::new() };
    let mut lines = findings(look);
    lines.push(all_losses(look));
    lines.extend(slowest(look));
    lines
}

pub(super) fn draw(lines: &[(String, Role)], theme: &Theme, area: Rect, buffer: &mut Buffer) {
    for (line, (text, role)) in (0..area.height).zip(lines) {
        put(buffer, area, line, text, theme, *role);
    }
}

fn findings(look: &Look) -> Vec<(String, Role)> {
    let findings = look.seen.inspections.iter().flat_map(|seen| &seen.findings).take(FINDINGS);
    let line = |finding: &actor_system::inspect::FindingView| {
        format!("! {} (for {})", clean(&finding.text), span(finding.lasts))
    };
    findings.map(|finding| (line(finding), Role::Alarm)).collect()
}

/// Each kind of loss: all so far, and for each second.
fn all_losses(look: &Look) -> (String, Role) {
    let lanes = actors(look).flat_map(|(_, actor)| &actor.lanes);
    let mut all = [0; 5];
    for lane in lanes {
        all.iter_mut().zip(losses(lane)).for_each(|(sum, lost): (&mut u64, u64)| *sum += lost);
    }
    let rates = look.rates.of_all();
    let parts = LOSSES.iter().zip(all).enumerate().map(|(index, (name, all))| {
        match rates.map(|flow| flow.lost[index]) {
            Some(per_second) if per_second > 0.0 => {
                format!("{name} {} ({}/s)", count(all), rate(Some(per_second)))
            }
            _ => format!("{name} {}", count(all)),
        }
    });
    let text = format!("lost: {}", parts.collect::<Vec<_>>().join("  "));
    let is_losing = rates.is_some_and(|flow| flow.all_lost() > 0.0);
    (text, if is_losing { Role::Alarm } else { Role::Plain })
}

/// The messages in a handler for the longest time, and then the lanes with the slowest handlers.
fn slowest(look: &Look) -> Vec<(String, Role)> {
    let now = in_hand(look).into_iter().map(|line| (line, Role::Waiting));
    let so_far = slow_lanes(look).into_iter().map(|line| (line, Role::Plain));
    now.chain(so_far).collect()
}

fn in_hand(look: &Look) -> Vec<String> {
    let in_hand = actors(look).filter_map(|(_, actor)| {
        let lasts = actor.doing.at_least().filter(|lasts| !lasts.is_zero())?;
        Some((lasts, actor, actor.doing.message()?))
    });
    let mut in_hand: Vec<_> = in_hand.collect();
    in_hand.sort_by_key(|(lasts, ..)| Reverse(*lasts));
    in_hand.truncate(SLOWEST);
    let line = |(lasts, actor, message): (_, &ActorView, &InHand)| {
        let waits: Vec<_> = actor.waits.iter().map(|wait| clean(&wait.to_string())).collect();
        let waits =
            if waits.is_empty() { String::new() } else { format!(", for {}", waits.join(", ")) };
        let (path, message) = (clean(&actor.path), clean(&message.to_string()));
        format!("now: {path} has {message} in hand for {}{waits}", span(lasts))
    };
    in_hand.into_iter().map(line).collect()
}

/// The lanes with the slowest handlers so far. By the slowest of 100: the longest one of all stays
/// forever.
fn slow_lanes(look: &Look) -> Vec<String> {
    let lanes =
        actors(look).flat_map(|(_, actor)| actor.lanes.iter().map(move |lane| (actor, lane)));
    let mut lanes: Vec<_> = lanes.filter(|(_, lane)| lane.handling.count > 0).collect();
    lanes.sort_by_key(|(_, lane)| Reverse((lane.handling.p99, lane.handling.longest)));
    lanes.truncate(SLOWEST);
    let line = |(actor, lane): (&ActorView, &LaneView)| {
        let times = &lane.handling;
        format!(
            "slow: {} {}  half within {}, 99% within {}, longest {}",
            clean(&actor.path),
            clean(&lane.name),
            short(times.median),
            short(times.p99),
            short(times.longest)
        )
    };
    lanes.into_iter().map(line).collect()
}
