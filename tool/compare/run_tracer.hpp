#pragma once

#include <cstddef>
#include <optional>
#include <overlap/core/time.hpp>
#include <overlap/core/trace.hpp>
#include <string>
#include <vector>

#include "compare/run_trace.hpp"
#include "compare/task_phases.hpp"

namespace overlap::compare {

/// Records what the tasks of a run do, in all processes of it, and joins to that what the tasks themselves say.
class RunTracer {
 public:
  void begin();
  void end();

  /// What is known of a task: the `index`-th that was submitted.
  void describe(std::size_t index, std::string name, const TaskPhases& phases);
  /// It failed, though its function returned: a server may answer with an error.
  void fail(std::size_t index);
  /// In which phase tasks are that say nothing themselves.
  void all_are(Phase phase) { usual_phase_ = phase; }

  /// `one_task_a_lane`: a worker stays with a task until that ends, so the task is drawn as a whole, its waits
  /// included.
  RunTrace take(bool one_task_a_lane);

 private:
  struct Described {
    std::string name;
    TaskPhases phases;
    bool has_failed = false;
  };

  Described& described(std::size_t index);

  std::optional<TraceRecording> recording_;
  TimePoint begin_{};
  std::vector<Described> described_;  // by index
  std::optional<Phase> usual_phase_;
};

}  // namespace overlap::compare
