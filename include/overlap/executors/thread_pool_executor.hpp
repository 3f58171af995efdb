#pragma once

#include <functional>
#include <memory>
#include <string>

#include <overlap/core/executor.hpp>
#include <overlap/executors/available_cpus.hpp>

namespace overlap {

/// A fixed set of threads that run submitted calls, first come, first served. What a worker submits has a queue of its
/// own, so it may start before older calls from outside.
///
/// Threads start on demand, when none is idle. A Task is driven to its end by its worker's own loop, which blocks that
/// worker alone. A worker that waits for a task of its own pool that has not started runs that task itself, so tasks
/// may wait for tasks of a full pool; with a timeout, a thread beside the workers runs it instead.
///
/// Safe to use from any thread. shutdown() refuses new work and finishes what was accepted; the destructor calls it and
/// joins. On one of its own workers, which cannot wait for itself, the destructor does not join but leaves the pool to
/// finish, and is reported to the unhandled hook. A pool that is never destroyed is shut down at exit.
class ThreadPoolExecutor final : public Executor {
 public:
  struct Options {
    std::size_t max_workers = 0;  ///< 0: one per CPU this process may use (affinity and cgroup quota)
    std::string name = "pool";    ///< appears in thread names ("pool_0", cut to 15 characters) and errors
    std::function<void()> initializer =
        nullptr;                 ///< run once by each worker before its first task; if it throws the pool breaks
    std::size_t max_queued = 0;  ///< 0: no bound; otherwise submit() blocks while so many wait, except in a
                                 ///< worker of this pool, which runs the task itself
  };

  ThreadPoolExecutor() : ThreadPoolExecutor(Options{}) {}
  explicit ThreadPoolExecutor(Options options);
  ~ThreadPoolExecutor() override;

  std::size_t concurrency() const noexcept override;

 private:
  class Pool;

  void enqueue(detail::TaskPtr task) override;
  void do_shutdown(ShutdownOptions options) override;

  std::shared_ptr<Pool> pool_;
};

}  // namespace overlap
