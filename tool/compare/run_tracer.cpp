#include "compare/run_tracer.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace overlap::compare {
namespace {

/// A task from its beginning to its end.
struct Life {
  bool has_begun = false;
  std::uint32_t lane = 0;
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  TraceSpan::End end = TraceSpan::End::left;
};

/// Makes the trace of a recording, its tasks numbered in the order in which they were submitted.
class TraceBuilder {
 public:
  explicit TraceBuilder(TraceRecording& recording, bool one_task_a_lane) : one_task_a_lane_(one_task_a_lane) {
    for (const TraceLane& lane : recording.lanes()) trace_.lanes.push_back(lane.name);
    trace_.names.emplace_back();
    trace_.dropped = recording.dropped();
    for (const TraceEvent& event : recording.events()) {
      if (event.kind == TraceEvent::Kind::submitted) numbers_.emplace(event.task, numbers_.size() + 1);
    }
    lives_.resize(numbers_.size() + 1);
    task_names_.resize(numbers_.size() + 1);
    failed_.resize(numbers_.size() + 1);
  }

  std::size_t tasks() const { return numbers_.size(); }

  void name(std::uint64_t task, std::string name) {
    if (name.empty()) return;
    task_names_[task] = static_cast<std::uint32_t>(trace_.names.size());
    trace_.names.push_back(std::move(name));
  }

  /// To be told before its spans are added.
  void fail(std::uint64_t task) { failed_[task] = true; }

  void add(const TraceSpan& span) {
    const auto number = numbers_.find(span.task);
    if (number == numbers_.end()) return;  // of no task of this run
    const std::uint64_t task = number->second;
    RunTrace::Span own{.kind = span.kind,
                       .end = span.end,
                       .lane = span.lane,
                       .task = task,
                       .from_ns = span.from.count(),
                       .to_ns = span.to.count(),
                       .name = span.kind == TraceSpan::Kind::scope ? index_of(span.name) : task_names_[task]};
    if (own.end == TraceSpan::End::finished && failed_[task]) own.end = TraceSpan::End::failed;
    note(own);
    if (span.kind != TraceSpan::Kind::running || !one_task_a_lane_) trace_.spans.push_back(own);
  }

  /// Once all spans are there.
  void add_lives() {
    if (!one_task_a_lane_) return;
    for (std::uint64_t task = 1; task < lives_.size(); ++task) {
      const Life& life = lives_[task];
      if (!life.has_begun) continue;
      trace_.spans.push_back({.kind = TraceSpan::Kind::running,
                              .end = life.end,
                              .lane = life.lane,
                              .task = task,
                              .from_ns = life.from_ns,
                              .to_ns = life.to_ns,
                              .name = task_names_[task]});
    }
  }

  void add_phases(std::uint64_t task, const TaskPhases& phases, std::int64_t begin_ns) {
    // The recording and the tasks have clocks that agree to some microseconds only. No phase is cut off for that.
    const std::int64_t took = std::accumulate(phases.took_ns.begin(), phases.took_ns.end(), std::int64_t{0});
    std::int64_t at = std::min(phases.begin_ns - begin_ns, lives_[task].to_ns - took);
    for (std::size_t i = 0; i < kPhases; ++i) {
      if (phases.took_ns[i] > 0) add_phase(task, static_cast<Phase>(i), at, at + phases.took_ns[i]);
      at += phases.took_ns[i];
    }
  }

  void add_whole(std::uint64_t task, Phase phase) { add_phase(task, phase, lives_[task].from_ns, lives_[task].to_ns); }

  RunTrace finish() {
    const auto order = [](const RunTrace::Span& span) {
      return std::tuple(span.from_ns, -span.to_ns, span.kind == TraceSpan::Kind::scope, span.task);
    };
    std::ranges::sort(trace_.spans, {}, order);
    return std::move(trace_);
  }

 private:
  void note(const RunTrace::Span& span) {
    if (span.kind != TraceSpan::Kind::running && span.kind != TraceSpan::Kind::waiting) return;
    Life& life = lives_[span.task];
    if (!life.has_begun) life = {.has_begun = true, .lane = span.lane, .from_ns = span.from_ns};
    life.to_ns = std::max(life.to_ns, span.to_ns);
    life.end = span.end;
  }

  void add_phase(std::uint64_t task, Phase phase, std::int64_t from_ns, std::int64_t to_ns) {
    const Life& life = lives_[task];
    from_ns = std::clamp(from_ns, life.from_ns, life.to_ns);
    to_ns = std::clamp(to_ns, life.from_ns, life.to_ns);
    if (!life.has_begun || to_ns <= from_ns) return;
    trace_.spans.push_back({.kind = TraceSpan::Kind::scope,
                            .end = TraceSpan::End::left,
                            .lane = life.lane,
                            .task = task,
                            .from_ns = from_ns,
                            .to_ns = to_ns,
                            .name = index_of(to_string(phase))});
  }

  std::uint32_t index_of(std::string_view name) {
    const auto [entry, is_new] = scope_names_.emplace(name, static_cast<std::uint32_t>(trace_.names.size()));
    if (is_new) trace_.names.emplace_back(name);
    return entry->second;
  }

  const bool one_task_a_lane_;
  RunTrace trace_;
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_;  // by the recording's number
  std::vector<Life> lives_;                                   // by number here
  std::vector<std::uint32_t> task_names_;                     // by number here
  std::vector<bool> failed_;                                  // by number here: whatever its executor saw
  std::map<std::string, std::uint32_t, std::less<>> scope_names_;
};

}  // namespace

void RunTracer::begin() {
  recording_.emplace();
  begin_ = Clock::now();
}

void RunTracer::end() { recording_->stop(); }

RunTracer::Described& RunTracer::described(std::size_t index) {
  if (described_.size() <= index) described_.resize(index + 1);
  return described_[index];
}

void RunTracer::describe(std::size_t index, std::string name, const TaskPhases& phases) {
  described(index).name = std::move(name);
  described(index).phases = phases;
}

void RunTracer::fail(std::size_t index) { described(index).has_failed = true; }

RunTrace RunTracer::take(bool one_task_a_lane) {
  if (!recording_) return {};
  TraceBuilder builder(*recording_, one_task_a_lane);
  described_.resize(builder.tasks());
  for (std::size_t i = 0; i < described_.size(); ++i) {
    builder.name(i + 1, std::move(described_[i].name));
    if (described_[i].has_failed) builder.fail(i + 1);
  }
  for (const TraceSpan& span : recording_->spans()) builder.add(span);
  builder.add_lives();
  for (std::size_t i = 0; i < described_.size(); ++i) {
    const TaskPhases& phases = described_[i].phases;
    if (phases.begin_ns != 0) {
      builder.add_phases(i + 1, phases, begin_.time_since_epoch().count());
    } else if (usual_phase_) {
      builder.add_whole(i + 1, *usual_phase_);
    }
  }
  return builder.finish();
}

}  // namespace overlap::compare
