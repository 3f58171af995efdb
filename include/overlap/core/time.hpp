#pragma once
/// Durations and deadlines. All waiting is by the monotonic clock.

#include <chrono>
#include <optional>

namespace overlap {

using Clock = std::chrono::steady_clock;
using Duration = std::chrono::nanoseconds;
using TimePoint = Clock::time_point;

/// Now plus `duration`, saturating: a huge duration gives the far end of time instead of wrapping round.
inline TimePoint deadline_after(Duration duration) noexcept {
  const TimePoint now = Clock::now();
  if (duration <= Duration::zero()) return now;
  if (duration > TimePoint::max() - now) return TimePoint::max();
  return now + duration;
}

/// The same for a timeout that may be absent; absent means never.
inline std::optional<TimePoint> deadline_after(std::optional<Duration> timeout) noexcept {
  if (!timeout) return std::nullopt;
  return deadline_after(*timeout);
}

namespace detail {

/// Any std::chrono duration as nanoseconds, saturating at the ends instead of overflowing (hours::max(), say). Not a
/// number is no time at all.
template <class Rep, class Period>
constexpr Duration saturating_cast(std::chrono::duration<Rep, Period> duration) noexcept {
  using Wide = std::chrono::duration<long double, std::nano>;
  const Wide wide = duration;
  if (wide >= Wide(Duration::max())) return Duration::max();
  if (!(wide > Wide(Duration::min()))) return Duration::min();
  return std::chrono::duration_cast<Duration>(duration);
}

}  // namespace detail
}  // namespace overlap
