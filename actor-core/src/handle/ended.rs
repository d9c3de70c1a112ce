//! The wait for an actor's end.

use event_listener::listener;

use crate::mailbox::exit::Ended;
use crate::mailbox::watchers::Peer;
use crate::mailbox::{Message, Shared};
use crate::quiet::quietly;

/// Waits for the end of an actor.
pub(super) async fn ended<M: Message>(actor: &Shared<M>) -> Ended {
    loop {
        if let Some(ended) = actor.ended() {
            return ended;
        }
        listener!(actor.life().on_change().event() => ending);
        // Checked again, because it may have ended before the listener was registered.
        if let Some(ended) = actor.ended() {
            return ended;
        }
        quietly(ending).await;
    }
}
