/* A ledger: an actor in Rust, hosted by the event loop of a C program.
 *
 * One thread owns the ledger: the thread that called ledger_start. It runs the loop. Any thread may
 * hold a handle, and enqueue amounts with it. No function takes a lock or waits. A function for the
 * loop's thread aborts with a sentence on stderr if another thread calls it, and ledger_turn and
 * ledger_end do so inside ledger_turn. A ledger that is NULL has ended.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ledger, for the loop's thread. */
typedef struct ledger ledger;

/* The right to enqueue, for any thread. */
typedef struct ledger_handle ledger_handle;

/* Wakes the loop, as uv_async_send does. Called from any thread, at most once per sleep, and never
 * after ledger_end has returned. */
typedef void (*ledger_wake)(void *context);

/* A flush: the total of `count` amounts. Called on the loop's thread, inside ledger_turn. */
typedef void (*ledger_flush)(void *context, uint64_t total, uint64_t count);

/* Results of ledger_turn below zero. */
#define LEDGER_ASLEEP (-1) /* Turn after the next wake. */
#define LEDGER_ENDED (-2)  /* No handle is left and all is flushed, or it has panicked. */

/* Results of ledger_end. */
#define LEDGER_DONE 0      /* It had ended by itself. */
#define LEDGER_PANICKED 1  /* Its code has panicked. The message is on stderr. */
#define LEDGER_ABANDONED 2 /* It was still running. What it had not handled is lost. */

/* Starts a ledger on the calling thread. Both functions get `context`. Returns NULL if the system
 * has no resources left, or if a function is NULL. */
ledger *ledger_start(ledger_wake wake, ledger_flush flush, void *context);

/* Returns the first handle, once; then NULL. For the loop's thread. */
ledger_handle *ledger_take_handle(ledger *ledger);

/* Runs the ledger for about `budget_us` microseconds, and at least one step. Returns the
 * milliseconds until the next call at the latest: 0 to call again after the loop's other work,
 * LEDGER_ASLEEP or LEDGER_ENDED. For the loop's thread. */
int64_t ledger_turn(ledger *ledger, uint32_t budget_us);

/* Ends the ledger, frees it, and returns one of the three results above. Handles stay valid: they
 * enqueue nothing any more. For the loop's thread. */
int ledger_end(ledger *ledger);

/* Enqueues an amount, from any thread. Returns false if the queue is full or the ledger has ended.
 * The type fits a callback of a C library: the handle is its context. NULL returns false. */
bool ledger_on_amount(void *handle, uint64_t amount);

/* Returns another handle of the same ledger, for any thread. NULL returns NULL. */
ledger_handle *ledger_handle_clone(const ledger_handle *handle);

/* Drops a handle. With the last one the ledger ends. NULL has no effect. */
void ledger_handle_drop(ledger_handle *handle);

#ifdef __cplusplus
}
#endif

#endif
