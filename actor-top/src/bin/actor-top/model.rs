//! The looks at the process, and the choices of the user. No terminal here.

use std::collections::BTreeSet;

use actor_top::Frame;

use crate::rates::{ActorId, Rates};

/// The whole state of the program.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// The process, as the user named it.
    pub(crate) target: String,
    pub(crate) link: Link,
    pub(crate) look: Option<Look>,
    pub(crate) screen: Screen,
    pub(crate) has_ended: bool,
}

/// The connection to the process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Link {
    #[default]
    Connecting,
    Live,
    /// The reason.
    Lost(String),
}

/// The last look at the process.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) seen: Frame,
    pub(crate) rates: Rates,
}

/// The choices of the user.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    pub(crate) sort: Sort,
    pub(crate) filter: String,
    pub(crate) is_typing: bool,
    pub(crate) is_paused: bool,
    pub(crate) shows_help: bool,
    /// Whether the lanes of every actor are shown, except of those in `turned`.
    pub(crate) shows_lanes: bool,
    /// The exceptions: open rows where rows are closed, and closed ones where they are open.
    pub(crate) turned: BTreeSet<Key>,
    pub(crate) selected: Option<Key>,
    /// The first row on the screen.
    pub(crate) first: usize,
    /// The number of rows with room in the last frame.
    pub(crate) page: usize,
}

/// Names a row from look to look.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// The place of its system, and its name.
    Executor(usize, String),
    Actor(ActorId),
    Lane(ActorId, usize),
}

/// The order of the actors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Below their executors, in the order of their starts.
    #[default]
    Tree,
    /// The longest in a handler first.
    Time,
    /// The most waiting messages first.
    Queue,
    /// The most handled messages for each second first.
    Rate,
    /// The most lost messages first.
    Lost,
    Name,
}

impl Sort {
    const ALL: [Self; 6] =
        [Self::Tree, Self::Time, Self::Queue, Self::Rate, Self::Lost, Self::Name];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Time => "time",
            Self::Queue => "queue",
            Self::Rate => "rate",
            Self::Lost => "lost",
            Self::Name => "name",
        }
    }

    /// Returns the order some places further.
    pub(crate) fn after(self, places: usize) -> Self {
        let now = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(now + places) % Self::ALL.len()]
    }

    /// Returns the order before this one.
    pub(crate) fn before(self) -> Self {
        self.after(Self::ALL.len() - 1)
    }
}

impl Model {
    pub(crate) fn new(target: String) -> Self {
        Self { target, ..Self::default() }
    }

    /// Takes a new look at the process.
    pub(crate) fn see(&mut self, seen: Frame) {
        let rates = match &self.look {
            Some(before) => Rates::between(&before.seen, &seen),
            None => Rates::default(),
        };
        self.look = Some(Look { seen, rates });
    }
}

impl Screen {
    pub(crate) fn is_open(&self, key: &Key) -> bool {
        let is_turned = self.turned.contains(key);
        match key {
            Key::Executor(..) => !is_turned,
            Key::Actor(_) => is_turned != self.shows_lanes,
            Key::Lane(..) => false,
        }
    }

    /// Opens or closes a row.
    pub(crate) fn set_open(&mut self, key: &Key, is_open: bool) {
        if matches!(key, Key::Lane(..)) || self.is_open(key) == is_open {
            return;
        }
        if !self.turned.remove(key) {
            self.turned.insert(key.clone());
        }
    }
}
