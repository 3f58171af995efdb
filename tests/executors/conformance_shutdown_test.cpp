// Section F of the executors' semantics: submit, shutdown and the end.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "executors/conformance.hpp"
#include "support/hook_recorder.hpp"
#include "support/sanitizers.hpp"
#include "support/threads.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;
class InProcessShutdown : public test::ExecutorTest {};
class BackgroundShutdown : public test::ExecutorTest {};

using test::threads_of_this_process;

TEST_P(InProcessShutdown, SubmitThrowsAfterwards) {
  executor().shutdown();
  const auto counted = std::make_shared<int>(0);
  EXPECT_THROW(executor().submit([counted] {}), BrokenExecutor);
  EXPECT_EQ(counted.use_count(), 1);
}

TEST_P(InProcessShutdown, IsIdempotent) {
  EXPECT_EQ(executor().submit([] { return 1; }).result(), 1);
  executor().shutdown();
  executor().shutdown();
  executor().shutdown({.wait = false});
  executor().shutdown({.wait = false, .cancel_pending = true});
  executor().shutdown({.cancel_pending = true});
}

TEST_P(InProcessShutdown, OfAnExecutorThatNeverRanAnything) {
  executor().shutdown({.wait = false});
  executor().shutdown();
}

TEST_P(InProcessShutdown, ReturnsWhenEverythingAcceptedHasRun) {
  std::atomic<int> runs{0};
  for (int i = 0; i < 200; ++i) executor().submit([&] { ++runs; });
  executor().shutdown();
  EXPECT_EQ(runs, 200);
}

TEST_P(InProcessShutdown, DestructorRunsWhatWasAccepted) {
  std::atomic<int> runs{0};
  std::vector<Future<void>> futures;
  for (int i = 0; i < 200; ++i) futures.push_back(executor().submit([&] { ++runs; }));
  destroy_executor();
  EXPECT_EQ(runs, 200);
  for (const auto& future : futures) EXPECT_TRUE(future.done());
}

TEST_P(InProcessShutdown, FuturesOutliveTheExecutor) {
  const auto future = executor().submit([] { return std::make_unique<int>(3); });
  auto failed = executor().submit([] { throw std::runtime_error("x"); });
  destroy_executor();
  EXPECT_EQ(*future.result(), 3);
  EXPECT_THROW(failed.result(), std::runtime_error);
  EXPECT_FALSE(failed.cancel());
  int called = 0;
  future.add_done_callback([&](const auto&) { ++called; });
  EXPECT_EQ(called, 1);
}

TEST_P(InProcessShutdown, ThousandExecutorsComeAndGo) {
  for (int i = 0; i < test::repetitions(300); ++i) {
    const auto own = GetParam().make();
    const auto future = own->submit([i] { return i; });
    if (i % 3 == 0) {
      ASSERT_EQ(future.result(), i);
    }
    if (i % 5 == 0) own->shutdown({.wait = false});
    if (i % 7 == 0) own->shutdown({.wait = false, .cancel_pending = true});
  }
}

TEST_P(InProcessShutdown, MayBeCalledFromManyThreadsWhileOthersSubmit) {
  for (int round = 0; round < test::repetitions(50); ++round) {
    const auto own = GetParam().make();
    std::atomic<int> accepted{0};
    std::atomic<int> runs{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
          try {
            while (true) {
              own->submit([&] { ++runs; });
              ++accepted;
            }
          } catch (const BrokenExecutor&) {
          }
        });
        threads.emplace_back([&, i] {
          while (accepted < 20) std::this_thread::yield();
          own->shutdown({.wait = i == 0});
        });
      }
    }
    own->shutdown();
    ASSERT_EQ(runs, accepted);
  }
}

TEST_P(BackgroundShutdown, WithoutWaitReturnsAtOnceAndTheWorkStillRuns) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto pending = executor().submit([] { return 5; });
  executor().shutdown({.wait = false});
  EXPECT_FALSE(pending.done());
  EXPECT_THROW(executor().submit([] {}), BrokenExecutor);
  gate.open();
  EXPECT_EQ(pending.result(), 5);
}

TEST_P(BackgroundShutdown, WithoutWaitLeavesNoThreadBehindInTheEnd) {
  std::thread([] {}).join();  // the thread sanitizer starts one of its own along with the first
  const std::size_t before = threads_of_this_process();
  const auto own = GetParam().make();
  own->submit([] {}).result();
  own->shutdown({.wait = false});
  while (threads_of_this_process() > before) std::this_thread::yield();
  own->shutdown({.wait = false});
  own->shutdown();  // there is nobody to wake any more
}

TEST_P(BackgroundShutdown, CancelPendingFinishesWhatRuns) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto pending = executor().submit([] { ADD_FAILURE() << "ran"; });
  std::jthread opener([&] {
    while (!pending.cancelled()) std::this_thread::yield();
    gate.open();
  });
  executor().shutdown({.cancel_pending = true});
  for (const auto& future : running) {
    EXPECT_TRUE(future.done());
    EXPECT_FALSE(future.cancelled());
  }
}

TEST_P(BackgroundShutdown, SecondOneMayCancelWhileTheFirstWaits) {
  test::Gate gate;
  const auto running = occupy(gate);
  const auto pending = executor().submit([] { ADD_FAILURE() << "ran"; });
  std::jthread first([&] { executor().shutdown(); });
  while (true) {  // until the first has begun
    try {
      executor().submit([] {}).cancel();
    } catch (const BrokenExecutor&) {
      break;
    }
  }
  executor().shutdown({.wait = false, .cancel_pending = true});
  EXPECT_TRUE(pending.cancelled());
  gate.open();
}

TEST_P(BackgroundShutdown, TaskCannotWaitForItsOwnExecutorsEnd) {
  const auto future = executor().submit([&] { executor().shutdown(); });
  EXPECT_THROW(future.result(), WouldDeadlock);
  EXPECT_EQ(executor().submit([] { return 1; }).result(), 1);  // it was not shut down
}

TEST_P(BackgroundShutdown, DestroyedOnItsOwnThreadItFinishesWhatWasAccepted) {
  const test::HookRecorder hook;
  test::Gate gate;
  const auto running = occupy(gate);
  const auto destroying = executor().submit([this] { destroy_executor(); });
  const auto accepted = executor().submit([] { return 1; });
  gate.open();
  destroying.result();
  EXPECT_EQ(accepted.result(), 1);
  EXPECT_THAT(hook.reports(), ElementsAre(HasSubstr("destroyed on its own thread")));
}

TEST_P(BackgroundShutdown, DestroyedInACallbackOnItsOwnThreadItFinishesWhatWasAccepted) {
  const test::HookRecorder hook;
  test::Gate gate;
  const auto running = occupy(gate);
  const auto first = executor().submit([] {});
  first.add_done_callback([this](const auto&) { destroy_executor(); });
  const auto accepted = executor().submit([] { return 1; });
  gate.open();
  EXPECT_EQ(accepted.result(), 1);
  while (hook.reports().empty()) std::this_thread::yield();  // another worker may have run it meanwhile
  EXPECT_THAT(hook.reports(), ElementsAre(HasSubstr("destroyed on its own thread")));
}

TEST_P(BackgroundShutdown, TaskMayShutItsOwnExecutorDownWithoutWaiting) {
  const auto future = executor().submit([&] {
    executor().shutdown({.wait = false});
    EXPECT_THROW(executor().submit([] {}), BrokenExecutor);
  });
  future.result();
}

TEST_P(BackgroundShutdown, TaskThatRunsCannotSubmitAfterIt) {
  test::Gate gate;
  const auto future = executor().submit([&, pass = gate.pass()] {
    pass.wait();
    EXPECT_THROW(executor().submit([] {}), BrokenExecutor);
  });
  gate.wait_for_arrivals();
  executor().shutdown({.wait = false});
  gate.open();
  future.result();
}

TEST_P(InProcessShutdown, SubmittersThatWaitForTheirResultsAreAllServed) {
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 200; ++j) sum += executor().submit([] { return 1; }).result();
      });
    }
  }
  EXPECT_EQ(sum, 800);
}

OVERLAP_CONFORMANCE(InProcessShutdown, test::kInline, test::kThreadPool, test::kEventLoop);
OVERLAP_CONFORMANCE(BackgroundShutdown, test::kThreadPool, test::kEventLoop);

}  // namespace
}  // namespace overlap
