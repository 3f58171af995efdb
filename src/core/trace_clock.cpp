#include "core/trace_clock.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <overlap/core/detail/trace_point.hpp>

namespace overlap::detail {

std::atomic<TraceClock::Source> TraceClock::source_{Source::unknown};

namespace {

#if defined(__x86_64__)
/// The counter runs at one rate, whatever the processor's frequency and sleep (CPUID 80000007H, EDX bit 8).
bool counts_evenly() noexcept {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

/// The kernel goes back to a device's clock where it found the counters of the processors apart.
bool is_trusted_by_kernel() noexcept {
  std::FILE* const file = std::fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");
  if (file == nullptr) return true;
  char text[32] = {};
  const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
  std::fclose(file);
  const std::string_view name(text, size);
  return !name.starts_with("hpet") && !name.starts_with("acpi_pm") && !name.starts_with("jiffies");
}
#else
bool counts_evenly() noexcept { return false; }
bool is_trusted_by_kernel() noexcept { return false; }
#endif

}  // namespace

bool TraceClock::has_counter() noexcept {
  const bool has = counts_evenly() && is_trusted_by_kernel();
  source_.store(has ? Source::counter : Source::monotonic, std::memory_order_relaxed);
  return has;
}

std::uint64_t trace_now() noexcept { return TraceClock::now(); }

TraceMoment TraceMoment::now() noexcept {
  // A thread may be held up between the two: of a few tries the quickest is the truest.
  TraceMoment best;
  std::uint64_t best_took = UINT64_MAX;
  for (int i = 0; i < 5; ++i) {
    const std::uint64_t before = TraceClock::now();
    const TimePoint time = Clock::now();
    const std::uint64_t took = TraceClock::now() - before;
    if (took >= best_took) continue;
    best_took = took;
    best = {before + took / 2, time};
  }
  return best;
}

TraceTimescale::TraceTimescale(TraceMoment begin, TraceMoment end) noexcept
    : begin_(begin.ticks), length_(std::max(end.time - begin.time, Duration::zero())) {
  const auto ticks = static_cast<double>(end.ticks - begin.ticks);
  per_tick_ = end.ticks > begin.ticks ? static_cast<double>(length_.count()) / ticks : 0;
}

Duration TraceTimescale::since_begin(std::uint64_t ticks) const noexcept {
  if (ticks <= begin_) return Duration::zero();
  const Duration since(static_cast<Duration::rep>(static_cast<double>(ticks - begin_) * per_tick_));
  return std::min(since, length_);
}

}  // namespace overlap::detail
