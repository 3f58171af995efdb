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

/// How long: a duration of any unit, also 1.5s. Too long a one is cut to the longest there is, instead of overflowing.
class AnyDuration {
 public:
  template <class Rep, class Period>
  constexpr AnyDuration(std::chrono::duration<Rep, Period> duration) noexcept
      : duration_(detail::saturating_cast(duration)) {}

  constexpr operator Duration() const noexcept { return duration_; }

 private:
  Duration duration_;
};

/// How long to wait at most: a duration of any unit, or nothing, for ever. Too long a duration is cut to the longest
/// there is, instead of overflowing.
class Timeout {
 public:
  constexpr Timeout() noexcept = default;
  constexpr Timeout(std::nullopt_t) noexcept {}
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> duration) noexcept
      : duration_(detail::saturating_cast(duration)) {}
  template <class Rep, class Period>
  constexpr Timeout(std::optional<std::chrono::duration<Rep, Period>> duration) noexcept {
    if (duration) duration_ = detail::saturating_cast(*duration);
  }

  constexpr operator std::optional<Duration>() const noexcept { return duration_; }

 private:
  std::optional<Duration> duration_;
};

/// The same for a timeout that may be absent; absent means never.
inline std::optional<TimePoint> deadline_after(const Timeout& timeout) noexcept {
  const std::optional<Duration> duration = timeout;
  if (!duration) return std::nullopt;
  return deadline_after(*duration);
}

}  // namespace overlap
