//! The mailbox and the channels compared with it, behind one trait.

pub(crate) mod lanes;

use actor_core::{Handle, Lane, Mailbox, Message, Reply, mailbox};
use futures::channel::oneshot as futures_oneshot;
use tokio::sync::{mpsc, oneshot};

const PLACES: usize = 1024;

pub(crate) enum Parcel<R> {
    Number(#[expect(dead_code, reason = "carried and never read")] u64),
    Ask(R),
}

pub(crate) trait Contestant {
    type Sender: Clone + Send + Sync;
    type Receiver: Send;
    type Reply: Send;

    fn pair() -> (Self::Sender, Self::Receiver);
    fn try_send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) -> bool;
    async fn send(sender: &Self::Sender, parcel: Parcel<Self::Reply>);
    async fn receive(receiver: &mut Self::Receiver) -> Option<Parcel<Self::Reply>>;
    async fn ask(sender: &Self::Sender) -> u64;
    fn answer(reply: Self::Reply, answer: u64);
}

pub(crate) struct Ours;

impl Message for Parcel<Reply<u64>> {
    const LANES: &'static [Lane] = &[Lane::fifo("parcels", PLACES)];
}

impl Contestant for Ours {
    type Sender = Handle<Parcel<Reply<u64>>>;
    type Receiver = Mailbox<Parcel<Reply<u64>>>;
    type Reply = Reply<u64>;

    fn pair() -> (Self::Sender, Self::Receiver) {
        mailbox()
    }

    fn try_send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) -> bool {
        sender.try_tell(parcel).is_ok()
    }

    async fn send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) {
        sender.tell(parcel).await.expect("the receiver lives");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<Parcel<Self::Reply>> {
        receiver.recv().await
    }

    async fn ask(sender: &Self::Sender) -> u64 {
        sender.ask(Parcel::Ask).await.expect("it is answered")
    }

    fn answer(reply: Self::Reply, answer: u64) {
        reply.send(answer);
    }
}

/// async-channel has no reply of its own, so the one of `futures` serves here.
pub(crate) struct AsyncChannel;

impl Contestant for AsyncChannel {
    type Sender = async_channel::Sender<Parcel<Self::Reply>>;
    type Receiver = async_channel::Receiver<Parcel<Self::Reply>>;
    type Reply = futures_oneshot::Sender<u64>;

    fn pair() -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(PLACES)
    }

    fn try_send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) -> bool {
        sender.try_send(parcel).is_ok()
    }

    async fn send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) {
        assert!(sender.send(parcel).await.is_ok(), "the receiver lives");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<Parcel<Self::Reply>> {
        receiver.recv().await.ok()
    }

    async fn ask(sender: &Self::Sender) -> u64 {
        let (reply, answer) = futures_oneshot::channel();
        Self::send(sender, Parcel::Ask(reply)).await;
        answer.await.expect("it is answered")
    }

    fn answer(reply: Self::Reply, answer: u64) {
        assert!(reply.send(answer).is_ok(), "the asker waits");
    }
}

pub(crate) struct TokioMpsc;

impl Contestant for TokioMpsc {
    type Sender = mpsc::Sender<Parcel<Self::Reply>>;
    type Receiver = mpsc::Receiver<Parcel<Self::Reply>>;
    type Reply = oneshot::Sender<u64>;

    fn pair() -> (Self::Sender, Self::Receiver) {
        mpsc::channel(PLACES)
    }

    fn try_send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) -> bool {
        sender.try_send(parcel).is_ok()
    }

    async fn send(sender: &Self::Sender, parcel: Parcel<Self::Reply>) {
        assert!(sender.send(parcel).await.is_ok(), "the receiver lives");
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<Parcel<Self::Reply>> {
        receiver.recv().await
    }

    async fn ask(sender: &Self::Sender) -> u64 {
        let (reply, answer) = oneshot::channel();
        Self::send(sender, Parcel::Ask(reply)).await;
        answer.await.expect("it is answered")
    }

    fn answer(reply: Self::Reply, answer: u64) {
        assert!(reply.send(answer).is_ok(), "the asker waits");
    }
}
