#pragma once

#include <cstddef>

#include <overlap/core/time.hpp>

namespace overlap::detail {

/// When the next one conforms to a rate: the generic cell rate algorithm in its form as virtual scheduling (ITU-T
/// Recommendation I.371, annex A), which is a token bucket that needs one number and no refilling.
class CellRate {
 public:
  /// One each `interval`, and `burst` (at least 1) at once after a time of rest.
  CellRate(Duration interval, std::size_t burst) noexcept;

  /// The earliest time at which the next one conforms; the beginning of time at first.
  TimePoint next() const noexcept;
  /// One happens now, which must not be before next().
  void take(TimePoint now) noexcept;

 private:
  Duration interval_;
  Duration tolerance_;  // by how much one may come before its theoretical arrival time: burst - 1 intervals
  TimePoint theoretical_arrival_ = TimePoint::min();
};

}  // namespace overlap::detail
