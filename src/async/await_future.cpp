#include <overlap/async/await_future.hpp>
#include <overlap/core/errors.hpp>

namespace overlap::detail {

namespace {

/// Of those whose task this thread alone can bring on, the one that goes on while the current task waits is the loop
/// that it runs on. What is further out on this thread stands still until the current task has ended.
void check_may_await(const CurrentHome& home, const TaskNode& node) {
  const Loop* const loop = Loop::current();
  if (loop != nullptr && node.home() == loop->home()) return;
  if (home.kind() == CurrentHome::Kind::loop) {
    throw WouldDeadlock("a task awaits one of the event loop that is kept from running by it: by run(), say");
  }
  home.check_may_wait();
}

}  // namespace

bool ready_or_started(TaskNode& node) {
  if (node.done()) return true;
  const CurrentHome* const home = CurrentHome::find(node.home());
  if (home == nullptr) return false;
  if (home->kind() != CurrentHome::Kind::pool) {
    check_may_await(*home, node);
  } else if (node.try_start()) {
    if (const Loop* const loop = Loop::current()) node.set_home(loop->home());  // nobody else runs it from here on
    const TaskPtr keep = home->hold(node);  // the task may drop the very handle that is awaited
    node.run(RunMode::from_a_task);
  }
  return node.done();
}

}  // namespace overlap::detail
