//! The end of a mailbox: however it ends, each message in flight is received once or returned once.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::{PREEMPTIONS, take};
use crate::checker::{CROWD, block_on, check, thread};
use crate::handle::{Handle, mailbox};
use crate::mailbox::{Closeable, Lane, Mailbox, Message};
use crate::reply::Reply;

/// A message holding a share of a counter, so leaked messages are noticed.
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

/// Sends. Returns whether the message was accepted.
fn tell<const EVICTS: bool>(handle: &Handle<Work<EVICTS>>, share: Arc<()>) -> bool
where
    Work<EVICTS>: Message,
{
    handle.try_tell(Work { _share: share, _reply: None }).is_ok()
}

/// Asks, and drops the answer immediately. Returns whether the message was accepted.
fn ask_and_leave<const EVICTS: bool>(handle: &Handle<Work<EVICTS>>, share: Arc<()>) -> bool
where
    Work<EVICTS>: Message,
{
    handle.try_ask(|reply| Work { _share: share, _reply: Some(reply) }).is_ok()
}

/// Sends from several threads, each dropping its handle afterwards. Meanwhile `consume` runs and
/// returns the number of messages received; then the mailbox is dropped. All accepted messages must
/// be accounted for.
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
        let accepted: u64 =
            sending.into_iter().map(|one| u64::from(one.join().expect("no panic"))).sum();
        let lane = &lanes.stats()[0];
        assert_eq!((lane.accepted, lane.handled, lane.depth), (accepted, received, 0));
        assert_eq!(accepted, received + lane.evicted + lane.cancelled + lane.undelivered);
        // The lane's memory still exists here, so a message forgotten in it is counted.
        assert_eq!(Arc::strong_count(&count), 1, "whatever was sent is dropped");
    });
}

fn leave<M: Message>(_mailbox: &mut Mailbox<M>) -> u64 {
    0
}

fn take_one<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    u64::from(mailbox.try_recv().is_some())
}

/// Receives one message, or announces a sleep.
fn look_once<M: Message>(mailbox: &mut Mailbox<M>) -> u64 {
    let looked = mailbox.poll_recv(&mut Context::from_waker(Waker::noop()));
    u64::from(matches!(looked, Poll::Ready(Some(_))))
}

/// Receives until no message can arrive, and checks that none was left.
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

/// Receives to the end while another thread closes the mailbox.
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
fn a_mailbox_dropped_during_sends_accounts_for_each_message() {
    end::<false>(PREEMPTIONS, tell, leave);
}

#[test]
fn a_mailbox_dropped_after_one_message_accounts_for_each_message() {
    end::<false>(PREEMPTIONS, tell, take_one);
}

#[test]
fn a_mailbox_dropped_asleep_accounts_for_each_message() {
    end::<false>(PREEMPTIONS, tell, look_once);
}

#[test]
fn a_mailbox_without_handles_accounts_for_each_message() {
    end::<false>(PREEMPTIONS, tell, to_the_end);
}

#[test]
fn a_closed_and_drained_mailbox_accounts_for_each_message() {
    end::<false>(PREEMPTIONS, tell, close_and_go_to_the_end);
}

#[test]
fn a_mailbox_closed_by_another_thread_accounts_for_each_message() {
    end::<false>(2, tell, be_closed);
}

#[test]
fn an_evicting_mailbox_dropped_after_one_message_accounts_for_each_message() {
    end::<true>(PREEMPTIONS, tell, take_one);
}

#[test]
fn a_closed_and_drained_evicting_mailbox_accounts_for_each_message() {
    end::<true>(PREEMPTIONS, tell, close_and_go_to_the_end);
}

#[test]
fn an_evicting_mailbox_closed_by_another_thread_accounts_for_each_message() {
    end::<true>(2, tell, be_closed);
}

#[test]
fn an_ask_cancelled_while_the_mailbox_is_dropped_is_accounted_for() {
    end::<false>(PREEMPTIONS, ask_and_leave, take_one);
}

#[test]
fn an_ask_cancelled_while_another_thread_closes_is_accounted_for() {
    end::<false>(2, ask_and_leave, be_closed);
}

#[test]
fn an_ask_cancelled_while_another_thread_closes_an_evicting_mailbox_is_accounted_for() {
    end::<true>(2, ask_and_leave, be_closed);
}
