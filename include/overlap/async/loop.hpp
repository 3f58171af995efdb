#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <stop_token>

#include <overlap/core/mutex.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

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
    explicit Door(boost::asio::io_context& context) : context_(context) {}
    /// Thread-safe. False if the loop is gone; the handler is dropped then.
    template <class Handler>
    bool post(Handler handler) OVERLAP_EXCLUDES(mutex_) {
      const detail::MutexLock lock(mutex_);
      if (!open_) return false;
      boost::asio::post(context_, std::move(handler));
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
    boost::asio::io_context& context_;
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
    struct Record;
    explicit Started(std::weak_ptr<Record> record) : record_(std::move(record)) {}
    std::weak_ptr<Record> record_;
  };

  /// What becomes of a task that has not ended when the loop has done what it was run for.
  enum class Leftover : unsigned char {
    cancel,  ///< it is asked to end: it was started by another task of the loop, for that task's own ends
    finish,  ///< it runs to its end: somebody else holds its future
  };

  /// Starts a task, which must not throw. It is cancelled when `stop` is requested, by whatever thread. Call on the
  /// loop's thread, or before run().
  Started start(boost::asio::awaitable<void> task, std::stop_token stop, Ended ended,
                Leftover leftover = Leftover::cancel);

  /// Runs until that task has ended, and those that are to be finished; then cancels the tasks that are left and runs
  /// until they have ended too.
  void run(boost::asio::awaitable<void> task, std::stop_token stop = {});
  /// Runs until `finished` says so, asked after each handler, then as above.
  void run_until(const std::function<bool()>& finished);

  std::size_t tasks() const noexcept { return tasks_; }

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

   private:
    Loop& loop_;
  };

 private:
  void turn_ends() noexcept;

  struct RunScope;
  void finish_and_cancel();
  void cancel_all();

  boost::asio::io_context context_{1};
  const std::shared_ptr<Door> door_ = std::make_shared<Door>(context_);
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::shared_ptr<Started::Record> first_;  // the started tasks, newest first, linked through themselves
  std::size_t tasks_ = 0;
  std::size_t to_finish_ = 0;  // of those, the ones to be finished

  Duration slow_{};
  std::function<void(Duration)> report_slow_;  // empty: nothing is watched
  TimePoint turn_began_{};
  int turns_ = 0;  // within each other
};

}  // namespace overlap
