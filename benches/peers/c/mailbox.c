// The owner's loop waits for an eventfd, as it would wait for its other files as well.

#include "owner.h"

#include <actor.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BUDGET = 128 };

// In place of a number: close the mailbox.
#define CLOSE ((void *)UINTPTR_MAX)

typedef struct {
  actor_mailbox *mailbox;
  actor_handle *handle;
  int woken;
  uint64_t sum;
  uint64_t missing;
  owner_done_fn done;
  void *context;
  pthread_t thread;
} owner;

static void wake(void *context) { eventfd_write(((owner *)context)->woken, 1); }

static void handle(void *context, const actor_delivery *delivery) {
  owner *self = context;
  if (delivery->message == CLOSE) {
    actor_mailbox_close(self->mailbox);
    return;
  }
  self->sum += (uintptr_t)delivery->message;
  if (self->missing > 1)
    self->missing--;
  else
    self->done(self->context, self->sum);
}

static void *run(void *context) {
  owner *self = context;
  for (;;) {
    actor_turn turn = actor_mailbox_drain(self->mailbox, BUDGET, handle, self);
    if (turn.has_ended) break;
    eventfd_t wakes;
    if (!turn.has_more) eventfd_read(self->woken, &wakes);
  }
  actor_mailbox_destroy(self->mailbox, NULL, NULL);
  return NULL;
}

static void *open_owner(uint64_t expected, owner_done_fn done, void *context) {
  owner *self = malloc(sizeof *self);
  if (self == NULL) abort();
  *self = (owner){.woken = eventfd(0, EFD_CLOEXEC), .missing = expected, .done = done,
                  .context = context};
  actor_lane_config lanes[] = {
      {.name = "numbers", .kind = ACTOR_LANE_FIFO, .capacity = OWNER_CAPACITY}};
  actor_mailbox_config config = ACTOR_MAILBOX_CONFIG_INIT;
  config.lanes = lanes;
  config.lane_count = 1;
  config.wake = wake;
  config.context = self;
  if (self->woken < 0 || actor_mailbox_new(&config, &self->mailbox) != ACTOR_OK) abort();
  self->handle = actor_handle_new(self->mailbox);
  if (pthread_create(&self->thread, NULL, run, self) != 0) abort();
  return self;
}

static void send(owner *self, void *message) {
  actor_status sent = actor_tell(self->handle, 0, ACTOR_NO_SOURCE, message, UINT64_MAX);
  if (sent != ACTOR_OK) abort();
}

static void send_number(void *owner_pointer, uint64_t number) {
  send(owner_pointer, (void *)(uintptr_t)number);
}

static uint64_t close_owner(void *owner_pointer) {
  owner *self = owner_pointer;
  send(self, CLOSE);
  pthread_join(self->thread, NULL);
  uint64_t sum = self->sum;
  actor_handle_drop(self->handle);
  close(self->woken);
  free(self);
  return sum;
}

const owner_operations owner_of_mailbox = {open_owner, send_number, close_owner};
