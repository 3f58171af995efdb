#pragma once

namespace overlap::detail {

/// One turn of a loop that waits for another CPU: tells this one to let a sibling thread have its units.
inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

}  // namespace overlap::detail
