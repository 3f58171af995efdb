#pragma once

#include <cstddef>
#include <overlap/core/time.hpp>
#include <string>

#include "compare/process_tree.hpp"
#include "compare/task_phases.hpp"

namespace overlap::compare {

class RunTracer;

/// Times the part of a run that counts: from the first submit to the last result. A workload calls begin() and end()
/// once each; what it does before and after (making lists, checking results) is not counted.
class Measurement {
 public:
  Measurement() = default;
  /// Has that part recorded too; null: it is not.
  explicit Measurement(RunTracer* tracer) : tracer_(tracer) {}

  void begin();
  void end();

  double seconds() const;
  double cpu_seconds() const;      ///< of this process and all below it
  double machine_busy() const;     ///< share of all CPUs' time in which anything ran, of anybody; 0: not known
  double stalled_seconds() const;  ///< that the thread which measures could have run, and others had the CPUs

  // For the pictures; nothing is done where none are wanted.

  /// What the `index`-th task that was submitted is called, and what it did.
  void describe_task(std::size_t index, const std::string& name, const TaskPhases& phases = {});
  /// The `index`-th task ended well for its executor, but did not get what it was to get.
  void task_failed(std::size_t index);
  /// In which phase tasks are that say nothing themselves.
  void tasks_are(Phase phase);

 private:
  RunTracer* tracer_ = nullptr;
  TimePoint begin_{};
  TimePoint end_{};
  MachineTicks ticks_at_begin_;
  MachineTicks ticks_at_end_;
  Duration cpu_at_begin_{};
  Duration cpu_at_end_{};
  Duration stalled_at_begin_{};
  Duration stalled_at_end_{};
};

double to_seconds(Duration duration);

}  // namespace overlap::compare
