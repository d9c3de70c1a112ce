//! The source of a view: one node, or the chosen node of a network.

use std::io;
use std::time::Instant;

use actor_lanes::view::View;

use crate::Address;
use crate::feed::Feed;
use crate::model::Model;

/// A node of a network, as its observer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkNode {
    /// The name.
    pub name: String,
    /// The address of its HTTP API, once it is known.
    pub address: Option<Address>,
    /// Its state in one word or number, for example the slot of its finalized block.
    pub state: String,
    /// Whether it runs, or will.
    pub is_well: bool,
}

/// The nodes to watch, and the connection to the one on the screen.
pub(crate) struct Source {
    /// Of a network alone.
    nodes: Option<View<Vec<NetworkNode>>>,
    feed: Option<(Address, Feed)>,
}

impl Source {
    /// Begins to read the events of one node.
    pub(crate) fn node(address: Address) -> io::Result<Self> {
        let feed = Feed::start(address.clone())?;
        Ok(Self { nodes: None, feed: Some((address, feed)) })
    }

    /// Reads the events of the chosen node of a network.
    pub(crate) fn network(nodes: View<Vec<NetworkNode>>) -> Self {
        Self { nodes: Some(nodes), feed: None }
    }

    /// Returns whether there will be no other state of the network.
    pub(crate) fn is_over(&self) -> bool {
        self.nodes.as_ref().is_some_and(View::is_ended)
    }

    /// Brings all news to a model. Returns whether there were some.
    pub(crate) fn bring(&mut self, model: &mut Model, now: Instant) -> io::Result<bool> {
        let mut is_changed = false;
        if let Some(nodes) = &mut self.nodes {
            // The first value counts as no change.
            let newest =
                if model.nodes.is_empty() { Some(nodes.get()) } else { nodes.take_change() };
            if let Some(newest) = newest {
                model.nodes.clone_from(&newest);
                is_changed = true;
            }
            is_changed |= self.follow(model)?;
        }
        if let Some((_, feed)) = &self.feed {
            while let Some(news) = feed.next() {
                model.hear(news, now);
                is_changed = true;
            }
        }
        Ok(is_changed)
    }

    /// Connects to the chosen node, unless it is the connected one. Returns whether it has done so.
    fn follow(&mut self, model: &mut Model) -> io::Result<bool> {
        let chosen = model.nodes.get(model.chosen).and_then(|node| node.address.as_ref());
        let Some(chosen) = chosen
            .filter(|chosen| self.feed.as_ref().is_none_or(|(connected, _)| connected != *chosen))
        else {
            return Ok(false);
        };
        let chosen = chosen.clone();
        model.turn_to(chosen.to_string());
        let feed = Feed::start(chosen.clone())?;
        self.feed = Some((chosen, feed));
        Ok(true)
    }
}
