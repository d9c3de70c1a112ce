//! A consensus client's beginning, in small: a network thread calls back with blocks and votes, and
//! the chain's state belongs to an event loop on another thread.
//!
//! The callbacks only enqueue. The loop has an async watcher; the first message after a sleep
//! notifies it, and it drains on the loop's own tick. The state has one owner, so it needs no lock.
//! At the end, every message is accounted for.

const std = @import("std");
const actor = @import("actor.zig");
const linux = std.os.linux;

const allocator = std.heap.c_allocator;

const control = 0;
const blocks = 1;
const votes = 2;
const lanes = [_]actor.LaneConfig{
    .{ .name = "control", .kind = .control, .capacity = 4 },
    .{ .name = "blocks", .kind = .fifo, .capacity = 1024 },
    .{ .name = "votes", .kind = .newest_first, .capacity = 256 },
};

const slots = 50_000;
const votes_of_slot = 4;

const Block = struct { slot: u64, parent: u64 };
const Vote = struct { slot: u64, head: u64 };
const Message = union(enum) { block: Block, vote: Vote, done };

// ── The network's thread ─────────────────────────────────────────────────────────────────────────

/// What a networking library keeps for its callbacks: the context is a handle to the owner.
const Callbacks = struct {
    context: *actor.Handle,
    on_block: *const fn (context: *actor.Handle, slot: u64, parent: u64) callconv(.c) bool,
    on_vote: *const fn (context: *actor.Handle, slot: u64, head: u64) callconv(.c) bool,
    on_done: *const fn (context: *actor.Handle) callconv(.c) bool,
};

const Sent = struct { blocks: u64 = 0, votes: u64 = 0, refused_blocks: u64 = 0 };

/// Stands for the networking library: it knows the callbacks and nothing else.
fn network(callbacks: Callbacks, sent: *Sent) void {
    var parent: u64 = 0;
    for (1..slots + 1) |slot| {
        sent.blocks += 1;
        while (!callbacks.on_block(callbacks.context, slot, parent)) {
            // Full: this library would slow down its peers, and deliver the block again.
            sent.refused_blocks += 1;
            sent.blocks += 1;
            std.Thread.yield() catch {};
        }
        for (0..votes_of_slot) |_| {
            sent.votes += 1;
            check(callbacks.on_vote(callbacks.context, slot, slot), "an evicting lane takes all");
        }
        parent = slot;
    }
    check(callbacks.on_done(callbacks.context), "the control lane has room");
    actor.actor_handle_drop(callbacks.context);
}

// ── The callbacks: they only enqueue ─────────────────────────────────────────────────────────────

fn onBlock(context: *actor.Handle, slot: u64, parent: u64) callconv(.c) bool {
    return enqueue(context, blocks, .{ .block = .{ .slot = slot, .parent = parent } });
}

fn onVote(context: *actor.Handle, slot: u64, head: u64) callconv(.c) bool {
    return enqueue(context, votes, .{ .vote = .{ .slot = slot, .head = head } });
}

fn onDone(context: *actor.Handle) callconv(.c) bool {
    return enqueue(context, control, .done);
}

/// Returns false if the lane is full. The message is then still ours, and is freed.
fn enqueue(handle: *actor.Handle, lane: usize, message: Message) bool {
    const sent = allocator.create(Message) catch return false;
    sent.* = message;
    if (actor.actor_try_tell(handle, lane, sent) == .ok) return true;
    allocator.destroy(sent);
    return false;
}

// ── The foreign loop ─────────────────────────────────────────────────────────────────────────────

/// A watcher that other threads notify.
const Async = struct {
    event: i32,
    notified: std.atomic.Value(u64) = .init(0),

    fn init() Async {
        return .{ .event = @intCast(linux.eventfd(0, linux.EFD.CLOEXEC | linux.EFD.NONBLOCK)) };
    }

    fn notify(self: *Async) void {
        _ = self.notified.fetchAdd(1, .monotonic);
        const one: u64 = 1;
        check(linux.write(self.event, std.mem.asBytes(&one), 8) == 8, "the eventfd is open");
    }
};

/// An epoll loop with one watcher. `onAsync` belongs to the loop's thread.
fn runLoop(watcher: *Async, chain: *Chain) void {
    const epoll: i32 = @intCast(linux.epoll_create1(linux.EPOLL.CLOEXEC));
    defer _ = linux.close(epoll);
    var interest: linux.epoll_event = .{
        .events = linux.EPOLL.IN,
        .data = .{ .fd = watcher.event },
    };
    const added = linux.epoll_ctl(epoll, linux.EPOLL.CTL_ADD, watcher.event, &interest);
    check(added == 0, "the watcher is registered");
    while (!chain.is_done) {
        var ready: [1]linux.epoll_event = undefined;
        if (linux.epoll_wait(epoll, &ready, 1, -1) != 1) continue;
        var count: u64 = 0;
        _ = linux.read(watcher.event, std.mem.asBytes(&count), 8);
        onAsync(watcher, chain);
    }
}

/// The watcher's callback: one tick. With messages left, it notifies itself, so that the loop's
/// other watchers have their turn.
fn onAsync(watcher: *Async, chain: *Chain) void {
    const turn = actor.actor_mailbox_drain(chain.mailbox, 128, onMessage, chain);
    chain.ticks += 1;
    if (turn.has_more) watcher.notify();
    // The end overtakes the blocks, because its lane is served first.
    if (chain.has_end and !turn.has_more) chain.is_done = true;
}

// ── The state, with one owner ────────────────────────────────────────────────────────────────────

const Chain = struct {
    mailbox: *actor.Mailbox,
    head: u64 = 0,
    blocks: u64 = 0,
    votes: u64 = 0,
    newest_vote: u64 = 0,
    ticks: u64 = 0,
    has_end: bool = false,
    is_done: bool = false,

    /// Block processing: as it would be without any thread.
    fn process(self: *Chain, block: Block) void {
        check(block.parent == self.head, "blocks come in order");
        self.head = block.slot;
        self.blocks += 1;
    }

    fn count(self: *Chain, vote: Vote) void {
        self.newest_vote = @max(self.newest_vote, vote.slot);
        self.votes += 1;
    }
};

fn onMessage(context: ?*anyopaque, delivery: *const actor.Delivery) callconv(.c) void {
    const chain: *Chain = @ptrCast(@alignCast(context));
    const message: *Message = @ptrCast(@alignCast(delivery.message));
    defer allocator.destroy(message);
    switch (message.*) {
        .block => |block| chain.process(block),
        .vote => |vote| chain.count(vote),
        .done => chain.has_end = true,
    }
}

// ── The program ──────────────────────────────────────────────────────────────────────────────────

/// What the mailbox's callbacks use, on any thread.
const Host = struct {
    watcher: Async,
    evicted: std.atomic.Value(u64) = .init(0),
};

fn wake(context: ?*anyopaque) callconv(.c) void {
    const host: *Host = @ptrCast(@alignCast(context));
    host.watcher.notify();
}

fn dropMessage(context: ?*anyopaque, message: ?*anyopaque) callconv(.c) void {
    const host: *Host = @ptrCast(@alignCast(context));
    _ = host.evicted.fetchAdd(1, .monotonic);
    allocator.destroy(@as(*Message, @ptrCast(@alignCast(message))));
}

fn check(holds: bool, comptime what: []const u8) void {
    if (!holds) @panic("not so: " ++ what);
}

pub fn main() !void {
    var host: Host = .{ .watcher = .init() };
    const config: actor.MailboxConfig = .{
        .lanes = &lanes,
        .lane_count = lanes.len,
        .drop_message = dropMessage,
        .wake = wake,
        .context = &host,
    };
    var mailbox: ?*actor.Mailbox = null;
    if (actor.actor_mailbox_new(&config, &mailbox) != .ok) {
        std.debug.print("{s}\n", .{actor.actor_last_error()});
        return error.Invalid;
    }
    var chain: Chain = .{ .mailbox = mailbox.? };
    var sent: Sent = .{};
    const callbacks: Callbacks = .{
        .context = actor.actor_handle_new(chain.mailbox),
        .on_block = onBlock,
        .on_vote = onVote,
        .on_done = onDone,
    };
    const thread = try std.Thread.spawn(.{}, network, .{ callbacks, &sent });
    runLoop(&host.watcher, &chain);
    thread.join();
    actor.actor_mailbox_destroy(chain.mailbox, null, null);
    _ = linux.close(host.watcher.event);

    const evicted = host.evicted.load(.monotonic);
    std.debug.print(
        \\blocks: sent {} = handled {} + refused {}
        \\votes:  sent {} = handled {} + evicted {}
        \\head {}, ticks {}, notified {}
        \\
    , .{
        sent.blocks,  chain.blocks,  sent.refused_blocks,
        sent.votes,   chain.votes,   evicted,
        chain.head,   chain.ticks,   host.watcher.notified.load(.monotonic),
    });
    check(chain.head == slots and chain.blocks == slots, "each block was processed");
    check(sent.blocks == chain.blocks + sent.refused_blocks, "the blocks add up");
    check(sent.votes == slots * votes_of_slot, "all votes were sent");
    check(sent.votes == chain.votes + evicted, "the votes add up");
}
