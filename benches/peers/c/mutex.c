// The queue of many C programs: a bounded ring under a mutex, and two conditions, for its sleeping
// owner and for senders without room.

#include "owner.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct {
  pthread_mutex_t mutex;
  pthread_cond_t filled;
  pthread_cond_t emptied;
  uint64_t ring[OWNER_CAPACITY];
  size_t head;
  size_t count;
  bool closed;
  bool sleeps;
  size_t waiting;
  uint64_t sum;
  uint64_t missing;
  owner_done_fn done;
  void *context;
  pthread_t thread;
} owner;

// Takes everything that waits under one lock, as an experienced author would, and handles it
// without the lock. Returns 0 after the close.
static size_t take(owner *self, uint64_t *taken) {
  pthread_mutex_lock(&self->mutex);
  while (self->count == 0 && !self->closed) {
    self->sleeps = true;
    pthread_cond_wait(&self->filled, &self->mutex);
    self->sleeps = false;
  }
  size_t count = self->count;
  for (size_t n = 0; n < count; n++) taken[n] = self->ring[(self->head + n) % OWNER_CAPACITY];
  self->head = (self->head + count) % OWNER_CAPACITY;
  self->count = 0;
  bool wakes = self->waiting > 0;
  pthread_mutex_unlock(&self->mutex);
  if (wakes) pthread_cond_broadcast(&self->emptied);
  return count;
}

static void *run(void *context) {
  owner *self = context;
  uint64_t taken[OWNER_CAPACITY];
  size_t count;
  while ((count = take(self, taken)) > 0) {
    for (size_t n = 0; n < count; n++) {
      self->sum += taken[n];
      if (self->missing > 1)
        self->missing--;
      else
        self->done(self->context, self->sum);
    }
  }
  return NULL;
}

static void *open_owner(uint64_t expected, owner_done_fn done, void *context) {
  owner *self = calloc(1, sizeof *self);
  if (self == NULL) abort();
  self->missing = expected;
  self->done = done;
  self->context = context;
  if (pthread_mutex_init(&self->mutex, NULL) != 0 || pthread_cond_init(&self->filled, NULL) != 0 ||
      pthread_cond_init(&self->emptied, NULL) != 0 ||
      pthread_create(&self->thread, NULL, run, self) != 0)
    abort();
  return self;
}

static void send_number(void *owner_pointer, uint64_t number) {
  owner *self = owner_pointer;
  pthread_mutex_lock(&self->mutex);
  while (self->count == OWNER_CAPACITY) {
    self->waiting++;
    pthread_cond_wait(&self->emptied, &self->mutex);
    self->waiting--;
  }
  self->ring[(self->head + self->count++) % OWNER_CAPACITY] = number;
  bool wakes = self->sleeps;
  pthread_mutex_unlock(&self->mutex);
  if (wakes) pthread_cond_signal(&self->filled);
}

static uint64_t close_owner(void *owner_pointer) {
  owner *self = owner_pointer;
  pthread_mutex_lock(&self->mutex);
  self->closed = true;
  pthread_mutex_unlock(&self->mutex);
  pthread_cond_signal(&self->filled);
  pthread_join(self->thread, NULL);
  uint64_t sum = self->sum;
  pthread_cond_destroy(&self->filled);
  pthread_cond_destroy(&self->emptied);
  pthread_mutex_destroy(&self->mutex);
  free(self);
  return sum;
}

const owner_operations owner_of_mutex = {open_owner, send_number, close_owner};
