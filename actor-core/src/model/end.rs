//! The end of a mailbox: whoever ends it, and whatever is on its way then, each message is taken once or comes back once.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{PREEMPTIONS, take};
use crate::checker::{CROWD, block_on, check, thread};
use crate::handle::{Handle, mailbox};
use crate::mailbox::{Closeable, Lane, Mailbox, Message};
use crate::reply::Reply;

/// Something to do, with a share in the count of all that live.
struct Work<const EVICTS: bool> {
    _share: Arc<()>,
    _reply: Option<Reply<()>>,
}

impl Message for Work<false> {
    const LANES: &'static [Lane] = &[Lane::fifo("work", 2)];
}

impl Message for Work<true> {
    const LANES: &'static [Lane] = &[Lane::latest("work")];
}

/// Tells whether the message was accepted.
fn tell<const EVICTS: bool>(handle: &Handle<Work<EVICTS>>, share: Arc<()>) -> bool
where
    Work<EVICTS>: Message,
{
    handle.try_tell(Work { _share: share, _reply: None }).is_ok()
}

/// Asks, and leaves before there is an answer. Tells whether the message was accepted.
fn ask_and_leave<const EVICTS: bool>(handle: &Handle<Work<EVICTS>>, share: Arc<()>) -> bool
where
    Work<EVICTS>: Message,
{
    handle.try_ask(|reply| Work { _share: share, _reply: Some(reply) }).is_ok()
}

/// Sends from some threads, each of which then drops its handle, while the consumer does what it does, tells how many it has
/// received, and drops the mailbox. All that was accepted is accounted for.
fn end<const EVICTS: bool>(
    preemptions: usize,
    send: fn(&Handle<Work<EVICTS>>, Arc<()>) -> bool,
    consume: fn(&mut Mailbox<Work<EVICTS>>) -> u64,
) where
    Work<EVICTS>: Message,
{
    check(preemptions, move || {
        let count = Arc::new(());
        let (handle, mut mailbox) = mailbox::<Work<EVICTS>>();
        let sending: Vec<_> = (0..CROWD)
            .map(|_| {
                let (handle, share) = (handle.clone(), Arc::clone(&count));
                thread::spawn(move || send(&handle, share))
            })
            .collect();
        drop(handle);
        let lanes = Arc::clone(mailbox.shared());
        let received = consume(&mut mailbox);
        drop(mailbox);
        let accepted: u64 = sending.into_iter().map(|one| u64::from(one.join().expect("no panic"))).sum();
        let lane = &lanes.stats()[0];
        assert_eq!((lane.accepted, lane.handled, lane.depth), (accepted, received, 0));
        assert_eq!(accepted, received + lane.evicted + lane.cancelled + lane.undelivered);
        // The lane's memory is still there, so what lies in it forgotten is counted.
        assert_eq!(Arc::strong_count(&count), 1, "whatever was sent is dropped");
    });
}

fn leave<M: Message>(_mailbox: &mut Mailbox<M>) -> u64 {
    0
}

fn take_one<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    u64::from(mailbox.try_recv().is_some())
}

/// Receives once, or announces its sleep.
fn look_once<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    let looked = mailbox.poll_recv(&mut Context::from_waker(Waker::noop()));
    u64::from(matches!(looked, Poll::Ready(Some(_))))
}

/// Receives until nothing can come, after which nothing has come.
fn to_the_end<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    let received = block_on(async {
        let mut received = 0;
        while take(mailbox).await.is_some() {
            received += 1;
        }
        received
    });
    let mut left = 0;
    mailbox.drain_undelivered(|_, _| left += 1);
    assert_eq!(left, 0, "what was accepted is received before the end");
    received
}

fn close_and_go_to_the_end<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    let early = take_one(mailbox);
    mailbox.close();
    early + to_the_end(mailbox)
}

/// Receives to the end while another thread closes.
fn be_closed<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    let shared = Arc::clone(mailbox.shared());
    let closing = thread::spawn(move || {
        shared.close();
        shared.interrupt();
    });
    let received = to_the_end(mailbox);
    closing.join().expect("closing does not panic");
    received
}

#[test]
fn a_mailbox_that_is_dropped_while_messages_come_accounts_for_each() {
    end::<false>(PREEMPTIONS, tell, leave);
}

#[test]
fn a_mailbox_that_is_dropped_after_a_message_accounts_for_each() {
    end::<false>(PREEMPTIONS, tell, take_one);
}

#[test]
fn a_mailbox_that_is_dropped_asleep_accounts_for_each() {
    end::<false>(PREEMPTIONS, tell, look_once);
}

#[test]
fn a_mailbox_whose_handles_go_accounts_for_each() {
    end::<false>(PREEMPTIONS, tell, to_the_end);
}

#[test]
fn a_mailbox_that_is_closed_and_received_from_to_the_end_accounts_for_each() {
    end::<false>(PREEMPTIONS, tell, close_and_go_to_the_end);
}

#[test]
fn a_mailbox_that_another_thread_closes_accounts_for_each() {
    end::<false>(2, tell, be_closed);
}

#[test]
fn an_evicting_mailbox_that_is_dropped_after_a_message_accounts_for_each() {
    end::<true>(PREEMPTIONS, tell, take_one);
}

#[test]
fn an_evicting_mailbox_that_is_closed_and_received_from_to_the_end_accounts_for_each() {
    end::<true>(PREEMPTIONS, tell, close_and_go_to_the_end);
}

#[test]
fn an_evicting_mailbox_that_another_thread_closes_accounts_for_each() {
    end::<true>(2, tell, be_closed);
}

#[test]
fn an_ask_that_is_cancelled_as_the_mailbox_is_dropped_after_one_is_accounted_for() {
    end::<false>(PREEMPTIONS, ask_and_leave, take_one);
}

#[test]
fn an_ask_that_is_cancelled_as_another_thread_closes_is_accounted_for() {
    end::<false>(2, ask_and_leave, be_closed);
}

#[test]
fn an_ask_that_is_cancelled_in_an_evicting_mailbox_that_another_thread_closes_is_accounted_for() {
    end::<true>(2, ask_and_leave, be_closed);
}
