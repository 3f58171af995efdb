#include <overlap/core/trace_json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "core/manual_executor.hpp"
#include "support/chrome_trace.hpp"

namespace overlap {
namespace {

using boost::json::object;
using testing::ElementsAre;
using testing::Pair;
using Kind = TraceSpan::Kind;
using End = TraceSpan::End;

const std::vector<TraceLane> kLanes{{"main thread", "", 1}, {"pool 0", "pool", 0}};

object written(const std::vector<TraceSpan>& spans, std::size_t dropped = 0) {
  std::ostringstream out;
  write_chrome_trace(out, spans, kLanes, dropped);
  return boost::json::parse(out.str()).as_object();  // throws what is not JSON
}

std::vector<object> events_in(const object& trace) {
  std::vector<object> events;
  for (const auto& event : trace.at("traceEvents").as_array()) events.push_back(event.as_object());
  return events;
}

/// Those that are not about names.
std::vector<object> spans_in(const object& trace) {
  std::vector<object> spans = events_in(trace);
  std::erase_if(spans, [](const object& event) { return event.at("ph") == "M"; });
  return spans;
}

TraceSpan span(Kind kind, int from, int to, std::uint64_t task = 5, std::string_view name = {}) {
  return {.kind = kind, .lane = 1, .task = task, .from = Duration(from), .to = Duration(to), .name = name};
}

TEST(ChromeTrace, OfNothingIsValid) {
  const object trace = written({}, 3);
  EXPECT_EQ(trace.at("otherData").at("dropped_events").as_int64(), 3);
  EXPECT_TRUE(spans_in(trace).empty());
}

TEST(ChromeTrace, WorkersOfOneKindStandInTheOrderOfTheirNumbers) {
  std::ostringstream out;
  write_chrome_trace(out, std::vector<TraceSpan>{},
                     {{"main", "", 1}, {"b 10", "b", 10}, {"a 1", "a", 1}, {"b 9", "b", 9}});
  std::map<std::int64_t, std::int64_t> places;  // by lane
  for (const object& event : events_in(boost::json::parse(out.str()).as_object())) {
    if (event.at("name") == "thread_sort_index") {
      places[event.at("tid").as_int64()] = event.at("args").at("sort_index").as_int64();
    }
  }
  EXPECT_THAT(places, ElementsAre(Pair(2, 0), Pair(3, 2), Pair(4, 3), Pair(5, 1)));
}

TEST(ChromeTrace, NamesProcessAndLanesInTheirOrder) {
  std::vector<std::string> names;
  for (const object& event : events_in(written({}))) {
    EXPECT_EQ(event.at("ph"), "M");
    if (event.at("name") == "thread_name") {
      names.push_back(std::string(event.at("args").at("name").as_string()));
      EXPECT_EQ(event.at("tid").to_number<std::size_t>(), 1 + names.size()) << "1 is the process";
    }
  }
  EXPECT_THAT(names, ElementsAre("main thread", "pool 0"));
}

TEST(ChromeTrace, NoRoundingErrorPutsOneTaskIntoTheNext) {
  std::mt19937 random(5);
  std::vector<TraceSpan> spans;
  for (int at = 0; spans.size() < 20'000;) {
    const int middle = at + static_cast<int>(random() % 50'000);
    const int end = middle + static_cast<int>(random() % 50'000);
    spans.push_back(span(Kind::running, at, end));
    spans.push_back(span(Kind::scope, at, middle));
    spans.push_back(span(Kind::scope, middle, end));
    at = end;
  }
  EXPECT_THAT(testing_support::ChromeTraceRules::broken_by(written(spans)), testing::IsEmpty());
}

TEST(ChromeTrace, ARunningTaskIsACompleteEventOnItsWorkersLine) {
  TraceSpan running = span(Kind::running, 1'234, 3'000'456);
  running.end = End::failed;
  const auto events = spans_in(written({running}));
  ASSERT_EQ(events.size(), 1U);
  const object& event = events[0];
  EXPECT_EQ(event.at("ph"), "X");
  EXPECT_EQ(event.at("name"), "task 5");
  EXPECT_EQ(event.at("tid").as_int64(), 3);
  EXPECT_EQ(event.at("ts").as_double(), 1.125);  // microseconds, to the eighth below
  EXPECT_EQ(event.at("dur").as_double(), 2999.25);
  EXPECT_EQ(event.at("args").at("task").as_int64(), 5);
  EXPECT_EQ(event.at("args").at("end"), "failed");
}

TEST(ChromeTrace, EveryAsynchronousBeginningHasItsEnd) {
  const auto events = spans_in(written({
      span(Kind::queued, 0, 10),
      span(Kind::running, 10, 20),
      span(Kind::scope, 12, 45, 5, "fetching"),  // goes on while the task waits
      span(Kind::scope, 13, 50, 5, "fetching"),  // and across the other
      span(Kind::waiting, 20, 40),
      span(Kind::running, 40, 50),
  }));
  std::map<std::string, int> open;
  int pairs = 0;
  for (const object& event : events) {
    if (event.at("ph") == "X") continue;
    const std::string key = std::string(event.at("cat").as_string()) + ' ' + std::string(event.at("id").as_string());
    if (event.at("ph") == "b") {
      EXPECT_EQ(open[key]++, 0) << "within another of the same id";
    } else {
      EXPECT_EQ(event.at("ph"), "e");
      EXPECT_EQ(--open[key], 0);
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 4);
  for (const auto& [key, count] : open) EXPECT_EQ(count, 0) << key;
}

TEST(ChromeTrace, AScopeWithinOneTurnOfItsTaskIsDrawnBelowThat) {
  TraceSpan inside = span(Kind::scope, 12, 14, 5, "computing");
  inside.lane = 0;
  TraceSpan outside = span(Kind::scope, 30, 31, 0, "writing");
  outside.lane = 0;
  const auto events = spans_in(written({span(Kind::running, 10, 20), inside, outside}));
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[1].at("ph"), "X");
  EXPECT_EQ(events[1].at("name"), "computing");
  EXPECT_EQ(events[1].at("tid").as_int64(), 3);
  EXPECT_EQ(events[2].at("ph"), "X");
  EXPECT_EQ(events[2].at("tid").as_int64(), 2);
}

TEST(ChromeTrace, AnyNameIsWrittenAsJson) {
  const auto name_of = [](std::string_view name) {
    return std::string(spans_in(written({span(Kind::running, 1, 2, 5, name)}))[0].at("name").as_string());
  };
  for (const std::string_view name : {"a \"b\" \\ c", "tab\tline\nend", "\x01\x1f\x7f", "caf\xc3\xa9 \xe2\x82\xac",
                                      "\xf0\x9f\x98\x80", "</script>"}) {
    EXPECT_EQ(name_of(name), name);
  }
  EXPECT_EQ(name_of(std::string_view("nul\0l", 5)), std::string("nul\0l", 5));
  const std::string unknown = "\xef\xbf\xbd";
  EXPECT_EQ(name_of("\xff"), unknown);
  EXPECT_EQ(name_of("a\xc3"), "a" + unknown);                       // cut off
  EXPECT_EQ(name_of("\xc0\xaf"), unknown + unknown);                // longer than it need be
  EXPECT_EQ(name_of("\xed\xa0\x80"), unknown + unknown + unknown);  // half of a pair
  EXPECT_EQ(name_of("\xf5\x80\x80\x80"), unknown + unknown + unknown + unknown);
}

TEST(ChromeTrace, OfARecordingHasItsTasksAndLanes) {
  test::ManualExecutor executor;
  TraceRecording recording;
  executor.submit([] {
    name_this_task("a \"page\"");
    const TraceScope scope("parsing");
  });
  executor.run_all();
  std::ostringstream out;
  write_chrome_trace(out, recording);
  std::vector<std::string> names;
  for (const object& event : spans_in(boost::json::parse(out.str()).as_object())) {
    if (event.at("ph") == "X") names.push_back(std::string(event.at("name").as_string()));
  }
  EXPECT_THAT(names, ElementsAre("a \"page\"", "parsing"));
}

TEST(ChromeTrace, ProcessesHaveLinesAndIdsOfTheirOwn) {
  std::ostringstream out;
  write_chrome_trace(out, {{.name = "one", .spans = {span(Kind::waiting, 0, 10)}, .lanes = kLanes, .dropped = 1},
                           {.name = "two", .spans = {span(Kind::waiting, 5, 15)}, .lanes = kLanes, .dropped = 2}});
  const object trace = boost::json::parse(out.str()).as_object();
  EXPECT_EQ(trace.at("otherData").at("dropped_events").as_int64(), 3);
  std::vector<std::string> names;
  for (const object& event : events_in(trace)) {
    if (event.at("name") == "process_name") names.emplace_back(event.at("args").at("name").as_string());
  }
  EXPECT_THAT(names, ElementsAre("one", "two"));
  const auto events = spans_in(trace);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0].at("pid").as_int64(), 1);
  EXPECT_EQ(events[2].at("pid").as_int64(), 2);
  EXPECT_EQ(events[2].at("id"), events[3].at("id"));
  EXPECT_NE(events[0].at("id"), events[2].at("id"));
}

}  // namespace
}  // namespace overlap
