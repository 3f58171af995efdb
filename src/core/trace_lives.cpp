#include <overlap/core/detail/trace_lives.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace overlap::detail {
namespace {

using Kind = TraceEvent::Kind;

bool is_end(Kind kind) { return kind == Kind::finished || kind == Kind::failed || kind == Kind::cancelled; }

bool is_of_a_life(const TraceEvent& event) { return event.task != 0 && event.kind < Kind::named; }

/// Of events at the same time.
int rank(Kind kind) {
  if (kind == Kind::submitted) return 0;
  if (kind == Kind::started) return 1;
  return is_end(kind) ? 3 : 2;
}

/// Those that are equal keep their order, which their places in memory tell. (Not by stable_sort: in the library of GCC
/// 12 it uses what the language has deprecated, and clang says so.)
void sort_by_time(std::vector<TraceEvent>& events) {
  std::vector<const TraceEvent*> order;
  order.reserve(events.size());
  for (const TraceEvent& event : events) order.push_back(&event);
  std::ranges::sort(order, [](const TraceEvent* a, const TraceEvent* b) {
    if (a->at != b->at) return a->at < b->at;
    return rank(a->kind) != rank(b->kind) ? rank(a->kind) < rank(b->kind) : a < b;
  });
  std::vector<TraceEvent> sorted;
  sorted.reserve(events.size());
  for (const TraceEvent* const event : order) sorted.push_back(*event);
  events = std::move(sorted);
}

/// The events of one task, in the order of time.
class Life {
 public:
  explicit Life(std::span<TraceEvent* const> events) : events_(events) {
    for (TraceEvent* const event : events) {
      if (event->kind == Kind::submitted) submitted_ = event;
      if (event->kind == Kind::started) last_start_ = event;
      if (is_end(event->kind) && end_ == nullptr) end_ = event;
    }
  }

  void put_in_order() {
    state_ = submitted_ != nullptr ? State::pending : State::unknown;
    if (submitted_ != nullptr) submitted_->at = std::min(submitted_->at, events_.front()->at);
    if (end_ != nullptr && last_start_ != nullptr) end_->at = std::max(end_->at, last_start_->at);
    for (TraceEvent* const event : events_) {
      if (!fits(*event)) event->task = kDropped;
    }
  }

  static constexpr std::uint64_t kDropped = UINT64_MAX;

 private:
  enum class State : std::uint8_t {
    unknown,  ///< its beginning was not recorded: what comes first is believed
    pending,
    running,
    waiting,
  };

  bool fits(const TraceEvent& event) {
    if (&event == submitted_ || &event == end_) return true;
    if (event.kind == Kind::submitted || is_end(event.kind)) return false;
    if (end_ != nullptr && event.at > end_->at) return false;
    if (!may_follow(event.kind)) return false;
    state_ = event.kind == Kind::waiting ? State::waiting : State::running;
    return true;
  }

  bool may_follow(Kind kind) const {
    if (kind == Kind::started || state_ == State::unknown) return true;
    return state_ == (kind == Kind::waiting ? State::running : State::waiting);
  }

  const std::span<TraceEvent* const> events_;
  TraceEvent* submitted_ = nullptr;
  TraceEvent* last_start_ = nullptr;
  TraceEvent* end_ = nullptr;
  State state_ = State::unknown;
};

}  // namespace

void put_lives_in_order(std::vector<TraceEvent>& events) {
  sort_by_time(events);
  std::vector<TraceEvent*> by_task;
  for (TraceEvent& event : events) {
    if (is_of_a_life(event)) by_task.push_back(&event);
  }
  std::ranges::sort(by_task, [](const TraceEvent* a, const TraceEvent* b) {
    return a->task != b->task ? a->task < b->task : a < b;  // of one task, as they were
  });
  for (std::size_t begin = 0, end = 0; begin < by_task.size(); begin = end) {
    while (end < by_task.size() && by_task[end]->task == by_task[begin]->task) ++end;
    Life(std::span(by_task).subspan(begin, end - begin)).put_in_order();
  }
  std::erase_if(events, [](const TraceEvent& event) { return event.task == Life::kDropped; });
  sort_by_time(events);
}

}  // namespace overlap::detail
