#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <overlap/core/detail/task_node.hpp>

namespace overlap::detail {

/// The tasks that a worker has submitted, oldest first, in a ring: taken out at the front to be run in turn, and at the
/// back by the worker that waits for its latest. Not thread-safe.
class OwnTasks {
 public:
  OwnTasks() noexcept = default;
  OwnTasks(const OwnTasks&) = delete;
  OwnTasks& operator=(const OwnTasks&) = delete;
  ~OwnTasks() {
    while (pop_front()) {
    }
  }

  bool empty() const noexcept { return first_ == end_; }
  std::size_t size() const noexcept { return end_ - first_; }

  /// May throw std::bad_alloc. `done` gets tasks that were found to be done; see Backlog.
  void push_back(TaskPtr task, TaskQueue& done) {
    if (!empty() && at(end_ - 1)->done() && ++done_seen_ >= kFirstSweep && done_seen_ >= size() / 2) sweep(done);
    if (size() == capacity_) grow();
    at(end_++) = task.leak();
  }
  TaskPtr pop_front() noexcept { return empty() ? TaskPtr{} : TaskPtr::adopt(at(first_++)); }
  /// The last task, if it is this one.
  TaskPtr pop_back_if(const TaskNode& task) noexcept {
    return !empty() && at(end_ - 1) == &task ? TaskPtr::adopt(at(--end_)) : TaskPtr{};
  }
  /// The last task, if it is done.
  TaskPtr pop_back_if_done() noexcept {
    return !empty() && at(end_ - 1)->done() ? TaskPtr::adopt(at(--end_)) : TaskPtr{};
  }

 private:
  static constexpr std::size_t kFirstSweep = 64;

  TaskNode*& at(std::size_t position) noexcept { return ring_[position & (capacity_ - 1)]; }

  void grow() {
    const std::size_t wider = capacity_ == 0 ? kFirstSweep : 2 * capacity_;
    auto ring = std::make_unique<TaskNode*[]>(wider);
    for (std::size_t i = first_; i != end_; ++i) ring[i & (wider - 1)] = at(i);
    ring_ = std::move(ring);
    capacity_ = wider;
  }

  /// Takes out all tasks that are done. The others keep their order.
  void sweep(TaskQueue& done) noexcept {
    std::size_t kept = first_;
    for (std::size_t i = first_; i != end_; ++i) {
      TaskNode* const node = at(i);
      if (node->done()) {
        done.push(TaskPtr::adopt(node));
      } else {
        at(kept++) = node;
      }
    }
    end_ = kept;
    done_seen_ = 0;
  }

  std::unique_ptr<TaskNode*[]> ring_;
  std::size_t capacity_ = 0;  // a power of two
  std::size_t first_ = 0;     // positions only grow; a place is a position modulo the capacity
  std::size_t end_ = 0;
  std::size_t done_seen_ = 0;
};

}  // namespace overlap::detail
