/* Counts the allocations of the mailbox, in a lane of each kind: none in a send and none in a drain
 * once the lane has its memory. The linker passes each call of malloc and its siblings here, from
 * the C code and from the library.
 *
 * Link with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=posix_memalign,
 * --wrap=aligned_alloc */
#include <actor.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { BURST = 32, ROUNDS = 1000 };

static unsigned long allocations;

#define COUNTED(type, name, parameters, arguments)                                                 \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters {                                                                \
        allocations++;                                                                             \
        return __real_##name arguments;                                                            \
    }
COUNTED(void *, malloc, (size_t size), (size))
COUNTED(void *, calloc, (size_t count, size_t size), (count, size))
COUNTED(void *, realloc, (void *old, size_t size), (old, size))
COUNTED(int, posix_memalign, (void **out, size_t align, size_t size), (out, align, size))
COUNTED(void *, aligned_alloc, (size_t align, size_t size), (align, size))

static const actor_lane_config lanes[] = {
    {.name = "control", .kind = ACTOR_LANE_CONTROL, .capacity = BURST},
    {.name = "fifo", .kind = ACTOR_LANE_FIFO, .capacity = BURST},
    {.name = "fifo with a share", .kind = ACTOR_LANE_FIFO, .capacity = BURST, .share = BURST},
    {.name = "newest first", .kind = ACTOR_LANE_NEWEST_FIRST, .capacity = BURST},
    {.name = "latest", .kind = ACTOR_LANE_LATEST},
    {.name = "latest by key", .kind = ACTOR_LANE_LATEST_BY_KEY, .capacity = BURST},
};

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        fprintf(stderr, "allocations.c:%d: not so: %s\n", line, what);
        exit(1);
    }
}
#define REQUIRE(condition) require(condition, #condition, __LINE__)

static void wake(void *context) { ++*(unsigned long *)context; }

static void ignore(void *context, const actor_delivery *delivery) {
    (void)context;
    (void)delivery;
}

/* Returns the number of allocations in a burst of sends. */
static unsigned long send(actor_handle *handle) {
    static char message;
    unsigned long before = allocations;
    for (uint64_t n = 0; n < BURST; n++)
        REQUIRE(actor_try_tell_from(handle, 0, n % 8, &message) == ACTOR_OK);
    return allocations - before;
}

/* Returns the number of allocations in the drain of a burst. */
static unsigned long drain(actor_mailbox *mailbox) {
    unsigned long before = allocations;
    REQUIRE(!actor_mailbox_drain(mailbox, SIZE_MAX, ignore, NULL).has_more);
    return allocations - before;
}

static void check(const actor_lane_config *lane) {
    unsigned long wakes = 0;
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = lane;
    config.lane_count = 1;
    config.wake = wake;
    config.context = &wakes;
    actor_mailbox *mailbox;
    REQUIRE(actor_mailbox_new(&config, &mailbox) == ACTOR_OK);
    actor_handle *handle = actor_handle_new(mailbox);

    unsigned long first = send(handle) + drain(mailbox);
    REQUIRE(first > 0); /* else the calls are not counted */
    unsigned long in_sends = 0, in_drains = 0;
    for (int round = 0; round < ROUNDS; round++) {
        in_sends += send(handle);
        in_drains += drain(mailbox);
    }
    actor_mailbox_destroy(mailbox, NULL, NULL);
    actor_handle_drop(handle);
    printf("%s: %lu in the first burst; then %lu in %d sends, %lu in %d drains\n", lane->name,
           first, in_sends, ROUNDS * BURST, in_drains, ROUNDS);
    REQUIRE(wakes == ROUNDS + 1);
    REQUIRE(in_sends == 0 && in_drains == 0);
}

int main(void) {
    for (size_t lane = 0; lane < sizeof lanes / sizeof *lanes; lane++)
        check(&lanes[lane]);
    return 0;
}
