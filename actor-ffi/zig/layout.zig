//! Prints the layout of the declarations in actor.zig, to be compared with that of actor.h.

const std = @import("std");
const actor = @import("actor.zig");

fn structure(comptime name: []const u8, comptime T: type) void {
    std.debug.print("{s} {}\n", .{ name, @sizeOf(T) });
    inline for (comptime std.meta.fieldNames(T)) |field| {
        std.debug.print("{s}.{s} {}\n", .{ name, field, @offsetOf(T, field) });
    }
}

fn enumeration(comptime prefix: []const u8, comptime T: type) void {
    std.debug.print("{s} {}\n", .{ prefix, @sizeOf(T) });
    inline for (comptime std.meta.fieldNames(T)) |field| {
        var name: [field.len]u8 = undefined;
        const upper = std.ascii.upperString(&name, field);
        std.debug.print("{s}{s} {}\n", .{ prefix, upper, @intFromEnum(@field(T, field)) });
    }
}

pub fn main() void {
    enumeration("ACTOR_", actor.Status);
    enumeration("ACTOR_", actor.Outcome);
    enumeration("ACTOR_LANE_", actor.LaneKind);
    structure("actor_lane_config", actor.LaneConfig);
    structure("actor_mailbox_config", actor.MailboxConfig);
    structure("actor_delivery", actor.Delivery);
    structure("actor_turn", actor.Turn);
    structure("actor_lane_stats", actor.LaneStats);
}
