//! The state changed by operations from any thread.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Counted;
use crate::checker::{check, check_some, thread};
use crate::mailbox::serial::{Apply, Serial};

/// Notes its operations. The thread at work has one rest for each.
#[derive(Default)]
struct Notes(Vec<u32>);

impl Apply for Notes {
    type Operation = Counted;
    type Rest = u32;

    fn apply(&mut self, (n, _count): Counted, rest: &mut VecDeque<u32>) {
        self.0.push(n);
        rest.push_back(n);
    }
}

fn run(serial: &Serial<Notes>, numbers: [u32; 2], count: &Arc<()>) -> VecDeque<u32> {
    let mut rest = VecDeque::new();
    numbers.iter().for_each(|&n| serial.run((n, Arc::clone(count)), &mut rest));
    rest
}

/// Threads change a state: each change is made once, those of a thread in its order, and each is
/// left to one thread.
fn change(threads: u32) {
    let (serial, count) = (Arc::new(Serial::new(Notes::default())), Arc::new(()));
    let numbers = |thread: u32| [10 * thread, 10 * thread + 1];
    let others: Vec<_> = (1..threads)
        .map(|one| {
            let (serial, count) = (Arc::clone(&serial), Arc::clone(&count));
            thread::spawn(move || run(&serial, numbers(one), &count))
        })
        .collect();
    let mut rest = run(&serial, numbers(0), &count);
    others.into_iter().for_each(|one| rest.extend(one.join().expect("no panic")));
    let mut notes = serial.look(|notes| notes.0.clone());
    for thread in 0..threads {
        let own: Vec<u32> = notes.iter().copied().filter(|n| n / 10 == thread).collect();
        assert_eq!(own, numbers(thread));
    }
    notes.sort_unstable();
    rest.make_contiguous().sort_unstable();
    assert_eq!(rest, notes);
    assert_eq!(Arc::strong_count(&count), 1, "all operations were dropped");
}

#[test]
fn each_operation_is_applied_once_and_in_its_threads_order() {
    check(3, || change(2));
}

#[test]
fn operations_of_three_threads_are_applied_once() {
    check_some(2, || change(3));
}
