#pragma once
/// A task on its way through a process pool, and what becomes of tasks once a lock is let go.

#include <memory>
#include <vector>

#include <overlap/core/detail/shipping.hpp>
#include <overlap/core/errors.hpp>

#include "executors/process/channel.hpp"

namespace overlap::detail {

/// One task. Whoever takes the owning pointer out of the pool, under its lock, finishes the task; if nobody does, its
/// destructor does. Not to be destroyed under a lock: that may run the user's destructors and callbacks.
struct Job {
  explicit Job(TaskPtr task) : node(std::move(task)) {}
  ~Job() { fail(std::make_exception_ptr(BrokenExecutor("the task was lost"))); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// PENDING -> RUNNING, once, also when it is sent to a second worker. False when it was cancelled before.
  bool start() noexcept {
    started = started || node->try_claim();
    return started;
  }
  void cancel() noexcept {
    if (node->done()) return;
    started ? node->finish_cancelled() : void(node->try_cancel());
  }
  void fail(std::exception_ptr error) noexcept {
    if (node->done()) return;
    started ? node->fail(std::move(error)) : void(node->try_fail(std::move(error)));
  }
  /// Finishes it with what the worker answered; when that can't be read, with the error of reading it.
  void deliver(const Frame& outcome) noexcept;

  const TaskPtr node;
  std::uint64_t id = 0;
  CodeAddress thunk{};
  Payload call;
  bool started = false;
  unsigned lost = 0;     ///< workers that died before they had begun it
  unsigned crashes = 0;  ///< workers that died while they ran it
};

using JobPtr = std::unique_ptr<Job>;

inline void Job::deliver(const Frame& outcome) noexcept {
  std::exception_ptr error;
  try {
    if (outcome.too_large) throw std::bad_alloc();
    Decoder in(outcome.payload.view());
    node->ship_table()->decode_outcome(*node, in);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) fail(std::move(error));  // outside the handler, which would hold it longer than its future may live
}

/// Ends of jobs that were decided under a lock. Declared before the lock is taken, it carries them out after that is
/// let go: no callback and no destructor of a user's runs under a lock.
class Endings {
 public:
  Endings() = default;
  ~Endings() {
    for (Ending& ending : endings_) ending.error ? ending.job->fail(std::move(ending.error)) : ending.job->cancel();
  }
  Endings(const Endings&) = delete;
  Endings& operator=(const Endings&) = delete;

  /// Also for a job that is cancelled already, which is then just dropped.
  void cancel(JobPtr job) { endings_.push_back({std::move(job), nullptr}); }
  /// Each with an exception of its own: threads that handle one at the same time share nothing.
  template <class E>
  void fail(JobPtr job, E error) {
    endings_.push_back({std::move(job), std::make_exception_ptr(std::move(error))});
  }

 private:
  struct Ending {
    JobPtr job;
    std::exception_ptr error;
  };
  std::vector<Ending> endings_;
};

}  // namespace overlap::detail
