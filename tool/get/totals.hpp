#pragma once

#include <cstdint>
#include <map>

#include <overlap/http.hpp>

#include "get/failure_groups.hpp"
#include "get/latency_histogram.hpp"

namespace overlap::get {

/// What a run has come to. ok + failed + skipped + bad_input = items.
struct Totals {
  std::uint64_t items = 0;  ///< every entry of the list
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;  ///< done by an earlier run, or was there already
  std::uint64_t bad_input = 0;
  std::uint64_t failed_before = 0;  ///< of the failed: in an earlier run, for good, and not asked for again
  std::uint64_t repeated = 0;       ///< of the ok: had the URL of another entry, which was fetched for both
  std::uint64_t retries = 0;
  std::uint64_t holds = 0;  ///< times that nothing was asked of a host for a while, since it said so or was overloaded
  Duration held{};          ///< these times together
  std::uint64_t outages = 0;                         ///< times that the run waited for the network
  std::uint64_t bytes = 0;                           ///< of the bodies, decoded
  std::map<http::ErrorClass, std::uint64_t> errors;  ///< the failed ones, by class
  FailureGroups failures;                            ///< the same, of this run, by what went wrong
  LatencyHistogram latency;                          ///< of the requests that succeeded
};

}  // namespace overlap::get
