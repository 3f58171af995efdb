#pragma once
/// From a Task to the result of a submitted call: how core's nodes run coroutines.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <overlap/async/loop.hpp>
#include <overlap/core/detail/outcome.hpp>
#include <overlap/core/detail/result_node.hpp>

namespace overlap::detail {

/// Starts a submitted task on the loop that runs on this thread, if it may; otherwise runs it to its end on the
/// thread's own.
class Driver {
 public:
  Driver(StopRequest* stop, RunMode mode);
  const StartedPtr& task() const noexcept { return task_; }
  void drive(Loop::Entry entry);

 private:
  Loop& loop_;
  const bool detached_;
  const Loop::Begin begin_;
  const StartedPtr task_;
};

/// True for what a cancelled await throws: operation_aborted of Asio's operations, or CancelledError.
bool ended_by_cancel(const std::exception_ptr& error) noexcept;

/// Awaits the task and stores what came of it. A task that was cancelled before does not begin. `outcome` must outlive
/// it.
template <class T>
Loop::Entry capture(boost::asio::awaitable<T> task, Outcome<T>& outcome, StartedPtr started) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      outcome = Outcome<T>::of([] {});
    } else {
      T value = co_await std::move(task);
      outcome = Outcome<T>::of([&value] { return std::move(value); });
    }
  } catch (...) {
    outcome = Outcome<T>::failed(std::current_exception());
  }
  started->ended();
}

/// Of which cancel a task must have ended to be CANCELLED.
enum class CancelledBy : unsigned char { its_stop_request, whatever };

/// Awaits the task and finishes the node with what came of it. A node that has not started is started; one that was
/// cancelled is left alone, and so is the task.
template <class T>
Loop::Entry deliver(boost::asio::awaitable<T> task, NodePtr<ResultNode<T>> node, StartedPtr started, CancelledBy by) {
  if (!node->try_start() && node->done()) {
    started->ended();
    co_return;
  }
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      node->deliver();
    } else {
      T value = co_await std::move(task);
      node->deliver(std::move(value));
    }
  } catch (...) {
    const bool may_be_cancelled = by == CancelledBy::whatever || started->stop_was_requested();
    if (may_be_cancelled && ended_by_cancel(std::current_exception())) {
      node->finish_cancelled();
    } else {
      node->fail(std::current_exception());
    }
  }
  started->ended();
}

template <class T>
struct ResultAdapter<boost::asio::awaitable<T>> {
  using Result = T;
  static constexpr bool is_coroutine = true;

  template <class Node>
  static void drive(boost::asio::awaitable<T> task, NodePtr<Node> node, RunMode mode) {
    Driver driver(&node->stop_request(), mode);
    auto entry = deliver(std::move(task), NodePtr<ResultNode<T>>::share(node.get()), driver.task(),
                         CancelledBy::its_stop_request);
    driver.drive(std::move(entry));
  }
};

}  // namespace overlap::detail
