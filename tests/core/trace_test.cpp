#include <overlap/core/trace.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pthread.h>

#include <atomic>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "core/manual_executor.hpp"
#include "support/sanitizers.hpp"
#include "support/tracing.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using Kind = TraceEvent::Kind;
using test::kinds_of_lives_in;
using test::ManualExecutor;

std::vector<Kind> kinds_in(TraceRecording& recording) {
  std::vector<Kind> kinds;
  for (const TraceEvent& event : recording.events()) kinds.push_back(event.kind);
  return kinds;
}

TEST(TraceRecording, HasWhatBecameOfEachTask) {
  ManualExecutor executor;
  TraceRecording recording;
  executor.submit([] { return 1; });
  executor.submit([] { throw std::runtime_error("x"); });
  auto cancelled = executor.submit([] {});
  executor.submit([] {});  // and is left
  cancelled.cancel();
  executor.run_one();
  executor.run_one();
  EXPECT_THAT(kinds_of_lives_in(recording),
              UnorderedElementsAre(Pair("submitted started finished", 1), Pair("submitted started failed", 1),
                                   Pair("submitted cancelled", 1), Pair("submitted", 1)));
  EXPECT_EQ(recording.dropped(), 0U);
}

TEST(TraceRecording, EventsAreInTheOrderOfTimeAndWithinTheRecording) {
  ManualExecutor executor;
  TraceRecording recording;
  for (int i = 0; i < 100; ++i) executor.submit([] {});
  executor.run_all();
  recording.stop();
  const auto& events = recording.events();
  ASSERT_EQ(events.size(), 300U);
  EXPECT_TRUE(std::ranges::is_sorted(events, {}, &TraceEvent::at));
  EXPECT_GE(events.front().at, Duration::zero());
  EXPECT_LE(events.back().at, recording.duration());
}

TEST(TraceRecording, NobodyRecordsWhenItIsOff) {
  ManualExecutor executor;
  EXPECT_FALSE(is_tracing());
  const auto before = executor.submit([] {});
  TraceRecording recording;
  EXPECT_TRUE(is_tracing());
  recording.stop();
  EXPECT_FALSE(is_tracing());
  const auto after = executor.submit([] { name_this_task("unheard"); });
  const TraceScope scope("unheard");
  executor.run_all();
  EXPECT_THAT(recording.events(), IsEmpty());
  EXPECT_THAT(recording.spans(), IsEmpty());
  EXPECT_THAT(recording.lanes(), IsEmpty());
}

TEST(TraceRecording, ThereIsOneAtATime) {
  TraceRecording first;
  EXPECT_THROW(TraceRecording(), std::logic_error);
  EXPECT_TRUE(is_tracing());
  first.stop();
  first.stop();
  EXPECT_NO_THROW(TraceRecording());
}

TEST(TraceRecording, OneAfterTheOtherHasItsOwnEvents) {
  ManualExecutor executor;
  executor.submit([] {});
  std::set<std::uint64_t> seen;
  for (int round = 0; round < 5; ++round) {
    TraceRecording recording;
    executor.submit([] {});
    executor.run_one();  // that of the round before
    EXPECT_THAT(kinds_in(recording), ElementsAre(Kind::submitted, Kind::started, Kind::finished));
    seen.insert(recording.events().front().task);
    EXPECT_NE(recording.events()[0].task, recording.events()[1].task);
  }
  EXPECT_EQ(seen.size(), 5U);
}

TEST(TraceRecording, ATaskInThePlaceOfAnotherIsAnotherTask) {
  ManualExecutor executor;
  TraceRecording recording;
  for (int i = 0; i < 1000; ++i) {  // each node where the one before was
    executor.submit([] {});
    executor.run_one();
  }
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started finished", 1000)));
}

TEST(TraceRecording, BeginsAndEndsWhileATaskRuns) {
  ManualExecutor executor;
  std::unique_ptr<TraceRecording> recording;
  executor.submit([&] {
    recording = std::make_unique<TraceRecording>();
    const TraceScope scope("in the task");  // which nobody knew when it began
  });
  executor.submit([&] { recording->stop(); });
  executor.run_all();
  EXPECT_THAT(kinds_of_lives_in(*recording), UnorderedElementsAre(Pair("finished", 1), Pair("started", 1)));
}

TEST(TraceRecording, ATaskThatIsRefusedIsCancelled) {
  ManualExecutor executor;
  executor.shutdown();
  TraceRecording recording;
  EXPECT_THROW(executor.submit([] {}), BrokenExecutor);
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted cancelled", 1)));
}

TEST(TraceRecording, ATaskThatRunsWithinAnotherLetsThatWait) {
  ManualExecutor executor;
  TraceRecording recording;
  executor.submit([&] {
    name_this_task("outer");
    executor.submit([] { name_this_task("inner"); });
    executor.run_one();
  });
  executor.run_one();
  const std::uint64_t outer = test::task_named(recording, "outer");
  const std::uint64_t inner = test::task_named(recording, "inner");
  EXPECT_EQ(test::lives_in(recording)[outer], "submitted started waiting resumed finished");
  EXPECT_EQ(test::lives_in(recording)[inner], "submitted started finished");
  for (const TraceEvent& event : recording.events()) {
    EXPECT_EQ(event.other, event.kind == Kind::waiting ? inner : 0);
  }
}

TEST(TraceRecording, EventsWithoutRoomAreCounted) {
  ManualExecutor executor;
  constexpr int kTasks = 5000;
  TraceRecording recording({.max_events = 1000});
  for (int i = 0; i < kTasks; ++i) executor.submit([] {});
  executor.run_all();
  EXPECT_GE(recording.events().size(), 1000U);
  EXPECT_LT(recording.events().size(), 3U * kTasks);
  EXPECT_EQ(recording.events().size() + recording.dropped(), 3U * kTasks);
}

TEST(TraceRecording, OneThatCannotBeHeldIsRefused) {
  EXPECT_THROW(TraceRecording({.max_events = SIZE_MAX}), std::bad_alloc);
  EXPECT_FALSE(is_tracing());
}

TEST(TraceRecording, ThreadsMayEndBeforeItDoes) {
  TraceRecording recording;
  for (int i = 0; i < 20; ++i) {
    std::thread([] {
      pthread_setname_np(pthread_self(), "short");
      const TraceScope scope("alive");
    }).join();
  }
  EXPECT_EQ(recording.spans().size(), 20U);
  ASSERT_EQ(recording.lanes().size(), 20U);
  EXPECT_EQ(recording.lanes()[0].name, "short");
  EXPECT_EQ(recording.lanes()[1].name, "short (2)");
}

TEST(TraceRecording, MayComeAndGoWhileThreadsRecord) {
  std::atomic<bool> ends{false};
  std::atomic<int> turns{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!ends) {
        ManualExecutor executor;
        executor.submit([] {
          name_this_task("a task");
          const TraceScope scope("a scope");
        });
        executor.run_all();
        ++turns;
      }
    });
  }
  for (int round = 0; round < test::repetitions(50); ++round) {
    TraceRecording recording({.max_events = 100'000});
    const int before = turns;
    while (turns < before + 20) std::this_thread::yield();
    recording.stop();
    int whole = 0;
    for (const auto& [life, count] : kinds_of_lives_in(recording)) {
      if (life == "submitted started finished") whole += count;
      EXPECT_TRUE(std::string("submitted started finished").find(life) != std::string::npos) << life;
    }
    EXPECT_GE(whole + static_cast<int>(recording.dropped()), 10);
  }
  ends = true;
}

TEST(TraceScope, BelongsToTheTaskAndHasItsLength) {
  ManualExecutor executor;
  TraceRecording recording;
  executor.submit([] {
    TraceScope scope("reading");
    scope.next("computing");
    scope.end();
    scope.end();
  });
  executor.run_all();
  const TraceScope outside("outside");
  std::vector<std::string> told;
  for (const TraceSpan& span : recording.spans()) {
    if (span.kind == TraceSpan::Kind::scope)
      told.push_back(std::string(span.name) + (span.task != 0 ? " in task" : ""));
  }
  EXPECT_THAT(told, ElementsAre("reading in task", "computing in task", "outside"));
}

TEST(TraceName, IsCopiedAndCutWhereItIsTooLong) {
  ManualExecutor executor;
  TraceRecording recording;
  for (const std::size_t size : {0U, 1U, 23U, 24U, 25U, 480U, 481U, 100'000U}) {
    executor.submit([size] { name_this_task(std::string(size, 'x')); });
  }
  executor.run_all();
  name_this_task("of no task");
  std::vector<std::size_t> sizes;
  for (const TraceEvent& event : recording.events()) {
    if (event.kind != Kind::named) continue;
    sizes.push_back(event.name.size());
    EXPECT_EQ(event.name, std::string(event.name.size(), 'x'));
  }
  EXPECT_THAT(sizes, ElementsAre(0, 1, 23, 24, 25, 480, 480, 480));
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started finished", 8)));
}

TEST(TraceName, MayFallOnTheEndOfAChunk) {
  ManualExecutor executor;
  TraceRecording recording;
  for (int i = 0; i < 2000; ++i) {
    executor.submit([i] { name_this_task(std::string(static_cast<std::size_t>(i % 480), 'n')); });
  }
  executor.run_all();
  EXPECT_THAT(kinds_of_lives_in(recording), ElementsAre(Pair("submitted started finished", 2000)));
  EXPECT_EQ(recording.dropped(), 0U);
}

}  // namespace
}  // namespace overlap
