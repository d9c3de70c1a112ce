//! One frame as plain text, for scripts and tests.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::feed::open;
use crate::model::Model;
use crate::view::{self, Theme};
use crate::{Address, WatchError};

/// The kinds of events that every node sends first.
const KINDS: u64 = 7;

/// Returns one frame of a node, with lines of this width. A frame has at least 24 lines.
///
/// # Errors
///
/// Returns [`WatchError::Events`] if the node does not send its events.
pub fn frame(address: &Address, theme: Theme, width: u16) -> Result<String, WatchError> {
    let failed = |reason| WatchError::Events { address: address.to_string(), reason };
    #[expect(clippy::disallowed_methods, reason = "the program has no executor to ask")]
    let now = Instant::now();
    let mut model = Model::new(address.to_string());
    model.shows_lanes = true;
    let mut events = open(address).map_err(failed)?;
    while model.events < KINDS {
        let event = events.next().map_err(|error| failed(error.to_string()))?;
        let event = event.ok_or_else(|| failed("the stream has ended".to_owned()))?;
        model.take(event, now);
    }
    let actors: usize = model.latest.actors.actors.iter().map(|it| 1 + it.lanes.len()).sum();
    let lines = actors.max(model.latest.forks.blocks.len()) + 20;
    let height = u16::try_from(lines).unwrap_or(u16::MAX).clamp(24, 400);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    view::draw(&model, &theme, now, area, &mut buffer);
    Ok(view::plain(&buffer))
}
