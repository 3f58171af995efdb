#include "compare/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace overlap::compare {
namespace {

struct Draft {
  Timeline::Task task;
  bool was_queued = false;
  bool has_begun = false;
};

std::optional<Phase> phase_named(std::string_view name) {
  for (std::size_t i = 0; i < kPhases; ++i) {
    if (to_string(static_cast<Phase>(i)) == name) return static_cast<Phase>(i);
  }
  return std::nullopt;
}

void add_span(Draft& draft, const RunTrace::Span& span, const std::vector<std::optional<Phase>>& phases) {
  Timeline::Task& task = draft.task;
  switch (span.kind) {
    case TraceSpan::Kind::queued:
      task.queued_ns = span.from_ns;
      draft.was_queued = true;
      return;
    case TraceSpan::Kind::scope:
      if (const auto phase = phases[span.name]) task.phases.push_back({*phase, span.from_ns, span.to_ns});
      return;
    default:
      break;
  }
  if (!std::exchange(draft.has_begun, true)) {
    task.name = span.name;
    task.lane = span.lane;
    task.from_ns = span.from_ns;
  }
  if (span.to_ns < task.to_ns) return;
  task.to_ns = span.to_ns;
  task.end = span.end;
}

/// Each task goes into the first lane that is free when it begins.
void pack(Timeline& timeline) {
  using Busy = std::pair<std::int64_t, std::uint32_t>;  // until when, which lane
  std::priority_queue<Busy, std::vector<Busy>, std::greater<>> busy;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> free;
  std::uint32_t lanes = 0;
  for (Timeline::Task& task : timeline.tasks) {
    while (!busy.empty() && busy.top().first <= task.from_ns) {
      free.push(busy.top().second);
      busy.pop();
    }
    if (free.empty()) free.push(lanes++);
    task.lane = free.top();
    free.pop();
    busy.emplace(task.to_ns, task.lane);
  }
  timeline.lanes.clear();
  for (std::uint32_t lane = 0; lane < lanes; ++lane) timeline.lanes.push_back(fmt::format("under way {}", lane + 1));
}

/// Leaves out the lanes where no task ran, such as that of the thread that submits.
void keep_lanes_in_use(Timeline& timeline, const std::vector<std::string>& names) {
  std::map<std::string, std::uint32_t> used;  // by name, so that workers are in order
  for (const Timeline::Task& task : timeline.tasks) used.emplace(names[task.lane], 0);
  for (auto& [name, index] : used) {
    index = static_cast<std::uint32_t>(timeline.lanes.size());
    timeline.lanes.push_back(name);
  }
  for (Timeline::Task& task : timeline.tasks) task.lane = used.at(names[task.lane]);
}

}  // namespace

Timeline make_timeline(const RunTrace& trace, bool packs) {
  std::vector<std::optional<Phase>> phases;
  for (const std::string& name : trace.names) phases.push_back(phase_named(name));
  std::unordered_map<std::uint64_t, Draft> drafts;
  for (const RunTrace::Span& span : trace.spans) add_span(drafts[span.task], span, phases);

  Timeline timeline;
  for (auto& [number, draft] : drafts) {
    if (!draft.has_begun) continue;
    Timeline::Task& task = draft.task;
    if (!draft.was_queued) task.queued_ns = task.from_ns;
    std::ranges::sort(task.phases, {}, &Timeline::Piece::from_ns);
    timeline.tasks.push_back(std::move(task));
  }
  std::ranges::sort(timeline.tasks, {}, [](const Timeline::Task& task) {
    return std::tuple(task.from_ns, task.queued_ns, task.lane, task.name);
  });
  if (packs) {
    pack(timeline);
  } else {
    keep_lanes_in_use(timeline, trace.lanes);
  }
  return timeline;
}

std::array<double, kPhases> seconds_by_phase(const Timeline& timeline) {
  std::array<double, kPhases> seconds{};
  for (const Timeline::Task& task : timeline.tasks) {
    for (const Timeline::Piece& piece : task.phases) {
      seconds[static_cast<std::size_t>(piece.phase)] += static_cast<double>(piece.to_ns - piece.from_ns) * 1e-9;
    }
  }
  return seconds;
}

}  // namespace overlap::compare
