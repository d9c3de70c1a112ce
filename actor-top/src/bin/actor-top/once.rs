//! One frame as plain text, for scripts and tests.

use std::io;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use actor_top::Client;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Link, Model};
use crate::view;
use crate::view::theme::Theme;

/// Looks twice, because rates need two looks, and returns the frame.
pub(crate) fn frame(
    path: &Path,
    mut model: Model,
    interval: Duration,
    width: u16,
) -> io::Result<String> {
    let mut client = Client::connect(path)?;
    model.see(client.look()?);
    // A plain wait: the sender is kept.
    let (_kept, never) = sync_channel::<()>(1);
    _ = never.recv_timeout(interval);
    model.see(client.look()?);
    model.link = Link::Live;
    let area = Rect::new(0, 0, width, view::whole_height(&model).max(12));
    let mut buffer = Buffer::empty(area);
    view::draw(&mut model, &Theme::new(false, false), area, &mut buffer);
    Ok(view::plain(&buffer))
}
