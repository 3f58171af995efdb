#include <overlap/executors/inline_executor.hpp>

namespace overlap {

void InlineExecutor::enqueue(detail::TaskPtr task) {
  if (closed_.load(std::memory_order_relaxed)) throw BrokenExecutor("InlineExecutor: submit after shutdown");
  if (task->try_start()) task->run(detail::RunMode::to_completion);
}

void InlineExecutor::do_shutdown(ShutdownOptions) { closed_.store(true, std::memory_order_relaxed); }

}  // namespace overlap
