/* Eight threads send to an owner that is awake. Between the two words `begin` and `end`, no thread
 * makes a system call for a lock: the tests count the calls of futex(2) in a trace.
 *
 * With `queue`, the same messages pass through a queue with a mutex and a condition variable, to
 * show that the trace would have such calls.
 *
 * Usage: awake_owner mailbox|queue [messages of each thread] */
#include <actor.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRODUCERS = 8, LANES = 6, ROOM = 64, BUDGET = 32 };

static const actor_lane_config lanes[LANES] = {
    {.name = "control", .kind = ACTOR_LANE_CONTROL, .capacity = ROOM},
    {.name = "fifo", .kind = ACTOR_LANE_FIFO, .capacity = ROOM},
    {.name = "shared", .kind = ACTOR_LANE_FIFO, .capacity = ROOM, .share = ROOM / 4},
    {.name = "newest", .kind = ACTOR_LANE_NEWEST_FIRST, .capacity = ROOM},
    {.name = "latest", .kind = ACTOR_LANE_LATEST},
    {.name = "keyed", .kind = ACTOR_LANE_LATEST_BY_KEY, .capacity = ROOM},
};

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "awake_owner.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

/* The usual queue. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t filled;
    void *places[ROOM];
    size_t first, count;
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static bool queue_push(void *message) {
    pthread_mutex_lock(&queue.mutex);
    bool has_room = queue.count < ROOM;
    if (has_room) {
        queue.places[(queue.first + queue.count++) % ROOM] = message;
        pthread_cond_signal(&queue.filled);
    }
    pthread_mutex_unlock(&queue.mutex);
    return has_room;
}

static void *queue_pop(void) {
    pthread_mutex_lock(&queue.mutex);
    while (queue.count == 0)
        pthread_cond_wait(&queue.filled, &queue.mutex);
    void *message = queue.places[queue.first];
    queue.first = (queue.first + 1) % ROOM;
    queue.count--;
    pthread_mutex_unlock(&queue.mutex);
    return message;
}

/* The threads meet by spinning, because a barrier would make the system calls in question. */
static atomic_ulong ready, sent, ended;
static atomic_bool begun, over;

static actor_handle *handle; /* NULL: the queue is used */
static uint64_t messages = 20000;
static char tick;

static void spin_until(atomic_bool *is_so) {
    while (!atomic_load(is_so))
        sched_yield();
}

static void *produce(void *argument) {
    uint64_t id = (uintptr_t)argument;
    atomic_fetch_add(&ready, 1);
    spin_until(&begun);
    for (uint64_t n = 0; n < messages; n++) {
        if (handle)
            while (actor_try_tell_from(handle, (n + id) % LANES, id, &tick) != ACTOR_OK)
                sched_yield();
        else
            while (!queue_push(&tick))
                sched_yield();
        atomic_fetch_add(&sent, 1);
    }
    atomic_fetch_add(&ended, 1);
    spin_until(&over);
    return NULL;
}

static void wake(void *context) { atomic_fetch_add((atomic_ulong *)context, 1); }

static void count_evicted(void *context, void *message) {
    (void)message;
    atomic_fetch_add((atomic_ulong *)context + 1, 1);
}

static void handle_one(void *context, const actor_delivery *delivery) {
    REQUIRE(delivery->message == &tick);
    ++*(uint64_t *)context;
}

/* Written to the trace. */
static void mark(const char *word) {
    REQUIRE(write(STDOUT_FILENO, word, strlen(word)) == (ssize_t)strlen(word));
}

int main(int count, char **arguments) {
    bool is_mailbox = count > 1 && strcmp(arguments[1], "mailbox") == 0;
    if (count > 2)
        messages = strtoull(arguments[2], NULL, 10);
    static atomic_ulong figures[2]; /* wakes, evicted messages */
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = lanes;
    config.lane_count = LANES;
    config.wake = wake;
    config.drop_message = count_evicted;
    config.context = figures;
    actor_mailbox *mailbox;
    REQUIRE(actor_mailbox_new(&config, &mailbox) == ACTOR_OK);
    handle = is_mailbox ? actor_handle_new(mailbox) : NULL;

    pthread_t threads[PRODUCERS];
    for (uintptr_t n = 0; n < PRODUCERS; n++)
        REQUIRE(pthread_create(&threads[n], NULL, produce, (void *)n) == 0);
    while (atomic_load(&ready) < PRODUCERS)
        sched_yield();

    uint64_t handled = 0;
    mark("begin\n");
    atomic_store(&begun, true);
    if (is_mailbox) {
        bool is_last = false;
        while (!is_last) {
            is_last = atomic_load(&ended) == PRODUCERS; /* read before the take */
            actor_turn turn = actor_mailbox_drain(mailbox, BUDGET, handle_one, &handled);
            is_last = is_last && !turn.has_more;
        }
    } else {
        while (handled < PRODUCERS * messages)
            handled += queue_pop() == &tick;
    }
    mark("end\n");
    atomic_store(&over, true);

    for (int n = 0; n < PRODUCERS; n++)
        REQUIRE(pthread_join(threads[n], NULL) == 0);
    actor_mailbox_destroy(mailbox, NULL, NULL);
    actor_handle_drop(handle);
    uint64_t evicted = atomic_load(&figures[1]);
    printf("sent %lu = handled %lu + evicted %lu, wakes %lu\n", atomic_load(&sent),
           (unsigned long)handled, (unsigned long)evicted, atomic_load(&figures[0]));
    REQUIRE(handled + evicted == PRODUCERS * messages);
    return 0;
}
