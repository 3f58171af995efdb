#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <overlap/core/executor.hpp>
#include <overlap/executors/available_cpus.hpp>

namespace overlap {

/// A set of worker processes that run submitted calls in submission order, each in a memory of its own: a task that
/// crashes takes down its worker and nothing else.
///
/// What crosses to a worker is the call itself: a function or a captureless lambda, arguments and a result that are
/// shippable (see is_shippable). submit() and map() check that as they are compiled; through an Executor& it throws
/// NotShippable. A worker is the same program, started again behind main_guard: it has the program's functions and
/// static objects, not what main() made. A std::stop_token that a task takes is never triggered; terminate() ends it.
///
/// Workers start on demand, when none is idle, and die with the program however it ends. A worker that dies fails only
/// the task it ran, with WorkerCrashed, and is replaced. A done callback runs on the pool's own thread: it must not
/// block, and to wait there for a task of the same pool throws WouldDeadlock.
///
/// Safe to use from any thread. shutdown() refuses new work and finishes what was accepted; the destructor calls it and
/// waits until all processes are gone, except in a done callback on the pool's own thread: there it leaves the pool to
/// finish, and is reported to the unhandled hook. The workers are children of a helper process, which is the one child
/// that this program gets; pools do without its signal handlers. A pool that is never destroyed is shut down at exit.
class ProcessPoolExecutor final : public Executor {
 public:
  /// What the death of a worker means for the pool. The task that it ran fails with WorkerCrashed, unless:
  class OnCrash {
   public:
    constexpr OnCrash() = default;
    /// Only that task fails.
    static constexpr OnCrash fail_task() { return {}; }
    /// The pool breaks too: what waits and what is submitted later fails with BrokenExecutor, what runs is finished.
    static constexpr OnCrash break_pool() { return OnCrash(0, true); }
    /// The task is run again, in another worker, up to `times` times. It stays running() meanwhile.
    static constexpr OnCrash retry(unsigned times) { return OnCrash(times, false); }

    constexpr unsigned retries() const noexcept { return retries_; }
    constexpr bool breaks_pool() const noexcept { return breaks_pool_; }

   private:
    constexpr OnCrash(unsigned retries, bool breaks_pool) : retries_(retries), breaks_pool_(breaks_pool) {}
    unsigned retries_ = 0;
    bool breaks_pool_ = false;
  };

  struct Options {
    std::size_t max_workers = 0;      ///< 0: one per CPU this process may use (affinity and cgroup quota)
    std::string name = "processes";   ///< appears in errors and, cut, in the names of the processes
    void (*initializer)() = nullptr;  ///< run once by each worker before its first task; if it throws the pool breaks
    std::size_t max_tasks_per_child = 0;   ///< a worker is replaced after so many tasks; 0: never
    std::size_t max_memory_per_child = 0;  ///< a worker that has more bytes resident after a task is replaced; 0: never
    OnCrash on_crash = OnCrash::fail_task();
    /// A task that runs longer, counted from when a worker gets it, fails with TaskTimedOut, and its worker is killed.
    /// Absent: any time.
    Timeout task_timeout = std::nullopt;
  };

  /// Of one task.
  struct TaskOptions {
    Timeout timeout = std::nullopt;  ///< instead of Options::task_timeout
  };

  ProcessPoolExecutor() : ProcessPoolExecutor(Options{}) {}
  /// Throws BrokenExecutor in a program without a live main_guard, in a worker process, and when the helper process
  /// cannot be started.
  explicit ProcessPoolExecutor(Options options);
  ~ProcessPoolExecutor() override;

  /// As Executor::submit(), and the compiler refuses what cannot cross. With options: submit({.timeout = 2s}, f, x).
  template <class F, class... A>
  auto submit(F f, A... args) {
    check_shippable<F, A...>();
    return Executor::submit(std::move(f), std::move(args)...);
  }
  template <class F, class... A>
  auto submit(TaskOptions options, F f, A... args) -> Future<typename detail::CallTraits<F, A...>::Result> {
    check_shippable<F, A...>();
    auto call = make_call(std::move(f), std::move(args)...);
    accept_by(std::move(call.task), [&](detail::TaskPtr task) { enqueue_with(std::move(task), options); });
    return std::move(call.future);
  }

  template <class F, class... Ranges>
    requires(sizeof...(Ranges) > 0 && (std::ranges::input_range<Ranges> && ...))
  auto map(F f, Ranges&&... ranges) {
    return map(MapOptions{}, std::move(f), std::forward<Ranges>(ranges)...);
  }
  template <class F, class... Ranges>
    requires(sizeof...(Ranges) > 0 && (std::ranges::input_range<Ranges> && ...))
  auto map(MapOptions options, F f, Ranges&&... ranges) {
    check_shippable<F, std::decay_t<std::ranges::range_reference_t<Ranges>>...>();
    return detail::make_map_range(*this, options, std::move(f), std::forward<Ranges>(ranges)...);
  }

  /// Cancels the task even if it runs, by killing the worker that runs it. True when the future is cancelled or is
  /// about to be: as soon as the worker is gone. False when it has finished. Throws std::invalid_argument for a future
  /// of another executor.
  template <class T>
  bool terminate(const Future<T>& future) {
    return terminate_task(detail::FutureAccess::node(future));
  }

  /// Ends the pool at once: no new work, what has not started is cancelled, and the workers get SIGTERM
  /// (kill_workers(): SIGKILL). Running tasks fail with WorkerCrashed, unless one handles SIGTERM and finishes. Does
  /// not wait.
  void terminate_workers();
  void kill_workers();

  /// The process ids of the workers that were ready once and are not gone, as of now.
  std::vector<pid_t> worker_pids() const;

  std::size_t concurrency() const noexcept override;
  std::size_t default_chunk(std::optional<std::size_t> total) const noexcept override;

 private:
  class Pool;

  template <class F, class... A>
  static constexpr void check_shippable() {
    static_assert(detail::shippable_callable<F>,
                  "ProcessPoolExecutor: the callable has state, which cannot cross to another process: use a function "
                  "or a captureless lambda and pass the state as arguments");
    static_assert((is_shippable<A> && ...),
                  "ProcessPoolExecutor: an argument's type cannot cross to another process: see overlap::is_shippable");
    static_assert(detail::IsShippable<typename detail::CallTraits<F, A...>::Result>::value,
                  "ProcessPoolExecutor: the result's type cannot cross to another process: see overlap::is_shippable");
  }

  bool terminate_task(detail::TaskNode& node);
  void enqueue(detail::TaskPtr task) override;
  void enqueue_with(detail::TaskPtr task, const TaskOptions& options);
  void do_shutdown(ShutdownOptions options) override;

  std::shared_ptr<Pool> pool_;
};

}  // namespace overlap
