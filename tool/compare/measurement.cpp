#include "compare/measurement.hpp"

#include "compare/process_tree.hpp"

namespace overlap::compare {

// The looks through /proc are left out of both the time and this process's own CPU time.
void Measurement::begin() {
  const Duration below = cpu_of_processes_below();
  cpu_at_begin_ = below + cpu_of_this_process();
  begin_ = Clock::now();
}

void Measurement::end() {
  end_ = Clock::now();
  const Duration own = cpu_of_this_process();
  cpu_at_end_ = own + cpu_of_processes_below();
}

double Measurement::seconds() const { return to_seconds(end_ - begin_); }
double Measurement::cpu_seconds() const { return to_seconds(cpu_at_end_ - cpu_at_begin_); }

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace overlap::compare
