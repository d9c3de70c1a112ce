/* Eight threads send to one owner, through a lane of each kind. Every message is accounted for:
 *
 *     sent = handled + refused + evicted + undelivered
 *
 * Usage: eight_producers [messages of each thread] */
#include <actor.h>

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PRODUCERS = 8, LANES = 5 };
enum { CONTROL, BLOCKS, VOTES, HEAD, PEERS };

/* The sources of lane BLOCKS are the producers: none of them can fill it alone. */
static const actor_lane_config lanes[LANES] = {
    {.name = "control", .kind = ACTOR_LANE_CONTROL, .capacity = 64},
    {.name = "blocks", .kind = ACTOR_LANE_FIFO, .capacity = 256, .share = 48, .weight = 2},
    {.name = "votes", .kind = ACTOR_LANE_NEWEST_FIRST, .capacity = 64},
    {.name = "head", .kind = ACTOR_LANE_LATEST},
    {.name = "peers", .kind = ACTOR_LANE_LATEST_BY_KEY, .capacity = 16},
};

typedef struct message {
    size_t lane;
    uint64_t producer;
    uint64_t number;
    bool is_last;
} message;

/* Shared by all threads: the callbacks of the mailbox change nothing else. */
typedef struct shared {
    int event;
    atomic_ulong wakes;
    atomic_ulong evicted[LANES];
} shared;

/* Belongs to the owner's thread. No lock, because no other thread has a pointer to it. */
typedef struct owner {
    actor_mailbox *mailbox;
    uint64_t handled[LANES], undelivered[LANES];
    uint64_t newest[PRODUCERS][LANES];
    uint64_t goodbyes;
} owner;

typedef struct producer {
    actor_handle *handle;
    uint64_t id, messages, next;
    uint64_t sent[LANES], refused[LANES], asked;
    /* Changed by the threads that end the asks. */
    atomic_ulong answered, dropped;
    bool is_closed;
} producer;

static pthread_key_t at_thread_end;

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "eight_producers.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

/* Any thread: called if the owner sleeps. */
static void wake(void *context) {
    shared *shared = context;
    atomic_fetch_add(&shared->wakes, 1);
    REQUIRE(eventfd_write(shared->event, 1) == 0);
}

/* Any thread: called for a message that makes room for a newer one. */
static void drop_message(void *context, void *evicted) {
    shared *shared = context;
    message *message = evicted;
    atomic_fetch_add(&shared->evicted[message->lane], 1);
    free(message);
}

/* Any thread: called once for each accepted ask. The answer is the message, sent back. */
static void on_reply(void *context, actor_outcome outcome, void *answer) {
    producer *producer = context;
    if (outcome == ACTOR_ANSWERED) {
        REQUIRE(((message *)answer)->producer == producer->id);
        atomic_fetch_add(&producer->answered, 1);
        free(answer);
    } else {
        atomic_fetch_add(&producer->dropped, 1);
    }
}

/* The owner's thread. */
static void handle(void *context, const actor_delivery *delivery) {
    owner *owner = context;
    message *message = delivery->message;
    REQUIRE(message->lane == delivery->lane);
    owner->handled[message->lane]++;
    if (message->lane == CONTROL || message->lane == BLOCKS) {
        uint64_t *newest = &owner->newest[message->producer][message->lane];
        REQUIRE(message->number > *newest);
        *newest = message->number;
    }
    owner->goodbyes += message->is_last;
    if (delivery->reply && message->number % 2 == 0) {
        actor_reply_send(delivery->reply, message);
        return;
    }
    if (delivery->reply)
        actor_reply_drop(delivery->reply);
    free(message);
}

/* The owner's thread, in the destroy. */
static void undelivered(void *context, const actor_delivery *delivery) {
    owner *owner = context;
    owner->undelivered[delivery->lane]++;
    if (delivery->reply)
        actor_reply_drop(delivery->reply);
    free(delivery->message);
}

static actor_status tell(producer *producer, size_t lane, bool is_ask, bool is_last) {
    message *new = malloc(sizeof *new);
    REQUIRE(new);
    *new = (message){lane, producer->id, ++producer->next, is_last};
    uint64_t tag = lane == PEERS ? producer->next % 32 : producer->id;
    actor_status status =
        is_ask ? actor_try_ask(producer->handle, lane, tag, new, on_reply, producer)
               : actor_try_tell_from(producer->handle, lane, tag, new);
    producer->sent[lane]++;
    if (status == ACTOR_OK) {
        producer->asked += is_ask;
        return status;
    }
    /* Refused: the message is still ours. */
    producer->refused[lane]++;
    free(new);
    return status;
}

static void *produce(void *argument) {
    producer *producer = argument;
    REQUIRE(pthread_setspecific(at_thread_end, producer) == 0);
    /* A clone of a clone is as good as the first. */
    actor_handle *first = producer->handle;
    producer->handle = actor_handle_clone(first);
    actor_handle_drop(first);
    for (uint64_t n = 0; n < producer->messages && !producer->is_closed; n++) {
        size_t lane = n % 32 == 0 ? CONTROL : 1 + n % 4;
        bool is_ask = n % 8 == 1 || n % 8 == 2;
        actor_status status = tell(producer, lane, is_ask, false);
        if (status == ACTOR_CLOSED)
            producer->is_closed = true;
        else if (status != ACTOR_OK)
            sched_yield();
    }
    return NULL;
}

/* Sends the last message and drops the handle while the thread ends. */
static void end_of_thread(void *argument) {
    producer *producer = argument;
    actor_status status;
    while ((status = tell(producer, CONTROL, false, true)) == ACTOR_FULL)
        sched_yield();
    producer->is_closed = status == ACTOR_CLOSED;
    actor_handle_drop(producer->handle);
}

/* The foreign loop: waits for the eventfd, drains up to 64 messages, and waits only if none is
 * left. `enough` ends it. */
static void run_loop(shared *shared, owner *owner, uint64_t enough) {
    uint64_t handled = 0;
    for (;;) {
        actor_turn turn = actor_mailbox_drain(owner->mailbox, 64, handle, owner);
        handled += turn.handled;
        if (owner->goodbyes == PRODUCERS || handled >= enough)
            return;
        if (turn.has_more)
            continue;
        struct pollfd event = {.fd = shared->event, .events = POLLIN};
        REQUIRE(poll(&event, 1, -1) == 1);
        eventfd_t count;
        REQUIRE(eventfd_read(shared->event, &count) == 0);
    }
}

/* `witness` is a handle: it has the library's own figures, also after the destroy. */
static void check(const char *title, shared *shared, owner *owner, producer *producers,
                  const actor_handle *witness) {
    printf("%s\n%10s %10s %10s %10s %10s %11s\n", title, "lane", "sent", "handled", "refused",
           "evicted", "undelivered");
    for (size_t lane = 0; lane < LANES; lane++) {
        uint64_t sent = 0, refused = 0, evicted = atomic_load(&shared->evicted[lane]);
        for (size_t n = 0; n < PRODUCERS; n++) {
            sent += producers[n].sent[lane];
            refused += producers[n].refused[lane];
        }
        uint64_t handled = owner->handled[lane], lost = owner->undelivered[lane];
        printf("%10s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %11" PRIu64 "\n",
               lanes[lane].name, sent, handled, refused, evicted, lost);
        REQUIRE(sent > 0 && sent == handled + refused + evicted + lost);
        REQUIRE(lanes[lane].kind != ACTOR_LANE_CONTROL || evicted == 0);
        REQUIRE(lanes[lane].kind != ACTOR_LANE_FIFO || evicted == 0);
        actor_lane_stats stats = {.size = sizeof stats};
        actor_handle_stats(witness, lane, &stats);
        REQUIRE(stats.accepted == sent - refused && stats.handled == handled);
        REQUIRE(stats.evicted == evicted && stats.undelivered == lost && stats.depth == 0);
    }
    uint64_t asked = 0, answered = 0, dropped = 0;
    for (size_t n = 0; n < PRODUCERS; n++) {
        asked += producers[n].asked;
        answered += atomic_load(&producers[n].answered);
        dropped += atomic_load(&producers[n].dropped);
    }
    printf("asks: %" PRIu64 " answered + %" PRIu64 " dropped = %" PRIu64 "\n", answered, dropped,
           asked);
    REQUIRE(asked == answered + dropped);
}

/* Runs all threads until their last message, or until the owner has handled `enough`. */
static void round_of(const char *title, uint64_t messages, uint64_t enough) {
    shared shared = {.event = eventfd(0, EFD_CLOEXEC)};
    REQUIRE(shared.event >= 0);
    owner owner = {0};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = lanes;
    config.lane_count = LANES;
    config.wake = wake;
    config.drop_message = drop_message;
    config.context = &shared;
    REQUIRE(actor_mailbox_new(&config, &owner.mailbox) == ACTOR_OK);

    actor_handle *witness = actor_handle_new(owner.mailbox);
    static producer producers[PRODUCERS];
    memset(producers, 0, sizeof producers);
    pthread_t threads[PRODUCERS];
    for (size_t n = 0; n < PRODUCERS; n++) {
        producers[n].handle = actor_handle_new(owner.mailbox);
        producers[n].id = n;
        producers[n].messages = messages;
        REQUIRE(pthread_create(&threads[n], NULL, produce, &producers[n]) == 0);
    }
    run_loop(&shared, &owner, enough);
    actor_mailbox_destroy(owner.mailbox, undelivered, &owner);
    uint64_t wakes = atomic_load(&shared.wakes);
    for (size_t n = 0; n < PRODUCERS; n++)
        REQUIRE(pthread_join(threads[n], NULL) == 0);
    REQUIRE(atomic_load(&shared.wakes) == wakes); /* none after the destroy */
    check(title, &shared, &owner, producers, witness);
    actor_handle_drop(witness);
    close(shared.event);
}

int main(int count, char **arguments) {
    uint64_t messages = count > 1 ? strtoull(arguments[1], NULL, 10) : 20000;
    REQUIRE(pthread_key_create(&at_thread_end, end_of_thread) == 0);
    round_of("until the last message", messages, UINT64_MAX);
    /* The producers have no end of their own here: they stop because the mailbox is destroyed. */
    round_of("destroyed while they send", UINT64_MAX, messages);
    REQUIRE(pthread_key_delete(at_thread_end) == 0);
    return 0;
}
