#include "compare/measurement.hpp"

#include <unistd.h>

#include <overlap/executors/available_cpus.hpp>

#include "compare/run_tracer.hpp"

namespace overlap::compare {

// The looks through /proc, and the beginning and end of a recording, are left out of both the time and this process's
// own CPU time.
void Measurement::begin() {
  const Duration below = cpu_of_processes_below();
  ticks_at_begin_ = ticks_of_machine();
  if (tracer_ != nullptr) tracer_->begin();
  stalled_at_begin_ = stalled_so_far();
  cpu_at_begin_ = below + cpu_of_this_process();
  begin_ = Clock::now();
}

void Measurement::end() {
  end_ = Clock::now();
  const Duration own = cpu_of_this_process();
  if (tracer_ != nullptr) tracer_->end();
  ticks_at_end_ = ticks_of_machine();
  stalled_at_end_ = stalled_so_far();
  cpu_at_end_ = own + cpu_of_processes_below();
}

double Measurement::seconds() const { return to_seconds(end_ - begin_); }
double Measurement::cpu_seconds() const { return to_seconds(cpu_at_end_ - cpu_at_begin_); }

// Of a tick here and there nothing can be told; nor, where only some CPUs may be used, of those.
double Measurement::machine_busy() const {
  constexpr std::uint64_t kEnough = 20;
  const std::uint64_t all = ticks_at_end_.all - ticks_at_begin_.all;
  const bool has_all = static_cast<long>(available_cpus()) == sysconf(_SC_NPROCESSORS_ONLN);
  if (all < kEnough || !has_all) return 0;
  return static_cast<double>(ticks_at_end_.busy - ticks_at_begin_.busy) / static_cast<double>(all);
}

double Measurement::stalled_seconds() const { return to_seconds(stalled_at_end_ - stalled_at_begin_); }

void Measurement::describe_task(std::size_t index, const std::string& name, const TaskPhases& phases) {
  if (tracer_ != nullptr) tracer_->describe(index, name, phases);
}

void Measurement::task_failed(std::size_t index) {
  if (tracer_ != nullptr) tracer_->fail(index);
}

void Measurement::tasks_are(Phase phase) {
  if (tracer_ != nullptr) tracer_->all_are(phase);
}

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace overlap::compare
