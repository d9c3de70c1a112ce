/* What gcc's runtime of the thread sanitizer lacks for code compiled by rustc.
 *
 * Copies: rustc calls these three; runtimes before gcc 13 do not have them. The functions they call
 * are intercepted by the runtime, so it sees every access.
 *
 * Fences: the sanitizer does not know what a fence orders. `Arc` ends with one: the thread that
 * takes the count to 0 makes an acquire fence after its decrement, which is a release, and then
 * frees the memory. std has an acquiring load in place of that fence for the sanitizer, but only if
 * std itself is compiled for it. So the fence is given its meaning here: it acquires the count that
 * this thread last took to 0. Nothing is suppressed. */
#include <stdint.h>
#include <string.h>

void *__tsan_memcpy(void *to, const void *from, size_t n);
void *__tsan_memmove(void *to, const void *from, size_t n);
void *__tsan_memset(void *to, int byte, size_t n);

void *__tsan_memcpy(void *to, const void *from, size_t n) { return memcpy(to, from, n); }
void *__tsan_memmove(void *to, const void *from, size_t n) { return memmove(to, from, n); }
void *__tsan_memset(void *to, int byte, size_t n) { return memset(to, byte, n); }

void __tsan_acquire(void *address);
uint64_t __real___tsan_atomic64_fetch_sub(volatile uint64_t *count, uint64_t by, int order);
uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *count, uint64_t by, int order);
void __real___tsan_atomic_thread_fence(int order);
void __wrap___tsan_atomic_thread_fence(int order);

/* Only its address is used, because the memory may be freed by then. */
static __thread volatile uint64_t *taken_to_zero;

uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *count, uint64_t by, int order) {
    uint64_t before = __real___tsan_atomic64_fetch_sub(count, by, order);
    if (before == by)
        taken_to_zero = count;
    return before;
}

void __wrap___tsan_atomic_thread_fence(int order) {
    __real___tsan_atomic_thread_fence(order);
    if (order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE && taken_to_zero)
        __tsan_acquire((void *)taken_to_zero);
    taken_to_zero = 0;
}
