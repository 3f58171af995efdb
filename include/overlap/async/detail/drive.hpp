#pragma once
/// From a Task to the result of a submitted call: how core's nodes run coroutines.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <stop_token>

#include <overlap/core/detail/outcome.hpp>
#include <overlap/core/detail/result_node.hpp>

namespace overlap::detail {

void run_on_fresh_loop(boost::asio::awaitable<void> task);

/// Starts the task on the loop that runs on this thread, if it may; otherwise runs it to its end on the thread's own.
void drive_task(boost::asio::awaitable<void> task, std::stop_token stop, RunMode mode);

/// True for what a cancelled await throws: operation_aborted of Asio's operations, or CancelledError.
bool ended_by_cancel(const std::exception_ptr& error) noexcept;

/// Awaits the task and stores what came of it. A task that was cancelled before does not begin. `outcome` must outlive
/// it.
template <class T>
boost::asio::awaitable<void> capture(boost::asio::awaitable<T> task, Outcome<T>& outcome) {
  try {
    co_await boost::asio::this_coro::throw_if_cancelled(true);
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
}

/// Awaits the task and finishes the node with what came of it: CANCELLED when it was asked to stop and ended by that.
/// Never throws.
template <class T>
boost::asio::awaitable<void> deliver(boost::asio::awaitable<T> task, NodePtr<ResultNode<T>> node,
                                     std::stop_token stop) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
      node->deliver();
    } else {
      T value = co_await std::move(task);
      node->deliver(std::move(value));
    }
  } catch (...) {
    if (stop.stop_requested() && ended_by_cancel(std::current_exception())) {
      node->finish_cancelled();
    } else {
      node->fail(std::current_exception());
    }
  }
}

template <class T>
struct ResultAdapter<boost::asio::awaitable<T>> {
  using Result = T;
  static constexpr bool is_coroutine = true;

  template <class Node>
  static void drive(boost::asio::awaitable<T> task, NodePtr<Node> node, RunMode mode) {
    const std::stop_token stop = node->stop_token();
    drive_task(deliver(std::move(task), NodePtr<ResultNode<T>>::share(node.get()), stop), stop, mode);
  }
};

}  // namespace overlap::detail
