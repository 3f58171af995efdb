#pragma once

#include <overlap/core/time.hpp>

#include "executors/thread/own_tasks.hpp"
#include "executors/thread/pool.hpp"

namespace overlap {

/// A place for a worker thread. Made when first needed, never destroyed before the pool, used again when a thread that
/// had it was ended by a task.
class alignas(64) ThreadPoolExecutor::Pool::Worker final : public detail::RunningTask::Worker,
                                                           public detail::CurrentHome::Helper {
 public:
  Worker(Pool& owner, std::size_t number, Worker* before) noexcept : pool(owner), index(number), next(before) {}

  /// The place of this thread, if it is a worker of that pool.
  static Worker* current(const Pool& pool) noexcept;

  void task_ends() noexcept override;
  void is_kept_busy() noexcept override;

  detail::TaskPtr take_back(const detail::TaskNode& task) noexcept override;
  bool may_be_taken() const noexcept override;
  void lend(detail::TaskNode& task) noexcept override;

  /// A task of its own. May throw std::bad_alloc; see OwnTasks for `done`.
  void push(detail::TaskPtr task, detail::TaskQueue& done) OVERLAP_REQUIRES(lock);
  /// Tasks of the shared queue.
  void fetch(detail::TaskQueue&& more) noexcept OVERLAP_EXCLUDES(lock);
  enum class Order : unsigned char { own_first, fetched_first, fetched_only };
  /// The next task that is not done, if there is one.
  detail::TaskPtr pop(Order order) noexcept OVERLAP_EXCLUDES(lock);
  /// The same for its own thread, which is busy from then on.
  detail::TaskPtr take(Order order) noexcept OVERLAP_EXCLUDES(lock);
  detail::TaskQueue take_all() noexcept OVERLAP_EXCLUDES(lock);

  Pool& pool;
  const std::size_t index;
  Worker* const next;      // the place that was made before this
  bool in_use = false;     // under the pool's mutex_
  bool stands_in = false;  // for a worker that waits; its thread runs one task. Set before the thread starts

  // The thread's own.
  bool is_free = false;  // counted as such
  std::uint32_t turn = 0;
  std::size_t batch = 1;
  TimePoint last_refill{};

  // The pool's shared_lock_ guards it while it is in the list.
  Worker* next_sleeper = nullptr;
  std::atomic<std::uint32_t> awake{1};  // a futex

  alignas(64) detail::SpinLock lock;
  std::atomic<std::size_t> size{0};  // of both queues, to be looked at without the lock

 private:
  detail::TaskPtr pop_any(Order order) noexcept OVERLAP_REQUIRES(lock);
  // Called after each change of the queues.
  void note_size() noexcept OVERLAP_REQUIRES(lock);

  detail::OwnTasks own_ OVERLAP_GUARDED_BY(lock);
  detail::TaskQueue fetched_ OVERLAP_GUARDED_BY(lock);
};

}  // namespace overlap
