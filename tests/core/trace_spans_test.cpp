#include <overlap/core/trace.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "support/tracing.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = TraceEvent::Kind;
using End = TraceSpan::End;

TraceEvent at(int time, Kind kind, std::uint64_t task = 1, std::uint32_t lane = 0) {
  return {.kind = kind, .lane = lane, .task = task, .at = Duration(time)};
}

/// "KIND FROM-TO" of each span.
std::vector<std::string> told(const std::vector<TraceSpan>& spans) {
  std::vector<std::string> all;
  for (const TraceSpan& span : spans) {
    std::ostringstream one;
    one << span.kind << ' ' << span.from.count() << '-' << span.to.count();
    all.push_back(one.str());
  }
  return all;
}

TEST(TraceSpans, AreQueuedThenRunningAndWaitingInTurn) {
  const auto spans = make_trace_spans(
      {at(1, Kind::submitted), at(3, Kind::started), at(5, Kind::waiting), at(8, Kind::resumed), at(9, Kind::finished)},
      Duration(20));
  EXPECT_THAT(told(spans), ElementsAre("queued 1-3", "running 3-5", "waiting 5-8", "running 8-9"));
  for (const TraceSpan& span : spans) EXPECT_EQ(span.end, span.to.count() == 9 ? End::finished : End::left);
}

TEST(TraceSpans, EndAsTheTaskDid) {
  EXPECT_EQ(make_trace_spans({at(1, Kind::started), at(2, Kind::failed)}, Duration(9)).back().end, End::failed);
  const auto cancelled = make_trace_spans({at(1, Kind::submitted), at(2, Kind::cancelled)}, Duration(9));
  EXPECT_THAT(told(cancelled), ElementsAre("queued 1-2"));
  EXPECT_EQ(cancelled.back().end, End::cancelled);
}

TEST(TraceSpans, OfWhatHasNotEndedAreOpenAtTheEndOfTheRecording) {
  const auto spans =
      make_trace_spans({at(1, Kind::submitted), at(2, Kind::submitted, 2), at(3, Kind::started, 2)}, Duration(9));
  EXPECT_THAT(told(spans), ElementsAre("queued 1-9", "queued 2-3", "running 3-9"));
  EXPECT_EQ(spans.front().end, End::open);
  EXPECT_EQ(spans.back().end, End::open);
}

TEST(TraceSpans, RunWhereTheTaskBeganAlsoWhenAnotherThreadSaysThatItGoesOn) {
  const auto spans = make_trace_spans({at(1, Kind::submitted, 1, 0), at(2, Kind::started, 1, 4),
                                       at(3, Kind::waiting, 1, 0), at(4, Kind::resumed, 1, 0)},
                                      Duration(9));
  std::vector<std::uint32_t> lanes;
  for (const TraceSpan& span : spans) lanes.push_back(span.lane);
  EXPECT_THAT(lanes, ElementsAre(0, 4, 4, 4));
}

TEST(TraceSpans, NameTheTaskInAllOfItsLifeAndSayForWhomItWaits) {
  TraceEvent named = at(4, Kind::named);
  named.name = "photo.jpg";
  TraceEvent waiting = at(5, Kind::waiting);
  waiting.other = 7;
  const auto spans = make_trace_spans(
      {at(1, Kind::submitted), at(3, Kind::started), named, waiting, at(6, Kind::resumed), at(7, Kind::finished)},
      Duration(9));
  for (const TraceSpan& span : spans) {
    EXPECT_EQ(span.name, "photo.jpg");
    EXPECT_EQ(span.other, span.kind == TraceSpan::Kind::waiting ? 7U : 0U);
  }
}

TEST(TraceSpans, OfScopesMayLieAcrossEachOther) {
  std::vector<TraceEvent> events;
  const auto scope = [&events](int time, Kind kind, std::uint64_t number, std::string_view name = {}) {
    TraceEvent event = at(time, kind);
    event.scope = number;
    event.name = name;
    events.push_back(event);
  };
  scope(1, Kind::scope_began, 10, "connecting");
  scope(2, Kind::scope_began, 11, "connecting");
  scope(3, Kind::scope_ended, 10);
  scope(5, Kind::scope_ended, 11);
  scope(6, Kind::scope_ended, 12);  // its beginning was before the recording
  scope(7, Kind::scope_began, 13, "receiving");
  const auto spans = make_trace_spans(events, Duration(9));
  EXPECT_THAT(told(spans), ElementsAre("scope 1-3", "scope 2-5", "scope 7-9"));
  EXPECT_EQ(spans[0].name, "connecting");
  EXPECT_EQ(spans[2].end, End::open);
}

TEST(TraceSpans, OfTasksOnOneWorkerDoNotOverlap) {
  const auto spans = make_trace_spans(
      {at(1, Kind::started, 1, 2), at(4, Kind::started, 2, 2), at(5, Kind::finished, 1), at(9, Kind::finished, 2)},
      Duration(9));
  EXPECT_THAT(told(spans), ElementsAre("running 1-4", "running 4-9"));
}

TEST(TraceSpans, OfNothingAreNone) { EXPECT_THAT(make_trace_spans({}, Duration(9)), IsEmpty()); }

}  // namespace
}  // namespace overlap
