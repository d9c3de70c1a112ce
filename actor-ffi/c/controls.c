/* Deliberate faults, one for each tool. The tests first require that the tool reports them: a tool
 * that is not set up right reports nothing, and would pass every other program as well.
 *
 * Usage: controls none|race|race-inside|leak|use-after-free|overflow */
#include <actor.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 100 };

static const char *fault;

static int is(const char *name) { return strcmp(fault, name) == 0; }

/* Two threads let the library write to the same place. */
static void *read_stats(void *handle) {
    static actor_lane_stats stats;
    if (is("race-inside")) {
        stats.size = sizeof stats;
        actor_handle_stats(handle, 0, &stats);
    }
    return NULL;
}

static void *produce(void *handle) {
    for (int n = 0; n < MESSAGES; n++) {
        int *number = malloc(sizeof *number);
        *number = n;
        if (actor_try_tell(handle, 0, number) != ACTOR_OK)
            abort();
        /* The message belongs to the owner now. */
        if (is("race"))
            *number = -1;
    }
    read_stats(handle);
    actor_handle_drop(handle);
    return NULL;
}

static void handle(void *context, const actor_delivery *delivery) {
    long *sum = context;
    int *number = delivery->message;
    *sum += *number;
    /* With a race, the memory is kept: else the producer's late write would be a second fault. */
    if (!is("leak") && !is("race"))
        free(number);
    if (is("use-after-free"))
        *sum += *(volatile int *)number;
}

/* The library writes past the end of this memory, because the size is wrong. */
static void overflow(actor_mailbox *mailbox) {
    size_t size = sizeof(actor_lane_stats);
    void *stats = malloc(size / 2);
    memcpy(stats, &size, sizeof size);
    actor_mailbox_stats(mailbox, 0, stats);
    free(stats);
}

int main(int count, char **arguments) {
    fault = count > 1 ? arguments[1] : "none";
    actor_lane_config lane = {.name = "numbers", .kind = ACTOR_LANE_FIFO, .capacity = MESSAGES};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = &lane;
    config.lane_count = 1;
    actor_mailbox *mailbox;
    if (actor_mailbox_new(&config, &mailbox) != ACTOR_OK)
        return 2;
    actor_handle *own_handle = actor_handle_new(mailbox);
    pthread_t thread;
    if (pthread_create(&thread, NULL, produce, actor_handle_new(mailbox)) != 0)
        return 2;
    long sum = 0;
    size_t handled = 0;
    /* No join before the end: nothing but the mailbox orders the two threads. */
    while (handled < MESSAGES) {
        handled += actor_mailbox_drain(mailbox, MESSAGES, handle, &sum).handled;
        poll(NULL, 0, 1);
    }
    if (is("overflow"))
        overflow(mailbox);
    read_stats(own_handle);
    pthread_join(thread, NULL);
    actor_handle_drop(own_handle);
    actor_mailbox_destroy(mailbox, NULL, NULL);
    printf("sum %ld\n", sum);
    return 0;
}
