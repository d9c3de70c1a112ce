//! The owner's side of a mailbox: turns on the host's thread.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use actor_core::mailbox::LanesError;
use actor_core::{Handle, Lane, Mailbox};

use crate::letter::Letter;
use crate::wake::HostWake;

/// The owner of a mailbox.
///
/// No call holds the mailbox while the host's code runs, so a handler may use every function
/// except those that take messages.
pub(crate) struct Owner<T: Send + 'static, R: Send + 'static> {
    mailbox: RefCell<Mailbox<Letter<T, R>>>,
    /// Makes the other handles, on any thread. Also keeps the mailbox from its end: it ends by a
    /// close only.
    door: Handle<Letter<T, R>>,
    wake: Option<Arc<HostWake>>,
    waker: Waker,
    is_at_work: Cell<bool>,
    /// A close came from the destructor of a message, inside a take.
    closes_after_take: Cell<bool>,
}

/// The result of a take.
pub(crate) enum Next<T, R> {
    Message(Letter<T, R>),
    /// Nothing waits: sleep is announced.
    Asleep,
    /// The mailbox is closed, and everything was taken.
    Ended,
}

/// The result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) handled: usize,
    pub(crate) has_more: bool,
    pub(crate) has_ended: bool,
}

/// Why the owner cannot do it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Busy {
    /// A handler of this owner is running, or a take that drops an overtaken message.
    AtWork,
    /// The caller is this owner's wake function.
    Waking,
}

impl<T: Send + 'static, R: Send + 'static> Owner<T, R> {
    /// Creates the mailbox. Its sleep is announced already, so the first message calls `wake`.
    pub(crate) fn new(
        lanes: &'static [Lane],
        wake: Option<Arc<HostWake>>,
    ) -> Result<Self, LanesError> {
        let mut mailbox = Mailbox::with_lanes(lanes)?;
        let door = mailbox.handle();
        let waker = wake.as_ref().map_or_else(|| Waker::noop().clone(), HostWake::waker);
        let polled = mailbox.poll_turn(&mut Context::from_waker(&waker));
        debug_assert!(polled.is_pending(), "it is new and has a handle");
        let mailbox = RefCell::new(mailbox);
        let (is_at_work, closes_after_take) = (Cell::new(false), Cell::new(false));
        Ok(Self { mailbox, door, wake, waker, is_at_work, closes_after_take })
    }

    /// Returns the handle that makes the others.
    pub(crate) fn door(&self) -> &Handle<Letter<T, R>> {
        &self.door
    }

    pub(crate) fn close(&self) {
        match self.mailbox.try_borrow() {
            Ok(mailbox) => mailbox.close(),
            // A take may find a message that newer ones have overtaken, and drops it.
            Err(_) => self.closes_after_take.set(true),
        }
    }

    /// Takes one message.
    pub(crate) fn next(&self) -> Result<Next<T, R>, Busy> {
        self.begin()?;
        let next = self.take();
        self.close_if_due();
        self.is_at_work.set(false);
        Ok(next)
    }

    /// Passes up to `budget` messages to the handler, in the order of their lanes.
    pub(crate) fn drain(
        &self,
        budget: usize,
        mut handler: impl FnMut(Letter<T, R>),
    ) -> Result<Turn, Busy> {
        self.begin()?;
        let turn = self.turn(budget, &mut handler);
        self.close_if_due();
        self.is_at_work.set(false);
        Ok(turn)
    }

    /// Closes the mailbox, ends all calls of `wake`, and passes each remaining message to the hook.
    ///
    /// The caller has checked that the owner is not [busy](Self::busy).
    pub(crate) fn destroy(self, mut undelivered: impl FnMut(Letter<T, R>)) {
        if let Some(wake) = &self.wake {
            wake.close();
        }
        let mut mailbox = self.mailbox.into_inner();
        mailbox.drain_undelivered(|_lane, letter| undelivered(letter));
    }

    /// Returns why the owner can neither take messages nor end now.
    pub(crate) fn busy(&self) -> Option<Busy> {
        if self.wake.as_ref().is_some_and(|wake| wake.is_calling()) {
            return Some(Busy::Waking);
        }
        self.is_at_work.get().then_some(Busy::AtWork)
    }

    fn begin(&self) -> Result<(), Busy> {
        match self.busy() {
            Some(busy) => Err(busy),
            None => {
                self.is_at_work.set(true);
                Ok(())
            }
        }
    }

    fn turn(&self, budget: usize, handler: &mut impl FnMut(Letter<T, R>)) -> Turn {
        for handled in 0..budget {
            match self.take() {
                Next::Message(letter) => handler(letter),
                Next::Asleep => return Turn { handled, has_more: false, has_ended: false },
                Next::Ended => return Turn { handled, has_more: false, has_ended: true },
            }
        }
        self.mailbox.borrow_mut().end_turn();
        Turn { handled: budget, has_more: true, has_ended: false }
    }

    #[inline]
    fn take(&self) -> Next<T, R> {
        self.close_if_due();
        let mut cx = Context::from_waker(&self.waker);
        match self.mailbox.borrow_mut().poll_turn(&mut cx) {
            Poll::Ready(Some(letter)) => Next::Message(letter),
            Poll::Ready(None) => Next::Ended,
            Poll::Pending => Next::Asleep,
        }
    }

    /// Does a close that came inside the last take. Not right after the take, because a copy of its
    /// message would be needed.
    #[inline]
    fn close_if_due(&self) {
        if self.closes_after_take.take() {
            self.close();
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    use std::cell::RefCell;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use actor_core::handle::Refusal;

    use crate::letter::NO_SOURCE;

    /// Sends its number when it is dropped.
    struct Token(u32, SyncSender<u32>);

    impl Drop for Token {
        fn drop(&mut self) {
            self.1.send(self.0).expect("the test listens");
        }
    }

    type Tokens = Owner<Token, Token>;

    static LANES: [Lane; 3] =
        [Lane::control("control", 2), Lane::fifo("work", 4), Lane::latest("setting")];

    struct Bench {
        owner: Tokens,
        wakes: Arc<AtomicUsize>,
        tell: SyncSender<u32>,
        ended: Receiver<u32>,
    }

    fn bench() -> Bench {
        let wakes = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&wakes);
        let wake = HostWake::new(move || _ = counts.fetch_add(1, Ordering::Relaxed));
        let (tell, ended) = sync_channel(64);
        Bench { owner: Owner::new(&LANES, Some(wake)).expect("they fit"), wakes, tell, ended }
    }

    impl Bench {
        fn letter(&self, lane: u32, n: u32) -> Letter<Token, Token> {
            let token = |n| Token(n, self.tell.clone());
            Letter { message: token(n), reply: Some(token(n + 100)), tag: NO_SOURCE, lane }
        }

        fn send(&self, lane: u32, n: u32) {
            assert!(self.owner.door().offer(self.letter(lane, n)).is_ok());
        }

        fn wakes(&self) -> usize {
            self.wakes.load(Ordering::Relaxed)
        }

        fn drain(&self, budget: usize) -> (Vec<u32>, Turn) {
            let mut taken = Vec::new();
            let turn = self.owner.drain(budget, |letter| taken.push(letter.message.0));
            (taken, turn.expect("it is idle"))
        }
    }

    #[test]
    fn the_first_message_wakes_and_the_next_ones_do_not() {
        let bench = bench();
        bench.send(1, 1);
        bench.send(1, 2);
        assert_eq!(bench.wakes(), 1);
        assert_eq!(bench.drain(9).0, [1, 2]);
        bench.send(1, 3);
        assert_eq!(bench.wakes(), 2, "the drain found nothing more, and announced sleep");
    }

    #[test]
    fn a_used_up_budget_announces_no_sleep() {
        let bench = bench();
        (1..=3).for_each(|n| bench.send(1, n));
        assert_eq!(
            bench.drain(2),
            (vec![1, 2], Turn { handled: 2, has_more: true, has_ended: false })
        );
        bench.send(1, 4);
        assert_eq!(bench.wakes(), 1, "the owner comes back by itself");
        assert_eq!(
            bench.drain(9),
            (vec![3, 4], Turn { handled: 2, has_more: false, has_ended: false })
        );
        assert_eq!(bench.drain(0).1, Turn { handled: 0, has_more: true, has_ended: false });
    }

    #[test]
    fn control_comes_first_and_the_newest_setting_stays() {
        let bench = bench();
        bench.send(2, 1);
        bench.send(1, 2);
        bench.send(2, 3);
        bench.send(0, 4);
        let evicted: Vec<_> = bench.ended.try_iter().collect();
        assert_eq!(evicted, [1, 101], "the sender ends the old setting, and then its ask");
        assert_eq!(bench.drain(9).0[0], 4);
    }

    #[test]
    fn a_handler_may_send_close_and_read_figures_but_not_take() {
        let bench = bench();
        bench.send(1, 1);
        let handled = RefCell::new(Vec::new());
        let turn = bench.owner.drain(9, |letter| {
            handled.borrow_mut().push(letter.message.0);
            if letter.message.0 == 1 {
                bench.send(1, 2);
                assert_eq!(bench.owner.door().stats()[1].accepted, 2);
                assert!(matches!(bench.owner.next(), Err(Busy::AtWork)));
                assert_eq!(bench.owner.drain(1, drop).err(), Some(Busy::AtWork));
                bench.owner.close();
            }
        });
        assert_eq!(*handled.borrow(), [1, 2]);
        assert!(turn.expect("it is idle").has_ended);
        let refused = bench.owner.door().offer(bench.letter(1, 3));
        assert!(matches!(refused, Err(Refusal::Closed(_))));
    }

    #[test]
    fn a_close_wakes_a_sleeping_owner_once() {
        let bench = bench();
        bench.owner.close();
        bench.owner.close();
        assert_eq!(bench.wakes(), 1);
        assert!(matches!(bench.owner.next(), Ok(Next::Ended)));
    }

    #[test]
    fn a_close_inside_a_take_comes_after_it() {
        let bench = bench();
        bench.send(1, 1);
        {
            let _take = bench.owner.mailbox.borrow_mut();
            bench.owner.close();
        }
        assert_eq!(bench.drain(1).0, [1]);
        assert!(matches!(bench.owner.next(), Ok(Next::Ended)));
    }

    #[test]
    fn a_destroy_hands_back_what_waits_and_ends_the_wakes() {
        let Bench { owner, wakes, tell, ended } = bench();
        let door = owner.door().clone();
        let letter = |lane, n| {
            let token = |n| Token(n, tell.clone());
            Letter { message: token(n), reply: Some(token(n + 100)), tag: NO_SOURCE, lane }
        };
        for (lane, n) in [(1, 1), (1, 2), (0, 3)] {
            assert!(door.offer(letter(lane, n)).is_ok());
        }
        let mut left = Vec::new();
        owner.destroy(|letter| left.push((letter.lane, letter.message.0)));
        assert_eq!(left, [(0, 3), (1, 1), (1, 2)]);
        let before = wakes.load(Ordering::Relaxed);
        drop(door.offer(letter(1, 4)));
        assert_eq!(wakes.load(Ordering::Relaxed), before);
        let all: Vec<_> = ended.try_iter().collect();
        assert_eq!(all, [3, 103, 1, 101, 2, 102, 4, 104]);
        assert_eq!(door.stats()[1].undelivered, 2);
    }
}
