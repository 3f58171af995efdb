#include <overlap/core/detail/trace_lives.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "support/tracing.hpp"

namespace overlap::detail {
namespace {

using Kind = TraceEvent::Kind;
using testing::ElementsAre;

struct Said {
  Kind kind;
  int at;
  std::uint64_t task = 1;
};

std::vector<TraceEvent> events_of(std::initializer_list<Said> all) {
  std::vector<TraceEvent> events;
  for (const Said& said : all) events.push_back({.kind = said.kind, .task = said.task, .at = Duration(said.at)});
  return events;
}

/// "KIND@TIME" of each event, and the task where it is not the first.
std::vector<std::string> in_order(std::initializer_list<Said> all) {
  std::vector<TraceEvent> events = events_of(all);
  put_lives_in_order(events);
  std::vector<std::string> told;
  for (const TraceEvent& event : events) {
    std::string one = std::string(test::word(event.kind)) + '@' + std::to_string(event.at.count());
    if (event.task != 1) one += '#' + std::to_string(event.task);
    told.push_back(one);
  }
  return told;
}

TEST(TraceLives, SortsByTimeAndKeepsAThreadsOrderAtTheSameTime) {
  EXPECT_THAT(in_order({{Kind::submitted, 5},
                        {Kind::started, 9},
                        {Kind::waiting, 10},
                        {Kind::resumed, 10},
                        {Kind::finished, 12},
                        {Kind::submitted, 7, 2}}),
              ElementsAre("submitted@5", "submitted@7#2", "started@9", "waiting@10", "resumed@10", "finished@12"));
}

TEST(TraceLives, ASubmissionThatSeemsLateIsMovedBeforeTheStart) {
  EXPECT_THAT(in_order({{Kind::submitted, 8}, {Kind::started, 6}, {Kind::finished, 20}}),
              ElementsAre("submitted@6", "started@6", "finished@20"));
  EXPECT_THAT(in_order({{Kind::cancelled, 6}, {Kind::submitted, 8}}), ElementsAre("submitted@6", "cancelled@6"));
}

TEST(TraceLives, AnEndThatSeemsEarlyIsMovedBehindTheStart) {
  EXPECT_THAT(in_order({{Kind::submitted, 1}, {Kind::finished, 5}, {Kind::started, 6}}),
              ElementsAre("submitted@1", "started@6", "finished@6"));
}

TEST(TraceLives, WaitingAndResumedChangeInTurnsBetweenStartAndEnd) {
  EXPECT_THAT(in_order({{Kind::submitted, 1},
                        {Kind::waiting, 2},  // while it was set up
                        {Kind::resumed, 3},
                        {Kind::started, 4},
                        {Kind::resumed, 5},
                        {Kind::waiting, 6},
                        {Kind::waiting, 7},
                        {Kind::resumed, 8},
                        {Kind::finished, 9},
                        {Kind::resumed, 10},
                        {Kind::waiting, 11}}),
              ElementsAre("submitted@1", "started@4", "waiting@6", "resumed@8", "finished@9"));
}

TEST(TraceLives, ALifeCutOffAtItsBeginningStartsWithWhatComesFirst) {
  EXPECT_THAT(in_order({{Kind::resumed, 2}, {Kind::waiting, 3}, {Kind::finished, 4}}),
              ElementsAre("resumed@2", "waiting@3", "finished@4"));
  EXPECT_THAT(in_order({{Kind::waiting, 2}, {Kind::resumed, 3}}), ElementsAre("waiting@2", "resumed@3"));
  EXPECT_THAT(in_order({{Kind::finished, 4}}), ElementsAre("finished@4"));
}

TEST(TraceLives, ATaskThatIsRunAgainStartsAgain) {
  EXPECT_THAT(
      in_order({{Kind::submitted, 1}, {Kind::started, 2}, {Kind::waiting, 3}, {Kind::started, 4}, {Kind::finished, 5}}),
      ElementsAre("submitted@1", "started@2", "waiting@3", "started@4", "finished@5"));
}

TEST(TraceLives, ScopesAndNamesStayWhereTheyAre) {
  auto events = events_of({{Kind::submitted, 1},
                           {Kind::started, 2},
                           {Kind::named, 3},
                           {Kind::scope_began, 4},
                           {Kind::finished, 5},
                           {Kind::scope_ended, 6},
                           {Kind::scope_began, 7, 0}});
  put_lives_in_order(events);
  EXPECT_EQ(events.size(), 7U);
  EXPECT_EQ(events[5].kind, Kind::scope_ended);
}

}  // namespace
}  // namespace overlap::detail
