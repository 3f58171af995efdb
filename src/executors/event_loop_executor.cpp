// Shutdown of an event loop, step by step:
//   1. closing_ is set under the lock: every later enqueue() throws.
//   2. cancel_pending: what waits to be started is moved out and cancelled, outside the lock, by the caller: the loop's
//      thread may be kept busy by a task.
//   3. The loop is woken; it ends when nothing waits to be started and every started task has ended. Children that
//      those left behind are then cancelled and awaited by Loop itself.
//   4. wait: the thread is joined, by one caller; others wait for it.

#include <overlap/executors/event_loop_executor.hpp>

#include <pthread.h>

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <thread>

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

  void shutdown(ShutdownOptions options) OVERLAP_EXCLUDES(mutex_, join_mutex_) {
    if (fork_guard_.is_in_child()) {  // nothing runs, nobody can be joined, and the lock may be held for ever
      static_cast<void>(new std::shared_ptr<Engine>(shared_from_this()));  // with the thread that cannot be joined
      return;
    }
    if (options.wait && CurrentHome::get() == this) {
      throw WouldDeadlock(options_.name + ": the loop's thread cannot wait for its own shutdown");
    }
    TaskQueue cancelled;
    {
      const MutexLock lock(mutex_);
      closing_ = true;
      if (options.cancel_pending) cancelled = std::move(waiting_);
      if (thread_.joinable()) wake();
    }
    while (const TaskPtr task = cancelled.pop()) task->try_cancel();
    if (options.wait) join();
  }

  void shutdown_at_exit() override { shutdown({}); }

 private:
  void start_thread() OVERLAP_REQUIRES(mutex_) {
    loop_ = std::make_unique<Loop>();
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
    const CurrentHome home(this, CurrentHome::Kind::loop);
    pthread_setname_np(pthread_self(), options_.name.substr(0, 15).c_str());
    detail::trace_this_thread_is(traced_.worker(0));
    loop_->run_until([this] { return ended_; });
    loop_.reset();  // with its services, on the thread that used them
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

  void start_what_may() OVERLAP_EXCLUDES(mutex_) {
    while (const TaskPtr task = next_task()) {
      if (!task->try_start()) continue;
      try {
        watch(*task);
      } catch (...) {  // out of memory
        task->fail(std::current_exception());
        continue;
      }
      ++active_;
      const Loop::Turn turn(*loop_);
      task->run(detail::RunMode::may_detach);
    }
  }

  /// The task to start now; null when there is none, or may be none.
  TaskPtr next_task() OVERLAP_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    woken_ = false;
    if (options_.max_concurrent != 0 && active_ >= options_.max_concurrent) return {};
    if (waiting_.empty() && active_ == 0) ended_ = closing_;
    return waiting_.pop();
  }

  /// Counts the task out when it is done, from the loop rather than from within its last step.
  void watch(detail::TaskNode& task) {
    struct Done final : detail::Continuation {
      explicit Done(Engine& owner) : Continuation(Kind::waiter), engine(owner) {}
      void fire(detail::TaskNode&) noexcept override {
        Engine& owner = engine;
        delete this;
        boost::asio::post(owner.loop_->context(), [&owner] {
          --owner.active_;
          owner.start_what_may();
        });
      }
      Engine& engine;
    };
    auto done = std::make_unique<Done>(*this);
    if (task.add(*done)) done.release();
  }

  void join() OVERLAP_EXCLUDES(mutex_, join_mutex_) {
    const MutexLock one_at_a_time(join_mutex_);
    std::thread thread;
    {
      const MutexLock lock(mutex_);
      std::swap(thread, thread_);
    }
    if (thread.joinable()) thread.join();
  }

  const Options options_;
  const detail::ForkGuard fork_guard_;
  const detail::TraceExecutor traced_{options_.name};

  Mutex mutex_;
  TaskQueue waiting_ OVERLAP_GUARDED_BY(mutex_);  // tasks to be started
  std::thread thread_ OVERLAP_GUARDED_BY(mutex_);
  bool woken_ OVERLAP_GUARDED_BY(mutex_) = false;
  bool closing_ OVERLAP_GUARDED_BY(mutex_) = false;
  Mutex join_mutex_;

  // The loop's thread alone, but for context(), which is posted to under the lock while the thread lives.
  std::unique_ptr<Loop> loop_;
  std::size_t active_ = 0;
  bool ended_ = false;  // written by the loop's thread under the lock
};

EventLoopExecutor::EventLoopExecutor(Options options) : engine_(std::make_shared<Engine>(std::move(options))) {
  detail::ExitRegistry::add(engine_);
}

EventLoopExecutor::~EventLoopExecutor() { engine_->shutdown({}); }

std::size_t EventLoopExecutor::concurrency() const noexcept {
  return engine_->max_concurrent() != 0 ? engine_->max_concurrent() : kUnboundedBuffer;
}

std::size_t EventLoopExecutor::default_buffer() const noexcept {
  return engine_->max_concurrent() != 0 ? 2 * engine_->max_concurrent() : kUnboundedBuffer;
}

void EventLoopExecutor::enqueue(TaskPtr task) { engine_->enqueue(std::move(task)); }

void EventLoopExecutor::do_shutdown(ShutdownOptions options) { engine_->shutdown(options); }

}  // namespace overlap
