#pragma once
/// Task<T>: a coroutine, the one form of work that every executor runs.
///
/// A Task does nothing until it is awaited, given to run(), or returned from a function that was submitted. It runs on
/// one loop's thread from beginning to end. Any Asio operation works inside it: `co_await socket.async_read(...)`.
///
/// GCC 12.2 destroys some temporaries of a co_await expression twice (see docs/decisions/0002). So: take parameters by
/// value, and give a lambda that captures owning objects a name before it appears in a co_await expression.

#include <boost/asio/awaitable.hpp>

#include <overlap/async/await_future.hpp>
#include <overlap/async/detail/drive.hpp>
#include <overlap/core/detail/outcome.hpp>

namespace overlap {

template <class T>
using Task = boost::asio::awaitable<T>;

/// Runs a task on a fresh loop of the calling thread, to its end, and returns its result or throws its error. Tasks
/// that it left running are then cancelled and awaited. Blocks; may be called anywhere, also inside a task (which then
/// blocks its own loop).
template <class T>
T run(Task<T> task) {
  detail::Outcome<T> outcome;
  Loop loop;
  const detail::StartedPtr started = loop.prepare(nullptr, nullptr, Loop::Leftover::cancel);
  auto entry = detail::capture(std::move(task), outcome, started);
  loop.run(started, std::move(entry));
  if constexpr (std::is_void_v<T>) {
    outcome.value();
  } else {
    return outcome.value();
  }
}

}  // namespace overlap
