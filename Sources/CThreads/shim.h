// What Swift cannot import: futex is a variadic system call, pause an instruction.
#include <linux/futex.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void dataflow_futex_wait(const void *address, uint32_t expected) {
  syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, expected, 0, 0, 0);
}

static inline void dataflow_futex_wake_all(const void *address) {
  syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, 0x7fffffff, 0, 0, 0);
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
