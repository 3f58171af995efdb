#pragma once
/// The state word of a TaskNode as the models know it, and what the tests of all models share.

#include <gtest/gtest.h>

#include <overlap/core/detail/task_node.hpp>

#include "model/explorer.hpp"

namespace overlap::model {

using Word = std::uint32_t;

// As in TaskNode.
inline constexpr Word kPending = detail::TaskNode::pending;
inline constexpr Word kRunning = detail::TaskNode::running;
inline constexpr Word kFinished = detail::TaskNode::finished;
inline constexpr Word kCancelled = detail::TaskNode::cancelled;
inline constexpr Word kPhaseMask = 3;
inline constexpr Word kHasContinuations = 4;
inline constexpr Word kHasParked = 8;

constexpr Word phase_of(Word word) { return word & kPhaseMask; }
constexpr bool is_done(Word word) { return phase_of(word) >= kFinished; }

/// compare_exchange: `seen` becomes what the word is when it is something else.
constexpr bool swap(Word& word, Word& seen, Word wanted) {
  const bool is_same = word == seen;
  if (is_same) word = wanted;
  if (!is_same) seen = word;
  return is_same;
}

/// Nothing goes wrong in any interleaving. Leaves in the test's report how many states that was.
template <class State>
testing::AssertionResult holds(const Exploration<State>& result) {
  testing::Test::RecordProperty("states", static_cast<int>(result.states));
  if (result.violation) return testing::AssertionFailure() << describe(result.violation);
  if (result.ends.empty()) return testing::AssertionFailure() << "it never ends";
  return testing::AssertionSuccess() << result.states << " states";
}

/// Some interleaving ends like this: the model is not true for want of cases.
template <class State, class Predicate>
bool may_end(const Exploration<State>& result, Predicate predicate) {
  return std::ranges::any_of(result.ends, predicate);
}

}  // namespace overlap::model
