//! An inspection as a tree of lines.

use std::fmt;

use crate::inspect::data::{ActorView, Inspection, LaneView};
use crate::inspect::words::Span;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_stopping { ", stopping" } else { "" };
        writeln!(f, "system {}, up {}{state}", self.system, Span(self.uptime))?;
        for executor in &self.executors {
            let end = if executor.is_alive { "" } else { ", ended" };
            writeln!(f, "  executor {}{end}", executor.name)?;
            let on_it = self.actors.iter().filter(|actor| actor.executor == executor.name);
            on_it.into_iter().try_for_each(|actor| write_actor(f, actor))?;
        }
        Ok(())
    }
}

fn write_actor(f: &mut fmt::Formatter<'_>, actor: &ActorView) -> fmt::Result {
    writeln!(f, "    {}  {}", actor.path, actor.doing)?;
    actor.lanes.iter().try_for_each(|lane| write_lane(f, lane))
}

fn write_lane(f: &mut fmt::Formatter<'_>, lane: &LaneView) -> fmt::Result {
    writeln!(f, "      {}  {} of {}", lane.name, lane.depth, lane.capacity)
}
