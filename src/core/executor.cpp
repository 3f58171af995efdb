#include <overlap/core/executor.hpp>

namespace overlap {

void Executor::accept_traced(detail::TaskPtr task) {
  const detail::TaskPtr keep = task;
  detail::trace_submitted(keep->trace_identity());
  try {
    enqueue(std::move(task));
  } catch (...) {
    keep->try_cancel();  // nobody gets its future; so the trace knows of its end
    throw;
  }
}

}  // namespace overlap
