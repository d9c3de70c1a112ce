//! A parallel map over all CPU cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Returns the results of `work` on all items, computed in parallel, in the order of the items.
pub fn map<T: Sync, U: Send>(items: &[T], work: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    // Relaxed: the counter only assigns items. Joining the threads publishes their results.
    let next = AtomicUsize::new(0);
    let deal = || {
        let places = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        places.map_while(|place| Some((place, work(items.get(place)?)))).collect::<Vec<_>>()
    };
    let mut done: Vec<(usize, U)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(deal)).collect();
        running
            .into_iter()
            .flat_map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::map;

    #[test]
    fn the_order_of_the_items_is_kept() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(map(&items, |item| item * 2), (0..100).map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(map(&[], |item: &u32| *item), Vec::<u32>::new());
    }
}
