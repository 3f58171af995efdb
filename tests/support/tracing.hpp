#pragma once
/// What tests see of a recording.

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <overlap/core/trace.hpp>

namespace overlap {

inline std::ostream& operator<<(std::ostream& out, TraceEvent::Kind kind) {
  static constexpr const char* kNames[] = {"submitted", "started",   "waiting", "resumed",     "finished",
                                           "failed",    "cancelled", "named",   "scope_began", "scope_ended"};
  return out << kNames[static_cast<std::size_t>(kind)];
}

inline std::ostream& operator<<(std::ostream& out, TraceSpan::Kind kind) {
  static constexpr const char* kNames[] = {"queued", "running", "waiting", "scope"};
  return out << kNames[static_cast<std::size_t>(kind)];
}

namespace test {

/// The events of one task, as words: "submitted started finished".
using Lives = std::map<std::uint64_t, std::string>;

inline bool is_of_a_life(const TraceEvent& event) { return event.task != 0 && event.kind < TraceEvent::Kind::named; }

inline std::string_view word(TraceEvent::Kind kind) {
  static constexpr std::string_view kWords[] = {"submitted", "started", "waiting",  "resumed",
                                                "finished",  "failed",  "cancelled"};
  return kWords[static_cast<std::size_t>(kind)];
}

/// What happened to each task.
inline Lives lives_in(TraceRecording& recording) {
  Lives lives;
  for (const TraceEvent& event : recording.events()) {
    if (!is_of_a_life(event)) continue;
    std::string& life = lives[event.task];
    if (!life.empty()) life += ' ';
    life += word(event.kind);
  }
  return lives;
}

/// How many tasks lived like that.
inline std::map<std::string, int> kinds_of_lives_in(TraceRecording& recording) {
  std::map<std::string, int> kinds;
  for (const auto& [task, life] : lives_in(recording)) ++kinds[life];
  return kinds;
}

/// The task that was given this name; 0 if none was.
inline std::uint64_t task_named(TraceRecording& recording, std::string_view name) {
  const auto& events = recording.events();
  const auto found = std::ranges::find_if(
      events, [name](const TraceEvent& event) { return event.kind == TraceEvent::Kind::named && event.name == name; });
  return found != events.end() ? found->task : 0;
}

/// The name of the lane where the task began; empty if it did not.
inline std::string lane_of(TraceRecording& recording, std::uint64_t task) {
  for (const TraceEvent& event : recording.events()) {
    if (event.task == task && event.kind == TraceEvent::Kind::started) return recording.lanes().at(event.lane).name;
  }
  return {};
}

}  // namespace test
}  // namespace overlap
