// Steps of a Scheduler at times that a test makes up.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "get/scheduler.hpp"

namespace overlap::get {

inline constexpr TimePoint kNow{std::chrono::seconds(1000)};

inline std::vector<Scheduler::Id> start_all(Scheduler& scheduler, TimePoint now = kNow) {
  std::vector<Scheduler::Id> started;
  while (const auto id = scheduler.start_next(now)) started.push_back(*id);
  return started;
}

inline void finish(Scheduler& scheduler, const std::string& host, HostSign sign = HostSign::answered,
                   TimePoint now = kNow) {
  scheduler.finish(host, {.sign = sign, .started = now}, now);
}

using Ids = std::vector<Scheduler::Id>;

}  // namespace overlap::get
