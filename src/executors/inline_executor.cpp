#include <overlap/executors/inline_executor.hpp>

namespace overlap {

namespace {

/// All inline executors are one to a trace, with a worker for each thread.
const detail::TraceExecutor& place_of_inline_tasks() {
  static const detail::TraceExecutor executor("inline");
  return executor;
}

}  // namespace

void InlineExecutor::enqueue(detail::TaskPtr task) {
  if (closed_.load(std::memory_order_relaxed)) throw BrokenExecutor("InlineExecutor: submit after shutdown");
  const detail::TraceVisit visit(&place_of_inline_tasks);
  if (task->try_start()) task->run(detail::RunMode::to_completion);
}

void InlineExecutor::do_shutdown(ShutdownOptions) { closed_.store(true, std::memory_order_relaxed); }

}  // namespace overlap
