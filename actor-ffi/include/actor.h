// actor.h: mailboxes with lanes, for an owner in any event loop.
//
// Many threads send; one thread, the owner's, takes. A message is a pointer that the library never
// looks into. A mailbox has one or more lanes, each with its own order, capacity and behaviour when
// full. The owner takes from control lanes first, and then from data lanes by turns. If nothing is
// left it goes back to its loop, and the next message calls wake, once.
//
//   any thread                                            the owner's thread
//   actor_try_tell ──▶ lane 0  control                    your loop: epoll, libuv, libxev, …
//   actor_try_tell ──▶ lane 1  fifo, refuses      wake ─▶ actor_mailbox_drain ──▶ your handler
//   actor_try_ask  ──▶ lane 2  newest, evicts
//
// Rules:
//
// * Two calls wait: actor_tell for room, and actor_mailbox_destroy for calls of wake in progress.
//   No lock is taken on a message's way, unless an actor_tell waits for room. Where memory is
//   allocated or freed, malloc may have one.
// * Each function states its threads, who owns what, and what NULL does. A refused message is still
//   the caller's.
// * Misuse that can be seen (a wrong thread, NULL, use after the end) aborts with a sentence.
//   Nothing unwinds out of a function; an exception that leaves a callback ends the process.
// * A callback may send, ask, answer and read the statistics, of this mailbox and others. It must
//   return: no longjmp, and no end of its thread. A cancelled thread ends in any write, so a thread
//   that sends must not be cancelled.
// * No function is for a signal handler: write to an eventfd or a pipe there. The child of a fork
//   uses no mailbox, handle or reply of its parent; it may make its own if no other thread was
//   inside a call at the fork.
// * Each reply has to be sent or dropped, or its ask never ends and its memory is lost.
//
// Versions: a later one may append fields to a structure with a size, and add functions and
// constants. A program built for an earlier one goes on to work, because the smaller size stays
// valid, and a new field of 0 or NULL keeps the earlier behaviour. A program built for a later one
// works if it uses nothing new: a field that the library does not know has to be 0. actor_delivery
// and actor_turn do not change.
//
// Link with pkg-config --cflags --libs actor-ffi.
//
// A complete program: four threads send to an owner in a poll loop with an eventfd.
//
//   #include <actor.h>
//   #include <poll.h>
//   #include <pthread.h>
//   #include <stdint.h>
//   #include <stdio.h>
//   #include <stdlib.h>
//   #include <sys/eventfd.h>
//   #include <unistd.h>
//
//   enum { THREADS = 4, EACH = 1000 };
//
//   static void wake(void *context) { eventfd_write(*(int *)context, 1); }
//   static void drop_message(void *context, void *message) { (void)context; free(message); }
//
//   static void handle(void *context, const actor_delivery *delivery) {
//     int *number = delivery->message;  // It is ours now.
//     *(uint64_t *)context += *number;
//     free(number);
//   }
//
//   static void *producer(void *handle) {
//     for (int n = 1; n <= EACH; n++) {
//       int *number = malloc(sizeof *number);
//       *number = n;
//       while (actor_try_tell(handle, 0, number) == ACTOR_FULL) poll(NULL, 0, 1);
//     }
//     return NULL;
//   }
//
//   int main(void) {
//     int woken = eventfd(0, 0);
//     actor_lane_config lanes[] = {{.name = "numbers", .kind = ACTOR_LANE_FIFO, .capacity = 256}};
//     actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
//     config.lanes = lanes;
//     config.lane_count = 1;
//     config.drop_message = drop_message;
//     config.wake = wake;
//     config.context = &woken;
//
//     actor_mailbox *mailbox;
//     if (actor_mailbox_new(&config, &mailbox) != ACTOR_OK) {
//       fprintf(stderr, "%s\n", actor_last_error());
//       return 1;
//     }
//     actor_handle *handle_of_all = actor_handle_new(mailbox);
//     pthread_t threads[THREADS];
//     for (int n = 0; n < THREADS; n++) pthread_create(&threads[n], NULL, producer, handle_of_all);
//
//     uint64_t sum = 0;
//     size_t handled = 0;
//     while (handled < THREADS * EACH) {
//       actor_turn turn = actor_mailbox_drain(mailbox, 128, handle, &sum);
//       handled += turn.handled;
//       if (!turn.has_more && handled < THREADS * EACH) {
//         eventfd_t wakes;
//         eventfd_read(woken, &wakes);  // A real loop would poll its other files as well.
//       }
//     }
//     for (int n = 0; n < THREADS; n++) pthread_join(threads[n], NULL);
//     actor_mailbox_destroy(mailbox, NULL, NULL);
//     actor_handle_drop(handle_of_all);
//     close(woken);
//     printf("%zu messages, sum %llu\n", handled, (unsigned long long)sum);
//     return sum == (uint64_t)THREADS * EACH * (EACH + 1) / 2 ? 0 : 1;
//   }
//
// Generated from the crate actor-ffi; do not edit.

#ifndef ACTOR_H
#define ACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A configuration without lanes, to start with.
#define ACTOR_MAILBOX_CONFIG_INIT \
  { sizeof(actor_mailbox_config), sizeof(actor_lane_config), NULL, 0, NULL, NULL, NULL }

// The source of a message without one. A lane with a share does not bound such messages.
#define ACTOR_NO_SOURCE UINT64_MAX

// The result of a function.
typedef enum {
  // It was done.
  ACTOR_OK = 0,
  // Refused: the lane is full. The message is still the caller's.
  ACTOR_FULL = 1,
  // Refused: as many messages of this source wait as its share allows. The message is still the
  // caller's.
  ACTOR_FULL_SHARE = 2,
  // Refused: the mailbox is closed or destroyed. The message is still the caller's.
  ACTOR_CLOSED = 3,
  // No message waits. The next message calls wake.
  ACTOR_EMPTY = 4,
  // The mailbox is closed, and every message was taken.
  ACTOR_ENDED = 5,
  // The configuration is not possible. actor_last_error names the lane and the remedy.
  ACTOR_INVALID = 6,
} actor_status;

// The outcome of an ask.
typedef enum {
  // The owner sent an answer.
  ACTOR_ANSWERED = 0,
  // No answer will come: the owner dropped the reply, or the message was evicted, or the mailbox
  // was destroyed first. The answer is NULL.
  ACTOR_DROPPED = 1,
} actor_outcome;

// The kind of a lane: its order, and what happens when it is full.
typedef enum {
  // First in, first out, and before all data lanes: for stops and configuration. A full lane
  // refuses.
  ACTOR_LANE_CONTROL = 0,
  // First in, first out. A full lane refuses.
  ACTOR_LANE_FIFO = 1,
  // The newest message first. A full lane evicts its oldest message.
  ACTOR_LANE_NEWEST_FIRST = 2,
  // Only the last message. Its capacity is 1.
  ACTOR_LANE_LATEST = 3,
  // Only the last message of each key, for up to capacity keys. A full lane evicts its oldest
  // message.
  ACTOR_LANE_LATEST_BY_KEY = 4,
} actor_lane_kind;

// The sending end of a mailbox. Any number of threads may use one handle at the same time.
typedef struct actor_handle actor_handle;

// The receiving end of a mailbox. It belongs to one thread, the owner's.
typedef struct actor_mailbox actor_mailbox;

// The reply of one ask. It ends by actor_reply_send or actor_reply_drop.
typedef struct actor_reply actor_reply;

// One lane. Set the rest to zero, as = {0} does.
typedef struct {
  // UTF-8, for the statistics. It is copied. NULL is the empty name.
  const char *name;
  // One of actor_lane_kind.
  uint32_t kind;
  // How many messages a data lane is served in its turn. 0 is 1. Without effect for
  // ACTOR_LANE_CONTROL.
  uint32_t weight;
  // The largest number of waiting messages, 1 or more. For ACTOR_LANE_LATEST: 0 or 1.
  size_t capacity;
  // The largest number of waiting messages of one source, up to 8,388,608. 0 is no bound. For
  // ACTOR_LANE_CONTROL and ACTOR_LANE_FIFO only.
  size_t share;
} actor_lane_config;

// Ends a message. Called on the thread that evicts it, or on the owner's in a take or the destroy.
typedef void (*actor_drop_message_fn)(void *context, void *message);

// Wakes the owner's loop.
typedef void (*actor_wake_fn)(void *context);

// The configuration of a mailbox. Start with ACTOR_MAILBOX_CONFIG_INIT.
typedef struct {
  // sizeof(actor_mailbox_config). Later versions append fields.
  size_t size;
  // sizeof(actor_lane_config). Later versions append fields.
  size_t lane_size;
  // The lanes. A message names its lane by the index. Copied by actor_mailbox_new.
  const actor_lane_config *lanes;
  // The number of lanes, 1 to 65,534.
  size_t lane_count;
  // Ends a message that nobody will take: one evicted by a newer one, on the sender's thread or
  // the owner's, or one left at the destroy. It may send, but not into a lane that evicts: that
  // would call it again, without end. On the owner's thread it may close the mailbox. There it
  // may also run inside a take, and then must not take messages or destroy the mailbox. NULL:
  // such messages need no end.
  actor_drop_message_fn drop_message;
  // Wakes the owner's loop: writes an eventfd, calls uv_async_send, posts a message. Called at
  // most once each time the owner finds the mailbox empty, on the thread that sends, and never
  // after actor_mailbox_destroy has returned. A call may come although the owner stays awake:
  // its message came while a drain was about to announce the sleep, and that drain took it. It
  // must not wait, and must not take messages or destroy the mailbox. It may send; that is one
  // more message, and no further wake. NULL: the owner polls.
  actor_wake_fn wake;
  // The first argument of drop_message and wake. It must stay valid until the mailbox is
  // destroyed and its last handle is dropped.
  void *context;
} actor_mailbox_config;

// A message in the owner's hands.
typedef struct {
  // The message as it was sent. It belongs to the owner now.
  void *message;
  // NULL unless the message is an ask. The owner must call actor_reply_send or
  // actor_reply_drop with it, once, at any later time and on any thread.
  actor_reply *reply;
  // The source or the key given by the sender, or ACTOR_NO_SOURCE.
  uint64_t source;
  // The index of the lane.
  size_t lane;
} actor_delivery;

// The result of a drain.
typedef struct {
  // The number of messages passed to the handler.
  size_t handled;
  // The budget was used up, and more may wait: drain again, because no wake will come. False: no
  // message waits, and the next one calls wake.
  bool has_more;
  // The mailbox is closed, and every message was taken.
  bool has_ended;
} actor_turn;

// Handles one message. context is that of the call. The delivery is valid during the call; its
// message and reply belong to the handler.
typedef void (*actor_handler_fn)(void *context, const actor_delivery *delivery);

// Receives the outcome of an ask. Called after the drop_message of an ask that is dropped.
typedef void (*actor_on_reply_fn)(void *context, actor_outcome outcome, void *answer);

// The figures of a lane since the mailbox was made. They are read one after the other, while other
// threads may change them.
typedef struct {
  // sizeof(actor_lane_stats), set by the caller. Later versions append fields. A library that
  // does not know such a field leaves it unchanged.
  size_t size;
  // The name in the configuration, valid until the process ends.
  const char *name;
  // The largest number of waiting messages.
  uint64_t capacity;
  // Messages accepted: handled + evicted + undelivered + depth.
  uint64_t accepted;
  // Messages taken by the owner. A message counts at the owner's next take.
  uint64_t handled;
  // Sends refused by a full lane.
  uint64_t refused;
  // Sends refused by a full share.
  uint64_t over_share;
  // Messages ended by a newer one.
  uint64_t evicted;
  // Messages left at the destroy.
  uint64_t undelivered;
  // The largest number seen waiting. Checked at some of the takes.
  uint64_t high_water;
  // Messages waiting, and the one in the owner's hands.
  uint64_t depth;
} actor_lane_stats;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Returns a sentence for a status, such as "the lane is full". It is constant, and never NULL: an
// unknown number has a sentence as well.
//
// Threads: any.
const char *actor_status_text(uint32_t status);

// Returns the sentence for this thread's last ACTOR_INVALID, or an empty text. Valid until the
// next ACTOR_INVALID of this thread, and at most until the thread ends. Never NULL.
//
// Threads: any. Each thread has its own.
const char *actor_last_error(void);

// Creates a mailbox, and writes it to *out.
//
// From now on the first message calls wake. The mailbox belongs to the first thread that calls
// actor_mailbox_drain, actor_mailbox_next or actor_mailbox_adopt.
//
// Returns ACTOR_INVALID for an impossible configuration, and writes NULL to *out;
// actor_last_error then names the lane and the remedy.
//
// Lists of lanes are kept until the process ends, each different one once, and at most 4,096.
//
// Threads: any. Ownership: everything in config is copied; the mailbox is the caller's, and ends
// by actor_mailbox_destroy. NULL: aborts.
actor_status actor_mailbox_new(const actor_mailbox_config *config, actor_mailbox **out);

// Makes the calling thread the owner's, before it takes anything. Optional: the first
// actor_mailbox_drain or actor_mailbox_next does the same.
//
// Threads: the owner's. Aborts if another thread is the owner's already. NULL: aborts.
void actor_mailbox_adopt(actor_mailbox *mailbox);

// Takes the next message and writes it to *out: control lanes first, then data lanes by turns.
//
// Returns ACTOR_OK with a message. Without one, *out is unchanged: ACTOR_EMPTY announces the
// owner's sleep, so the next message calls wake; ACTOR_ENDED follows a close. An owner that
// stops before ACTOR_EMPTY must come back by itself, because no wake will come.
//
// Threads: the owner's; aborts on another. Aborts inside a handler or wake of this mailbox.
// Ownership: the message and the reply become the caller's. NULL: aborts.
actor_status actor_mailbox_next(actor_mailbox *mailbox, actor_delivery *out);

// Passes up to budget messages to handler, one after the other: control lanes first, then data
// lanes by turns.
//
// If it ends because no message is left, the owner's sleep is announced: the next message calls
// wake, once. If the budget is used up, has_more is true and no wake comes: drain again after
// the loop's other work. A budget of 0 takes nothing and returns has_more; SIZE_MAX is no bound.
// After the end, each further drain returns has_ended, unless its budget is 0.
//
// The handler may use handles, replies, the statistics and actor_mailbox_close. It must not take
// messages of this mailbox, or destroy it: that aborts. So does an on_reply of its replies.
//
// Threads: the owner's; aborts on another. Aborts inside a handler or wake of this mailbox.
// Ownership: each message and reply becomes the handler's. NULL: aborts, except for context.
actor_turn actor_mailbox_drain(actor_mailbox *mailbox,
                               size_t budget,
                               actor_handler_fn handler,
                               void *context);

// Closes the mailbox: later sends return ACTOR_CLOSED, and every message accepted before is still
// to be taken. Calls wake if the owner sleeps.
//
// Threads: the owner's, or any one thread before there is an owner; aborts on another. A handler
// may call it. NULL: aborts.
void actor_mailbox_close(actor_mailbox *mailbox);

// Closes the mailbox, hands back each message that was accepted and not taken, and frees it.
//
// undelivered receives these messages, and their replies, as a handler does; the messages of one
// lane come oldest first. It must not use the mailbox any more: that aborts. If it is NULL,
// drop_message ends the messages, and their asks are reported as ACTOR_DROPPED.
//
// Once it returns, wake is never called again, and no call of it is in progress: the destroy
// waits for calls on other threads. Handles stay valid, and return ACTOR_CLOSED.
//
// Threads: the owner's, or any one thread before there is an owner; aborts on another. Aborts
// inside a handler or wake of this mailbox. Ownership: the mailbox ends. NULL: a mailbox of
// NULL does nothing.
void actor_mailbox_destroy(actor_mailbox *mailbox, actor_handler_fn undelivered, void *context);

// Creates a handle to a mailbox.
//
// Threads: any, while no other thread destroys the mailbox. Ownership: the handle is the caller's,
// and ends by actor_handle_drop, before or after the mailbox. NULL: aborts.
actor_handle *actor_handle_new(const actor_mailbox *mailbox);

// Creates a second handle to the same mailbox. One handle serves any number of threads; a clone
// only has an end of its own.
//
// Threads: any. Ownership: the new handle is the caller's. NULL: aborts.
actor_handle *actor_handle_clone(const actor_handle *handle);

// Ends a handle. The mailbox goes on.
//
// Threads: any; nothing may use this handle at the same time or later. An on_reply or a
// drop_message inside a send must not drop the handle of that send. Ownership: the handle ends.
// NULL: does nothing.
void actor_handle_drop(actor_handle *handle);

// Returns whether the mailbox is closed or destroyed. No send succeeds after that.
//
// Threads: any. NULL: aborts.
bool actor_handle_is_closed(const actor_handle *handle);

// Sends a message into a lane, or refuses it at once. Never waits, and takes no lock. Allocates
// only to give the lane memory: for its first message, and when more than 8 wait.
//
// Returns ACTOR_OK, ACTOR_FULL or ACTOR_CLOSED. A lane that evicts ends its oldest message by
// drop_message, on this thread, to make room. It is full only if there is no memory for it.
//
// Threads: any, also one that is ending. Ownership: with ACTOR_OK the message is the mailbox's; if
// refused, it is still the caller's. NULL: a handle of NULL aborts; a message may be NULL. A
// lane past the end aborts.
actor_status actor_try_tell(const actor_handle *handle, size_t lane, void *message);

// Sends a message with its source, such as the number of a peer, or with its key.
//
// A lane with a share bounds the waiting messages of each source, and returns ACTOR_FULL_SHARE
// beyond that. A lane of ACTOR_LANE_LATEST_BY_KEY keeps the last message of each key;
// ACTOR_NO_SOURCE is a key like all others. Other lanes only hand the number on in the delivery.
// Otherwise as actor_try_tell.
actor_status actor_try_tell_from(const actor_handle *handle,
                                 size_t lane,
                                 uint64_t source,
                                 void *message);

// Sends a message, and waits for room for at most timeout_ms milliseconds. UINT64_MAX is no
// bound.
//
// Returns ACTOR_OK, ACTOR_FULL after the timeout (also for a full share), or ACTOR_CLOSED. The
// close of the mailbox ends the wait. The source is that of actor_try_tell_from, or
// ACTOR_NO_SOURCE.
//
// A timeout of 0 does not wait. A sender that waits takes a lock for a moment, and no sender is
// sure of the next room: a later one may be first.
//
// Threads: any that may block, also one that is ending. Aborts on the owner's thread, which makes
// the room. Not for wake, nor for drop_message or on_reply if these may run on the owner's
// thread. Ownership: as actor_try_tell. NULL: as actor_try_tell.
actor_status actor_tell(const actor_handle *handle,
                        size_t lane,
                        uint64_t source,
                        void *message,
                        uint64_t timeout_ms);

// Sends a message with a reply in its delivery, or refuses it at once.
//
// With ACTOR_OK, on_reply is called exactly once: with ACTOR_ANSWERED and the answer, or with
// ACTOR_DROPPED and NULL. The call comes on the thread that answers or drops, which may be this
// one, before the function returns: an evicting lane drops asks as well. If refused, it is not
// called. The source is that of actor_try_tell_from, or ACTOR_NO_SOURCE. Allocates the reply.
//
// Threads: any, also one that is ending; on_reply runs on any. Ownership: as actor_try_tell;
// the context must be valid until on_reply was called. NULL: a handle or an on_reply of NULL
// aborts; a message or a context may be NULL.
actor_status actor_try_ask(const actor_handle *handle,
                           size_t lane,
                           uint64_t source,
                           void *message,
                           actor_on_reply_fn on_reply,
                           void *context);

// Answers an ask: calls its on_reply with ACTOR_ANSWERED and the answer, on this thread, before
// it returns.
//
// Threads: any. Ownership: the reply ends; the answer becomes the asker's. NULL: a reply of NULL
// aborts; an answer may be NULL. A second use of a reply aborts if it is noticed.
void actor_reply_send(actor_reply *reply, void *answer);

// Ends an ask without an answer: calls its on_reply with ACTOR_DROPPED and NULL, on this thread,
// before it returns.
//
// Threads: any. Ownership: the reply ends. NULL: does nothing. A second use of a reply aborts if
// it is noticed.
void actor_reply_drop(actor_reply *reply);

// Writes the figures of one lane. Set out->size first.
//
// Threads: any, while no other thread destroys the mailbox. NULL: aborts. A lane past the end, or
// a wrong size, aborts.
void actor_mailbox_stats(const actor_mailbox *mailbox, size_t lane, actor_lane_stats *out);

// Writes the figures of one lane, also after the destroy. Set out->size first.
//
// Threads: any. NULL: aborts. A lane past the end, or a wrong size, aborts.
void actor_handle_stats(const actor_handle *handle, size_t lane, actor_lane_stats *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ACTOR_H */
