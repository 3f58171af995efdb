#include "core/futex.hpp"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace overlap::detail {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is a plain 32-bit word");

namespace {

void wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected, std::optional<TimePoint> deadline,
          int scope) noexcept {
  timespec until{};
  if (deadline) {
    // FUTEX_WAIT_BITSET takes an absolute time on CLOCK_MONOTONIC, which is what steady_clock counts.
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline->time_since_epoch()).count();
    until.tv_sec = nanos / 1'000'000'000;
    until.tv_nsec = nanos % 1'000'000'000;
  }
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | scope, expected, deadline ? &until : nullptr, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void wake(const std::atomic<std::uint32_t>& word, int count, int scope) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE | scope, count, nullptr, nullptr, 0);
}

constexpr int kShared = 0;

}  // namespace

void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                std::optional<TimePoint> deadline) noexcept {
  wait(word, expected, deadline, FUTEX_PRIVATE_FLAG);
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept { wake(word, INT_MAX, FUTEX_PRIVATE_FLAG); }

void shared_futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                       std::optional<TimePoint> deadline) noexcept {
  wait(word, expected, deadline, kShared);
}

void shared_futex_wake(const std::atomic<std::uint32_t>& word) noexcept { wake(word, 1, kShared); }

bool has_other_cpus() noexcept {
  cpu_set_t mine;
  return ::sched_getaffinity(0, sizeof mine, &mine) != 0 || CPU_COUNT(&mine) > 1;
}

}  // namespace overlap::detail
