//! Colours and signs, and their replacements.

use ratatui::style::{Color, Modifier, Style};

use crate::tree::Signs;

/// The look of the view.
#[derive(Clone, Copy, Debug)]
pub struct Theme {
    has_colours: bool,
    is_ascii: bool,
}

/// The meaning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Plain,
    Title,
    Quiet,
    Good,
    Waiting,
    Alarm,
    Bar,
}

impl Theme {
    /// Creates a theme.
    #[must_use]
    pub fn new(has_colours: bool, is_ascii: bool) -> Self {
        Self { has_colours, is_ascii }
    }

    /// Returns whether the locale names UTF-8. The first variable with a value decides.
    #[must_use]
    pub fn is_utf8_terminal() -> bool {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable);
        let locale = locale.unwrap_or_default().to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    }

    pub(crate) fn tree(&self) -> Signs {
        if self.is_ascii {
            Signs { of_head: '*', other: 'o', edge: '|', bend: '\'', across: '-' }
        } else {
            Signs { of_head: '●', other: '○', edge: '│', bend: '╯', across: '─' }
        }
    }

    /// Returns the characters of a bar: waiting messages, the most so far, the rest.
    pub(crate) fn bar(&self) -> [char; 3] {
        if self.is_ascii { ['#', ':', '.'] } else { ['█', '▒', '·'] }
    }

    /// Returns the characters of a small curve, from the lowest to the highest value.
    pub(crate) fn heights(&self) -> &'static [char] {
        if self.is_ascii {
            &['_', '.', '-', '=', '*', '#']
        } else {
            &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        }
    }

    pub(crate) fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        let (colour, other) = match role {
            Role::Plain => (None, plain),
            Role::Title => (None, plain.add_modifier(Modifier::BOLD)),
            Role::Quiet => (Some(Color::DarkGray), plain),
            Role::Good => (Some(Color::Green), plain.add_modifier(Modifier::BOLD)),
            Role::Waiting => (Some(Color::Yellow), plain),
            Role::Alarm => (Some(Color::Red), plain.add_modifier(Modifier::BOLD)),
            Role::Bar => (Some(Color::Cyan), plain),
        };
        match colour {
            Some(colour) if self.has_colours => other.fg(colour),
            _ => other,
        }
    }
}
