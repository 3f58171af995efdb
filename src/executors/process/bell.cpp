#include "executors/process/bell.hpp"

#include <overlap/core/detail/pause.hpp>

#include "core/futex.hpp"

namespace overlap::detail {
namespace {

/// To sleep and be woken costs more than to look for some microseconds, where another CPU may have news meanwhile.
constexpr int kLooks = 100;

}  // namespace

void Bell::ring() noexcept {
  rung_.fetch_add(1);
  // The one that takes the flag away wakes; the others need not.
  if (sleeping_.load() != 0 && sleeping_.exchange(0) != 0) shared_futex_wake(rung_);
}

void Bell::wait(std::uint32_t heard, std::optional<TimePoint> deadline) noexcept {
  static const int looks = has_other_cpus() ? kLooks : 0;
  for (int i = 0; i < looks; ++i) {
    if (listen() != heard) return;
    pause();
  }
  sleeping_.store(1);
  if (rung_.load() == heard) shared_futex_wait(rung_, heard, deadline);
  sleeping_.store(0, std::memory_order_relaxed);  // a ring() that still sees it wakes nobody, at the cost of a call
}

}  // namespace overlap::detail
