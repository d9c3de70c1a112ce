//! What a mailbox is made from.

use std::ffi::{CStr, CString, c_char, c_void};
use std::slice;

use actor_core::mailbox::LanesError;

use super::status::{Status, invalid};
use crate::foreign::{DropMessage, Wake};
use crate::layouts::{Kind, Layout, MOST, Plan};

/// The kind of a lane: its order, and what happens when it is full.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(non_camel_case_types, reason = "the names of the C header")]
pub enum LaneKind {
    /// First in, first out, and before all data lanes: for stops and configuration. A full lane
    /// refuses.
    ACTOR_LANE_CONTROL = 0,
    /// First in, first out. A full lane refuses.
    ACTOR_LANE_FIFO = 1,
    /// The newest message first. A full lane evicts its oldest message.
    ACTOR_LANE_NEWEST_FIRST = 2,
    /// Only the last message. Its capacity is 1.
    ACTOR_LANE_LATEST = 3,
    /// Only the last message of each key, for up to `capacity` keys. A full lane evicts its oldest
    /// message.
    ACTOR_LANE_LATEST_BY_KEY = 4,
}

/// One lane. Set the rest to zero, as `= {0}` does.
#[repr(C)]
#[derive(Debug)]
pub struct LaneConfig {
    /// UTF-8, for the statistics. It is copied. NULL is the empty name.
    pub name: *const c_char,
    /// One of `actor_lane_kind`.
    pub kind: u32,
    /// How many messages a data lane is served in its turn. 0 is 1. Without effect for
    /// ACTOR_LANE_CONTROL.
    pub weight: u32,
    /// The largest number of waiting messages, 1 or more. For ACTOR_LANE_LATEST: 0 or 1.
    pub capacity: usize,
    /// The largest number of waiting messages of one source, up to 8,388,608. 0 is no bound. For
    /// ACTOR_LANE_CONTROL and ACTOR_LANE_FIFO only.
    pub share: usize,
}

/// The configuration of a mailbox. Start with ACTOR_MAILBOX_CONFIG_INIT.
#[repr(C)]
#[derive(Debug)]
pub struct MailboxConfig {
    /// sizeof(actor_mailbox_config). Later versions append fields.
    pub size: usize,
    /// sizeof(actor_lane_config). Later versions append fields.
    pub lane_size: usize,
    /// The lanes. A message names its lane by the index. Copied by `actor_mailbox_new`.
    pub lanes: *const LaneConfig,
    /// The number of lanes, 1 to 65,534.
    pub lane_count: usize,
    /// Ends a message that nobody will take: one evicted by a newer one, on the sender's thread or
    /// the owner's, or one left at the destroy. It may send, but not into a lane that evicts: that
    /// would call it again, without end. On the owner's thread it may close the mailbox. There it
    /// may also run inside a take, and then must not take messages or destroy the mailbox. NULL:
    /// such messages need no end.
    pub drop_message: DropMessage,
    /// Wakes the owner's loop: writes an eventfd, calls uv_async_send, posts a message. Called at
    /// most once each time the owner finds the mailbox empty, on the thread that sends, and never
    /// after `actor_mailbox_destroy` has returned. A call may come although the owner stays awake:
    /// its message came while a drain was about to announce the sleep, and that drain took it. It
    /// must not wait, and must not take messages or destroy the mailbox. It may send; that is one
    /// more message, and no further wake. NULL: the owner polls.
    pub wake: Wake,
    /// The first argument of `drop_message` and `wake`. It must stay valid until the mailbox is
    /// destroyed and its last handle is dropped.
    pub context: *mut c_void,
}

/// Reads the lanes of a configuration.
///
/// # Safety
///
/// `pointer` leads to a configuration as the header describes it.
pub(super) unsafe fn read(pointer: *const MailboxConfig) -> Result<&'static Layout, Status> {
    // SAFETY: the caller's promise.
    let config = unsafe { &*pointer };
    if config.size < size_of::<MailboxConfig>() || config.lane_size < size_of::<LaneConfig>() {
        return Err(invalid(format_args!(
            "`size` or `lane_size` is too small: start with ACTOR_MAILBOX_CONFIG_INIT"
        )));
    }
    if config.size > LARGEST || config.lane_size > LARGEST {
        return Err(invalid(format_args!(
            "`size` or `lane_size` is no size: start with ACTOR_MAILBOX_CONFIG_INIT"
        )));
    }
    // SAFETY: the caller's promise: so many bytes lie there.
    if !unsafe { has_only_known_fields(pointer, config.size) } {
        return Err(invalid(format_args!("the configuration {NEWER}")));
    }
    if config.lanes.is_null() || config.lane_count == 0 {
        return Err(invalid(format_args!("{}: set `lanes` and `lane_count`", LanesError::None)));
    }
    if config.lane_count > MOST_LANES {
        return Err(invalid(format_args!("{}", LanesError::TooMany)));
    }
    let mut plans = Vec::with_capacity(config.lane_count);
    for lane in 0..config.lane_count {
        let place = config.lanes.wrapping_byte_add(lane * config.lane_size);
        if !place.is_aligned() {
            return Err(invalid(format_args!("`lanes` or `lane_size` is not aligned")));
        }
        // SAFETY: the caller's promise: so many lanes of this size lie there.
        let lane_config = unsafe { &*place };
        // SAFETY: likewise.
        if !unsafe { has_only_known_fields(place, config.lane_size) } {
            return Err(invalid(format_args!("lane {lane} {NEWER}")));
        }
        // SAFETY: likewise, the name is NULL or ends with a zero byte.
        plans.push(unsafe { plan(lane, lane_config) }?);
    }
    let layouts = format_args!(
        "the process has {MOST} different lists of lanes already: give mailboxes of one kind the \
         same lanes"
    );
    Layout::of(plans).ok_or_else(|| invalid(layouts))
}

/// Returns whether a structure of the host has only zeros behind the fields known here. Other
/// values are the wishes of a program for a newer library, and must not be passed over. So appended
/// fields must leave no padding, whose bytes may have any value.
///
/// # Safety
///
/// `size` bytes of the host lie there.
unsafe fn has_only_known_fields<T>(known: *const T, size: usize) -> bool {
    let appended = size - size_of::<T>();
    // SAFETY: the caller's promise.
    let appended = unsafe { slice::from_raw_parts(known.wrapping_add(1).cast::<u8>(), appended) };
    appended.iter().all(|byte| *byte == 0)
}

const NEWER: &str = "has a field that this library does not know: the program needs a newer one";
/// No structure is larger. A number beyond is a mistake, and reading so far would be a fault.
const LARGEST: usize = 4096;
const MOST_LANES: usize = 65_534;
const MOST_CAPACITY: usize = usize::MAX / 4;
const MOST_SHARE: usize = 8_388_608;

/// # Safety
///
/// The name is `NULL` or ends with a zero byte.
unsafe fn plan(lane: usize, config: &LaneConfig) -> Result<Plan, Status> {
    let name = match config.name.is_null() {
        true => CString::default(),
        // SAFETY: the caller's promise.
        false => CString::from(unsafe { CStr::from_ptr(config.name) }),
    };
    if name.to_str().is_err() {
        return Err(invalid(format_args!("lane {lane}: its name is not UTF-8")));
    }
    let Some(kind) = kind(config.kind) else {
        let kind = config.kind;
        return Err(invalid(format_args!(
            "lane {lane}: {kind} is no kind; use a constant of actor_lane_kind"
        )));
    };
    let capacity = if kind == Kind::Latest { config.capacity.max(1) } else { config.capacity };
    let evicts = matches!(kind, Kind::NewestFirst | Kind::Latest | Kind::LatestByKey);
    let wrong = match () {
        () if capacity == 0 => "its capacity is 0; it must be 1 or more",
        () if capacity > MOST_CAPACITY => "its capacity is larger than the memory",
        () if kind == Kind::Latest && capacity > 1 => {
            "ACTOR_LANE_LATEST has a capacity of 1; use ACTOR_LANE_NEWEST_FIRST for more"
        }
        () if config.share > 0 && evicts => {
            "it has a share, but evicts; use ACTOR_LANE_CONTROL or ACTOR_LANE_FIFO, or a share of 0"
        }
        () if config.share > MOST_SHARE => "its share is more than 8,388,608",
        () => {
            let (weight, share) = (config.weight.max(1), config.share);
            return Ok(Plan { name, kind, capacity, weight, share });
        }
    };
    Err(invalid(format_args!("lane {lane} ({name:?}): {wrong}")))
}

fn kind(number: u32) -> Option<Kind> {
    const KINDS: [(LaneKind, Kind); 5] = [
        (LaneKind::ACTOR_LANE_CONTROL, Kind::Control),
        (LaneKind::ACTOR_LANE_FIFO, Kind::Fifo),
        (LaneKind::ACTOR_LANE_NEWEST_FIRST, Kind::NewestFirst),
        (LaneKind::ACTOR_LANE_LATEST, Kind::Latest),
        (LaneKind::ACTOR_LANE_LATEST_BY_KEY, Kind::LatestByKey),
    ];
    KINDS.iter().find(|(named, _)| *named as u32 == number).map(|(_, kind)| *kind)
}
