#include <overlap/core/detail/cell_rate.hpp>

#include <algorithm>
#include <limits>

namespace overlap::detail {
namespace {

Duration saturating_product(Duration duration, std::size_t factor) noexcept {
  const auto most = static_cast<std::size_t>(std::numeric_limits<Duration::rep>::max() / duration.count());
  return factor > most ? Duration::max() : duration * static_cast<Duration::rep>(factor);
}

/// `time` plus `duration`, at most the end of time.
TimePoint saturating_sum(TimePoint time, Duration duration) noexcept {
  return time > TimePoint::max() - duration ? TimePoint::max() : time + duration;
}

}  // namespace

CellRate::CellRate(Duration interval, std::size_t burst) noexcept
    : interval_(interval), tolerance_(saturating_product(interval, burst - 1)) {}

TimePoint CellRate::next() const noexcept {
  if (theoretical_arrival_ < TimePoint::min() + tolerance_) return TimePoint::min();
  return theoretical_arrival_ - tolerance_;
}

void CellRate::take(TimePoint now) noexcept {
  theoretical_arrival_ = saturating_sum(std::max(theoretical_arrival_, now), interval_);
}

}  // namespace overlap::detail
