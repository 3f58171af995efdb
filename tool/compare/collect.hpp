#pragma once

#include <exception>
#include <optional>
#include <overlap/core/future.hpp>
#include <string>
#include <utility>
#include <vector>

#include "compare/run_protocol.hpp"

namespace overlap::compare {

/// Notes what went wrong; only the first few are kept, since a thousand look alike.
inline void add_problem(RunResult& result, std::string problem) {
  constexpr std::size_t kKept = 5;
  if (result.problems.size() < kKept) result.problems.push_back(std::move(problem));
}

inline void add_failure(RunResult& result, std::string problem) {
  ++result.failed;
  add_problem(result, std::move(problem));
}

/// Waits for all tasks, in the order in which they were submitted. The place of one that failed stays empty, and the
/// failure is counted.
template <class T>
std::vector<std::optional<T>> collect(std::vector<Future<T>> futures, RunResult& result) {
  std::vector<std::optional<T>> values(futures.size());
  for (std::size_t i = 0; i < futures.size(); ++i) {
    try {
      values[i] = std::move(futures[i]).result();
    } catch (const std::exception& error) {
      add_failure(result, error.what());
    } catch (...) {
      add_failure(result, "a task threw something that is no std::exception");
    }
  }
  result.items += futures.size();
  return values;
}

}  // namespace overlap::compare
