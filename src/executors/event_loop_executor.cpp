// Shutdown of an event loop, step by step:
//   1. closing_ is set under the lock: every later enqueue() throws.
//   2. cancel_pending: what waits to be started is moved out and cancelled, outside the lock, by the caller: the loop's
//      thread may be kept busy by a task.
//   3. The loop is woken; it ends when nothing waits to be started and every started task has ended. Children that
//      those left behind are then cancelled and awaited by Loop itself.
//   4. wait: the thread is joined, by one caller; others wait for it.
// A task may end the thread that runs it. Then another thread goes on with the loop, where the first one left it.

#include <overlap/executors/event_loop_executor.hpp>

#include <pthread.h>

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <thread>
#include <vector>

#include <overlap/async/loop.hpp>
#include <overlap/core/hook.hpp>
#include <overlap/core/mutex.hpp>

#include "executors/exit_registry.hpp"
#include "executors/fork_guard.hpp"

namespace overlap {

using detail::CurrentHome;
using detail::Mutex;
using detail::MutexLock;
using detail::TaskPtr;
using detail::TaskQueue;

namespace {
constexpr std::size_t kUnboundedBuffer = 10'000;  // tasks that map() keeps under way where nothing bounds them
}

class EventLoopExecutor::Engine final : public detail::ExitRegistry::Entry,
                                        public std::enable_shared_from_this<EventLoopExecutor::Engine> {
 public:
  explicit Engine(Options options) : options_(std::move(options)) {}

  std::size_t max_concurrent() const noexcept { return options_.max_concurrent; }

  void enqueue(TaskPtr task) OVERLAP_EXCLUDES(mutex_) {
    if (fork_guard_.is_in_child()) {
      throw BrokenExecutor(options_.name + ": the loop belongs to the process that this one was forked from");
    }
    task->set_home(this);
    const MutexLock lock(mutex_);
    if (closing_) throw BrokenExecutor(options_.name + ": submit after shutdown");
    if (!thread_.joinable()) start_thread();
    wake();  // may throw: then nothing was submitted
    waiting_.push(std::move(task));
  }

  void shutdown(ShutdownOptions options) OVERLAP_EXCLUDES(batch_mutex_, mutex_, join_mutex_) {
    if (fork_guard_.is_in_child()) {  // nothing runs, nobody can be joined, and the lock may be held for ever
      static_cast<void>(new std::shared_ptr<Engine>(shared_from_this()));  // with the thread that cannot be joined
      return;
    }
    if (options.wait && CurrentHome::find(this) != nullptr) {
      throw WouldDeadlock(options_.name + ": the loop's thread cannot wait for its own shutdown");
    }
    TaskQueue cancelled;
    {
      const MutexLock batch_lock(batch_mutex_);
      const MutexLock lock(mutex_);
      closing_ = true;
      if (options.cancel_pending) {
        cancelled.append(std::move(batch_));
        cancelled.append(std::move(waiting_));
      }
      if (thread_.joinable()) wake();
    }
    while (const TaskPtr task = cancelled.pop()) task->try_cancel();
    if (options.wait) join();
  }

  void shutdown_at_exit() override { shutdown({}); }

  /// The end of the executor.
  void destroy() {
    const bool on_own_thread = !fork_guard_.is_in_child() && CurrentHome::find(this) != nullptr;
    shutdown({.wait = !on_own_thread});
    if (on_own_thread) detail::ExitRegistry::leave_to_itself(shared_from_this(), options_.name);
  }

 private:
  void start_thread() OVERLAP_REQUIRES(mutex_) {
    loop_ = std::make_unique<Loop>();
    loop_->set_home(this);
    loop_->tell_finished([this] { task_finished(); });
    if (options_.slow_callback > Duration::zero()) {
      loop_->watch(options_.slow_callback, [this](Duration took) { report_slow(took); });
    }
    try {
      thread_ = std::thread([self = shared_from_this()] { self->run(); });
    } catch (const std::system_error& error) {
      throw BrokenExecutor(options_.name + ": no thread could be started: " + error.what());
    }
  }

  /// One wake-up is enough for any number of submits: the loop takes all that waits.
  void wake() OVERLAP_REQUIRES(mutex_) {
    if (ended_ || woken_) return;  // a loop that has ended may be gone
    boost::asio::post(loop_->context(), [this] { start_what_may(); });
    woken_ = true;
  }

  void run() {
    pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
    detail::trace_this_thread_is(traced_.worker(0));
    const Succession succession(*this);
    loop_->run_until([this] { return ended_; });
    loop_.reset();  // with its services, on the thread that used them
  }

  /// In case a task ends the thread (pthread_exit).
  class Succession {
   public:
    explicit Succession(Engine& engine) noexcept : engine_(engine) {}
    ~Succession() {
      if (!engine_.ended_) engine_.hand_over();
    }
    Succession(const Succession&) = delete;
    Succession& operator=(const Succession&) = delete;

   private:
    Engine& engine_;
  };

  /// Has another thread go on with the loop. Without one to be had, what waits fails; what is suspended stays so.
  void hand_over() noexcept OVERLAP_EXCLUDES(batch_mutex_, mutex_) {
    TaskQueue failed;
    {
      const MutexLock batch_lock(batch_mutex_);
      const MutexLock lock(mutex_);
      woken_ = false;  // it was in the middle of that
      try {
        ended_threads_.reserve(ended_threads_.size() + 1);
        std::thread next([self = shared_from_this()] { self->run(); });
        ended_threads_.push_back(std::move(thread_));
        thread_ = std::move(next);
        wake();
        return;
      } catch (const std::exception&) {
        closing_ = true;
        failed.append(std::move(batch_));
        failed.append(std::move(waiting_));
      }
    }
    const auto error = std::make_exception_ptr(BrokenExecutor(options_.name + ": its thread was ended by a task"));
    while (const TaskPtr task = failed.pop()) task->try_fail(error);
  }

  // All from here to join() runs on the loop's thread.

  void report_slow(Duration took) const noexcept {
    try {
      const auto ms = [](Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
      detail::report_unhandled("event loop", std::make_exception_ptr(SlowCallback(fmt::format(
                                                 "{}: held for {:.0f} ms at a stretch (slow_callback: {:g} ms)",
                                                 options_.name, ms(took), ms(options_.slow_callback)))));
    } catch (...) {  // no memory for it
    }
  }

  void start_what_may() OVERLAP_EXCLUDES(mutex_, batch_mutex_) {
    Loop::Turn turn(*loop_);
    while (const TaskPtr task = next_task()) {
      if (!task->try_start()) continue;
      task->run(detail::RunMode::may_detach);
      turn.next();
    }
  }

  /// The task to start now; null when there is none, or may be none.
  TaskPtr next_task() OVERLAP_EXCLUDES(mutex_, batch_mutex_) {
    const MutexLock batch_lock(batch_mutex_);
    is_full_ = options_.max_concurrent != 0 && loop_->to_finish() >= options_.max_concurrent;
    if (is_full_ || batch_.empty()) {
      const MutexLock lock(mutex_);
      batch_.append(std::move(waiting_));
      if (is_full_ || batch_.empty()) woken_ = false;
      if (batch_.empty() && loop_->to_finish() == 0) ended_ = closing_;
    }
    return is_full_ ? TaskPtr() : batch_.pop();
  }

  /// In the last step of a task: what may be done now is done in the loop's next round.
  void task_finished() OVERLAP_EXCLUDES(mutex_) {
    if (!is_full_ && loop_->to_finish() != 0) return;
    const MutexLock lock(mutex_);
    if (is_full_ || closing_) wake();
  }

  void join() OVERLAP_EXCLUDES(mutex_, join_mutex_) {
    const MutexLock one_at_a_time(join_mutex_);
    while (true) {
      std::vector<std::thread> threads;
      {
        const MutexLock lock(mutex_);
        std::swap(threads, ended_threads_);
        if (thread_.joinable()) threads.push_back(std::move(thread_));
      }
      if (threads.empty()) return;
      for (std::thread& thread : threads) {
        if (thread.joinable()) thread.join();
      }
    }
  }

  const Options options_;
  const detail::ForkGuard fork_guard_;
  const detail::TraceExecutor traced_{options_.name};

  // Taken before mutex_. The loop's thread takes a task under this one, so that it meets submitters once a batch.
  Mutex batch_mutex_;
  TaskQueue batch_ OVERLAP_GUARDED_BY(batch_mutex_);  // tasks to be started, before those in waiting_

  Mutex mutex_;
  TaskQueue waiting_ OVERLAP_GUARDED_BY(mutex_);  // tasks to be started
  std::thread thread_ OVERLAP_GUARDED_BY(mutex_);
  std::vector<std::thread> ended_threads_ OVERLAP_GUARDED_BY(mutex_);  // ended by tasks, and to be joined
  bool woken_ OVERLAP_GUARDED_BY(mutex_) = false;
  bool closing_ OVERLAP_GUARDED_BY(mutex_) = false;
  Mutex join_mutex_;

  // The loop's thread alone, but for context(), which is posted to under the lock while the thread lives.
  std::unique_ptr<Loop> loop_;
  bool is_full_ = false;  // max_concurrent tasks had begun when the last one was to be
  bool ended_ = false;    // written by the loop's thread under the lock
};

EventLoopExecutor::EventLoopExecutor(Options options) : engine_(std::make_shared<Engine>(std::move(options))) {
  detail::ExitRegistry::add(engine_);
}

EventLoopExecutor::~EventLoopExecutor() { engine_->destroy(); }

std::size_t EventLoopExecutor::concurrency() const noexcept {
  return engine_->max_concurrent() != 0 ? engine_->max_concurrent() : kUnboundedBuffer;
}

std::size_t EventLoopExecutor::default_buffer() const noexcept {
  return engine_->max_concurrent() != 0 ? 2 * engine_->max_concurrent() : kUnboundedBuffer;
}

void EventLoopExecutor::enqueue(TaskPtr task) { engine_->enqueue(std::move(task)); }

void EventLoopExecutor::do_shutdown(ShutdownOptions options) { engine_->shutdown(options); }

}  // namespace overlap
