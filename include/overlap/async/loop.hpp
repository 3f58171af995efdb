#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>

#include <overlap/async/detail/sleepers.hpp>
#include <overlap/core/detail/stop_request.hpp>
#include <overlap/core/detail/task_node.hpp>
#include <overlap/core/mutex.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

namespace detail {
class StartedTask;
using StartedPtr = NodePtr<StartedTask>;
}  // namespace detail

/// The event loop that one thread runs: an io_context that owns the tasks started on it, so that none vanishes.
///
/// Every task belongs to a loop and is resumed only by that loop's thread. Nothing here is thread-safe but door().
class Loop {
 public:
  Loop();
  /// There must be no task left; run() sees to that. Destroys the services of context(), such as its HTTP session.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// The loop that runs on this thread right now (the innermost), or null.
  static Loop* current() noexcept;
  /// A loop of the calling thread that is not running: made when first asked for, kept with its services (an HTTP
  /// session, say) until the thread ends, so that one task after the other finds its connections again.
  static Loop& of_this_thread();

  boost::asio::io_context& context() noexcept { return context_; }

  /// How other threads post to a loop that may end meanwhile. A thread that posts is still within the loop's context
  /// when the loop runs the handler already; were the loop destroyed by then, the thread would touch freed memory. So
  /// posting and the end of the loop exclude each other here.
  class Door {
   public:
    explicit Door(Loop& loop) noexcept : loop_(loop) {}
    /// On the loop's thread, while the loop lives.
    Loop& loop() const noexcept { return loop_; }
    /// Thread-safe. False if the loop is gone; the handler is dropped then.
    template <class Handler>
    bool post(Handler handler) OVERLAP_EXCLUDES(mutex_) {
      const detail::MutexLock lock(mutex_);
      if (!open_) return false;
      boost::asio::post(loop_.context_, std::move(handler));
      return true;
    }

   private:
    friend class Loop;
    void close() OVERLAP_EXCLUDES(mutex_) {
      const detail::MutexLock lock(mutex_);
      open_ = false;
    }

    detail::Mutex mutex_;
    bool open_ OVERLAP_GUARDED_BY(mutex_) = true;
    Loop& loop_;
  };
  /// May outlive the loop.
  const std::shared_ptr<Door>& door() const noexcept { return door_; }

  /// What is told that a started task has ended; called on the loop's thread.
  using Ended = std::function<void()>;

  /// A started task: lets who started it cancel it.
  class Started {
   public:
    Started() = default;
    /// Asks the task to end: its current await, or else its next one, throws operation_aborted. On the loop's thread.
    void cancel() const;

   private:
    friend class Loop;
    explicit Started(detail::StartedPtr task) noexcept : task_(std::move(task)) {}
    detail::StartedPtr task_;
  };

  /// What becomes of a task that has not ended when the loop has done what it was run for.
  enum class Leftover : unsigned char {
    cancel,  ///< it is asked to end: it was started by another task of the loop, for that task's own ends
    finish,  ///< it runs to its end: somebody else holds its future
  };

  /// Starts a task, which must not throw. It is cancelled when `stop`, unless null, is requested, by whatever thread;
  /// `stop` must outlive the task. Call on the loop's thread, or before run().
  Started start(boost::asio::awaitable<void> task, detail::StopRequest* stop, Ended ended,
                Leftover leftover = Leftover::cancel);

  /// The coroutine at the bottom of a started task, in place of the one that Asio's co_spawn has: it awaits the task,
  /// does with the result what is to be done, and calls StartedTask::ended() as its last step. It must not throw.
  using Entry = boost::asio::awaitable<boost::asio::detail::awaitable_thread_entry_point>;
  enum class Begin : unsigned char {
    now,         ///< before launch() returns, if the loop runs; else in its first round
    next_round,  ///< from the loop itself: as deep as the loop, not as the task that starts it
  };
  /// The two halves of start(), for an entry that is made in between.
  detail::StartedPtr prepare(detail::StopRequest* stop, Ended ended, Leftover leftover);
  Started launch(const detail::StartedPtr& task, Entry entry, Begin begin);

  /// Launches it and runs until that task has ended, and those that are to be finished; then cancels the tasks that are
  /// left and runs until they have ended too.
  void run(const detail::StartedPtr& task, Entry entry);
  /// Runs until `finished` says so, asked after each handler, then as above.
  void run_until(const std::function<bool()>& finished);

  std::size_t tasks() const noexcept { return tasks_; }
  /// Of those, the ones that are to be finished.
  std::size_t to_finish() const noexcept { return to_finish_; }
  /// From now on calls `told`, on the loop's thread, in the last step of each task that is to be finished.
  void tell_finished(std::function<void()> told) { told_finished_ = std::move(told); }

  detail::Sleepers& sleepers() noexcept { return sleepers_; }

  /// What the futures of its tasks have as their home (TaskNode::home): the loop itself, if not set to its engine.
  const void* home() const noexcept { return home_; }
  void set_home(const void* home) noexcept { home_ = home; }

  /// From now on calls `report`, on the loop's thread, with how long it took whenever something held the loop for at
  /// least `limit` at a stretch. Only what tasks do is watched. Call before tasks are started.
  void watch(Duration limit, std::function<void(Duration)> report);

  /// Something that the loop runs, from its beginning to its end; within another one it is a part of that.
  class Turn {
   public:
    explicit Turn(Loop& loop) noexcept : loop_(loop) {
      if (loop_.report_slow_ && loop_.turns_++ == 0) loop_.turn_began_ = Clock::now();
    }
    ~Turn() {
      if (loop_.report_slow_ && --loop_.turns_ == 0) loop_.turn_ends();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// This one has ended, and the next begins.
    void next() noexcept {
      if (loop_.report_slow_ && loop_.turns_ == 1) loop_.turn_ends();
    }

   private:
    Loop& loop_;
  };

 private:
  friend class detail::StartedTask;

  void turn_ends() noexcept;
  /// Runs one handler. What one throws that is no task, such as a function that somebody posted, goes to the unhandled
  /// hook.
  void run_one();

  struct Launch;
  struct RunScope;
  void link(const detail::StartedPtr& task) noexcept;
  void unlink(detail::StartedTask& task) noexcept;
  void finish_and_cancel();
  void cancel_all();

  detail::OperationMemory timer_memory_;
  boost::asio::io_context context_{1};
  boost::asio::any_io_executor executor_;  // of every task
  const std::shared_ptr<Door> door_ = std::make_shared<Door>(*this);
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  detail::Sleepers sleepers_{*this, timer_memory_};
  detail::StartedTask* first_ = nullptr;  // the started tasks, newest first, linked through themselves; owns them
  std::size_t tasks_ = 0;
  std::size_t to_finish_ = 0;
  const void* home_ = this;
  std::function<void()> told_finished_;

  Duration slow_{};
  std::function<void(Duration)> report_slow_;  // empty: nothing is watched
  TimePoint turn_began_{};
  int turns_ = 0;  // within each other
};

namespace detail {

/// What a loop knows of a task that was started on it. The loop's thread alone, but for stop_requested().
class StartedTask : public StopRequest::Listener {
 public:
  StartedTask(std::shared_ptr<Loop::Door> door, StopRequest* stop, Loop::Leftover leftover) noexcept
      : door_(std::move(door)), stop_(stop), leftover_(leftover) {}

  /// The last step of the task's entry.
  void ended();
  bool has_ended() const noexcept { return has_ended_; }

  /// Asks the task to end.
  void cancel();
  bool asked_to_end() const noexcept { return asked_to_end_; }
  /// Whether the one for whom the task runs asked it to stop.
  bool stop_was_requested() const noexcept { return stop_ != nullptr && stop_->requested(); }
  void stop_requested() noexcept override;

 protected:
  ~StartedTask() override = default;
  virtual void tell_end() {}

 private:
  friend class overlap::Loop;

  const std::shared_ptr<Loop::Door> door_;
  StopRequest* const stop_;
  boost::asio::cancellation_signal signal_;
  StartedTask* next_ = nullptr;
  StartedTask* previous_ = nullptr;
  const Loop::Leftover leftover_;
  bool asked_to_end_ = false;
  bool has_ended_ = false;
};

}  // namespace detail
}  // namespace overlap
