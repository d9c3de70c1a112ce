// actor.h: mailboxes with lanes, for an owner in any event loop.
//
// Many threads send; one thread, the owner's, takes. A message is a pointer that the library never
// looks into. A mailbox has one or more lanes, each with its own order, capacity and behaviour when
// full. The owner takes from control lanes first, and then from data lanes by turns. If nothing is
// left it goes back to its loop, and the next message calls `wake`, once.
//
//   any thread                                            the owner's thread
//   actor_try_tell ──▶ lane 0  control                    your loop: epoll, libuv, libxev, …
//   actor_try_tell ──▶ lane 1  fifo, refuses      wake ─▶ actor_mailbox_drain ──▶ your handler
//   actor_try_ask  ──▶ lane 2  newest, evicts
//
// Rules:
//
// * Two calls wait: actor_tell for room, and actor_mailbox_destroy for calls of `wake` in progress.
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
// Link with `pkg-config --cflags --libs actor-ffi`.
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
