// The explorer on models small enough to count by hand: it goes everywhere, and it finds what is wrong.

#include "model/explorer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace overlap::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct State {
  struct Thread {
    int at = 0;
    int seen = 0;
    bool operator==(const Thread&) const = default;
  };
  std::array<Thread, 2> threads{};
  int count = 0;
  int first_lock = 0;   // 0: free
  int second_lock = 0;  // 0: free
  bool operator==(const State&) const = default;
};
using Thread = State::Thread;

Instruction<State> load() {
  return step<State>("loads", [](State& state, Thread& my) { my.seen = state.count; });
}
Instruction<State> store_one_more() {
  return step<State>("stores", [](State& state, Thread& my) { state.count = my.seen + 1; });
}
Instruction<State> add_one() {
  return step<State>("adds", [](State& state, Thread&) { ++state.count; });
}
Instruction<State> take(int State::* lock) {
  return {{.what = "locks",
           .does = [lock](State& state, Thread&) { state.*lock = 1; },
           .when = [lock](const State& state, const Thread&) { return state.*lock == 0; }}};
}
Instruction<State> let_go(int State::* lock) {
  return step<State>("unlocks", [lock](State& state, Thread&) { state.*lock = 0; });
}

std::string_view wrong_unless_two(const State& state) { return state.count == 2 ? "" : "one was lost"; }

Model<State> two_of(const std::vector<Instruction<State>>& program) {
  return {.programs = {{"A", program}, {"B", program}}, .wrong_at_end = wrong_unless_two};
}

TEST(Explorer, TwoThreadsOfTwoStepsAreMetInEveryOrder) {
  // 3 x 3 pairs of places, and 12 steps from one to the next.
  const auto result = explore(Model<State>{.programs = {{"A", {add_one(), add_one()}}, {"B", {add_one(), add_one()}}}});
  EXPECT_EQ(result.states, 9U);
  EXPECT_EQ(result.steps, 12U);
  EXPECT_THAT(result.ends, SizeIs(1));
  EXPECT_EQ(result.violation, std::nullopt) << describe(result.violation);
}

TEST(Explorer, AnAtomicIncrementLosesNothing) {
  EXPECT_THAT(describe(explore(two_of({add_one()})).violation), IsEmpty());
}

TEST(Explorer, ALostUpdateIsFoundWithAShortestTrace) {
  const auto violation = explore(two_of({load(), store_one_more()})).violation;
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->what, "one was lost");
  EXPECT_THAT(violation->trace, ElementsAre("A loads", "B loads", "A stores", "B stores"));
}

TEST(Explorer, ALockMakesTwoStepsOne) {
  const auto program = std::vector{take(&State::first_lock), load(), store_one_more(), let_go(&State::first_lock)};
  EXPECT_THAT(describe(explore(two_of(program)).violation), IsEmpty());
}

TEST(Explorer, LocksTakenInDifferentOrdersComeToAStandstill) {
  const auto both = [](int State::* one, int State::* other) {
    return std::vector{take(one), take(other), let_go(other), let_go(one)};
  };
  const auto violation = explore(Model<State>{.programs = {{"A", both(&State::first_lock, &State::second_lock)},
                                                           {"B", both(&State::second_lock, &State::first_lock)}}})
                             .violation;
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->what, "for ever at a standstill: A, B");
  EXPECT_THAT(violation->trace, ElementsAre("A locks", "B locks"));
}

TEST(Explorer, WhatHoldsInTheEndButNotAlwaysIsFound) {
  Model<State> model = two_of({add_one()});
  model.wrong = [](const State& state) { return state.count == 1 ? "odd" : ""; };
  EXPECT_EQ(describe(explore(model).violation), "odd\n  A adds");
}

// Sleeps until B has counted; may also wake up for no reason, and goes on if it does.
Instruction<State> sleep() {
  return {{.what = "is woken",
           .does = [](State&, Thread&) {},
           .when = [](const State& state, const Thread&) { return state.count > 0; }},
          {.what = "wakes for no reason", .does = [](State&, Thread&) {}, .is_certain = false}};
}

TEST(Explorer, LuckWakesNobodyForCertain) {
  const auto violation = explore(Model<State>{.programs = {{"A", {sleep()}}}}).violation;
  EXPECT_EQ(describe(violation), "for ever at a standstill: A");
}

TEST(Explorer, WhatLuckMakesPossibleIsVisited) {
  const auto result = explore(Model<State>{.programs = {{"A", {sleep()}}, {"B", {add_one()}}}});
  EXPECT_EQ(result.violation, std::nullopt) << describe(result.violation);
  EXPECT_EQ(result.states, 4U) << "A may end before B";
}

TEST(Explorer, AThreadThatRunsInCirclesIsFound) {
  const auto spin = step<State>("looks", [](State& state, Thread& my) { my.at = state.count > 0 ? 1 : 0; });
  const auto violation = explore(Model<State>{.programs = {{"A", {spin}}}}).violation;
  EXPECT_EQ(describe(violation), "in circles for ever: A");
  EXPECT_EQ(explore(Model<State>{.programs = {{"A", {spin}}, {"B", {add_one()}}}}).violation, std::nullopt)
      << "B ends it";
}

}  // namespace
}  // namespace overlap::model
