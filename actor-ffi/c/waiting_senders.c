/* Threads wait for room in two small lanes, some with a short timeout. The owner takes with small
 * budgets, and sleeps whenever nothing is left. At the end, it destroys the mailbox under those
 * that still wait. Every message is accounted for, and no sender is forgotten.
 *
 * Usage: waiting_senders [messages of each thread] */
#include <actor.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { SENDERS = 6 };

static const actor_lane_config lanes[] = {
    {.name = "shared", .kind = ACTOR_LANE_FIFO, .capacity = 2, .share = 1},
    {.name = "single", .kind = ACTOR_LANE_CONTROL, .capacity = 1},
};

static int event;
static unsigned long messages = 2000;
static atomic_ulong sent, late, closed;

typedef struct sender {
    actor_handle *handle;
    uint64_t id;
} sender;

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "waiting_senders.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

static void wake(void *context) {
    (void)context;
    REQUIRE(eventfd_write(event, 1) == 0);
}

static void take(void *context, const actor_delivery *delivery) {
    ++*(unsigned long *)context;
    free(delivery->message);
}

/* Sends until the mailbox is closed. */
static void *send(void *argument) {
    const sender *self = argument;
    for (unsigned long number = 0;; number++) {
        void *message = malloc(1);
        const uint64_t timeout = number % 4 == 0 ? 1 : UINT64_MAX;
        actor_status status;
        while ((status = actor_tell(self->handle, number % 2, self->id % 2, message, timeout)) ==
               ACTOR_FULL) {
            REQUIRE(timeout == 1);
            atomic_fetch_add(&late, 1);
        }
        if (status == ACTOR_CLOSED) {
            free(message); /* refused: it is still ours */
            atomic_fetch_add(&closed, 1);
            return NULL;
        }
        REQUIRE(status == ACTOR_OK);
        atomic_fetch_add(&sent, 1);
    }
}

int main(int count, char **arguments) {
    if (count > 1)
        messages = strtoul(arguments[1], NULL, 10);
    event = eventfd(0, EFD_CLOEXEC);
    REQUIRE(event >= 0);
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = lanes;
    config.lane_count = sizeof lanes / sizeof *lanes;
    config.wake = wake;
    actor_mailbox *mailbox;
    REQUIRE(actor_mailbox_new(&config, &mailbox) == ACTOR_OK);
    actor_handle *handle = actor_handle_new(mailbox);

    pthread_t threads[SENDERS];
    sender senders[SENDERS];
    for (uint64_t id = 0; id < SENDERS; id++) {
        senders[id] = (sender){.handle = handle, .id = id};
        REQUIRE(pthread_create(&threads[id], NULL, send, &senders[id]) == 0);
    }
    unsigned long handled = 0;
    while (handled < SENDERS * messages) {
        actor_turn turn = actor_mailbox_drain(mailbox, 1 + handled % 3, take, &handled);
        if (!turn.has_more && handled < SENDERS * messages) {
            eventfd_t wakes;
            REQUIRE(eventfd_read(event, &wakes) == 0); /* for ever, if a sender is forgotten */
        }
    }
    unsigned long undelivered = 0;
    actor_mailbox_destroy(mailbox, take, &undelivered);
    for (int id = 0; id < SENDERS; id++)
        pthread_join(threads[id], NULL);
    REQUIRE(atomic_load(&sent) == handled + undelivered);
    REQUIRE(atomic_load(&closed) == SENDERS);
    uint64_t refused = 0;
    for (size_t lane = 0; lane < config.lane_count; lane++) {
        actor_lane_stats stats = {.size = sizeof stats};
        actor_handle_stats(handle, lane, &stats);
        refused += stats.refused + stats.over_share;
    }
    REQUIRE(refused == atomic_load(&late));
    actor_handle_drop(handle);
    close(event);
    printf("sent %lu = handled %lu + undelivered %lu, late %lu\n", atomic_load(&sent), handled,
           undelivered, atomic_load(&late));
    return 0;
}
