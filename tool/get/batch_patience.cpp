#include "get/batch_patience.hpp"

#include <algorithm>

namespace overlap::get {
namespace {

constexpr Duration kLookEvery = std::chrono::milliseconds(100);
constexpr Duration kMost = std::chrono::milliseconds(1);
constexpr int kShareOfAnAnswer = 256;
constexpr double kBusy = 0.9;  // of one CPU: the loop's thread has most of it

}  // namespace

Duration BatchPatience::at(TimePoint now, Duration cpu, const LatencyHistogram& latency) {
  const Duration passed = now - looked_at_;
  if (passed < kLookEvery) return patience_;
  const bool is_busy = cpu - cpu_ >= std::chrono::duration_cast<Duration>(kBusy * passed);
  patience_ = is_busy ? kMost : std::min(kMost, latency.quantile(0.5) / kShareOfAnAnswer);
  looked_at_ = now;
  cpu_ = cpu;
  return patience_;
}

}  // namespace overlap::get
