//! The words for what an actor does.

use std::fmt;
use std::time::Duration;

use crate::inspect::data::{Doing, FindingView, InHand, WaitFor, WaitView};
use crate::inspect::shown::Shown;

/// A time with the unit that suits it.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(time) = self;
        match time.as_secs() {
            0 => write!(f, "{} ms", time.as_millis()),
            1..60 => write!(f, "{:.1} s", time.as_secs_f64()),
            60..3_600 => write!(f, "{} min {} s", time.as_secs() / 60, time.as_secs() % 60),
            seconds => write!(f, "{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        }
    }
}

impl fmt::Display for InHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = Shown(&self.lane);
        match &self.kind {
            Some(kind) => write!(f, "{} (lane {lane})", Shown(kind)),
            None => write!(f, "a message of lane {lane}"),
        }
    }
}

impl Doing {
    /// Returns the message in hand, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(actor_system::inspect::Doing::Idle.message().is_none());
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&InHand> {
        match self {
            Self::Handling { message, .. } | Self::Awaiting { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Returns for at least how long it has had this message in hand. `None` without a message.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(actor_system::inspect::Doing::Idle.at_least().is_none());
    /// ```
    #[must_use]
    pub fn at_least(&self) -> Option<Duration> {
        match self {
            Self::Handling { at_least, .. } | Self::Awaiting { at_least, .. } => Some(*at_least),
            _ => None,
        }
    }

    /// Returns the words after "it", without the time.
    pub(crate) fn verb(&self) -> String {
        match self {
            Self::Handling { message, .. } => format!("is in its handler of {message}"),
            Self::Awaiting { message, .. } => format!("awaits in its handler of {message}"),
            Self::Starting => "starts".to_owned(),
            Self::Stopping => "ends".to_owned(),
            _ => "has its turn".to_owned(),
        }
    }
}

impl WaitFor {
    /// Returns the words between "waits for" and an actor.
    pub(crate) fn of(self) -> &'static str {
        match self {
            Self::Answer => "an answer of",
            Self::Room => "room at",
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starts"),
            Self::Resting => f.write_str("rests"),
            Self::Idle => f.write_str("idle"),
            Self::Ready => f.write_str("ready, and waits for its turn"),
            Self::Turning => f.write_str("has its turn"),
            Self::Handling { message, at_least } => {
                write!(f, "in its handler of {message} for {}", Span(*at_least))
            }
            Self::Awaiting { message, at_least } => {
                write!(f, "awaits in its handler of {message} for {}", Span(*at_least))
            }
            Self::Stopping => f.write_str("ends"),
        }
    }
}

impl fmt::Display for WaitView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actor = self.actor.as_deref().unwrap_or("an actor without a name");
        write!(f, "{} {}", self.what.of(), Shown(actor))
    }
}

impl fmt::Display for FindingView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown(&self.text).fmt(f)
    }
}

/// Writes a text of several lines, such as a stack.
pub(crate) fn write_lines(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (place, line) in text.split('\n').enumerate() {
        let between = if place == 0 { "" } else { "\n" };
        write!(f, "{between}{}", Shown(line))?;
    }
    Ok(())
}
