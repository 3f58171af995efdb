#include "compare/ready_workers.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <overlap/core/executor.hpp>
#include <thread>
#include <vector>

namespace overlap::compare {
namespace {

struct Presence {
  std::int64_t thread;  ///< its number, which no other thread of the system has
  std::int64_t at_ns;   ///< by the monotonic clock, which is the same in all processes
};

/// Holds its worker for `nap_ns`, so that the others get the rest of such tasks.
Presence be_present(std::int64_t nap_ns) {
  const Presence presence{gettid(), Clock::now().time_since_epoch().count()};
  std::this_thread::sleep_for(std::chrono::nanoseconds(nap_ns));
  return presence;
}

}  // namespace

ReadyWorkers wait_for_workers(Executor& executor, std::size_t wanted, TimePoint begin) {
  constexpr std::array kNaps{std::chrono::milliseconds(2), std::chrono::milliseconds(10), std::chrono::milliseconds(50),
                             std::chrono::milliseconds(250)};
  std::map<std::int64_t, std::int64_t> first_seen;  // when, by thread
  for (const auto nap : kNaps) {
    if (first_seen.size() >= wanted) break;
    std::vector<Future<Presence>> futures;
    for (std::size_t i = 0; i < wanted; ++i) futures.push_back(executor.submit(be_present, Duration(nap).count()));
    for (const auto& future : futures) {
      const Presence presence = future.result();
      first_seen.emplace(presence.thread, presence.at_ns);
    }
  }
  std::int64_t last = begin.time_since_epoch().count();
  for (const auto& [thread, at_ns] : first_seen) last = std::max(last, at_ns);
  return {first_seen.size(), Duration(last - begin.time_since_epoch().count())};
}

}  // namespace overlap::compare
