#pragma once

#include <array>
#include <cstdint>

#include <overlap/core/time.hpp>

namespace overlap::get {

/// Durations counted in buckets whose width grows with the value, as in HdrHistogram: a fixed few kilobytes however
/// many are recorded, and quantiles to within 1.6 % (64 buckets each time the value doubles). Not thread-safe.
class LatencyHistogram {
 public:
  void record(Duration duration);
  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }
  /// The smallest recorded value, to the histogram's precision, that at least `share` (0 to 1) of all do not exceed.
  /// Zero when nothing was recorded.
  Duration quantile(double share) const;

 private:
  static constexpr int kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static std::size_t bucket_of(std::uint64_t microseconds);
  static std::uint64_t upper_end_of(std::size_t bucket);

  std::array<std::uint64_t, (64 - kSubBits + 1) * kSub> buckets_{};
  std::uint64_t count_ = 0;
  Duration max_{};
};

}  // namespace overlap::get
