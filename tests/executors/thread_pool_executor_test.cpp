// What is particular to the thread pool: its threads, its initializer, its bounded queue. Waiting inside tasks is in
// thread_pool_waiting_test.cpp, the end of the program in thread_pool_exit_test.cpp.

#include <overlap/executors/thread_pool_executor.hpp>

#include <pthread.h>
#include <sched.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <overlap/core/wait.hpp>

#include "support/gate.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string thread_name() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

std::vector<Future<void>> occupy(ThreadPoolExecutor& pool, test::Gate& gate, std::size_t workers) {
  std::vector<Future<void>> futures;
  for (std::size_t i = 0; i < workers; ++i) futures.push_back(pool.submit([pass = gate.pass()] { pass.wait(); }));
  gate.wait_for_arrivals(workers);
  return futures;
}

TEST(ThreadPoolExecutor, SubmitAndResultInARowUseOneThread) {
  ThreadPoolExecutor pool({.max_workers = 4});
  std::set<std::thread::id> threads;
  for (int i = 0; i < 1000; ++i) threads.insert(pool.submit([] { return std::this_thread::get_id(); }).result());
  EXPECT_EQ(threads.size(), 1U);
}

TEST(ThreadPoolExecutor, WaitingInOtherWaysUsesOneThreadToo) {
  ThreadPoolExecutor pool({.max_workers = 4});
  std::set<std::thread::id> threads;
  for (int i = 0; i < 300; ++i) {
    const std::vector futures{pool.submit([] { return std::this_thread::get_id(); })};
    if (i % 2 == 0) {
      wait(futures);
    } else {
      for (const auto& future : as_completed(futures)) EXPECT_TRUE(future.done());
    }
    threads.insert(futures[0].result());
  }
  EXPECT_EQ(threads.size(), 1U);
}

TEST(ThreadPoolExecutor, ThreadsStartUpToTheMaximumAsTheyAreNeeded) {
  ThreadPoolExecutor pool({.max_workers = 3});
  std::set<std::string> names;
  std::mutex mutex;
  test::Gate gate;
  std::vector<Future<void>> futures;
  for (int i = 0; i < 10; ++i) {
    futures.push_back(pool.submit([&, pass = gate.pass()] {
      {
        const std::lock_guard lock(mutex);
        names.insert(thread_name());
      }
      pass.wait();
    }));
    if (i < 3) {
      gate.wait_for_arrivals(static_cast<std::size_t>(i) + 1);
      const std::lock_guard lock(mutex);
      EXPECT_EQ(names.size(), static_cast<std::size_t>(i) + 1);
    }
  }
  gate.open();
  wait(futures);
  EXPECT_THAT(names, ElementsAre("pool_0", "pool_1", "pool_2"));
}

TEST(ThreadPoolExecutor, LongNamesAreCutBeforeTheNumber) {
  ThreadPoolExecutor pool({.max_workers = 1, .name = "a very long name indeed"});
  EXPECT_EQ(pool.submit(thread_name).result(), "a very long_0");
}

TEST(ThreadPoolExecutor, TasksStartInTheOrderOfSubmission) {
  ThreadPoolExecutor pool({.max_workers = 1});
  test::Gate gate;
  const auto running = occupy(pool, gate, 1);
  std::vector<int> started;
  for (int i = 0; i < 100; ++i) pool.submit([&started, i] { started.push_back(i); });
  gate.open();
  pool.shutdown();
  ASSERT_EQ(started.size(), 100U);
  EXPECT_TRUE(std::is_sorted(started.begin(), started.end()));
}

TEST(ThreadPoolExecutor, InitializerRunsOnceAWorkerBeforeItsFirstTask) {
  static thread_local int initialized = 0;
  std::atomic<int> runs{0};
  ThreadPoolExecutor pool({.max_workers = 2, .initializer = [&runs] {
                             ++runs;
                             ++initialized;
                           }});
  EXPECT_EQ(runs, 0);
  test::Gate gate;
  occupy(pool, gate, 2);
  gate.open();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pool.submit([] { return initialized; }).result(), 1);
  EXPECT_EQ(runs, 2);
}

TEST(ThreadPoolExecutor, InitializerThatThrowsFailsWhatIsQueuedAndLaterSubmits) {
  test::Gate gate;
  ThreadPoolExecutor pool({.max_workers = 1, .name = "frail", .initializer = [pass = gate.pass()] {
                             pass.wait();
                             throw std::runtime_error("no licence");
                           }});
  std::vector<Future<void>> futures;
  std::atomic<int> callbacks{0};
  for (int i = 0; i < 10; ++i) {
    futures.push_back(pool.submit([] { ADD_FAILURE() << "ran"; }));
    futures.back().add_done_callback([&](const Future<void>&) { ++callbacks; });
  }
  gate.open();
  for (const auto& future : futures) EXPECT_THROW(future.result(), BrokenThreadPool);
  try {
    pool.submit([] {});
    FAIL() << "was accepted";
  } catch (const BrokenThreadPool& error) {
    EXPECT_THAT(error.what(), HasSubstr("frail"));
    EXPECT_THAT(error.what(), HasSubstr("no licence"));
  }
  pool.shutdown();
  EXPECT_EQ(callbacks, 10);
}

TEST(ThreadPoolExecutor, InitializerOfALaterWorkerThatThrowsLetsTheOthersFinish) {
  std::atomic<int> workers{0};
  ThreadPoolExecutor pool({.max_workers = 2, .initializer = [&workers] {
                             if (++workers == 2) throw std::runtime_error("one is enough");
                           }});
  test::Gate gate;
  const auto first = occupy(pool, gate, 1);
  const auto second = pool.submit([] {});
  EXPECT_THROW(second.result(), BrokenThreadPool);
  gate.open();
  EXPECT_EQ(first[0].exception(), nullptr);
  EXPECT_THROW(pool.submit([] {}), BrokenThreadPool);
}

TEST(ThreadPoolExecutor, BoundedQueueBlocksAnOutsiderUntilThereIsRoom) {
  ThreadPoolExecutor pool({.max_workers = 1, .max_queued = 2});
  test::Gate gate;
  const auto running = occupy(pool, gate, 1);
  for (int i = 0; i < 2; ++i) pool.submit([] {});
  std::atomic<int> accepted{0};
  std::vector<std::jthread> submitters;
  for (int i = 0; i < 3; ++i) {
    submitters.emplace_back([&] {
      for (int j = 0; j < 5; ++j) {
        pool.submit([] {});
        ++accepted;
      }
    });
  }
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_EQ(accepted, 0);
  gate.open();
  submitters.clear();
  EXPECT_EQ(accepted, 15);
}

TEST(ThreadPoolExecutor, BoundedQueueHoldsAllThatWaits) {
  ThreadPoolExecutor pool({.max_workers = 1, .max_queued = 4});
  std::atomic<int> started{0};
  int most = 0;
  for (int accepted = 1; accepted <= 20'000; ++accepted) {
    pool.submit([&started] { ++started; });
    most = std::max(most, accepted - started);
  }
  EXPECT_LE(most, 4 + 1);  // the worker may have one in its hands that has not begun
}

TEST(ThreadPoolExecutor, BoundedQueueNeverBlocksItsOwnWorkers) {
  ThreadPoolExecutor pool({.max_workers = 2, .max_queued = 1});
  std::atomic<int> runs{0};
  std::vector<Future<void>> futures;
  for (int i = 0; i < 4; ++i) {
    futures.push_back(pool.submit([&] {
      std::vector<Future<void>> inner;
      for (int j = 0; j < 20; ++j) inner.push_back(pool.submit([&] { ++runs; }));
      wait(inner);
    }));
  }
  wait(futures);
  EXPECT_EQ(runs, 80);
}

TEST(ThreadPoolExecutor, ShutdownReleasesABlockedSubmitter) {
  ThreadPoolExecutor pool({.max_workers = 1, .max_queued = 1});
  test::Gate gate;
  const auto running = occupy(pool, gate, 1);
  pool.submit([] {});
  std::jthread submitter([&] { EXPECT_THROW(pool.submit([] {}), BrokenExecutor); });
  for (int i = 0; i < 100; ++i) std::this_thread::yield();
  pool.shutdown({.wait = false});
}

TEST(ThreadPoolExecutor, CancelledTasksTakeNoPlaceInABoundedQueue) {
  ThreadPoolExecutor pool({.max_workers = 1, .max_queued = 3});
  test::Gate gate;
  const auto running = occupy(pool, gate, 1);
  for (int round = 0; round < 5; ++round) {
    std::vector<Future<void>> futures;
    for (int i = 0; i < 3; ++i) futures.push_back(pool.submit([] {}));  // would block for ever
    for (auto& future : futures) EXPECT_TRUE(future.cancel());
  }
}

/// Counts its live copies.
struct Counted {
  explicit Counted(std::atomic<int>& counter) : live(&counter) { ++*live; }
  Counted(const Counted& other) : live(other.live) { ++*live; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*live; }
  std::atomic<int>* live;
};

TEST(ThreadPoolExecutor, QueueDoesNotFillWithTasksThatWereRunByWaitersOrCancelled) {
  ThreadPoolExecutor pool({.max_workers = 1});
  std::atomic<int> live{0};
  const auto most = pool.submit([&] {
    int highest = 0;
    for (int i = 0; i < 10'000; ++i) {
      pool.submit([&] { return Counted(live); }).result();
      highest = std::max(highest, live.load());
    }
    return highest;
  });
  EXPECT_LE(most.result(), 1000);
}

TEST(ThreadPoolExecutor, TaskThatEndsItsThreadFailsAndTheWorkerIsReplaced) {
  ThreadPoolExecutor pool({.max_workers = 1});
  for (int i = 0; i < 3; ++i) {
    const auto future = pool.submit([] { pthread_exit(nullptr); });
    EXPECT_NE(future.exception(), nullptr);
    EXPECT_EQ(pool.submit([] { return 1; }).result(), 1);
  }
}

TEST(ThreadPoolExecutor, ChunkThatEndsItsThreadFailsAndTheWorkerIsReplaced) {
  ThreadPoolExecutor pool({.max_workers = 1});
  const auto end_at_two = [](int n) {
    if (n == 2) pthread_exit(nullptr);
    return n;
  };
  int failed = 0;
  auto results = pool.map({.chunk = 2}, end_at_two, std::vector{1, 2, 3, 4});
  for (auto it = results.begin(); it != results.end(); ++it) {
    try {
      EXPECT_GT(*it, 2);
    } catch (const BrokenExecutor&) {
      ++failed;
    }
  }
  EXPECT_EQ(failed, 2);
}

TEST(ThreadPoolExecutor, CallbackThatBlocksLeavesTheOtherWorkersToTheirWork) {
  ThreadPoolExecutor pool({.max_workers = 2});
  test::Gate task_gate;
  test::Gate callback_gate;
  const auto future = pool.submit([pass = task_gate.pass()] { pass.wait(); });
  future.add_done_callback([pass = callback_gate.pass()](const Future<void>&) { pass.wait(); });
  task_gate.open();
  future.result();
  EXPECT_EQ(pool.submit([] { return 1; }).result(), 1);
}

TEST(ThreadPoolExecutor, TaskIsNotLeftWaitingForACallbackThatBlocks) {
  // Between the result and the callback the worker looks free: what is given to it then must go to another.
  for (int round = 0; round < 200; ++round) {
    test::Gate callback_gate;
    ThreadPoolExecutor pool({.max_workers = 2});
    const test::Gate::Pass pass = callback_gate.pass();
    const auto future = pool.submit([] {});
    std::jthread blocker([&] { future.add_done_callback([pass](const Future<void>&) { pass.wait(); }); });
    future.result();
    EXPECT_EQ(pool.submit([] { return 1; }).result(), 1);
    callback_gate.open();
  }
}

TEST(ThreadPoolExecutor, ConcurrencyIsTheNumberOfWorkers) {
  EXPECT_EQ(ThreadPoolExecutor({.max_workers = 3}).concurrency(), 3U);
  EXPECT_EQ(ThreadPoolExecutor().concurrency(), available_cpus());
}

TEST(AvailableCpus, FollowsTheAffinityOfTheThread) {
  EXPECT_GE(available_cpus(), 1U);
  std::jthread([] {
    cpu_set_t mine;
    ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
    int first = 0;
    while (!CPU_ISSET(first, &mine)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(available_cpus(), 1U);
    EXPECT_EQ(ThreadPoolExecutor().concurrency(), 1U);
  });
}

}  // namespace
}  // namespace overlap
