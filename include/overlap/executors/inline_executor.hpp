#pragma once

#include <atomic>

#include <overlap/core/executor.hpp>

namespace overlap {

/// Runs each call in submit(), on the calling thread: the synchronous baseline, and the model to debug in.
///
/// The future is done when submit() returns, so cancel() on it is false. A Task is driven to its end by the calling
/// thread's own loop. Safe to use from any thread; each runs its own calls.
class InlineExecutor final : public Executor {
 public:
  InlineExecutor() = default;
  ~InlineExecutor() override = default;

  std::size_t concurrency() const noexcept override { return 1; }
  std::size_t default_buffer() const noexcept override { return 1; }

 private:
  void enqueue(detail::TaskPtr task) override;
  void do_shutdown(ShutdownOptions options) override;

  std::atomic<bool> closed_{false};
};

}  // namespace overlap
