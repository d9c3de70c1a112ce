/* An owner inside a libuv loop: `wake` is `uv_async_send`, and the async watcher drains.
 *
 * Usage: libuv_loop [messages of all eight threads] */
#include <actor.h>

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

enum { PRODUCERS = 8, BUDGET = 256 };

typedef struct message {
    uint64_t producer, number;
} message;

/* Belongs to the loop's thread, except for the two fields that `wake` uses. */
typedef struct owner {
    uv_async_t watcher;
    atomic_ulong wakes;

    actor_mailbox *mailbox;
    uint64_t newest[PRODUCERS];
    uint64_t expected, handled, turns;
} owner;

typedef struct producer {
    actor_handle *handle;
    uint64_t id, messages, full;
} producer;

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "libuv_loop.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

/* Any thread: called if the owner sleeps. */
static void wake(void *context) {
    owner *owner = context;
    atomic_fetch_add(&owner->wakes, 1);
    REQUIRE(uv_async_send(&owner->watcher) == 0);
}

/* The loop's thread. */
static void handle(void *context, const actor_delivery *delivery) {
    owner *owner = context;
    message *message = delivery->message;
    /* First in, first out for each producer, without a gap. */
    REQUIRE(message->number == ++owner->newest[message->producer]);
    owner->handled++;
    free(message);
}

/* The loop's thread: the watcher's callback. */
static void on_async(uv_async_t *watcher) {
    owner *owner = watcher->data;
    actor_turn turn = actor_mailbox_drain(owner->mailbox, BUDGET, handle, owner);
    owner->turns++;
    if (turn.has_more) {
        /* No wake will come: the loop serves its other watchers, and then calls this one again. */
        REQUIRE(uv_async_send(watcher) == 0);
        return;
    }
    if (owner->handled == owner->expected) {
        /* After the destroy, no thread calls `wake`. So the watcher may be closed. */
        actor_mailbox_destroy(owner->mailbox, NULL, NULL);
        uv_close((uv_handle_t *)watcher, NULL);
    }
}

static void produce(void *argument) {
    producer *producer = argument;
    for (uint64_t n = 1; n <= producer->messages; n++) {
        message *new = malloc(sizeof *new);
        REQUIRE(new);
        *new = (message){producer->id, n};
        actor_status status;
        while ((status = actor_try_tell(producer->handle, 0, new)) == ACTOR_FULL) {
            producer->full++;
            sched_yield();
        }
        REQUIRE(status == ACTOR_OK);
    }
    actor_handle_drop(producer->handle);
}

int main(int count, char **arguments) {
    uint64_t messages = count > 1 ? strtoull(arguments[1], NULL, 10) : 1000000;
    uv_loop_t loop;
    REQUIRE(uv_loop_init(&loop) == 0);
    static owner owner;
    REQUIRE(uv_async_init(&loop, &owner.watcher, on_async) == 0);
    owner.watcher.data = &owner;
    owner.expected = messages / PRODUCERS * PRODUCERS;

    actor_lane_config lane = {.name = "messages", .kind = ACTOR_LANE_FIFO, .capacity = 4096};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = &lane;
    config.lane_count = 1;
    config.wake = wake;
    config.context = &owner;
    REQUIRE(actor_mailbox_new(&config, &owner.mailbox) == ACTOR_OK);

    producer producers[PRODUCERS];
    uv_thread_t threads[PRODUCERS];
    for (uint64_t n = 0; n < PRODUCERS; n++) {
        producers[n] = (producer){actor_handle_new(owner.mailbox), n, messages / PRODUCERS, 0};
        REQUIRE(uv_thread_create(&threads[n], produce, &producers[n]) == 0);
    }
    REQUIRE(uv_run(&loop, UV_RUN_DEFAULT) == 0);
    uint64_t full = 0;
    for (int n = 0; n < PRODUCERS; n++) {
        REQUIRE(uv_thread_join(&threads[n]) == 0);
        full += producers[n].full;
        REQUIRE(owner.newest[n] == producers[n].messages);
    }
    REQUIRE(uv_loop_close(&loop) == 0);

    printf("sent %" PRIu64 ", handled %" PRIu64 ", refused and sent again %" PRIu64 "\n",
           owner.expected, owner.handled, full);
    printf("turns %" PRIu64 ", wakes %lu\n", owner.turns, atomic_load(&owner.wakes));
    REQUIRE(owner.handled == owner.expected);
    return 0;
}
