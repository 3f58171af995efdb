#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include <overlap/async/task.hpp>
#include <overlap/core/executor.hpp>

namespace overlap {

/// Something held an event loop too long; what() says how long.
struct SlowCallback : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One thread that runs an event loop: a Task is suspended at each wait while the loop runs the others, so thousands of
/// waits overlap. A plain function runs on the loop's thread and holds everything else up while it does.
///
/// Safe to use from any thread. A task of the loop must co_await other tasks of it: a blocking result() there throws
/// WouldDeadlock. shutdown() lets accepted tasks end; the destructor calls it and joins. On the loop's own thread,
/// which cannot wait for itself, it does not join but leaves the loop to finish, and is reported to the unhandled hook.
/// One that is never destroyed is shut down at exit.
class EventLoopExecutor final : public Executor {
 public:
  struct Options {
    std::size_t max_concurrent = 0;  ///< tasks started and not ended; further ones wait in order. 0: no bound
    std::string name = "loop";       ///< appears as the thread's name and in errors
    /// What holds the loop this long at a stretch, all other tasks standing still, is reported to the unhandled hook
    /// (set_unhandled_hook) as a SlowCallback. 0: nothing is.
    Duration slow_callback = std::chrono::milliseconds(100);
  };

  EventLoopExecutor() : EventLoopExecutor(Options{}) {}
  explicit EventLoopExecutor(Options options);
  ~EventLoopExecutor() override;

  /// max_concurrent; without a bound, the number of tasks that map() keeps under way.
  std::size_t concurrency() const noexcept override;
  std::size_t default_buffer() const noexcept override;

 private:
  class Engine;

  void enqueue(detail::TaskPtr task) override;
  void do_shutdown(ShutdownOptions options) override;

  std::shared_ptr<Engine> engine_;
};

}  // namespace overlap
