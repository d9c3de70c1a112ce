/* An owner inside an epoll loop, woken through an eventfd. The eventfd counts the wakes: one for
 * each time that the mailbox was empty, whatever the number of messages and of threads.
 *
 * A wake may also reach an owner that is awake: its message came while the owner was about to
 * sleep, and the owner has taken it. The loop then finds nothing to do.
 *
 * Usage: eventfd_loop [messages of each thread] */
#include <actor.h>

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PRODUCERS = 8, BURST = 100, BUDGET = 32, ROUNDS = 500 };

typedef struct owner {
    actor_mailbox *mailbox;
    int event, loop;
    uint64_t handled, ended, wakes;
} owner;

typedef struct producer {
    actor_handle *handle;
    uint64_t messages;
} producer;

static char tick, end;
static pthread_barrier_t barrier;

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "eventfd_loop.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

/* Any thread: called if the owner sleeps. */
static void wake(void *context) {
    owner *owner = context;
    REQUIRE(eventfd_write(owner->event, 1) == 0);
}

static void handle(void *context, const actor_delivery *delivery) {
    owner *owner = context;
    if (delivery->message == &end)
        owner->ended++;
    else
        owner->handled++;
}

/* Returns the number of wakes since the last call. */
static uint64_t new_wakes(owner *owner) {
    eventfd_t count = 0;
    if (eventfd_read(owner->event, &count) != 0)
        REQUIRE(errno == EAGAIN);
    owner->wakes += count;
    return count;
}

static void tell(producer *producer, void *message) {
    actor_status status;
    while ((status = actor_try_tell(producer->handle, 0, message)) == ACTOR_FULL)
        sched_yield();
    REQUIRE(status == ACTOR_OK);
}

static void meet(void) {
    int met = pthread_barrier_wait(&barrier);
    REQUIRE(met == 0 || met == PTHREAD_BARRIER_SERIAL_THREAD);
}

static void *produce(void *argument) {
    producer *producer = argument;
    for (int round = 0; round < ROUNDS; round++) {
        meet();
        for (int n = 0; n < BURST; n++)
            tell(producer, &tick);
        meet();
    }
    meet();
    for (uint64_t n = 0; n < producer->messages; n++) {
        tell(producer, &tick);
        if (n % BURST == BURST - 1)
            sched_yield(); /* the owner may become idle now and then */
    }
    tell(producer, &end);
    actor_handle_drop(producer->handle);
    return NULL;
}

/* One thread, so every number is known. */
static void step_by_step(owner *owner) {
    actor_handle *handle_of_owner = actor_handle_new(owner->mailbox);
    for (int n = 0; n < BURST; n++)
        REQUIRE(actor_try_tell(handle_of_owner, 0, &tick) == ACTOR_OK);
    REQUIRE(new_wakes(owner) == 1); /* one for the whole burst */

    uint64_t before = owner->handled;
    actor_turn turn = actor_mailbox_drain(owner->mailbox, BUDGET, handle, owner);
    REQUIRE(turn.handled == BUDGET && turn.has_more && owner->handled - before == BUDGET);
    REQUIRE(actor_try_tell(handle_of_owner, 0, &tick) == ACTOR_OK);
    REQUIRE(new_wakes(owner) == 0); /* the owner is awake: it knows that there is more */

    turn = actor_mailbox_drain(owner->mailbox, BURST, handle, owner);
    REQUIRE(turn.handled == BURST + 1 - BUDGET && !turn.has_more && !turn.has_ended);
    REQUIRE(actor_try_tell(handle_of_owner, 0, &tick) == ACTOR_OK);
    REQUIRE(new_wakes(owner) == 1);
    turn = actor_mailbox_drain(owner->mailbox, BUDGET, handle, owner);
    REQUIRE(turn.handled == 1 && !turn.has_more);
    actor_handle_drop(handle_of_owner);
}

/* In each round, eight threads meet one sleeping owner, which stays asleep until all have sent. */
static void round_by_round(owner *owner) {
    for (int round = 0; round < ROUNDS; round++) {
        REQUIRE(new_wakes(owner) == 0);
        meet();
        meet();
        REQUIRE(new_wakes(owner) == 1);
        actor_turn turn = actor_mailbox_drain(owner->mailbox, SIZE_MAX, handle, owner);
        REQUIRE(turn.handled == PRODUCERS * BURST && !turn.has_more);
    }
    meet();
}

/* The loop of a program: other events would be handled beside ours. */
static void run_loop(owner *owner) {
    bool has_more = false;
    while (owner->ended < PRODUCERS) {
        struct epoll_event event;
        /* With messages left, the loop serves its other events and comes back at once. */
        int ready = epoll_wait(owner->loop, &event, 1, has_more ? 0 : -1);
        REQUIRE(ready >= 0);
        if (ready == 1)
            REQUIRE(event.data.fd == owner->event && new_wakes(owner) >= 1);
        actor_turn turn = actor_mailbox_drain(owner->mailbox, BUDGET, handle, owner);
        has_more = turn.has_more;
    }
}

int main(int count, char **arguments) {
    uint64_t messages = count > 1 ? strtoull(arguments[1], NULL, 10) : 100000;
    owner owner = {.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                   .loop = epoll_create1(EPOLL_CLOEXEC)};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = owner.event};
    REQUIRE(epoll_ctl(owner.loop, EPOLL_CTL_ADD, owner.event, &event) == 0);

    actor_lane_config lane = {.name = "ticks", .kind = ACTOR_LANE_FIFO, .capacity = 1024};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = &lane;
    config.lane_count = 1;
    config.wake = wake;
    config.context = &owner;
    REQUIRE(actor_mailbox_new(&config, &owner.mailbox) == ACTOR_OK);
    step_by_step(&owner);

    REQUIRE(pthread_barrier_init(&barrier, NULL, PRODUCERS + 1) == 0);
    producer producers[PRODUCERS];
    pthread_t threads[PRODUCERS];
    for (int n = 0; n < PRODUCERS; n++) {
        producers[n] = (producer){actor_handle_new(owner.mailbox), messages};
        REQUIRE(pthread_create(&threads[n], NULL, produce, &producers[n]) == 0);
    }
    round_by_round(&owner);
    uint64_t before = owner.wakes;
    run_loop(&owner);
    for (int n = 0; n < PRODUCERS; n++)
        REQUIRE(pthread_join(threads[n], NULL) == 0);
    /* Each end was handled, and the lane is first in, first out: nothing is left. */
    actor_mailbox_destroy(owner.mailbox, NULL, NULL);
    new_wakes(&owner);

    uint64_t sent = PRODUCERS * (messages + (uint64_t)ROUNDS * BURST) + BURST + 2;
    printf("%d rounds: %" PRIu64 " wakes; free running: %" PRIu64 " wakes\n", ROUNDS, before - 2,
           owner.wakes - before);
    printf("sent %" PRIu64 ", handled %" PRIu64 "\n", sent, owner.handled);
    REQUIRE(owner.handled == sent);
    REQUIRE(pthread_barrier_destroy(&barrier) == 0);
    close(owner.loop);
    close(owner.event);
    return 0;
}
