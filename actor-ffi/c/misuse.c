/* Misuse that the library sees. Each case must end the process with a sentence.
 *
 * Usage: misuse CASE */
#include <actor.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static actor_mailbox *mailbox;
static actor_handle *handle;

static void ignore(void *context, const actor_delivery *delivery) {
    (void)context;
    (void)delivery;
}

static void on_reply(void *context, actor_outcome outcome, void *answer) {
    (void)context;
    (void)outcome;
    (void)answer;
}

/* Wake functions. */
static void wake_drains(void *context) {
    (void)context;
    actor_mailbox_drain(mailbox, 1, ignore, NULL);
}
static void wake_destroys(void *context) {
    (void)context;
    actor_mailbox_destroy(mailbox, NULL, NULL);
}

static void make(void (*wake)(void *)) {
    actor_lane_config lane = {.name = "lane", .kind = ACTOR_LANE_FIFO, .capacity = 8};
    actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
    config.lanes = &lane;
    config.lane_count = 1;
    config.wake = wake;
    if (actor_mailbox_new(&config, &mailbox) != ACTOR_OK)
        exit(2);
    handle = actor_handle_new(mailbox);
}

/* Handlers. */
static void handler_drains(void *context, const actor_delivery *delivery) {
    (void)delivery;
    actor_mailbox_drain(context, 1, ignore, NULL);
}
static void handler_takes(void *context, const actor_delivery *delivery) {
    (void)delivery;
    actor_delivery next;
    actor_mailbox_next(context, &next);
}
static void handler_destroys(void *context, const actor_delivery *delivery) {
    (void)delivery;
    actor_mailbox_destroy(context, NULL, NULL);
}
static void drain_with(actor_handler_fn handler) {
    actor_try_tell(handle, 0, NULL);
    actor_mailbox_drain(mailbox, 1, handler, mailbox);
}

/* Another thread than the owner's. */
static void *drains(void *argument) {
    actor_mailbox_drain(argument, 1, ignore, NULL);
    return NULL;
}
static void *takes(void *argument) {
    actor_delivery next;
    actor_mailbox_next(argument, &next);
    return NULL;
}
static void *adopts(void *argument) {
    actor_mailbox_adopt(argument);
    return NULL;
}
static void *closes(void *argument) {
    actor_mailbox_close(argument);
    return NULL;
}
static void *destroys(void *argument) {
    actor_mailbox_destroy(argument, NULL, NULL);
    return NULL;
}
static void elsewhere(void *(*misuse)(void *)) {
    pthread_t thread;
    actor_mailbox_adopt(mailbox);
    if (pthread_create(&thread, NULL, misuse, mailbox) == 0)
        pthread_join(thread, NULL);
}

/* Use after the end. */
static actor_reply *ended_reply(void) {
    actor_delivery delivery;
    actor_try_ask(handle, 0, ACTOR_NO_SOURCE, NULL, on_reply, NULL);
    if (actor_mailbox_next(mailbox, &delivery) != ACTOR_OK)
        exit(2);
    actor_reply_send(delivery.reply, NULL);
    return delivery.reply;
}
static void answers_again(void *context, actor_outcome outcome, void *answer) {
    (void)outcome;
    (void)answer;
    actor_reply_send(*(actor_reply **)context, NULL);
}
static void answer_inside_its_answer(void) {
    actor_delivery delivery;
    actor_try_ask(handle, 0, ACTOR_NO_SOURCE, NULL, answers_again, &delivery.reply);
    if (actor_mailbox_next(mailbox, &delivery) != ACTOR_OK)
        exit(2);
    actor_reply_send(delivery.reply, NULL);
}
static actor_mailbox *ended_mailbox(void) {
    actor_mailbox_destroy(mailbox, NULL, NULL);
    return mailbox;
}
static actor_handle *ended_handle(void) {
    actor_handle_drop(handle);
    return handle;
}

static void stats_of_lane(size_t lane, size_t size) {
    actor_lane_stats stats = {.size = size};
    actor_handle_stats(handle, lane, &stats);
}

int main(int count, char **arguments) {
    const char *name = count > 1 ? arguments[1] : "";
    actor_delivery delivery;
    actor_lane_stats stats = {.size = sizeof stats};
    make(NULL);
/* The last case whose name is given. */
#define CASE(text) if (strcmp(name, text) == 0)
    CASE("drain on another thread") elsewhere(drains);
    CASE("next on another thread") elsewhere(takes);
    CASE("adopt on another thread") elsewhere(adopts);
    CASE("close on another thread") elsewhere(closes);
    CASE("destroy on another thread") elsewhere(destroys);

    CASE("drain in a handler") drain_with(handler_drains);
    CASE("next in a handler") drain_with(handler_takes);
    CASE("destroy in a handler") drain_with(handler_destroys);
    CASE("drain in wake") make(wake_drains), actor_try_tell(handle, 0, NULL);
    CASE("destroy in wake") make(wake_destroys), actor_try_tell(handle, 0, NULL);

    CASE("drain after destroy") actor_mailbox_drain(ended_mailbox(), 1, ignore, NULL);
    CASE("next after destroy") actor_mailbox_next(ended_mailbox(), &delivery);
    CASE("close after destroy") actor_mailbox_close(ended_mailbox());
    CASE("destroy after destroy") actor_mailbox_destroy(ended_mailbox(), NULL, NULL);
    CASE("handle after destroy") actor_handle_new(ended_mailbox());
    CASE("tell after drop") actor_try_tell(ended_handle(), 0, NULL);
    CASE("clone after drop") actor_handle_clone(ended_handle());
    CASE("drop after drop") actor_handle_drop(ended_handle());
    CASE("answer twice") actor_reply_send(ended_reply(), NULL);
    CASE("answer in its on_reply") answer_inside_its_answer();
    CASE("drop after answer") actor_reply_drop(ended_reply());
    CASE("a handle as a mailbox") actor_mailbox_close((actor_mailbox *)(void *)handle);

    CASE("new without config") actor_mailbox_new(NULL, &mailbox);
    CASE("new without out") {
        actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
        actor_mailbox_new(&config, NULL);
    }
    CASE("drain of NULL") actor_mailbox_drain(NULL, 1, ignore, NULL);
    CASE("drain without handler") actor_mailbox_drain(mailbox, 1, NULL, NULL);
    CASE("next of NULL") actor_mailbox_next(NULL, &delivery);
    CASE("next without out") actor_mailbox_next(mailbox, NULL);
    CASE("adopt of NULL") actor_mailbox_adopt(NULL);
    CASE("close of NULL") actor_mailbox_close(NULL);
    CASE("handle of NULL") actor_handle_new(NULL);
    CASE("clone of NULL") actor_handle_clone(NULL);
    CASE("is_closed of NULL") actor_handle_is_closed(NULL);
    CASE("tell to NULL") actor_try_tell(NULL, 0, NULL);
    CASE("waiting tell to NULL") actor_tell(NULL, 0, 1, NULL, 1);
    CASE("tell from to NULL") actor_try_tell_from(NULL, 0, 1, NULL);
    CASE("ask of NULL") actor_try_ask(NULL, 0, 1, NULL, on_reply, NULL);
    CASE("ask without on_reply") actor_try_ask(handle, 0, 1, NULL, NULL, NULL);
    CASE("answer to NULL") actor_reply_send(NULL, NULL);
    CASE("stats of NULL") actor_handle_stats(NULL, 0, &stats);
    CASE("stats without out") actor_mailbox_stats(mailbox, 0, NULL);
    CASE("an unaligned handle") actor_try_tell((actor_handle *)((char *)handle + 1), 0, NULL);

    CASE("tell to no lane") actor_try_tell(handle, 1, NULL);
    CASE("waiting tell to no lane") actor_tell(handle, 1, 1, NULL, UINT64_MAX);
    CASE("waiting tell of the owner") {
        actor_mailbox_adopt(mailbox);
        actor_tell(handle, 0, ACTOR_NO_SOURCE, NULL, UINT64_MAX);
    }
    CASE("ask to no lane") actor_try_ask(handle, (size_t)1 << 32, 1, NULL, on_reply, NULL);
    CASE("stats of no lane") stats_of_lane(1, sizeof(actor_lane_stats));
    CASE("stats of no size") stats_of_lane(0, 0);

    /* None of these is misuse. */
    CASE("nothing") {
        actor_reply_drop(NULL);
        actor_handle_drop(NULL);
        actor_mailbox_destroy(NULL, NULL, NULL);
        actor_mailbox_destroy(mailbox, NULL, NULL);
        if (actor_try_tell(handle, 0, NULL) != ACTOR_CLOSED)
            return 2;
        actor_handle_stats(handle, 0, &stats);
        actor_handle_drop(handle);
        return 0;
    }
    fprintf(stderr, "not seen: %s\n", name);
    return 3;
}
