//! A planned kill of nodes, and the check that they go on with what they had.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::time::Duration;

use crate::{Devnet, DevnetError, Problem, Update};
use consensus::Slot;

/// The nodes to kill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Victims {
    /// Every node, at the same time.
    All,
    /// The nodes with these numbers.
    Some(Vec<usize>),
}

/// Kills nodes once, with SIGKILL, and starts them again. Each of them must go on with at least the
/// finality that it had announced.
#[derive(Debug)]
pub struct Kills {
    at: Slot,
    victims: Victims,
    killed: Vec<Killed>,
    is_done: bool,
}

/// A killed node.
#[derive(Clone, Debug)]
struct Killed {
    node: usize,
    name: String,
    announced: Slot,
    /// Its finalized slot in its first report after the kill.
    goes_on: Option<Slot>,
}

impl Kills {
    /// Plans to kill these nodes once all nodes have finalized a slot of at least `at`.
    #[must_use]
    pub fn new(at: Slot, victims: Victims) -> Self {
        Self { at, victims, killed: Vec::new(), is_done: false }
    }

    /// Continues after an update of the devnet. Returns whether the nodes were killed now.
    ///
    /// # Errors
    ///
    /// [`DevnetError`] if a node cannot be killed or started, or if it has lost finality.
    ///
    /// # Panics
    ///
    /// Panics if there is no node with a number of the victims.
    pub fn follow(&mut self, update: Update, devnet: &mut Devnet) -> Result<bool, DevnetError> {
        if let Update::Status(node) = update
            // Before the first publication of its owner, a node reports no finalized block.
            && let Some(finalized) = devnet.agreement().finalized(node)
            && let Some(killed) = self
                .killed
                .iter_mut()
                .find(|killed| killed.node == node && killed.goes_on.is_none())
        {
            let (name, announced) = (killed.name.clone(), killed.announced);
            if finalized < announced {
                return Err(devnet.error(Problem::LostFinality {
                    node: name,
                    announced,
                    finalized,
                }));
            }
            killed.goes_on = Some(finalized);
        }
        if self.is_done || !devnet.agreement().is_reached(self.at) {
            return Ok(false);
        }
        self.is_done = true;
        let nodes = match &self.victims {
            Victims::All => (0..devnet.views().count()).collect(),
            Victims::Some(nodes) => nodes.clone(),
        };
        self.killed = nodes
            .iter()
            .map(|&node| Killed {
                node,
                name: devnet.view(node).name.clone(),
                announced: devnet.agreement().finalized(node).unwrap_or(0),
                goes_on: None,
            })
            .collect();
        // All are dead before the first one starts again.
        nodes.iter().try_for_each(|&node| devnet.kill(node))?;
        nodes.iter().try_for_each(|&node| devnet.restart(node))?;
        Ok(true)
    }

    /// Returns whether the kill has happened, and each killed node has reported again.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_done && self.killed.iter().all(|killed| killed.goes_on.is_some())
    }

    /// Describes the kill in a line per node.
    pub fn lines<'a>(&'a self, devnet: &'a Devnet) -> impl Iterator<Item = String> + 'a {
        self.killed.iter().map(|killed| {
            let Killed { node, name, announced, goes_on } = killed;
            let started = devnet.view(*node).started_in.map_or_else(
                || "does not listen yet".to_owned(),
                |time| format!("listened again after {}", seconds(time)),
            );
            let goes_on = goes_on.map_or_else(
                || "has not reported yet".to_owned(),
                |slot| format!("went on with finalized slot {slot}"),
            );
            format!("{name} was killed with finalized slot {announced}, {started}, and {goes_on}")
        })
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

impl Victims {
    /// Returns the first number that no node has, of this many nodes.
    #[must_use]
    pub fn beyond(&self, nodes: usize) -> Option<usize> {
        match self {
            Self::All => None,
            Self::Some(numbers) => numbers.iter().copied().find(|number| *number >= nodes),
        }
    }
}

impl FromStr for Victims {
    type Err = ParseIntError;

    /// Reads `all`, or numbers of nodes with commas between them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::All);
        }
        let mut numbers =
            text.split(',').map(|number| number.trim().parse()).collect::<Result<Vec<_>, _>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Self::Some(numbers))
    }
}

impl fmt::Display for Victims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Some(numbers) => {
                let numbers: Vec<_> = numbers.iter().map(usize::to_string).collect();
                f.write_str(&numbers.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Victims;

    #[test]
    fn the_nodes_to_kill_are_all_or_numbers_without_repetition() {
        assert_eq!("all".parse(), Ok(Victims::All));
        assert_eq!("2, 0,2".parse(), Ok(Victims::Some(vec![0, 2])));
        assert!("node-0".parse::<Victims>().is_err() && "".parse::<Victims>().is_err());
        assert_eq!(Victims::Some(vec![0, 4]).beyond(4), Some(4));
        assert_eq!((Victims::Some(vec![0, 3]).beyond(4), Victims::All.beyond(0)), (None, None));
    }
}
