/* A C program around libuv. Its "network" threads call back with amounts; the callback enqueues.
 *
 *   sum N THREADS     each thread sends 1..N; prints the total
 *   overflow          makes the ledger panic, and goes on
 *   abandon           ends the ledger while it runs
 *   wrong-thread      turns the ledger on another thread: aborts with a sentence
 *   inside            turns the ledger inside of its own turn: likewise
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "ledger.h"

#define MOST_THREADS 64

struct program {
    uv_loop_t loop;
    uv_async_t wake;     /* The watcher: ledger_wake sends it. */
    uv_timer_t deadline; /* The next deadline of the ledger. */
    uv_timer_t beat;     /* The program's own work beside it. */
    ledger *book;
    int end; /* The result of ledger_end. */
    uint64_t wakes, beats, total, count, flushes;
};

/* What a network library knows of its user: a function and its context. */
struct network {
    uv_thread_t thread;
    bool (*on_amount)(void *context, uint64_t amount);
    void *context;
    uint64_t amounts;
};

static void close_all(struct program *program) {
    uv_close((uv_handle_t *)&program->wake, NULL);
    uv_close((uv_handle_t *)&program->deadline, NULL);
    uv_close((uv_handle_t *)&program->beat, NULL);
}

static void on_deadline(uv_timer_t *timer);

/* Hosts the ledger: one turn, then a wait until the wake or the deadline. */
static void turn(struct program *program) {
    int64_t next = ledger_turn(program->book, 1000);
    if (next == LEDGER_ENDED) {
        /* In this order: until ledger_end returns, another thread may be in wake(). */
        program->end = ledger_end(program->book);
        close_all(program);
    } else if (next == LEDGER_ASLEEP) {
        uv_timer_stop(&program->deadline);
    } else {
        uv_update_time(&program->loop);
        uv_timer_start(&program->deadline, on_deadline, (uint64_t)next, 0);
    }
}

static void on_deadline(uv_timer_t *timer) { turn(timer->data); }

static void on_wake(uv_async_t *wake) {
    struct program *program = wake->data;
    program->wakes++;
    turn(program);
}

static void on_beat(uv_timer_t *timer) { ((struct program *)timer->data)->beats++; }

/* From any thread. */
static void wake(void *context) { uv_async_send(&((struct program *)context)->wake); }

/* On the loop's thread. */
static void on_flush(void *context, uint64_t total, uint64_t count) {
    struct program *program = context;
    program->total = total;
    program->count = count;
    program->flushes++;
}

static void receive(void *argument) {
    struct network *network = argument;
    for (uint64_t amount = 1; amount <= network->amounts; amount++) {
        while (!network->on_amount(network->context, amount)) {
            uv_sleep(1); /* A full queue is answered at once; here it is tried again. */
        }
    }
    ledger_handle_drop(network->context);
}

static void start(struct program *program) {
    memset(program, 0, sizeof *program);
    uv_loop_init(&program->loop);
    uv_async_init(&program->loop, &program->wake, on_wake);
    uv_timer_init(&program->loop, &program->deadline);
    uv_timer_init(&program->loop, &program->beat);
    program->wake.data = program->deadline.data = program->beat.data = program;
    uv_timer_start(&program->beat, on_beat, 1, 1);
    program->book = ledger_start(wake, on_flush, program);
    if (program->book == NULL) {
        fprintf(stderr, "no resources for a ledger\n");
        exit(1);
    }
}

/* Runs the loop until the ledger has ended, and returns the result of its end. */
static int run(struct program *program) {
    turn(program); /* The first turn announces the first sleep. */
    uv_run(&program->loop, UV_RUN_DEFAULT);
    uv_loop_close(&program->loop);
    return program->end;
}

static int sum(uint64_t amounts, unsigned threads) {
    static struct network networks[MOST_THREADS];
    struct program program;
    start(&program);
    ledger_handle *first = ledger_take_handle(program.book);
    for (unsigned i = 0; i < threads; i++) {
        networks[i].on_amount = ledger_on_amount;
        networks[i].context = ledger_handle_clone(first);
        networks[i].amounts = amounts;
        uv_thread_create(&networks[i].thread, receive, &networks[i]);
    }
    ledger_handle_drop(first);
    int end = run(&program);
    for (unsigned i = 0; i < threads; i++) {
        uv_thread_join(&networks[i].thread);
    }
    printf("%u threads sent %" PRIu64 " amounts; their total is %" PRIu64 "\n", threads,
           program.count, program.total);
    printf("the loop was woken %s than %" PRIu64 " times, and flushed %s\n",
           program.wakes <= program.count ? "no more" : "more", program.count,
           program.flushes > 0 ? "by its timer" : "never");
    return end == LEDGER_DONE ? 0 : 1;
}

static int overflow(void) {
    struct program program;
    start(&program);
    ledger_handle *handle = ledger_take_handle(program.book);
    ledger_on_amount(handle, UINT64_MAX);
    ledger_on_amount(handle, 1);
    int end = run(&program);
    bool is_taken = ledger_on_amount(handle, 1);
    ledger_handle_drop(handle);
    printf("the ledger %s; the program goes on; the handle is %s\n",
           end == LEDGER_PANICKED ? "panicked" : "did not panic", is_taken ? "open" : "closed");
    return 0;
}

static int abandon(void) {
    struct program program;
    start(&program);
    ledger_handle *handle = ledger_take_handle(program.book);
    ledger_on_amount(handle, 1);
    ledger_turn(program.book, 1000);
    int end = ledger_end(program.book);
    close_all(&program);
    uv_run(&program.loop, UV_RUN_DEFAULT);
    uv_loop_close(&program.loop);
    ledger_handle_drop(handle);
    printf("the ledger was %s\n", end == LEDGER_ABANDONED ? "abandoned" : "not abandoned");
    return 0;
}

static void turn_elsewhere(void *book) { ledger_turn(book, 1000); }

static int wrong_thread(void) {
    struct program program;
    uv_thread_t thread;
    start(&program);
    uv_thread_create(&thread, turn_elsewhere, program.book);
    uv_thread_join(&thread);
    printf("turned on another thread\n");
    return 0;
}

static void turn_inside(void *context, uint64_t total, uint64_t count) {
    (void)total, (void)count;
    ledger_turn(*(ledger **)context, 1000);
}

static void ignore_wake(void *context) { (void)context; }

static int inside(void) {
    ledger *book = NULL;
    book = ledger_start(ignore_wake, turn_inside, &book);
    ledger_handle *handle = ledger_take_handle(book);
    ledger_on_amount(handle, 1);
    for (int64_t next = 0; next >= 0; next = ledger_turn(book, 1000)) {
        uv_sleep((unsigned)next);
    }
    printf("turned inside of a turn\n");
    return 0;
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "sum";
    if (strcmp(mode, "overflow") == 0) return overflow();
    if (strcmp(mode, "abandon") == 0) return abandon();
    if (strcmp(mode, "wrong-thread") == 0) return wrong_thread();
    if (strcmp(mode, "inside") == 0) return inside();
    uint64_t amounts = count > 2 ? strtoull(arguments[2], NULL, 10) : 10000;
    unsigned long threads = count > 3 ? strtoul(arguments[3], NULL, 10) : 4;
    if (threads == 0 || threads > MOST_THREADS) {
        fprintf(stderr, "1 to %d threads\n", MOST_THREADS);
        return 1;
    }
    return sum(amounts, (unsigned)threads);
}
