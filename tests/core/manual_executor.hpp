#pragma once

#include <overlap/core/executor.hpp>

namespace overlap::test {

/// Runs what was submitted when the test says so, on the test's own thread. Not thread-safe.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(std::size_t buffer = 4) : buffer_(buffer) {}
  ~ManualExecutor() override {
    while (const detail::TaskPtr task = queue_.pop()) task->try_cancel();
  }

  std::size_t concurrency() const noexcept override { return 1; }
  std::size_t default_buffer() const noexcept override { return buffer_; }

  /// Everything submitted so far, started or not, counts.
  std::size_t submitted() const { return submitted_; }
  std::size_t queued() const { return queue_.size(); }

  /// Runs the oldest task; false when there was none. A cancelled one is only dropped.
  bool run_one() {
    const detail::TaskPtr task = queue_.pop();
    if (!task) return false;
    if (task->try_start()) task->run(detail::RunMode::to_completion);
    return true;
  }
  void run_all() {
    while (run_one()) {
    }
  }

 private:
  void enqueue(detail::TaskPtr task) override {
    if (closed_) throw BrokenExecutor("ManualExecutor: submit after shutdown");
    task->set_home(this);
    ++submitted_;
    queue_.push(std::move(task));
  }
  void do_shutdown(ShutdownOptions options) override {
    closed_ = true;
    while (options.cancel_pending) {
      const detail::TaskPtr task = queue_.pop();
      if (!task) break;
      task->try_cancel();
    }
  }

  const std::size_t buffer_;
  std::size_t submitted_ = 0;
  bool closed_ = false;
  detail::TaskQueue queue_;
};

}  // namespace overlap::test
