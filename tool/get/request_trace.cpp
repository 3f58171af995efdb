#include "get/request_trace.hpp"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>

namespace overlap::get {
namespace {

struct Phase {
  std::string_view name;
  Duration end;  // since the begin of the request; zero: it did not take place
};

}  // namespace

std::uint32_t RequestTrace::take_lane() {
  if (!free_lanes_.empty()) {
    const std::uint32_t lane = free_lanes_.top();
    free_lanes_.pop();
    return lane;
  }
  const auto lane = static_cast<std::uint32_t>(process_.lanes.size());
  process_.lanes.push_back({.name = fmt::format("request {}", lane + 1), .executor = {}, .worker = 0});
  return lane;
}

void RequestTrace::sent(std::uint64_t id, std::string_view url, TimePoint now) {
  Running request{.lane = take_lane(), .task = 0, .sent = now, .url = {}};
  if (tasks_ < most_requests_) {
    request.task = ++tasks_;
    request.url = urls_.emplace_back(url);
  } else {
    ++process_.dropped;
  }
  running_.insert_or_assign(id, request);
}

void RequestTrace::ended(std::uint64_t id, const Receipt* receipt, TimePoint now) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  const Running request = found->second;
  running_.erase(found);
  free_lanes_.push(request.lane);
  if (request.task == 0) return;
  const bool failed = receipt == nullptr || receipt->outcome == Receipt::Outcome::failed;
  add({.kind = TraceSpan::Kind::running,
       .end = failed ? TraceSpan::End::failed : TraceSpan::End::finished,
       .lane = request.lane,
       .task = request.task,
       .from = at(request.sent),
       .to = at(now),
       .name = request.url});
  if (receipt != nullptr) add_phases(request, *receipt, now);
}

/// The clock of a request starts when a worker has begun it: what was before is waiting for one.
void RequestTrace::add_phases(const Running& request, const Receipt& receipt, TimePoint now) {
  const TimePoint begun = std::max(request.sent, now - receipt.seconds);
  const http::Timings& when = receipt.timings;
  const std::array<Phase, 6> phases{{{"name lookup", when.name_lookup},
                                     {"connect", when.connect},
                                     {"TLS", when.tls},
                                     {"waiting for the first byte", when.first_byte},
                                     {"receiving", when.total},
                                     {"writing", when.total > Duration::zero() ? receipt.seconds : Duration::zero()}}};
  const auto add_scope = [&](std::string_view name, TimePoint from, TimePoint to) {
    if (to <= from) return;
    add({.kind = TraceSpan::Kind::scope,
         .lane = request.lane,
         .task = request.task,
         .from = at(from),
         .to = at(to),
         .name = name});
  };
  add_scope("waiting for a worker", request.sent, begun);
  TimePoint last = begun;
  for (const Phase& phase : phases) {
    if (phase.end == Duration::zero()) continue;
    const TimePoint end = std::clamp(begun + phase.end, last, now);
    add_scope(phase.name, last, end);
    last = end;
  }
}

void RequestTrace::write(std::ostream& out, TimePoint now) {
  std::vector<std::uint64_t> left;
  for (const auto& [id, request] : running_) left.push_back(id);
  for (const std::uint64_t id : left) ended(id, nullptr, now);
  std::ranges::sort(process_.spans, [](const TraceSpan& a, const TraceSpan& b) {
    return a.from != b.from ? a.from < b.from : a.to > b.to;
  });
  write_chrome_trace(out, {process_});
}

}  // namespace overlap::get
