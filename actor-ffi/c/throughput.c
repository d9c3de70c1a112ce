/* Measures messages through a mailbox beside a queue with a mutex and a condition variable, in one
 * process and by turns. The owner sleeps when nothing waits: in read(2) of an eventfd, or in
 * pthread_cond_wait. A polled mailbox has no `wake`: its owner gives its processor away, and looks
 * again.
 *
 * Usage: throughput [messages of a round] [rounds] */
#include <actor.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { MOST_PRODUCERS = 8, ROOM = 1024, BATCH = 64, MOST_ROUNDS = 101 };

/* The ways of a message. */
enum { MAILBOX, POLLED_MAILBOX, QUEUE, QUEUE_IN_BATCHES, WAYS };
static const char *const names[WAYS] = {"mailbox", "mailbox, polled", "mutex + condvar",
                                        "mutex + condvar, batches"};
static atomic_ulong wakes[WAYS];

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "throughput.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    void *places[ROOM];
    size_t first, count;
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static bool queue_push(void *message) {
    pthread_mutex_lock(&queue.mutex);
    bool has_room = queue.count < ROOM, was_empty = queue.count == 0;
    if (has_room)
        queue.places[(queue.first + queue.count++) % ROOM] = message;
    pthread_mutex_unlock(&queue.mutex);
    if (was_empty) {
        atomic_fetch_add(&wakes[QUEUE], 1);
        pthread_cond_signal(&queue.filled);
    }
    return has_room;
}

/* Takes up to `most` messages, and waits for the first. */
static size_t queue_pop(void **out, size_t most) {
    pthread_mutex_lock(&queue.mutex);
    while (queue.count == 0)
        pthread_cond_wait(&queue.filled, &queue.mutex);
    size_t taken = queue.count < most ? queue.count : most;
    for (size_t n = 0; n < taken; n++)
        out[n] = queue.places[(queue.first + n) % ROOM];
    queue.first = (queue.first + taken) % ROOM;
    queue.count -= taken;
    pthread_mutex_unlock(&queue.mutex);
    return taken;
}

typedef struct round {
    int way, event;
    actor_handle *handle;
    uint64_t each;
    atomic_int ready;
    atomic_bool begun;
} round_;

static char tick;

static void *produce(void *argument) {
    round_ *round = argument;
    atomic_fetch_add(&round->ready, 1);
    while (!atomic_load(&round->begun))
        sched_yield();
    for (uint64_t n = 0; n < round->each; n++)
        if (round->way <= POLLED_MAILBOX)
            while (actor_try_tell(round->handle, 0, &tick) != ACTOR_OK)
                sched_yield();
        else
            while (!queue_push(&tick))
                sched_yield();
    return NULL;
}

static void wake(void *context) {
    atomic_fetch_add(&wakes[MAILBOX], 1);
    REQUIRE(eventfd_write(*(int *)context, 1) == 0);
}

static void handle_one(void *context, const actor_delivery *delivery) {
    *(uint64_t *)context += delivery->message == &tick;
}

static void own_mailbox(actor_mailbox *mailbox, int event, uint64_t expected) {
    uint64_t handled = 0;
    for (;;) {
        actor_turn turn = actor_mailbox_drain(mailbox, BATCH, handle_one, &handled);
        if (handled == expected)
            return;
        eventfd_t count;
        if (!turn.has_more && event >= 0)
            REQUIRE(eventfd_read(event, &count) == 0);
        else if (!turn.has_more)
            sched_yield();
    }
}

static void own_queue(size_t batch, uint64_t expected) {
    void *taken[BATCH];
    for (uint64_t handled = 0; handled < expected;) {
        size_t count = queue_pop(taken, batch);
        for (size_t n = 0; n < count; n++)
            handled += taken[n] == &tick;
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Returns the nanoseconds for a message, and adds the wakes. */
static double measure(int way, int producers, uint64_t messages, double *woken) {
    int counted = way == QUEUE_IN_BATCHES ? QUEUE : way;
    atomic_store(&wakes[counted], 0);
    round_ round = {.way = way, .event = eventfd(0, EFD_CLOEXEC), .each = messages / producers};
    actor_lane_config lane = {.name = "ticks", .kind = ACTOR_LANE_FIFO, .capacity = ROOM};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = &lane;
    config.lane_count = 1;
    config.wake = way == MAILBOX ? wake : NULL;
    config.context = &round.event;
    actor_mailbox *mailbox;
    REQUIRE(actor_mailbox_new(&config, &mailbox) == ACTOR_OK);
    round.handle = actor_handle_new(mailbox);

    pthread_t threads[MOST_PRODUCERS];
    for (int n = 0; n < producers; n++)
        REQUIRE(pthread_create(&threads[n], NULL, produce, &round) == 0);
    while (atomic_load(&round.ready) < producers)
        sched_yield();
    uint64_t expected = round.each * producers;
    double start = now();
    atomic_store(&round.begun, true);
    if (way <= POLLED_MAILBOX)
        own_mailbox(mailbox, way == MAILBOX ? round.event : -1, expected);
    else
        own_queue(way == QUEUE ? 1 : BATCH, expected);
    double took = now() - start;
    for (int n = 0; n < producers; n++)
        REQUIRE(pthread_join(threads[n], NULL) == 0);
    actor_mailbox_destroy(mailbox, NULL, NULL);
    actor_handle_drop(round.handle);
    close(round.event);
    *woken += (double)atomic_load(&wakes[counted]) / (double)expected;
    return took / (double)expected;
}

static int by_size(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
    uint64_t messages = count > 1 ? strtoull(arguments[1], NULL, 10) : 400000;
    int rounds = count > 2 ? atoi(arguments[2]) : 21;
    REQUIRE(rounds > 0 && rounds <= MOST_ROUNDS);
    printf("ns for a message: median (quartiles) of %d rounds by turns; wakes for a message\n",
           rounds);
    for (int producers = 1; producers <= MOST_PRODUCERS; producers *= producers == 1 ? 4 : 2) {
        static double times[WAYS][MOST_ROUNDS];
        double woken[WAYS] = {0};
        for (int round = 0; round < rounds; round++)
            for (int way = 0; way < WAYS; way++)
                times[way][round] = measure(way, producers, messages, &woken[way]);
        for (int way = 0; way < WAYS; way++) {
            qsort(times[way], (size_t)rounds, sizeof(double), by_size);
            printf("%d producers, %s: %.1f (%.1f-%.1f), %.4f\n", producers, names[way],
                   times[way][rounds / 2], times[way][rounds / 4], times[way][rounds * 3 / 4],
                   woken[way] / rounds);
        }
    }
    return 0;
}
