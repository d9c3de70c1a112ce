//! The events of `GET /events`: the state of a running node, for its page and for `node watch`.
//!
//! | event | content | changes |
//! |---|---|---|
//! | `node` | name, state, clock, head and checkpoints, warnings | with the clock |
//! | `forks` | the blocks with their weights, at most [`MOST_BLOCKS`] | with votes and blocks |
//! | `votes` | votes and aggregates: received, waiting, counted | with each of them |
//! | `history` | one record for each of the last [`MOST_SLOTS`] slots | once in a slot |
//! | `peers` | connected peers and bans, at most [`MOST_PEERS`] of each | with each of them |
//! | `actors` | the work and the lanes of each actor, at most [`MOST_ACTORS`] | with each message |
//! | `losses` | lost messages and attacks, by reason | with each of them |
//! | `disk` | figures of the disk; absent without a store | with each of them |
//!
//! An event is sent when its content has changed, and replaces the last one of its kind. So a
//! reader needs the newest one of each kind only, and a slow one may miss some. A missing field has
//! its default value, and an unknown one is ignored.

mod chain;
mod local;
mod peers;

use serde::Serialize;

pub use chain::{ForkBlock, Forks, History, SlotRecord, Votes};
pub use local::{
    ActorRecord, Actors, BlockName, Disk, DiskFigure, Finding, LaneRecord, NodeState, Phase,
};
pub use peers::{Ban, Loss, LossGroup, Losses, PeerRecord, Peers};

/// The most blocks of fork choice in an event. The others are counted.
pub const MOST_BLOCKS: usize = 64;

/// The most slots of the history.
pub const MOST_SLOTS: usize = 128;

/// The most peers, and the most bans, in an event. The others are counted.
pub const MOST_PEERS: usize = 64;

/// The most actors in an event. The others are counted.
pub const MOST_ACTORS: usize = 64;

/// The most reasons in one group of losses. The others are summed up.
pub const MOST_REASONS: usize = 32;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The node itself.
    Node(Box<NodeState>),
    /// Fork choice.
    Forks(Forks),
    /// Votes.
    Votes(Votes),
    /// The last slots.
    History(History),
    /// Peers and bans.
    Peers(Peers),
    /// Actors and their lanes.
    Actors(Actors),
    /// Losses and attacks.
    Losses(Losses),
    /// The disk.
    Disk(Disk),
}

/// The newest event of each kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Latest {
    /// The node itself.
    pub node: NodeState,
    /// Fork choice.
    pub forks: Forks,
    /// Votes.
    pub votes: Votes,
    /// The last slots.
    pub history: History,
    /// Peers and bans.
    pub peers: Peers,
    /// Actors and their lanes.
    pub actors: Actors,
    /// Losses and attacks.
    pub losses: Losses,
    /// The disk, if the node has a store.
    pub disk: Option<Disk>,
}

impl Event {
    /// The names of all kinds.
    pub const NAMES: [&str; 8] =
        ["node", "forks", "votes", "history", "peers", "actors", "losses", "disk"];

    /// Returns the place of this kind in [`NAMES`](Self::NAMES).
    #[must_use]
    pub fn kind(&self) -> usize {
        match self {
            Self::Node(_) => 0,
            Self::Forks(_) => 1,
            Self::Votes(_) => 2,
            Self::History(_) => 3,
            Self::Peers(_) => 4,
            Self::Actors(_) => 5,
            Self::Losses(_) => 6,
            Self::Disk(_) => 7,
        }
    }

    /// Returns the event as server-sent event: its name, one line of JSON, and an empty line.
    #[must_use]
    pub fn to_text(&self) -> Vec<u8> {
        let name = Self::NAMES[self.kind()];
        match self {
            Self::Node(data) => text(name, data),
            Self::Forks(data) => text(name, data),
            Self::Votes(data) => text(name, data),
            Self::History(data) => text(name, data),
            Self::Peers(data) => text(name, data),
            Self::Actors(data) => text(name, data),
            Self::Losses(data) => text(name, data),
            Self::Disk(data) => text(name, data),
        }
    }

    /// Reads the data of an event with this name. Returns `None` for an unknown name: a newer node
    /// may have more kinds.
    ///
    /// # Errors
    ///
    /// Returns the error of the JSON.
    pub fn read(name: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
        Ok(Some(match name {
            "node" => Self::Node(serde_json::from_str(data)?),
            "forks" => Self::Forks(serde_json::from_str(data)?),
            "votes" => Self::Votes(serde_json::from_str(data)?),
            "history" => Self::History(serde_json::from_str(data)?),
            "peers" => Self::Peers(serde_json::from_str(data)?),
            "actors" => Self::Actors(serde_json::from_str(data)?),
            "losses" => Self::Losses(serde_json::from_str(data)?),
            "disk" => Self::Disk(serde_json::from_str(data)?),
            _ => return Ok(None),
        }))
    }
}

impl Latest {
    /// Replaces the last event of the same kind.
    pub fn take(&mut self, event: Event) {
        match event {
            Event::Node(node) => self.node = *node,
            Event::Forks(forks) => self.forks = forks,
            Event::Votes(votes) => self.votes = votes,
            Event::History(history) => self.history = history,
            Event::Peers(peers) => self.peers = peers,
            Event::Actors(actors) => self.actors = actors,
            Event::Losses(losses) => self.losses = losses,
            Event::Disk(disk) => self.disk = Some(disk),
        }
    }
}

/// JSON has no line break outside of its texts, and none inside: they are escaped there.
fn text(name: &str, data: &impl Serialize) -> Vec<u8> {
    let mut text = format!("event: {name}\ndata: ").into_bytes();
    serde_json::to_writer(&mut text, data)
        .expect("the events are structs of numbers and texts, which never fail");
    text.extend_from_slice(b"\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_event_is_read_as_it_was_written() {
        let hostile = "a\nb\r\u{1b}[2J</script>".to_owned();
        let node = NodeState { name: hostile.clone(), slot: 7, ..NodeState::default() };
        let disk = Disk { figures: vec![DiskFigure { name: hostile, value: 3, unit: "B".into() }] };
        let events = [
            Event::Node(Box::new(node)),
            Event::Forks(Forks { left_out: 2, ..Forks::default() }),
            Event::Votes(Votes { received: 5, ..Votes::default() }),
            Event::History(History { slots: vec![SlotRecord::default()] }),
            Event::Peers(Peers { connected: 3, ..Peers::default() }),
            Event::Actors(Actors::default()),
            Event::Losses(Losses::default()),
            Event::Disk(disk),
        ];
        for (kind, event) in events.into_iter().enumerate() {
            assert_eq!(event.kind(), kind);
            let text = String::from_utf8(event.to_text()).expect("it is text");
            let lines: Vec<_> = text.split('\n').collect();
            assert_eq!(lines.len(), 4, "no text has ended a line: {text:?}");
            assert_eq!((lines[2], lines[3]), ("", ""));
            let name = lines[0].strip_prefix("event: ").expect("a name");
            assert_eq!(name, Event::NAMES[kind]);
            let data = lines[1].strip_prefix("data: ").expect("data");
            assert_eq!(Event::read(name, data).expect("it is JSON"), Some(event));
        }
    }

    #[test]
    fn a_missing_field_has_its_default_and_an_unknown_one_or_an_unknown_event_is_ignored() {
        let read = Event::read("votes", r#"{"received": 4, "later": [1]}"#).expect("it is JSON");
        assert_eq!(read, Some(Event::Votes(Votes { received: 4, ..Votes::default() })));
        assert_eq!(Event::read("later", "{}").expect("it is not read"), None);
        assert!(Event::read("votes", "{").is_err());
    }

    #[test]
    fn the_newest_event_of_a_kind_replaces_the_last_one_and_no_other() {
        let mut latest = Latest::default();
        for received in [1, 2] {
            latest.take(Event::Votes(Votes { received, ..Votes::default() }));
        }
        latest.take(Event::Peers(Peers { connected: 9, ..Peers::default() }));
        assert_eq!((latest.votes.received, latest.peers.connected), (2, 9));
        assert_eq!(latest.disk, None);
    }
}
