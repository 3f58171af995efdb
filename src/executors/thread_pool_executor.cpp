// Shutdown of a thread pool, step by step:
//   1. closing_ is set under the lock: every later enqueue() throws.
//   2. cancel_pending: the queue is moved out, and each task cancelled outside the lock.
//   3. Every worker is woken. A worker leaves when the pool is closing and the queue is empty, so what was accepted
//   runs.
//   4. wait: the threads are joined, by the one caller that takes them out of the list; other callers wait for it.
// The pool's state is shared by the handle and its workers, so a shutdown without wait leaves nothing dangling.

#include <overlap/executors/thread_pool_executor.hpp>

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

#include "executors/exit_registry.hpp"
#include "executors/fork_guard.hpp"

namespace overlap {

using detail::CondVar;
using detail::CurrentHome;
using detail::Mutex;
using detail::MutexLock;
using detail::RunMode;
using detail::TaskPtr;
using detail::TaskQueue;

namespace {
constexpr std::size_t kFirstSweep = 64;  // queued tasks
}

class ThreadPoolExecutor::Pool final : public detail::ExitRegistry::Entry,
                                       public std::enable_shared_from_this<ThreadPoolExecutor::Pool> {
 public:
  explicit Pool(Options options)
      : options_(std::move(options)),
        max_workers_(options_.max_workers != 0 ? options_.max_workers : available_cpus()) {}

  std::size_t max_workers() const noexcept { return max_workers_; }

  void enqueue(TaskPtr task) OVERLAP_EXCLUDES(mutex_) {
    if (fork_guard_.is_in_child()) {
      throw BrokenExecutor(options_.name + ": the pool belongs to the process that this one was forked from");
    }
    task->set_home(this);
    TaskQueue done;  // outlives the lock: with a task goes its result, which is user code
    MutexLock lock(mutex_);
    while (true) {
      if (broken_) throw BrokenThreadPool(*broken_);
      if (closing_) throw BrokenExecutor(options_.name + ": submit after shutdown");
      if (is_full() || queue_.size() >= sweep_at_) sweep_queue(done);
      if (!is_full()) break;
      if (CurrentHome::get() == this) {  // a worker that waited here could be the one that everybody waits for
        lock.unlock();
        if (task->try_start()) task->run(RunMode::to_completion);
        return;
      }
      room_.wait(lock);
    }
    queue_.push(std::move(task));
    if (!find_worker() && workers_ == 0) {
      lock.unlock();
      break_pool(fmt::format("{}: no thread could be started", options_.name));
    }
  }

  void shutdown(ShutdownOptions options) OVERLAP_EXCLUDES(mutex_) {
    if (fork_guard_.is_in_child()) {  // nothing runs, nobody can be joined, and the lock may be held for ever
      keep_for_ever();
      return;
    }
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
  /// std::thread objects that cannot be joined must not be destroyed.
  void keep_for_ever() { static_cast<void>(new std::shared_ptr<Pool>(shared_from_this())); }

  /// A worker thread's account of whether the pool counts it as free. With it the worker leaves the pool, also when a
  /// task ends its thread.
  class Account final : public detail::RunningTask::Worker {
   public:
    explicit Account(Pool& pool) noexcept : pool_(pool) {}
    ~Account() { pool_.leave(is_free_); }
    Account(const Account&) = delete;
    Account& operator=(const Account&) = delete;

    void task_ends() noexcept override {
      is_free_ = true;
      pool_.free_.fetch_add(1, std::memory_order_relaxed);
    }
    void is_kept_busy() noexcept override {
      if (std::exchange(is_free_, false)) pool_.lose_free_worker();
    }
    /// The worker comes for work. True if it is counted already.
    bool comes() noexcept { return std::exchange(is_free_, false); }

   private:
    Pool& pool_;
    bool is_free_ = false;
  };

  bool is_full() const OVERLAP_REQUIRES(mutex_) {
    return options_.max_queued != 0 && queue_.size() >= options_.max_queued;
  }

  /// A task that was cancelled, or run by who waited for it, leaves the queue when a worker comes to it, and here: the
  /// workers may be busy for long, submitting and waiting themselves.
  void sweep_queue(TaskQueue& done) OVERLAP_REQUIRES(mutex_) {
    done.append(queue_.take_done());
    sweep_at_ = std::max(kFirstSweep, 2 * queue_.size());
  }

  /// Sees to it that somebody comes for the last task of the queue: a free worker, a new one, or, when all are busy and
  /// there may be no more, the first that has time. False if a thread could not be started.
  bool find_worker() OVERLAP_REQUIRES(mutex_) {
    if (free_.load(std::memory_order_relaxed) >= queue_.size()) {
      work_.notify_one();
      return true;
    }
    return workers_ >= max_workers_ || start_worker();
  }

  /// A worker that was counted as free is not, and work may have been left to it.
  void lose_free_worker() noexcept OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    free_.fetch_sub(1, std::memory_order_relaxed);
    if (!queue_.empty()) find_worker();  // without a thread the work waits for this worker
  }

  void leave(bool counted) noexcept OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    --workers_;
    if (counted) free_.fetch_sub(1, std::memory_order_relaxed);
    if (!queue_.empty()) find_worker();
  }

  bool start_worker() OVERLAP_REQUIRES(mutex_) {
    try {
      threads_.emplace_back([self = shared_from_this(), index = threads_.size()] { self->run_worker(index); });
      ++workers_;
      return true;
    } catch (const std::exception&) {  // out of threads or memory: the workers that exist do the work
      return false;
    }
  }

  void run_worker(std::size_t index) OVERLAP_EXCLUDES(mutex_) {
    const CurrentHome home(this, CurrentHome::Kind::pool);
    const std::string name = fmt::format("{}_{}", options_.name.substr(0, 11), index);
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    Account account(*this);
    if (!initialize()) return;
    while (const TaskPtr task = next_task(account.comes())) {
      if (!task->try_start()) continue;  // cancelled, or run by a worker that waited for it
      const detail::RunningTask running(*task, account);
      task->run(RunMode::to_completion);
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

  /// Blocks for work; null when the pool has ended. `counted` says that this worker is counted as free.
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
  const detail::ForkGuard fork_guard_;

  Mutex mutex_;
  CondVar work_;  // a task was queued, or the pool ends
  CondVar room_;  // a task left a bounded queue, or the pool ends
  TaskQueue queue_ OVERLAP_GUARDED_BY(mutex_);
  std::size_t sweep_at_ OVERLAP_GUARDED_BY(mutex_) = kFirstSweep;  // grows with the queue: O(1) a submit
  std::vector<std::thread> threads_ OVERLAP_GUARDED_BY(mutex_);    // all that were started and not joined
  std::size_t workers_ OVERLAP_GUARDED_BY(mutex_) = 0;             // threads that have not left
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
