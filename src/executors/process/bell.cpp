#include "executors/process/bell.hpp"

#include "core/futex.hpp"

namespace overlap::detail {
void Bell::ring() noexcept {
  rung_.fetch_add(1);
  // The flag is the sleeper's to take away: a ringer that did so could take that of a later sleep, and wake too early.
  if (sleeping_.load() != 0) shared_futex_wake(rung_);
}

void Bell::wait(std::uint32_t heard, std::optional<TimePoint> deadline) noexcept {
  sleeping_.store(1);
  if (rung_.load() == heard) shared_futex_wait(rung_, heard, deadline);
  sleeping_.store(0, std::memory_order_relaxed);  // a ring() that still sees it wakes nobody, at the cost of a call
}

}  // namespace overlap::detail
