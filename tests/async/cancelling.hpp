#pragma once
/// Tasks that tests cancel, or cancel others with.

#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <functional>
#include <memory>
#include <optional>

#include <overlap/async/detail/child.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>

namespace overlap::test {

using Flag = std::shared_ptr<bool>;
inline Flag make_flag() { return std::make_shared<bool>(false); }

/// Lets the loop go round `rounds` times: whoever was ready has had that many turns.
inline Task<void> go_round(int rounds = 20) {
  for (int i = 0; i < rounds; ++i) co_await sleep_for(Duration::zero());
}

inline Task<void> set(Flag flag) {
  *flag = true;
  co_return;
}

/// Never ends but by being cancelled.
inline Task<void> sleep_on() { co_await sleep_for(std::chrono::hours(1)); }

/// Waits for ever; takes its time when it is asked to end, since its clean-up awaits too, and then says so.
inline Task<void> end_slowly(Flag ended) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  try {
    co_await sleep_on();
  } catch (const boost::system::system_error&) {
  }
  co_await go_round(5);
  *ended = true;
  co_await boost::asio::this_coro::throw_if_cancelled(true);
  co_await go_round(1);
}

/// Waits for ever; gives a result when it is asked to end.
inline Task<int> insist(int value) {
  try {
    co_await sleep_on();
  } catch (const boost::system::system_error&) {
  }
  co_return value;
}

/// What came of a task that was cancelled.
enum class End { result, cancelled, other_error };

template <class T>
End end_of(const detail::Child<T>& child) {
  if (!child.outcome.error()) return End::result;
  return detail::ended_by_cancel(child.outcome.error()) ? End::cancelled : End::other_error;
}

/// Waits for the end of a child that was started.
template <class T>
Task<End> end_of_child(std::shared_ptr<detail::Child<T>> child) {
  co_await child->ended.wait(std::nullopt);
  co_return end_of(*child);
}

/// Starts the task, cancels it once it waits, and gives what came of it.
template <class T>
Task<End> cancel_while_waiting(Task<T> task) {
  auto child = detail::start_child(std::move(task));
  co_await go_round();
  child->started.cancel();
  co_return co_await end_of_child(child);
}

}  // namespace overlap::test
