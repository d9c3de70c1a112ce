//! The sending end: from any thread, with or without a runtime.

mod error;
mod recipient;
mod strong;
mod tell;
mod tell_all;
mod weak;

pub use error::{AskBlockingError, AskError, TellError, TryTellError};
pub use recipient::{Recipient, WeakRecipient};
pub use strong::Handle;
pub use tell::Tell;
pub use tell_all::Unsent;
pub use weak::WeakHandle;
