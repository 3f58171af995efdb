#pragma once

#include <overlap/async/detail/child.hpp>
#include <overlap/async/task.hpp>
#include <overlap/core/errors.hpp>
#include <overlap/core/time.hpp>

namespace overlap {

/// Runs the task and gives its result; if it has not ended within `timeout`, cancels it, waits until it has really
/// ended and throws TimeoutError. A task that ends with a result all the same, or with an error of its own, gives that:
/// a result is never lost. Only this timeout's own cancel becomes a TimeoutError: of nested ones, the one that ran out
/// throws. Cancelling the waiting task cancels the inner one.
template <class T>
Task<T> with_timeout(Duration timeout, Task<T> task) {
  auto child = detail::start_child(std::move(task));
  const auto woken = co_await child->ended.wait(deadline_after(timeout));
  if (woken != detail::Event::Woken::by_event) {
    child->started.cancel();
    co_await child->ended.wait_uncancelled();
    const bool ended_by_us = child->outcome.error() && detail::ended_by_cancel(child->outcome.error());
    if (woken == detail::Event::Woken::by_cancel) detail::throw_cancelled();
    if (ended_by_us) throw TimeoutError("the task did not end in time and was cancelled");
  }
  if constexpr (std::is_void_v<T>) {
    child->outcome.value();
  } else {
    co_return child->outcome.value();
  }
}

}  // namespace overlap
