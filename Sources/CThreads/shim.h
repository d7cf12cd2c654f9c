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
