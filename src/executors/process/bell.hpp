#pragma once
/// How one process wakes another: a futex(2) in memory that they share.

#include <atomic>
#include <cstdint>
#include <optional>

#include <overlap/core/time.hpp>

namespace overlap::detail {

/// Anybody may ring; one thread at most listens. Lies in shared memory: zeros are a bell that was never rung, no
/// pointer and no lock is in it. Who listens:
///   1. heard = listen();
///   2. looks at everything that may be news;
///   3. wait(heard), if there was none. It sleeps at once: submitter, worker and manager take turns, and one that kept
///   a
///      CPU busy looking would keep it from the next (measured on two CPUs: 20 to 60 us a round trip instead of 12).
/// What was published before a ring() that this listen() does not count ends the wait at once.
class Bell {
 public:
  std::uint32_t listen() const noexcept { return rung_.load(std::memory_order_acquire); }
  /// No system call while nobody sleeps.
  void ring() noexcept;
  /// Returns when the bell was rung since listen() gave `heard`, past the deadline, or for no reason.
  void wait(std::uint32_t heard, std::optional<TimePoint> deadline) noexcept;

 private:
  // Both are sequentially consistent in ring() and wait(): a sleeper's flag is set before it looks at the count, which
  // is raised before a ringer looks at the flag. So one of them sees the other. (tests/model goes through all orders.)
  std::atomic<std::uint32_t> rung_{0};
  std::atomic<std::uint32_t> sleeping_{0};
};
static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "two processes cannot share a lock in here");

}  // namespace overlap::detail
