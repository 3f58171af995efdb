#pragma once

#include <exception>
#include <memory>
#include <utility>

#include <overlap/async/detail/child.hpp>
#include <overlap/async/task.hpp>

namespace overlap {

namespace detail {
/// Hands what a task threw that nobody awaits any more to the unhandled hook, unless it is the task's cancellation.
void report_abandoned(const std::exception_ptr& error) noexcept;
}  // namespace detail

/// Runs the task and gives its result. Cancelling the task that awaits it does not cancel this one: the await throws
/// operation_aborted at once, while the shielded task goes on, owned by the loop. What it then throws goes to the
/// unhandled hook. A shielded task that has not ended when its loop does is cancelled and awaited there, as every task
/// is.
///
/// A task that was cancelled before it came to the await does not start the shielded one.
template <class T>
Task<T> shield(Task<T> task) {
  auto abandoned = std::make_shared<bool>(false);
  auto child = detail::start_child(std::move(task), [abandoned](const std::exception_ptr& error) {
    if (*abandoned) detail::report_abandoned(error);
  });
  const auto woken = co_await child->ended.wait(std::nullopt);
  if (woken == detail::Event::Woken::by_cancel) {
    *abandoned = true;
    detail::throw_cancelled();
  }
  if constexpr (std::is_void_v<T>) {
    child->outcome.value();
  } else {
    co_return child->outcome.value();
  }
}

}  // namespace overlap
