// Shutdown of a thread pool, step by step:
//   1. closing_ is set under the lock: every later enqueue() throws.
//   2. cancel_pending: the queue is moved out, and each task cancelled outside the lock.
//   3. Every worker is woken. A worker leaves when the pool is closing and the queue is empty, so what was accepted
//   runs.
//   4. wait: the threads are joined, by the one caller that takes them out of the list; other callers wait for it.
// The pool's state is shared by the handle and its workers, so a shutdown without wait leaves nothing dangling.

#include <overlap/executors/thread_pool_executor.hpp>

#include <pthread.h>

#include <thread>
#include <vector>

#include <fmt/format.h>

#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

#include "executors/exit_registry.hpp"

namespace overlap {

using detail::CondVar;
using detail::CurrentHome;
using detail::Mutex;
using detail::MutexLock;
using detail::RunMode;
using detail::TaskPtr;
using detail::TaskQueue;

class ThreadPoolExecutor::Pool final : public detail::ExitRegistry::Entry,
                                       private detail::RunningTask::Worker,
                                       public std::enable_shared_from_this<ThreadPoolExecutor::Pool> {
 public:
  explicit Pool(Options options)
      : options_(std::move(options)),
        max_workers_(options_.max_workers != 0 ? options_.max_workers : available_cpus()) {}

  std::size_t max_workers() const noexcept { return max_workers_; }

  void enqueue(TaskPtr task) OVERLAP_EXCLUDES(mutex_) {
    task->set_home(this);
    MutexLock lock(mutex_);
    while (true) {
      if (broken_) throw BrokenThreadPool(*broken_);
      if (closing_) throw BrokenExecutor(options_.name + ": submit after shutdown");
      if (options_.max_queued == 0 || queue_.size() < options_.max_queued) break;
      if (CurrentHome::get() == this) {  // a worker that waited here could be the one that everybody waits for
        lock.unlock();
        if (task->try_start()) task->run(RunMode::to_completion);
        return;
      }
      room_.wait(lock);
    }
    queue_.push(std::move(task));
    if (free_.load(std::memory_order_relaxed) >= queue_.size()) {
      work_.notify_one();
    } else if (threads_.size() < max_workers_ && !start_worker() && threads_.empty()) {
      lock.unlock();
      break_pool(fmt::format("{}: no thread could be started", options_.name));
    }
  }

  void shutdown(ShutdownOptions options) OVERLAP_EXCLUDES(mutex_) {
    if (options.wait && CurrentHome::get() == this) {
      throw WouldDeadlock(options_.name + ": a worker cannot wait for the shutdown of its own pool");
    }
    TaskQueue dropped;
    {
      const MutexLock lock(mutex_);
      closing_ = true;
      if (options.cancel_pending) std::swap(dropped, queue_);
      work_.notify_all();
      room_.notify_all();
    }
    while (const TaskPtr task = dropped.pop()) task->try_cancel();
    if (options.wait) join();
  }

  void shutdown_at_exit() override { shutdown({}); }

 private:
  bool start_worker() OVERLAP_REQUIRES(mutex_) {
    try {
      threads_.emplace_back([self = shared_from_this(), index = threads_.size()] { self->run_worker(index); });
      return true;
    } catch (const std::exception&) {  // out of threads or memory: the workers that exist do the work
      return false;
    }
  }

  void run_worker(std::size_t index) OVERLAP_EXCLUDES(mutex_) {
    const CurrentHome home(this, CurrentHome::Kind::pool);
    const std::string name = fmt::format("{}_{}", options_.name.substr(0, 11), index);
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    if (!initialize()) return;
    bool free = false;
    while (const TaskPtr task = next_task(free)) {
      free = false;
      if (!task->try_start()) continue;  // cancelled, or run by a worker that waited for it
      const detail::RunningTask running(*task, *this);
      task->run(RunMode::to_completion);
      free = true;
    }
  }

  bool initialize() OVERLAP_EXCLUDES(mutex_) {
    if (!options_.initializer) return true;
    try {
      options_.initializer();
      return true;
    } catch (...) {
      break_pool(fmt::format("{}: the initializer of a worker failed: {}", options_.name,
                             detail::describe(std::current_exception())));
      return false;
    }
  }

  void task_ends() noexcept override { free_.fetch_add(1, std::memory_order_relaxed); }

  /// Blocks for work; null when the pool has ended. `counted` says that task_ends() has counted this worker as free.
  TaskPtr next_task(bool counted) OVERLAP_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (!counted) free_.fetch_add(1, std::memory_order_relaxed);
    while (queue_.empty() && !closing_ && !broken_) work_.wait(lock);
    free_.fetch_sub(1, std::memory_order_relaxed);
    TaskPtr task = queue_.pop();
    if (options_.max_queued != 0) room_.notify_one();
    return task;
  }

  /// Everything queued fails, and every later submit.
  void break_pool(std::string why) OVERLAP_EXCLUDES(mutex_) {
    TaskQueue failed;
    {
      const MutexLock lock(mutex_);
      if (!broken_) broken_ = why;
      std::swap(failed, queue_);
      work_.notify_all();
      room_.notify_all();
    }
    const auto error = std::make_exception_ptr(BrokenThreadPool(why));
    while (const TaskPtr task = failed.pop()) task->try_fail(error);
  }

  void join() OVERLAP_EXCLUDES(mutex_, join_mutex_) {
    const MutexLock one_at_a_time(join_mutex_);
    while (true) {
      std::vector<std::thread> threads;
      {
        const MutexLock lock(mutex_);
        std::swap(threads, threads_);
      }
      if (threads.empty()) return;
      for (std::thread& thread : threads) thread.join();
    }
  }

  const Options options_;
  const std::size_t max_workers_;

  Mutex mutex_;
  CondVar work_;  // a task was queued, or the pool ends
  CondVar room_;  // a task left a bounded queue, or the pool ends
  TaskQueue queue_ OVERLAP_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ OVERLAP_GUARDED_BY(mutex_);
  bool closing_ OVERLAP_GUARDED_BY(mutex_) = false;
  std::optional<std::string> broken_ OVERLAP_GUARDED_BY(mutex_);
  // Workers that wait for work or are about to. Atomic since a worker counts itself without the lock, just before it
  // publishes a result; a submitter that reads it too early starts a thread more, no worse.
  std::atomic<std::size_t> free_{0};
  Mutex join_mutex_;
};

ThreadPoolExecutor::ThreadPoolExecutor(Options options) : pool_(std::make_shared<Pool>(std::move(options))) {
  detail::ExitRegistry::add(pool_);
}

ThreadPoolExecutor::~ThreadPoolExecutor() { pool_->shutdown({}); }

std::size_t ThreadPoolExecutor::concurrency() const noexcept { return pool_->max_workers(); }

void ThreadPoolExecutor::enqueue(TaskPtr task) { pool_->enqueue(std::move(task)); }

void ThreadPoolExecutor::do_shutdown(ShutdownOptions options) { pool_->shutdown(options); }

}  // namespace overlap
