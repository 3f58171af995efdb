#pragma once

#include <overlap/core/time.hpp>

#include "get/latency_histogram.hpp"

namespace overlap::get {

/// How long a run waits for more requests to end before it deals with those that have. Dealing with many at once costs
/// a transaction and a wake-up for all of them; but while they wait their places are empty. Where CPU time is short
/// that costs nothing, since others are under way; where the time goes into waiting for hosts it is kept to a small
/// part of what an answer takes.
class BatchPatience {
 public:
  /// `cpu` is what this process has used so far.
  Duration at(TimePoint now, Duration cpu, const LatencyHistogram& latency);

 private:
  TimePoint looked_at_{};
  Duration cpu_{};
  Duration patience_{};
};

}  // namespace overlap::get
