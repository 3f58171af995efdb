#pragma once

#include <algorithm>

#include <overlap/core/detail/task_node.hpp>

namespace overlap::detail {

/// Tasks that wait to be started, first in, first out. Not thread-safe.
///
/// A task that was cancelled, or run by who waited for it, stays where it is until somebody comes to it, which may be
/// never where those who would are busy submitting and waiting themselves. So each push looks at the task before it;
/// when so many of those were done that the queue may be half full of them, all that are done are taken out.
class Backlog {
 public:
  bool empty() const noexcept { return tasks_.empty(); }
  std::size_t size() const noexcept { return tasks_.size(); }

  /// `done` gets tasks that are done, to be released outside of any lock: with a task goes its result, which is the
  /// user's code.
  void push(TaskPtr task, TaskQueue& done) noexcept {
    if (tasks_.last_is_done() && ++done_seen_ >= std::max(kFirstSweep, tasks_.size() / 2)) sweep(done);
    tasks_.push(std::move(task));
  }
  TaskPtr pop() noexcept { return tasks_.pop(); }
  void append(TaskQueue&& tasks) noexcept { tasks_.append(std::move(tasks)); }
  TaskQueue take_all() noexcept { return std::move(tasks_); }

  void sweep(TaskQueue& done) noexcept {
    done.append(tasks_.take_done());
    done_seen_ = 0;
  }

 private:
  static constexpr std::size_t kFirstSweep = 64;

  TaskQueue tasks_;
  std::size_t done_seen_ = 0;
};

}  // namespace overlap::detail
