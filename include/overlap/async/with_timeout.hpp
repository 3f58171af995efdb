#pragma once

#include <overlap/async/detail/child.hpp>
#include <overlap/async/task.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

/// Runs the task and gives its result; if it has not ended within `timeout`, cancels it, waits until it has really
/// ended and throws TimeoutError. A task that ends with a result all the same, or with an error of its own, gives that:
/// a result is never lost. Only this timeout's own cancel becomes a TimeoutError: of nested ones, the one that ran out
/// throws. Cancelling the waiting task cancels the inner one, waits for its end and gives what came of it.
template <class T>
Task<T> with_timeout(AnyDuration timeout, Task<T> task) {
  auto child = detail::start_child(std::move(task));
  std::function<void()> cancel = [started = child->started] { started.cancel(); };
  const auto woken = co_await child->ended.wait_or_end(deadline_after(timeout), std::move(cancel));
  const std::exception_ptr& error = child->outcome.error();
  if (woken == detail::Event::Woken::by_deadline && error && detail::ended_by_cancel(error)) {
    throw TimeoutError("the task did not end in time and was cancelled");
  }
  if constexpr (std::is_void_v<T>) {
    child->outcome.value();
  } else {
    co_return child->outcome.value();
  }
}

}  // namespace overlap
