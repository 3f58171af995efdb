#include <overlap/async/await_future.hpp>

namespace overlap::detail {

bool ready_or_started(TaskNode& node) {
  if (node.done()) return true;
  const bool own_pool =
      node.home() != nullptr && node.home() == CurrentHome::get() && CurrentHome::kind() == CurrentHome::Kind::pool;
  if (own_pool && node.try_start()) {
    const TaskPtr keep = CurrentHome::hold(node);  // the task may drop the very handle that is awaited
    node.run(RunMode::may_detach);
  }
  return node.done();
}

}  // namespace overlap::detail
