/* A program for counting instructions: sends bursts of messages and drains them, on one thread.
 *
 *     valgrind --tool=callgrind instructions WORKLOAD COUNT
 *
 * The difference of two runs, divided by the difference of their counts, is the cost of one message
 * of the workload: tell, next, tell-lanes or ask. */
#include <actor.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BURST = 64 };

static const actor_lane_config lanes[] = {
    {.name = "pings", .kind = ACTOR_LANE_FIFO, .capacity = 256},
    {.name = "control", .kind = ACTOR_LANE_CONTROL, .capacity = 16},
    {.name = "asks", .kind = ACTOR_LANE_FIFO, .capacity = 64},
};

static void handle(void *context, const actor_delivery *delivery) {
    *(uint64_t *)context += delivery->message != NULL;
    if (delivery->reply)
        actor_reply_send(delivery->reply, delivery->message);
}

static void on_reply(void *context, actor_outcome outcome, void *answer) {
    *(uint64_t *)context += outcome == ACTOR_ANSWERED && answer != NULL;
}

int main(int count, char **arguments) {
    const char *workload = count > 1 ? arguments[1] : "tell";
    uint64_t messages = count > 2 ? strtoull(arguments[2], NULL, 10) : 10000;
    bool is_ask = strcmp(workload, "ask") == 0, is_next = strcmp(workload, "next") == 0;
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = lanes;
    config.lane_count = strcmp(workload, "tell-lanes") == 0 ? 3 : 1;
    actor_mailbox *mailbox;
    if (actor_mailbox_new(&config, &mailbox) != ACTOR_OK)
        return 1;
    actor_handle *sender = actor_handle_new(mailbox);

    static char ping;
    uint64_t handled = 0, answered = 0;
    for (uint64_t n = 0; n < messages; n += BURST) {
        for (int sent = 0; sent < BURST; sent++) {
            actor_status status =
                is_ask ? actor_try_ask(sender, 0, ACTOR_NO_SOURCE, &ping, on_reply, &answered)
                       : actor_try_tell(sender, 0, &ping);
            if (status != ACTOR_OK)
                return 1;
        }
        if (is_next) {
            actor_delivery delivery;
            while (actor_mailbox_next(mailbox, &delivery) == ACTOR_OK)
                handle(&handled, &delivery);
        } else {
            actor_mailbox_drain(mailbox, SIZE_MAX, handle, &handled);
        }
    }
    actor_mailbox_destroy(mailbox, NULL, NULL);
    actor_handle_drop(sender);
    printf("%s: %lu handled, %lu answered\n", workload, (unsigned long)handled,
           (unsigned long)answered);
    return handled < messages || (is_ask && answered < messages);
}
