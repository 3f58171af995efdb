// --trace FILE: every request of a run and its phases, as Chrome trace events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <iosfwd>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <overlap/core/time.hpp>
#include <overlap/core/trace_json.hpp>

#include "get/fetch_job.hpp"

namespace overlap::get {

/// What the run's one thread sees of its requests, whatever the model: so the requests of worker processes are there
/// too. A line of the picture is one of the requests that run at a time. Bounded: later requests are dropped, and
/// counted.
class RequestTrace {
 public:
  explicit RequestTrace(TimePoint began, std::size_t most_requests = std::size_t{1} << 20)
      : began_(began), most_requests_(most_requests) {}

  /// A request was given to the executor.
  void sent(std::uint64_t id, std::string_view url, TimePoint now);
  /// It has ended; `receipt` null when the executor has no receipt of it.
  void ended(std::uint64_t id, const Receipt* receipt, TimePoint now);

  /// What still runs ends now. Errors of the stream are left in its state.
  void write(std::ostream& out, TimePoint now);

 private:
  struct Running {
    std::uint32_t lane = 0;
    std::uint64_t task = 0;  // 0: dropped
    TimePoint sent{};
    std::string_view url;
  };

  std::uint32_t take_lane();
  void add(TraceSpan span) { process_.spans.push_back(span); }
  void add_phases(const Running& request, const Receipt& receipt, TimePoint now);
  Duration at(TimePoint when) const { return when - began_; }

  const TimePoint began_;
  const std::size_t most_requests_;
  std::uint64_t tasks_ = 0;
  std::unordered_map<std::uint64_t, Running> running_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free_lanes_;  // the lowest first
  std::deque<std::string> urls_;                                                               // which spans refer to
  TraceProcess process_{.name = "overlap get", .spans = {}, .lanes = {}, .dropped = 0};
};

}  // namespace overlap::get
