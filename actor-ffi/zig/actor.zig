//! The mailbox for Zig: the declarations of actor.h.
//!
//! Build with the static library, and with the unwinder that Rust's standard library needs:
//!
//!     zig build-exe program.zig libactor_ffi.a -lc -lunwind
//!
//! The header documents each function: threads, ownership, and what a null pointer does.

pub const no_source: u64 = std.math.maxInt(u64);

pub const Status = enum(c_uint) { ok, full, full_share, closed, empty, ended, invalid, _ };
pub const Outcome = enum(c_uint) { answered, dropped, _ };
pub const LaneKind = enum(u32) { control, fifo, newest_first, latest, latest_by_key, _ };

pub const Mailbox = opaque {};
pub const Handle = opaque {};
pub const Reply = opaque {};

pub const WakeFn = fn (context: ?*anyopaque) callconv(.c) void;
pub const DropMessageFn = fn (context: ?*anyopaque, message: ?*anyopaque) callconv(.c) void;
pub const HandlerFn = fn (context: ?*anyopaque, delivery: *const Delivery) callconv(.c) void;
pub const OnReplyFn =
    fn (context: ?*anyopaque, outcome: Outcome, answer: ?*anyopaque) callconv(.c) void;

pub const LaneConfig = extern struct {
    name: ?[*:0]const u8 = null,
    kind: LaneKind,
    weight: u32 = 0,
    capacity: usize = 0,
    share: usize = 0,
};

pub const MailboxConfig = extern struct {
    size: usize = @sizeOf(MailboxConfig),
    lane_size: usize = @sizeOf(LaneConfig),
    lanes: [*]const LaneConfig,
    lane_count: usize,
    drop_message: ?*const DropMessageFn = null,
    wake: ?*const WakeFn = null,
    context: ?*anyopaque = null,
};

pub const Delivery = extern struct {
    message: ?*anyopaque,
    reply: ?*Reply,
    source: u64,
    lane: usize,
};

pub const Turn = extern struct {
    handled: usize,
    has_more: bool,
    has_ended: bool,
};

pub const LaneStats = extern struct {
    size: usize = @sizeOf(LaneStats),
    name: ?[*:0]const u8 = null,
    capacity: u64 = 0,
    accepted: u64 = 0,
    handled: u64 = 0,
    refused: u64 = 0,
    over_share: u64 = 0,
    evicted: u64 = 0,
    undelivered: u64 = 0,
    high_water: u64 = 0,
    depth: u64 = 0,
};

pub extern fn actor_mailbox_new(config: *const MailboxConfig, out: *?*Mailbox) Status;
pub extern fn actor_mailbox_adopt(mailbox: *Mailbox) void;
pub extern fn actor_mailbox_next(mailbox: *Mailbox, out: *Delivery) Status;
pub extern fn actor_mailbox_drain(
    mailbox: *Mailbox,
    budget: usize,
    handler: *const HandlerFn,
    context: ?*anyopaque,
) Turn;
pub extern fn actor_mailbox_close(mailbox: *Mailbox) void;
pub extern fn actor_mailbox_destroy(
    mailbox: ?*Mailbox,
    undelivered: ?*const HandlerFn,
    context: ?*anyopaque,
) void;
pub extern fn actor_mailbox_stats(mailbox: *const Mailbox, lane: usize, out: *LaneStats) void;

pub extern fn actor_handle_new(mailbox: *const Mailbox) *Handle;
pub extern fn actor_handle_clone(handle: *const Handle) *Handle;
pub extern fn actor_handle_drop(handle: ?*Handle) void;
pub extern fn actor_handle_is_closed(handle: *const Handle) bool;
pub extern fn actor_handle_stats(handle: *const Handle, lane: usize, out: *LaneStats) void;

pub extern fn actor_try_tell(handle: *const Handle, lane: usize, message: ?*anyopaque) Status;
pub extern fn actor_try_tell_from(
    handle: *const Handle,
    lane: usize,
    source: u64,
    message: ?*anyopaque,
) Status;
/// Waits for room. Not on the owner's thread.
pub extern fn actor_tell(
    handle: *const Handle,
    lane: usize,
    source: u64,
    message: ?*anyopaque,
    timeout_ms: u64,
) Status;
pub extern fn actor_try_ask(
    handle: *const Handle,
    lane: usize,
    source: u64,
    message: ?*anyopaque,
    on_reply: *const OnReplyFn,
    context: ?*anyopaque,
) Status;
pub extern fn actor_reply_send(reply: *Reply, answer: ?*anyopaque) void;
pub extern fn actor_reply_drop(reply: ?*Reply) void;

pub extern fn actor_status_text(status: u32) [*:0]const u8;
pub extern fn actor_last_error() [*:0]const u8;

const std = @import("std");
