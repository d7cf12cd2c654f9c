// What Swift cannot import: futex is a variadic system call, pause an instruction.
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static inline void dataflow_futex_wait(const void *address, uint32_t expected) {
  syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

static inline void dataflow_futex_wake(const void *address, int32_t count) {
  syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, count, 0, 0, 0);
}

// No system call, unlike a look at the time that the thread itself had.
static inline int64_t dataflow_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// The processors that the process may run on, by its affinity; 0 if the kernel does not say.
static inline int dataflow_usable_processors(void) {
  unsigned long mask[128] = {0};
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int count = 0;
  for (long word = 0; word < size / (long)sizeof mask[0]; ++word) {
    count += __builtin_popcountl(mask[word]);
  }
  return count;
}

// Binds the calling thread to the first processor that it may run on, for tests; 0 if it worked.
static inline int dataflow_bind_to_one_processor(void) {
  unsigned long mask[128] = {0};
  long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
  int found = 0;
  for (long word = 0; word < size / (long)sizeof mask[0]; ++word) {
    mask[word] = found ? 0 : mask[word] & -mask[word];
    found |= mask[word] != 0;
  }
  return size < 0 ? -1 : (int)syscall(SYS_sched_setaffinity, 0, size, mask);
}

static inline void dataflow_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

#if defined(__x86_64__)
#include <xmmintrin.h>
// Bits 15 and 6 of the control register: results and operands below the normal range count as zero.
static inline unsigned dataflow_flush_denormals(void) {
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  return before;
}
static inline void dataflow_restore_denormals(unsigned before) { _mm_setcsr(before); }
#else
static inline unsigned dataflow_flush_denormals(void) { return 0; }
static inline void dataflow_restore_denormals(unsigned before) { (void)before; }
#endif
