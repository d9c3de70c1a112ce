//! The consumer's queues of a lane with turns for its sources. Plain data, owned by one thread.

use std::cmp::Reverse;
use std::collections::VecDeque;

use crate::mailbox::table::zeros;

/// Messages by source. Sources are numbered. Each has a queue, and the queues are served in turn.
///
/// A message lies in a node, and a queue is a linked list of nodes. So a source costs two words,
/// and a message is moved in once and out once.
pub(super) struct Turns<T> {
    nodes: Vec<Node<T>>,
    /// The first unused node.
    unused: Link,
    /// The first and the last node of each source.
    first: Vec<Link>,
    last: Vec<Link>,
    /// The sources with messages, in the order of their next turns.
    order: VecDeque<u32>,
    /// The nodes with messages, the oldest last. Filled by the first call of
    /// [`pop_oldest`](Self::pop_oldest).
    by_age: Vec<Link>,
    len: usize,
    /// The most messages at a time, since the queues were last empty.
    peak: usize,
}

struct Node<T> {
    /// The number of the message in the order of arrival, and the message. `None` in an unused
    /// node.
    message: Option<(u64, T)>,
    next: Link,
}

/// A node's index plus one, so that 0 means no node.
type Link = u32;

/// Nodes kept in addition to twice the need.
const SLACK: usize = 64;

impl<T> Turns<T> {
    pub(super) fn new() -> Self {
        Self {
            nodes: Vec::new(),
            unused: 0,
            first: Vec::new(),
            last: Vec::new(),
            order: VecDeque::new(),
            by_age: Vec::new(),
            len: 0,
            peak: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Reserves memory for one more message, and for `sources` sources. Returns whether there is
    /// memory.
    #[inline]
    pub(super) fn has_room(&mut self, sources: usize) -> bool {
        if self.first.len() < sources {
            let (Some(first), Some(last)) = (zeros(sources), zeros(sources)) else { return false };
            (self.first, self.last) = (first, last);
        }
        (self.unused != 0 || self.nodes.try_reserve(1).is_ok()) && self.order.try_reserve(1).is_ok()
    }

    /// Adds a message at the end of its source's queue. `sources` is above every source's number.
    pub(super) fn push(&mut self, source: usize, sources: usize, number: u64, message: T) {
        if self.first.len() < sources {
            self.first.resize(sources, 0);
            self.last.resize(sources, 0);
        }
        let link = self.node(number, message);
        match self.last[source] {
            0 => {
                self.first[source] = link;
                self.order
                    .push_back(u32::try_from(source).expect("a table has fewer than 2^32 entries"));
            }
            last => self.nodes[last as usize - 1].next = link,
        }
        self.last[source] = link;
        self.len += 1;
        self.peak = self.peak.max(self.len);
    }

    /// Takes the first message of the source in turn. Returns its source too.
    pub(super) fn pop(&mut self) -> Option<(usize, T)> {
        let source = self.order.pop_front()?;
        let (source, taken) = (source as usize, self.take_first(source as usize));
        if self.first[source] != 0 {
            self.order.push_back(source as u32);
        }
        Some((source, taken))
    }

    /// Takes the oldest message of all sources. After the first call, no message may be added or
    /// taken in turn.
    ///
    /// The first call sorts all messages by age. So the cost of an end with many sources is hardly
    /// more than that of their messages.
    pub(super) fn pop_oldest(&mut self) -> Option<T> {
        if !self.order.is_empty() {
            self.order = VecDeque::new();
            (self.first, self.last) = (Vec::new(), Vec::new());
            let with_message = (1..).zip(&self.nodes).filter(|(_, node)| node.message.is_some());
            self.by_age = with_message.map(|(link, _)| link).collect();
            let number = |link: &Link| {
                self.nodes[*link as usize - 1].message.as_ref().map(|&(number, _)| number)
            };
            self.by_age.sort_unstable_by_key(|link| Reverse(number(link)));
        }
        let link = self.by_age.pop()?;
        let (_, message) = self.nodes[link as usize - 1]
            .message
            .take()
            .expect("it was there when they were sorted");
        self.len -= 1;
        Some(message)
    }

    fn take_first(&mut self, source: usize) -> T {
        let link = self.first[source];
        let node = &mut self.nodes[link as usize - 1];
        let (_, message) = node.message.take().expect("a queue's nodes have messages");
        self.first[source] = std::mem::replace(&mut node.next, self.unused);
        self.unused = link;
        if self.first[source] == 0 {
            self.last[source] = 0;
        }
        self.len -= 1;
        if self.len == 0 {
            self.rest();
        }
        message
    }

    /// Frees memory not needed for the messages since the queues were last empty.
    fn rest(&mut self) {
        let needed = 2 * self.peak + SLACK;
        if self.nodes.capacity() > needed {
            self.nodes = Vec::new();
            self.unused = 0;
            self.order.shrink_to(needed);
        }
        self.peak = 0;
    }

    fn node(&mut self, number: u64, message: T) -> Link {
        let node = Node { message: Some((number, message)), next: 0 };
        match self.unused {
            0 => {
                self.nodes.push(node);
                Link::try_from(self.nodes.len()).expect("fewer than 2^32 messages fit into memory")
            }
            link => {
                let place = &mut self.nodes[link as usize - 1];
                self.unused = place.next;
                *place = node;
                link
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(messages: &[(usize, u32)]) -> Turns<u32> {
        let mut turns = Turns::new();
        messages
            .iter()
            .enumerate()
            .for_each(|(number, &(source, n))| turns.push(source, 8, number as u64, n));
        turns
    }

    fn rest(mut turns: Turns<u32>) -> Vec<u32> {
        std::iter::from_fn(|| turns.pop()).map(|(_, n)| n).collect()
    }

    #[test]
    fn sources_take_turns_and_each_keeps_its_order() {
        let turns = of(&[(0, 1), (0, 2), (0, 3), (5, 10), (7, 20), (7, 21)]);
        assert_eq!(rest(turns), [1, 10, 20, 2, 21, 3]);
    }

    #[test]
    fn a_source_that_comes_later_waits_for_one_message_of_each_other() {
        let mut turns = of(&[(0, 1), (0, 2), (1, 10), (1, 11)]);
        assert_eq!(turns.pop(), Some((0, 1)));
        turns.push(2, 8, 9, 100);
        assert_eq!(rest(turns), [10, 2, 100, 11]);
    }

    #[test]
    fn the_oldest_message_is_found_across_all_sources() {
        let mut turns = of(&[(3, 1), (0, 2), (3, 3), (5, 4), (0, 5)]);
        assert_eq!(turns.pop().map(|(_, n)| n), Some(1));
        let oldest: Vec<_> = std::iter::from_fn(|| turns.pop_oldest()).collect();
        assert_eq!(oldest, [2, 3, 4, 5]);
    }

    #[test]
    fn the_oldest_are_found_in_one_pass() {
        let mut turns = Turns::new();
        let many = 100_000;
        (0..many).for_each(|n| turns.push(n, many, n as u64, n));
        // A search through all sources for each message would take minutes.
        assert!(std::iter::from_fn(|| turns.pop_oldest()).eq(0..many));
        assert_eq!(turns.len(), 0);
    }

    #[test]
    fn a_burst_leaves_no_memory_behind_once_less_is_needed() {
        let mut turns = Turns::new();
        for (number, burst) in [10_000, 3].into_iter().enumerate() {
            (0..burst).for_each(|n| turns.push(0, 1, number as u64, n));
            while turns.pop().is_some() {}
        }
        assert!(turns.nodes.capacity() <= 2 * 3 + SLACK, "{}", turns.nodes.capacity());
    }

    #[test]
    fn nodes_are_used_again() {
        let mut turns = Turns::new();
        turns.push(0, 4, 0, 0);
        for n in 0..1_000 {
            turns.push(1 + n as usize % 3, 4, n, n);
            assert!(turns.pop().is_some());
        }
        assert!(turns.nodes.len() <= 3, "{}", turns.nodes.len());
    }
}
