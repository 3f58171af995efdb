#pragma once

#include <exception>
#include <optional>
#include <overlap/core/future.hpp>
#include <overlap/http/error.hpp>
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

struct FailedItem {
  std::uint64_t index = 0;  ///< its place in the input
  bool is_refused = false;  ///< by its server, which is asked too much or takes no connection
};

inline void add_failure(RunResult& result, FailedItem item, std::string problem) {
  ++result.failed;
  result.failed_at.push_back(item.index);
  if (item.is_refused) ++result.refused;
  add_problem(result, std::move(problem));
}

inline bool is_refusal(std::int64_t status) { return status == 429 || status == 503; }

inline bool is_refusal(const std::exception& error) {
  const auto* const failure = dynamic_cast<const http::HttpError*>(&error);
  return failure != nullptr && failure->error_class == http::ErrorClass::connect;
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
      add_failure(result, {.index = i, .is_refused = is_refusal(error)}, error.what());
    } catch (...) {
      add_failure(result, {.index = i}, "a task threw something that is no std::exception");
    }
  }
  result.items += futures.size();
  return values;
}

}  // namespace overlap::compare
