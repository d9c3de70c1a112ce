// An owner of a sum on a thread of its own, and its senders, in C. Implemented twice: over a mailbox
// of actor.h, and over the queue with a mutex that C programs usually have.

#ifndef PEERS_OWNER_H
#define PEERS_OWNER_H

#include <stdint.h>

enum { OWNER_CAPACITY = 1024 };

// Receives the sum after the expected number of additions, and after each later one. Called on the
// owner's thread.
typedef void (*owner_done_fn)(void *context, uint64_t sum);

// The operations of one implementation.
typedef struct {
  void *(*open)(uint64_t expected, owner_done_fn done, void *context);
  // Sends a number, and waits for room.
  void (*send)(void *owner, uint64_t number);
  // Ends the owner's thread after it has handled all accepted numbers, and returns its sum.
  uint64_t (*close)(void *owner);
} owner_operations;

extern const owner_operations owner_of_mailbox;
extern const owner_operations owner_of_mutex;

#endif
