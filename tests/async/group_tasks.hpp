#pragma once
/// Tasks for task groups, and what a group of them threw.

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <overlap/async/task_group.hpp>
#include <overlap/core/hook.hpp>

#include "async/cancelling.hpp"

namespace overlap::test {

inline Task<int> give(int value) {
  co_await go_round(3);
  co_return value;
}

inline Task<void> fail(std::string message) {
  co_await go_round(3);
  throw std::runtime_error(message);
}

inline Task<void> fail_when_cancelled(std::string message) {
  bool cancelled = false;
  try {
    co_await sleep_on();
  } catch (const boost::system::system_error&) {
    cancelled = true;
  }
  if (cancelled) throw std::runtime_error(message);
}

inline Task<void> note_cancel(Flag cancelled) {
  try {
    co_await sleep_on();
  } catch (const boost::system::system_error&) {
    *cancelled = true;
    throw;
  }
}

inline std::vector<std::string> messages(const TaskGroupError& error) {
  std::vector<std::string> all;
  for (const std::exception_ptr& one : error.errors()) all.push_back(detail::describe(one));
  return all;
}

/// The messages of what a group threw; none when it threw nothing.
inline std::vector<std::string> errors_of(Task<void> task) {
  try {
    run(std::move(task));
  } catch (const TaskGroupError& error) {
    return messages(error);
  }
  return {};
}

}  // namespace overlap::test
