#include "get/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace overlap::get {

// Values below kSub have a bucket each. Above, the leading bit chooses a row and the next kSubBits bits a column.
std::size_t LatencyHistogram::bucket_of(std::uint64_t microseconds) {
  if (microseconds < kSub) return static_cast<std::size_t>(microseconds);
  const int shift = static_cast<int>(std::bit_width(microseconds)) - 1 - kSubBits;
  const std::size_t row = static_cast<std::size_t>(shift) + 1;
  return row * kSub + static_cast<std::size_t>((microseconds >> shift) - kSub);
}

std::uint64_t LatencyHistogram::upper_end_of(std::size_t bucket) {
  if (bucket < kSub) return bucket;
  const std::size_t shift = bucket / kSub - 1;
  return ((kSub + bucket % kSub + 1) << shift) - 1;
}

void LatencyHistogram::record(Duration duration) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(std::max(duration, Duration::zero())).count();
  ++buckets_[bucket_of(static_cast<std::uint64_t>(micros))];
  ++count_;
  max_ = std::max(max_, duration);
}

Duration LatencyHistogram::quantile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted && seen != 0) return std::min<Duration>(std::chrono::microseconds(upper_end_of(bucket)), max_);
  }
  return Duration::zero();
}

}  // namespace overlap::get
