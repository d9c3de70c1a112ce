//! The newest events, and the choices of the user. No terminal here.

use std::time::Instant;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::NetworkNode;
use crate::feed::News;
use lean_node::events::{Event, Latest};

/// The whole state of the program.
#[derive(Debug)]
pub(crate) struct Model {
    /// The address of the node on the screen. Empty before it is known.
    pub(crate) target: String,
    /// The nodes of the network. Empty for a single node.
    pub(crate) nodes: Vec<NetworkNode>,
    /// The place of the node on the screen in the network.
    pub(crate) chosen: usize,
    pub(crate) link: Link,
    pub(crate) latest: Latest,
    /// The number of events so far.
    pub(crate) events: u64,
    /// The time of the last event.
    pub(crate) heard: Option<Instant>,
    /// Whether every lane has a line, and not the fullest one of each actor alone.
    pub(crate) shows_lanes: bool,
    /// The first line of the actors on the screen.
    pub(crate) first: usize,
    pub(crate) has_ended: bool,
}

/// The connection to the node.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    #[default]
    Connecting,
    Live,
    /// The reason.
    Lost(String),
}

impl Model {
    pub(crate) fn new(target: String) -> Self {
        Self {
            target,
            nodes: Vec::new(),
            chosen: 0,
            link: Link::Connecting,
            latest: Latest::default(),
            events: 0,
            heard: None,
            shows_lanes: false,
            first: 0,
            has_ended: false,
        }
    }

    /// Turns to another node. The choices of the user stay.
    pub(crate) fn turn_to(&mut self, target: String) {
        self.target = target;
        self.link = Link::Connecting;
        self.latest = Latest::default();
        (self.events, self.heard) = (0, None);
    }

    /// Takes news of the node.
    pub(crate) fn hear(&mut self, news: News, now: Instant) {
        match news {
            News::Event(event) => self.take(*event, now),
            News::Lost(reason) => self.link = Link::Lost(reason),
        }
    }

    pub(crate) fn take(&mut self, event: Event, now: Instant) {
        self.link = Link::Live;
        self.events += 1;
        self.heard = Some(now);
        self.latest.take(event);
    }

    /// Takes a key of the user. Returns whether the screen may have changed.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let is_interrupt =
            key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            _ if key.kind == KeyEventKind::Release => return false,
            _ if is_interrupt => self.has_ended = true,
            KeyCode::Char('q') | KeyCode::Esc => self.has_ended = true,
            KeyCode::Tab => self.choose(1),
            KeyCode::BackTab => self.choose(self.nodes.len().saturating_sub(1)),
            KeyCode::Char('e') => self.shows_lanes = !self.shows_lanes,
            KeyCode::Up | KeyCode::Char('k') => self.first = self.first.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.first += 1,
            _ => return false,
        }
        true
    }

    /// Chooses the node some places further on.
    fn choose(&mut self, places: usize) {
        self.chosen = (self.chosen + places) % self.nodes.len().max(1);
    }
}
