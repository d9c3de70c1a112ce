//! The figures of lanes.

use std::ffi::c_char;

use super::handle::ActorHandle;
use super::mailbox::{ActorMailbox, Letter};
use super::pointer::{checked, live};
use crate::layouts::Layout;
use crate::misuse::abort;

use actor_core::Handle;

/// The figures of a lane since the mailbox was made. They are read one after the other, while other
/// threads may change them.
#[repr(C)]
#[derive(Debug)]
pub struct LaneStats {
    /// sizeof(actor_lane_stats), set by the caller. Later versions append fields. A library that
    /// does not know such a field leaves it unchanged.
    pub size: usize,
    /// The name in the configuration, valid until the process ends.
    pub name: *const c_char,
    /// The largest number of waiting messages.
    pub capacity: u64,
    /// Messages accepted: `handled + evicted + undelivered + depth`.
    pub accepted: u64,
    /// Messages taken by the owner. A message counts at the owner's next take.
    pub handled: u64,
    /// Sends refused by a full lane.
    pub refused: u64,
    /// Sends refused by a full share.
    pub over_share: u64,
    /// Messages ended by a newer one.
    pub evicted: u64,
    /// Messages left at the destroy.
    pub undelivered: u64,
    /// The largest number seen waiting. Checked at some of the takes.
    pub high_water: u64,
    /// Messages waiting, and the one in the owner's hands.
    pub depth: u64,
}

/// Writes the figures of one lane. Set `out->size` first.
///
/// Threads: any, while no other thread destroys the mailbox. NULL: aborts. A lane past the end, or
/// a wrong `size`, aborts.
///
/// # Safety
///
/// The mailbox is live, and `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_mailbox_stats(
    mailbox: *const ActorMailbox,
    lane: usize,
    out: *mut LaneStats,
) {
    // SAFETY: the caller's promise.
    let mailbox = unsafe { live("actor_mailbox_stats", "mailbox", mailbox) };
    // SAFETY: the caller's promise.
    unsafe { write("actor_mailbox_stats", mailbox.door(), mailbox.layout(), lane, out) };
}

/// Writes the figures of one lane, also after the destroy. Set `out->size` first.
///
/// Threads: any. NULL: aborts. A lane past the end, or a wrong `size`, aborts.
///
/// # Safety
///
/// The handle is live, and `out` is valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn actor_handle_stats(
    handle: *const ActorHandle,
    lane: usize,
    out: *mut LaneStats,
) {
    // SAFETY: the caller's promise.
    let handle = unsafe { live("actor_handle_stats", "handle", handle) };
    // SAFETY: the caller's promise.
    unsafe { write("actor_handle_stats", handle.handle(), handle.layout(), lane, out) };
}

/// # Safety
///
/// `out` is valid.
unsafe fn write(
    function: &str,
    handle: &Handle<Letter>,
    layout: &'static Layout,
    lane: usize,
    out: *mut LaneStats,
) {
    let out = checked(function, "out", out).cast_mut();
    // SAFETY: the caller's promise. The size is the first field.
    let size = unsafe { out.cast::<usize>().read() };
    if size < size_of::<LaneStats>() {
        abort(function, format_args!("`out->size` is {size}; set sizeof(actor_lane_stats) first"));
    }
    let stats = handle.stats();
    let Some(stats) = stats.get(lane) else {
        let lanes = stats.len();
        abort(function, format_args!("`lane` is {lane}, but the mailbox has {lanes}"));
    };
    let figures = LaneStats {
        size,
        name: layout.name(lane).as_ptr(),
        capacity: stats.capacity as u64,
        accepted: stats.accepted,
        handled: stats.handled,
        refused: stats.refused,
        over_share: stats.over_share,
        evicted: stats.evicted,
        undelivered: stats.undelivered,
        high_water: stats.high_water,
        depth: stats.depth,
    };
    // SAFETY: the caller's promise.
    unsafe { out.write(figures) };
}
