//! Reserved room against a plain queue as its model: order, exact bounds, nothing lost.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{self, Poll, Wake, Waker};

use actor_core::flow::{Credit, Credits, Permit, PermitError, TakeCredit};
use actor_core::{Handle, Lane, Mailbox, Message, mailbox};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof};
use proptest::proptest;

const CAPACITY: usize = 5;
const SHARE: usize = 2;

/// A message of a plain lane, or of a lane with a share if `source` is set.
struct Numbered {
    source: Option<u64>,
    n: u64,
}

impl Message for Numbered {
    const LANES: &'static [Lane] =
        &[Lane::fifo("plain", CAPACITY), Lane::fifo("shared", CAPACITY).share(SHARE)];

    fn lane(&self) -> usize {
        usize::from(self.source.is_some())
    }
    fn source(&self) -> Option<u64> {
        self.source
    }
}

#[derive(Clone, Debug)]
enum Step {
    Tell(Option<u64>),
    Reserve(Option<u64>),
    /// Sends by one of the permits, or by none.
    Send(usize),
    Return(usize),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    let source = || prop_oneof![Just(None), (0..3_u64).prop_map(Some)];
    prop_oneof![
        3 => source().prop_map(Step::Tell),
        3 => source().prop_map(Step::Reserve),
        2 => (0..8_usize).prop_map(Step::Send),
        1 => (0..8_usize).prop_map(Step::Return),
        3 => Just(Step::Take),
    ]
}

/// What a lane holds, by the rules on the page.
#[derive(Default)]
struct Model {
    plain: VecDeque<u64>,
    shared: HashMap<u64, VecDeque<u64>>,
    /// By source.
    reserved: HashMap<Option<u64>, usize>,
}

impl Model {
    fn has_room(&self, source: Option<u64>) -> bool {
        let reserved = |source| self.reserved.get(&source).copied().unwrap_or_default();
        let Some(own) = source else { return self.plain.len() + reserved(None) < CAPACITY };
        let waiting = |queue: &VecDeque<u64>| queue.len();
        let of_one = self.shared.get(&own).map_or(0, waiting) + reserved(source);
        let of_all: usize = self.shared.values().map(waiting).sum::<usize>()
            + (0..3).map(|other| reserved(Some(other))).sum::<usize>();
        of_one < SHARE && of_all < CAPACITY
    }

    fn push(&mut self, source: Option<u64>, n: u64) {
        match source {
            None => self.plain.push_back(n),
            Some(source) => self.shared.entry(source).or_default().push_back(n),
        }
    }

    fn pop(&mut self, message: &Numbered) -> Option<u64> {
        match message.source {
            None => self.plain.pop_front(),
            Some(source) => self.shared.get_mut(&source)?.pop_front(),
        }
    }

    fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.shared.values().all(VecDeque::is_empty)
    }
}

fn reserve(handle: &Handle<Numbered>, source: Option<u64>) -> Option<Permit<Numbered>> {
    match source {
        None => handle.try_reserve(0).ok(),
        Some(source) => handle.try_reserve_for(1, source).ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn reserved_room_is_exact_and_messages_keep_their_order(steps in vec(step(), 0..120)) {
        let (handle, mut mailbox): (_, Mailbox<Numbered>) = mailbox();
        let (mut model, mut permits) = (Model::default(), Vec::new());
        for (n, step) in (0..).zip(steps) {
            match step {
                Step::Tell(source) => {
                    let told = handle.try_tell(Numbered { source, n }).is_ok();
                    prop_assert_eq!(told, model.has_room(source));
                    if told {
                        model.push(source, n);
                    }
                }
                Step::Reserve(source) => {
                    let permit = reserve(&handle, source);
                    prop_assert_eq!(permit.is_some(), model.has_room(source));
                    if let Some(permit) = permit {
                        *model.reserved.entry(source).or_default() += 1;
                        permits.push((source, permit));
                    }
                }
                Step::Send(index) if index < permits.len() => {
                    let (source, permit) = permits.swap_remove(index);
                    prop_assert!(permit.send(Numbered { source, n }).is_ok(), "room is reserved");
                    *model.reserved.entry(source).or_default() -= 1;
                    model.push(source, n);
                }
                Step::Return(index) if index < permits.len() => {
                    let (source, permit) = permits.swap_remove(index);
                    drop(permit);
                    *model.reserved.entry(source).or_default() -= 1;
                }
                Step::Send(_) | Step::Return(_) => {}
                Step::Take => match mailbox.try_recv() {
                    Some(message) => prop_assert_eq!(model.pop(&message), Some(message.n)),
                    None => prop_assert!(model.is_empty(), "nothing waits behind a permit"),
                },
            }
        }
        while let Some(message) = mailbox.try_recv() {
            prop_assert_eq!(model.pop(&message), Some(message.n));
        }
        prop_assert!(model.is_empty());
    }
}

/// The number of permits has a field of its own beside the position.
#[test]
fn at_most_255_permits_of_a_lane_exist_and_messages_have_the_other_room() {
    struct Wide(u32);
    impl Message for Wide {
        const LANES: &'static [Lane] = &[Lane::fifo("wide", 300)];
    }

    let (handle, mut mailbox) = mailbox::<Wide>();
    let mut permits: Vec<_> = (0..300).map_while(|_| handle.try_reserve(0).ok()).collect();
    assert_eq!(permits.len(), 255);
    let told = (0..300).take_while(|&n| handle.try_tell(Wide(n)).is_ok()).count();
    assert_eq!(told, 45);
    assert!(matches!(mailbox.try_recv(), Some(Wide(0))));
    let waiting = handle.reserve(0);
    let mut waiting = std::pin::pin!(waiting);
    let mut cx = task::Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut cx).is_pending(), "there is room, and no further permit");
    assert!(permits.pop().is_some_and(|permit| permit.send(Wide(45)).is_ok()));
    assert!(waiting.as_mut().poll(&mut cx).is_ready());
    drop(permits);
    assert!((1..=45).all(|n| matches!(mailbox.try_recv(), Some(Wide(m)) if m == n)));
    assert!(mailbox.try_recv().is_none());
    let told = (0..=300).take_while(|&n| handle.try_tell(Wide(n)).is_ok()).count();
    assert_eq!(told, 300, "no room is lost");
}

#[test]
fn a_message_for_another_source_is_returned_and_so_is_the_room() {
    let (handle, _mailbox) = mailbox::<Numbered>();
    for _ in 0..CAPACITY {
        let permit = handle.try_reserve_for(1, 7).expect("there is room");
        let refused = permit.send(Numbered { source: Some(8), n: 1 });
        assert!(matches!(refused, Err(PermitError::OtherSource(Numbered { n: 1, .. }))));
        let permit = handle.try_reserve_for(1, 7).expect("there is room again");
        let refused = permit.send(Numbered { source: None, n: 1 });
        assert!(matches!(refused, Err(PermitError::OtherLane(_))));
    }
}

/// Threads reserve, send, return and tell; the rest of the capacity is exact at each end.
#[test]
fn threads_with_permits_lose_no_message_and_no_room() {
    const EACH: u64 = 20_000;
    let (handle, mut mailbox) = mailbox::<Numbered>();
    let taken = std::thread::scope(|threads| {
        for thread in 0..3 {
            let handle = handle.clone();
            threads.spawn(move || {
                futures::executor::block_on(async {
                    for n in 0..EACH {
                        let message = Numbered { source: None, n: thread * EACH + n };
                        if n % 3 == 0 {
                            assert!(handle.tell(message).await.is_ok());
                            continue;
                        }
                        let permit = handle.reserve(0).await.expect("it is open");
                        if n % 3 == 1 {
                            drop(permit);
                            assert!(handle.tell(message).await.is_ok());
                        } else {
                            assert!(permit.send(message).is_ok());
                        }
                    }
                });
            });
        }
        let mut last = [None; 3];
        let mut taken = 0;
        futures::executor::block_on(async {
            while taken < 3 * EACH {
                let Numbered { n, .. } = mailbox.recv().await.expect("a handle is left");
                let last = &mut last[(n / EACH) as usize];
                assert!(last.is_none_or(|last| last < n), "in the order of each sender");
                *last = Some(n);
                taken += 1;
            }
        });
        taken
    });
    assert_eq!(taken, 3 * EACH);
    let permits: Vec<_> = (0..=CAPACITY).map_while(|_| handle.try_reserve(0).ok()).collect();
    assert_eq!(permits.len(), CAPACITY, "no room is lost");
}

/// Threads take and return credits; never more than there are, and all are back at the end.
#[test]
fn threads_with_credits_never_have_more_than_there_are() {
    use std::sync::atomic::AtomicUsize;

    let (credits, taken) = (Credits::new(2), AtomicUsize::new(0));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..20_000 {
                    let credit: Credit = futures::executor::block_on(credits.take());
                    assert!(taken.fetch_add(1, Ordering::SeqCst) < 2);
                    taken.fetch_sub(1, Ordering::SeqCst);
                    drop(credit);
                }
            });
        }
    });
    assert_eq!(credits.available(), 2);
}

/// A future for room, and whether it was woken since its last poll.
struct Waiter {
    future: Pin<Box<dyn Future<Output = Option<Permit<Numbered>>>>>,
    is_woken: Arc<Woken>,
    is_waiting: bool,
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Waiter {
    /// Polls it. Returns whether it is ready, and a permit if it has reserved one.
    fn poll(&mut self) -> Poll<Option<Permit<Numbered>>> {
        self.is_woken.0.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&self.is_woken));
        let polled = self.future.as_mut().poll(&mut task::Context::from_waker(&waker));
        self.is_waiting = polled.is_pending();
        polled
    }
}

#[derive(Clone, Copy, Debug)]
enum Wait {
    Reserve,
    Tell,
    Poll(usize),
    Cancel(usize),
    Send,
    Return,
    Take,
}

fn wait() -> impl Strategy<Value = Wait> {
    prop_oneof![
        3 => Just(Wait::Reserve),
        2 => Just(Wait::Tell),
        4 => (0..8_usize).prop_map(Wait::Poll),
        2 => (0..8_usize).prop_map(Wait::Cancel),
        2 => Just(Wait::Send),
        2 => Just(Wait::Return),
        4 => Just(Wait::Take),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever is cancelled or not polled, a waiting future is woken while there is room.
    #[test]
    fn no_wait_for_room_is_forgotten_whatever_is_cancelled(
        steps in vec(wait(), 0..160),
        lane in 0..2_usize,
    ) {
        let (handle, mut mailbox) = mailbox::<Numbered>();
        let (mut waiters, mut permits) = (Vec::<Waiter>::new(), Vec::new());
        let (mut taken, mut told) = (0_u64, 0_u64);
        // The sources of the second lane never reach their share.
        let mut sources = 0_u64;
        for step in steps {
            match step {
                Wait::Reserve | Wait::Tell => {
                    sources += 1;
                    let (handle, source) = (handle.clone(), (lane == 1).then_some(sources));
                    let future: Pin<Box<dyn Future<Output = _>>> = match (step, source) {
                        (Wait::Tell, _) => Box::pin(async move {
                            let message = Numbered { source, n: 0 };
                            assert!(handle.tell(message).await.is_ok());
                            None
                        }),
                        (_, Some(source)) => Box::pin(async move {
                            handle.reserve_for(1, source).await.ok()
                        }),
                        (_, None) => Box::pin(async move { handle.reserve(0).await.ok() }),
                    };
                    waiters.push(Waiter { future, is_woken: Arc::default(), is_waiting: false });
                }
                Wait::Poll(at) if at < waiters.len() => {
                    if let Poll::Ready(permit) = waiters[at].poll() {
                        _ = waiters.remove(at);
                        told += u64::from(permit.is_none());
                        permits.extend(permit);
                    }
                }
                Wait::Cancel(at) if at < waiters.len() => _ = waiters.remove(at),
                // The message must name the permit's source.
                Wait::Send if lane == 0 => if let Some(permit) = permits.pop() {
                    assert!(permit.send(Numbered { source: None, n: 0 }).is_ok());
                    told += 1;
                },
                Wait::Return => _ = permits.pop(),
                Wait::Take => taken += u64::from(mailbox.try_recv().is_some()),
                Wait::Poll(_) | Wait::Cancel(_) | Wait::Send => {}
            }
            let used = told - taken + permits.len() as u64;
            prop_assert!(used <= CAPACITY as u64);
            let mut waiting = waiters.iter().filter(|waiter| waiter.is_waiting).peekable();
            if used < CAPACITY as u64 && waiting.peek().is_some() {
                let is_woken = waiting.any(|waiter| waiter.is_woken.0.load(Ordering::SeqCst));
                prop_assert!(is_woken, "there is room, and nobody is woken");
            }
        }
        drop((waiters, permits));
        while mailbox.try_recv().is_some() {}
        let room = (0..).map_while(|source| match lane {
            0 => handle.try_reserve(0).ok(),
            _ => handle.try_reserve_for(1, source).ok(),
        });
        prop_assert_eq!(room.collect::<Vec<_>>().len(), CAPACITY, "no room is lost");
    }
}

/// A message that holds permits of its own lane.
#[expect(dead_code, reason = "the permits are dropped only")]
struct Holding(Vec<Permit<Holding>>, Arc<()>);
impl Message for Holding {
    const LANES: &'static [Lane] = &[Lane::fifo("holding", 4)];
}

#[test]
fn permits_in_messages_of_their_own_lane_are_returned_with_them() {
    let (alive, (handle, mut mailbox)) = (Arc::new(()), mailbox::<Holding>());
    let permits =
        |most: usize| (0..most).map_while(|_| handle.try_reserve(0).ok()).collect::<Vec<_>>();
    let mut held = permits(4);
    let last = held.pop().expect("four were reserved");
    assert!(last.send(Holding(held, Arc::clone(&alive))).is_ok());
    assert!(handle.try_reserve(0).is_err(), "one message and three permits");
    drop(mailbox.try_recv());
    let mut held = permits(9);
    assert_eq!(held.len(), 4);
    let last = held.pop().expect("four were reserved");
    assert!(last.send(Holding(held, Arc::clone(&alive))).is_ok());
    let waiting = handle.clone();
    let mut reserve = std::pin::pin!(waiting.reserve(0));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut task = task::Context::from_waker(&waker);
    assert!(reserve.as_mut().poll(&mut task).is_pending());
    drop(mailbox);
    assert!(woken.0.load(Ordering::SeqCst), "the close wakes those that wait");
    assert!(matches!(reserve.as_mut().poll(&mut task), Poll::Ready(Err(_))));
    assert_eq!(Arc::strong_count(&alive), 1, "the messages are dropped");
}

#[test]
fn a_sink_returns_a_refused_message_and_stays_ready() {
    use futures::{FutureExt, Sink, SinkExt};

    let (handle, mut mailbox) = mailbox::<Numbered>();
    let mut sink = handle.sink(1).of_source(7);
    let of = |source, n| Numbered { source, n };
    let mut task = task::Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut sink).start_send(of(Some(7), 0)).is_err(), "it was not polled");
    assert!(matches!(Pin::new(&mut sink).poll_ready(&mut task), Poll::Ready(Ok(()))));
    for wrong in [of(None, 1), of(Some(8), 2)] {
        let (source, n) = (wrong.source, wrong.n);
        let refused = sink.start_send_unpin(wrong).expect_err("another lane or source");
        let message = refused.into_message().expect("nothing is lost");
        assert_eq!((message.source, message.n), (source, n));
    }
    assert!(sink.start_send_unpin(of(Some(7), 3)).is_ok(), "its room is left");
    assert!(matches!(Pin::new(&mut sink).poll_ready(&mut task), Poll::Ready(Ok(()))));
    assert_eq!(sink.close().now_or_never().map(|closed| closed.is_ok()), Some(true));
    assert!(sink.start_send_unpin(of(Some(7), 4)).is_err(), "the room was returned");
    assert!(sink.send(of(Some(7), 5)).now_or_never().is_some_and(|sent| sent.is_ok()));
    let taken = [(); 2].map(|()| mailbox.try_recv().map(|message| message.n));
    assert_eq!(taken, [Some(3), Some(5)]);
    drop(mailbox);
    let closed = sink.send(of(Some(7), 6)).now_or_never().expect("it does not wait");
    assert!(closed.is_err());
}

#[test]
fn a_source_that_is_not_polled_delays_the_others_to_the_next_return_at_most() {
    let credits = Credits::new(1);
    let sleeping = Arc::new(Woken::default());
    let awake = Arc::new(Woken::default());
    let (mut first, mut second) = (credits.take(), credits.take());
    let poll = |take: &mut TakeCredit<'_>, woken: &Arc<Woken>| {
        let waker = Waker::from(Arc::clone(woken));
        Pin::new(take).poll(&mut task::Context::from_waker(&waker))
    };
    let credit = credits.try_take().expect("one is available");
    assert!(poll(&mut first, &sleeping).is_pending());
    assert!(poll(&mut second, &awake).is_pending());
    drop(credit);
    let is_woken = |woken: &Woken| woken.0.load(Ordering::SeqCst);
    assert!(is_woken(&sleeping) && !is_woken(&awake), "in the order of their arrival");
    // The first one is not polled any more. Another source takes the credit, and returns it.
    drop(credits.try_take().expect("nothing is kept for a woken source"));
    assert!(is_woken(&awake), "it does not depend on the other one");
    assert!(poll(&mut second, &awake).is_ready());
    drop(first);
    assert_eq!(credits.available(), 1);
}
