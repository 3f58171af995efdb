#pragma once

#include <boost/asio/awaitable.hpp>

#include <expected>
#include <memory>
#include <tuple>
#include <vector>

#include <overlap/async/detail/child.hpp>
#include <overlap/async/task.hpp>

namespace overlap {

/// As first argument of gather(): errors are results too, none is thrown.
struct ReturnExceptions {};
inline constexpr ReturnExceptions return_exceptions{};

/// A value or what was thrown instead.
template <class T>
using Expected = std::expected<detail::Stored<T>, std::exception_ptr>;

namespace detail {

/// What the parent of several children waits on.
class GatherState {
 public:
  explicit GatherState(std::size_t children) : left_(children) {}

  /// A child has ended; `stop_at_errors` wakes the parent at the first error.
  void child_ended(const std::exception_ptr& error, bool stop_at_errors);
  /// Returns when all have ended or, if the children stop at errors, one has failed, whose error is thrown. When the
  /// parent is cancelled first, cancels the children, waits for their end and throws operation_aborted.
  boost::asio::awaitable<void> wait(std::vector<Loop::Started> children);

 private:
  std::size_t left_;
  bool cancelled_ = false;
  std::exception_ptr first_error_;
  Event woken_;
};

template <class T>
std::shared_ptr<Child<T>> start_gathered(Task<T> task, std::shared_ptr<GatherState> state, bool stop_at_errors) {
  return start_child(std::move(task),
                     [state, stop_at_errors](const auto& error) { state->child_ended(error, stop_at_errors); });
}

template <class T>
Expected<T> to_expected(Outcome<T>& outcome) {
  if (outcome.error()) return std::unexpected(outcome.error());
  return outcome.value();
}

template <class... T>
Task<std::tuple<std::shared_ptr<Child<T>>...>> gather_children(bool stop_at_errors, Task<T>... tasks) {
  auto state = std::make_shared<GatherState>(sizeof...(T));
  std::tuple<std::shared_ptr<Child<T>>...> children{start_gathered(std::move(tasks), state, stop_at_errors)...};
  std::vector<Loop::Started> started =
      std::apply([](auto&... child) { return std::vector<Loop::Started>{child->started...}; }, children);
  co_await state->wait(std::move(started));
  co_return children;
}

template <class T>
Task<std::vector<std::shared_ptr<Child<T>>>> gather_children(bool stop_at_errors, std::vector<Task<T>> tasks) {
  auto state = std::make_shared<GatherState>(tasks.size());
  std::vector<std::shared_ptr<Child<T>>> children;
  std::vector<Loop::Started> started;
  for (Task<T>& task : tasks) {
    children.push_back(start_gathered(std::move(task), state, stop_at_errors));
    started.push_back(children.back()->started);
  }
  co_await state->wait(std::move(started));
  co_return children;
}

}  // namespace detail

/// Runs the tasks at the same time, on this task's loop, and gives their results in the order of the arguments (of a
/// Task<void>: std::monostate). The first error is thrown at once; the others go on. Cancelling the gather cancels
/// them.
template <class... T>
  requires(sizeof...(T) > 0)
Task<std::tuple<detail::Stored<T>...>> gather(Task<T>... tasks) {
  auto children = co_await detail::gather_children(true, std::move(tasks)...);
  co_return std::apply([](auto&... child) { return std::tuple<detail::Stored<T>...>(child->outcome.value()...); },
                       children);
}

template <class T>
Task<std::vector<detail::Stored<T>>> gather(std::vector<Task<T>> tasks) {
  auto children = co_await detail::gather_children(true, std::move(tasks));
  std::vector<detail::Stored<T>> results;
  results.reserve(children.size());
  for (auto& child : children) results.push_back(child->outcome.value());
  co_return results;
}

/// The same, with every task's value or error; throws only when cancelled.
template <class... T>
  requires(sizeof...(T) > 0)
Task<std::tuple<Expected<T>...>> gather(ReturnExceptions, Task<T>... tasks) {
  auto children = co_await detail::gather_children(false, std::move(tasks)...);
  co_return std::apply(
      [](auto&... child) { return std::tuple<Expected<T>...>(detail::to_expected(child->outcome)...); }, children);
}

template <class T>
Task<std::vector<Expected<T>>> gather(ReturnExceptions, std::vector<Task<T>> tasks) {
  auto children = co_await detail::gather_children(false, std::move(tasks));
  std::vector<Expected<T>> results;
  results.reserve(children.size());
  for (auto& child : children) results.push_back(detail::to_expected(child->outcome));
  co_return results;
}

}  // namespace overlap
