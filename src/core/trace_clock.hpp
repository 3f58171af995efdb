#pragma once
/// The clock of traces. To read the time of day costs more than an event may: where the processor counts evenly, its
/// counter is read, and turned into time when a recording is looked at.

#include <atomic>
#include <cstdint>

#include <overlap/core/time.hpp>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace overlap::detail {

class TraceClock {
 public:
  /// Ticks of an even rate, the same in all threads and processes. Not 0.
  static std::uint64_t now() noexcept {
#if defined(__x86_64__)
    const Source source = source_.load(std::memory_order_relaxed);
    if (source == Source::counter || (source == Source::unknown && has_counter())) return __rdtsc();
#endif
    return static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  }

 private:
  enum class Source : std::uint8_t { unknown, counter, monotonic };
  static bool has_counter() noexcept;
  static std::atomic<Source> source_;
};

/// Both clocks at the same moment, as nearly as they can be read.
struct TraceMoment {
  static TraceMoment now() noexcept;
  std::uint64_t ticks = 0;
  TimePoint time{};
};

/// Turns ticks into time since the first of two moments, none of it before or after the two.
class TraceTimescale {
 public:
  TraceTimescale(TraceMoment begin, TraceMoment end) noexcept;
  Duration since_begin(std::uint64_t ticks) const noexcept;
  Duration length() const noexcept { return length_; }

 private:
  std::uint64_t begin_;
  Duration length_;
  double per_tick_;
};

}  // namespace overlap::detail
