//! Colours and signs, and their replacements.

use ratatui::style::{Color, Modifier, Style};

/// How the view looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) has_colours: bool,
    pub(crate) signs: Signs,
}

/// The characters besides letters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    pub(crate) open: &'static str,
    pub(crate) closed: &'static str,
    /// The waiting messages of a bar.
    pub(crate) full: &'static str,
    /// Up to the high water mark.
    pub(crate) high: &'static str,
    pub(crate) empty: &'static str,
}

/// The meaning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Title,
    Quiet,
    /// A handler at work.
    Busy,
    /// A wait.
    Waiting,
    /// A loss, or something stuck.
    Alarm,
    Bar,
    Selected,
}

impl Theme {
    const UNICODE: Signs =
        Signs { open: "▾ ", closed: "▸ ", full: "█", high: "▒", empty: "·" };
    const ASCII: Signs = Signs { open: "- ", closed: "+ ", full: "#", high: ":", empty: "." };

    pub(crate) fn new(has_colours: bool, is_ascii: bool) -> Self {
        Self { has_colours, signs: if is_ascii { Self::ASCII } else { Self::UNICODE } }
    }

    pub(crate) fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let (colour, other) = match role {
            Role::Plain => (None, plain),
            Role::Title => (None, plain.add_modifier(Modifier::BOLD)),
            Role::Quiet => (Some(Color::DarkGray), plain),
            Role::Busy => (Some(Color::Green), plain),
            Role::Waiting => (Some(Color::Yellow), plain),
            Role::Alarm => (Some(Color::Red), plain.add_modifier(Modifier::BOLD)),
            Role::Bar => (Some(Color::Cyan), plain),
            Role::Selected => (None, plain.add_modifier(Modifier::REVERSED)),
        };
        match colour {
            Some(colour) if self.has_colours => other.fg(colour),
            _ => other,
        }
    }
}
