#pragma once
/// The thread pool behind ThreadPoolExecutor.
///
/// Where tasks wait: what comes from outside in one shared queue, what a worker submits in a queue of that worker.
/// A worker that needs work looks in its own queue, in the shared one (from which it takes several tasks at a time
/// while they are short), then in those of the others; finding none it spins for some microseconds, then sleeps.
///
/// Who comes for a task: a submitter wakes a worker, or starts one, only if none is free and awake. A free worker that
/// finds a task does the same for what is left, so each task is come for as long as there are workers for it. Every
/// interleaving of these steps is gone through in tests/model/pool_idle_test.cpp: a step moved here has to move there.
///
/// Locks, in the order in which they may be taken: mutex_, shared_lock_, a worker's lock. No user code runs under any.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <overlap/core/mutex.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "executors/exit_registry.hpp"
#include "executors/fork_guard.hpp"
#include "executors/thread/backlog.hpp"
#include "executors/thread/spin_lock.hpp"
#include "executors/thread/worker_counts.hpp"

namespace overlap {

class ThreadPoolExecutor::Pool final : public detail::ExitRegistry::Entry,
                                       public std::enable_shared_from_this<ThreadPoolExecutor::Pool> {
 public:
  explicit Pool(Options options);
  ~Pool();

  std::size_t max_workers() const noexcept { return max_workers_; }
  void enqueue(detail::TaskPtr task);
  void shutdown(ShutdownOptions options);
  void shutdown_at_exit() override { shutdown({}); }
  /// The end of the executor.
  void destroy();

 private:
  class Worker;
  class Presence;
  enum class State : unsigned char { open, closing, broken };

  /// Who is to come for work: a worker that sleeps, or a new one, or nobody.
  struct Call {
    Worker* wake = nullptr;
    bool grow = false;
  };

  // pool.cpp
  void push_own(Worker& me, detail::TaskPtr task);
  void push_shared(detail::TaskPtr task, bool from_worker);
  [[noreturn]] void refuse();
  bool is_full() const OVERLAP_REQUIRES(shared_lock_);
  bool is_there_work() const OVERLAP_REQUIRES(shared_lock_) { return !shared_.empty() || owners_ != 0; }
  void note_size() OVERLAP_REQUIRES(shared_lock_) { shared_size_.store(shared_.size(), std::memory_order_relaxed); }
  Call who_comes() OVERLAP_REQUIRES(shared_lock_);
  void call(Call whom);
  void see_to_work();
  void grow();
  bool start_worker(const detail::TaskPtr& lent) OVERLAP_REQUIRES(mutex_);
  Worker& free_slot() OVERLAP_REQUIRES(mutex_);
  void lend(detail::TaskPtr task) noexcept;
  void note_ended_thread() OVERLAP_REQUIRES(mutex_);
  void close(State state, bool take_tasks, detail::TaskQueue& taken);
  void break_pool(std::string why);
  void join();
  void keep_for_ever();

  // worker.cpp: on the workers' threads.
  void run_worker(Worker& me, detail::TaskPtr lent);
  void run_task(Worker& me, detail::TaskNode& task);
  bool initialize();
  void leave(Worker& me) noexcept;
  detail::TaskPtr next_task(Worker& me);
  detail::TaskPtr look_for_task(Worker& me);
  detail::TaskPtr take_shared(Worker& me);
  detail::TaskPtr steal(Worker& me);
  void is_busy(Worker& me);
  bool spin();
  bool sleep(Worker& me);
  bool stay_awake(Worker& me);

  const Options options_;
  const std::size_t max_workers_;
  const bool may_spin_;
  const detail::ForkGuard fork_guard_;

  // What submitters touch for each task.
  alignas(64) detail::SpinLock shared_lock_;
  detail::Backlog shared_ OVERLAP_GUARDED_BY(shared_lock_);
  Worker* sleepers_ OVERLAP_GUARDED_BY(shared_lock_) = nullptr;  // last in, first out: whose caches are warm
  std::size_t waiting_for_room_ OVERLAP_GUARDED_BY(shared_lock_) = 0;
  std::atomic<std::size_t> shared_size_{0};  // of shared_; a hint where the lock is not held
  std::atomic<State> state_{State::open};    // changed under shared_lock_
  std::atomic<std::uint32_t> room_{0};       // a futex; changes when a task has left a bounded queue, or the pool ends

  alignas(64) detail::WorkerCounts counts_;
  std::atomic<std::size_t> owners_{0};  // workers that have tasks in their own queues
  std::atomic<bool> spinning_{false};   // one worker at a time
  std::atomic<Worker*> first_worker_{nullptr};
  std::atomic<std::size_t> workers_{0};  // threads that have not left; changed under mutex_

  alignas(64) detail::Mutex mutex_;
  std::vector<std::thread> threads_ OVERLAP_GUARDED_BY(mutex_);        // all that were started and not joined
  std::vector<std::thread> ended_threads_ OVERLAP_GUARDED_BY(mutex_);  // of stand-ins, to be joined with the next one
  std::size_t stand_ins_ OVERLAP_GUARDED_BY(mutex_) = 0;  // threads beside workers_, each for a worker that waits
  std::size_t slots_ OVERLAP_GUARDED_BY(mutex_) = 0;
  std::optional<std::string> broken_ OVERLAP_GUARDED_BY(mutex_);
  detail::Mutex join_mutex_;
};

}  // namespace overlap
