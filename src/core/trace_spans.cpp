#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <utility>

#include <overlap/core/trace.hpp>

namespace overlap {
namespace {

using Kind = TraceEvent::Kind;
using End = TraceSpan::End;

/// Goes through the events once, with the spans that are open.
class SpanMaker {
 public:
  void add(const TraceEvent& event) {
    switch (event.kind) {
      case Kind::submitted:
        enter(event, TraceSpan::Kind::queued, event.lane);
        break;
      case Kind::started:
        enter(event, TraceSpan::Kind::running, event.lane);
        break;
      case Kind::resumed:
        enter(event, TraceSpan::Kind::running, lane_of(event));
        break;
      case Kind::waiting:
        enter(event, TraceSpan::Kind::waiting, lane_of(event));
        break;
      case Kind::finished:
        leave(event, End::finished);
        break;
      case Kind::failed:
        leave(event, End::failed);
        break;
      case Kind::cancelled:
        leave(event, End::cancelled);
        break;
      case Kind::named:
        names_[event.task] = event.name;
        break;
      case Kind::scope_began:
        scopes_.insert_or_assign(std::pair(event.task, event.scope), make(event, TraceSpan::Kind::scope, event.lane));
        break;
      case Kind::scope_ended:
        if (const auto scope = scopes_.extract(std::pair(event.task, event.scope))) {
          close(scope.mapped(), event.at, End::left);
        }
        break;
    }
  }

  std::vector<TraceSpan> finish(Duration end) {
    for (const auto& [task, span] : lives_) close(span, end, End::open);
    for (const auto& [task, span] : scopes_) close(span, end, End::open);
    for (TraceSpan& span : spans_) {
      const auto name = names_.find(span.task);
      if (span.kind != TraceSpan::Kind::scope && name != names_.end()) span.name = name->second;
    }
    sort();
    cut_at_next_start();
    sort();
    return std::move(spans_);
  }

 private:
  static TraceSpan make(const TraceEvent& event, TraceSpan::Kind kind, std::uint32_t lane) {
    return {.kind = kind, .lane = lane, .task = event.task, .other = event.other, .from = event.at, .name = event.name};
  }

  void close(TraceSpan span, Duration at, End end) {
    span.to = std::max(at, span.from);
    span.end = end;
    spans_.push_back(span);
  }

  void sort() {
    std::ranges::sort(spans_, [](const TraceSpan& a, const TraceSpan& b) {
      return std::tuple(a.from, -a.to, a.task, a.kind) < std::tuple(b.from, -b.to, b.task, b.kind);
    });
  }

  /// A worker does one thing at a time. Of one in another process, the end is seen when its answer has been read, and
  /// by then it may have begun the next task.
  void cut_at_next_start() {
    std::unordered_map<std::uint32_t, TraceSpan*> latest;  // by lane
    for (TraceSpan& span : spans_) {
      if (span.kind != TraceSpan::Kind::running) continue;
      TraceSpan*& before = latest[span.lane];
      if (before != nullptr) before->to = std::min(before->to, span.from);
      before = &span;
    }
  }

  void enter(const TraceEvent& event, TraceSpan::Kind kind, std::uint32_t lane) {
    leave(event, End::left);
    lives_[event.task] = make(event, kind, lane);
  }

  void leave(const TraceEvent& event, End end) {
    if (const auto life = lives_.extract(event.task)) close(life.mapped(), event.at, end);
  }

  /// A task stays where it began.
  std::uint32_t lane_of(const TraceEvent& event) const {
    const auto life = lives_.find(event.task);
    return life != lives_.end() ? life->second.lane : event.lane;
  }

  std::unordered_map<std::uint64_t, TraceSpan> lives_;                   // by task: what it is in now
  std::map<std::pair<std::uint64_t, std::uint64_t>, TraceSpan> scopes_;  // by task and scope
  std::unordered_map<std::uint64_t, std::string_view> names_;            // by task
  std::vector<TraceSpan> spans_;
};

}  // namespace

std::vector<TraceSpan> make_trace_spans(const std::vector<TraceEvent>& events, Duration end) {
  SpanMaker maker;
  for (const TraceEvent& event : events) maker.add(event);
  return maker.finish(end);
}

}  // namespace overlap
