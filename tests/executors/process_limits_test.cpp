// Initializers, workers that are replaced after a while, and tasks that run too long.
#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_tools.hpp"

namespace overlap {
namespace {

using test::own_pid;
using test::ProcessGate;
using test::wait_at_gate;

int initialized = 0;

std::string why_broken(const Future<pid_t>& future) {
  try {
    future.result();
    return "no error";
  } catch (const WorkerCrashed& error) {
    return std::string("crashed: ") + error.what();
  } catch (const BrokenExecutor& error) {
    return error.what();
  }
}

TEST(ProcessInitializer, RunsOnceAWorkerBeforeItsFirstTask) {
  ProcessPoolExecutor pool({.max_workers = 2, .initializer = [] { ++initialized; }});
  test::warm_up(pool, 2);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(pool.submit([] { return initialized; }).result(), 1);
  EXPECT_EQ(initialized, 0);
}

TEST(ProcessInitializer, ThatThrowsBreaksThePoolWithTheReason) {
  ProcessPoolExecutor pool({.max_workers = 2, .initializer = [] { throw std::runtime_error("no licence"); }});
  const auto future = pool.submit(&own_pid);
  EXPECT_NE(why_broken(future).find("no licence"), std::string::npos) << why_broken(future);
  EXPECT_THROW(pool.submit(&own_pid), BrokenExecutor);
}

TEST(ProcessInitializer, ThatDiesBreaksThePoolAfterAFewTries) {
  ProcessPoolExecutor pool({.max_workers = 1, .initializer = [] { std::_Exit(7); }});
  const auto future = pool.submit(&own_pid);
  EXPECT_NE(why_broken(future).find("exited with code 7"), std::string::npos) << why_broken(future);
}

TEST(ProcessRetirement, AfterOneTaskEachEvenWithABacklog) {
  ProcessPoolExecutor pool({.max_workers = 2, .max_tasks_per_child = 1});
  std::vector<Future<pid_t>> futures;
  for (int i = 0; i < 40; ++i) futures.push_back(pool.submit(&own_pid));
  std::set<pid_t> pids;
  for (const auto& future : futures) pids.insert(future.result());
  EXPECT_EQ(pids.size(), 40u);
}

TEST(ProcessRetirement, AfterSeveralTasksAndThroughShutdown) {
  std::vector<Future<pid_t>> futures;
  {
    ProcessPoolExecutor pool({.max_workers = 1, .max_tasks_per_child = 3});
    ProcessGate gate;
    futures.push_back(pool.submit(&wait_at_gate, gate.path()));
    for (int i = 1; i < 12; ++i) futures.push_back(pool.submit(&own_pid));
    gate.wait_for_task();
    pool.shutdown({.wait = false});
  }
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(futures[i].result(), futures[i - i % 3].result()) << i;
  EXPECT_NE(futures[0].result(), futures[3].result());
}

TEST(ProcessRetirement, OfAWorkerThatHasGrown) {
  ProcessPoolExecutor pool({.max_workers = 1, .max_memory_per_child = std::size_t{512} << 20});
  const pid_t first = pool.submit(&own_pid).result();
  EXPECT_EQ(pool.submit(&own_pid).result(), first);
  const auto grow = [] {
    constexpr std::size_t kSize = std::size_t{600} << 20;
    static void* const kept = std::malloc(kSize);
    std::memset(kept, 1, kSize);
    return ::getpid();
  };
  EXPECT_EQ(pool.submit(grow).result(), first);
  const pid_t second = pool.submit(&own_pid).result();
  EXPECT_NE(second, first);
  EXPECT_EQ(pool.submit(&own_pid).result(), second);
}

int run_for_ever() {
  while (true) ::pause();
}

std::string why_timed_out(const Future<int>& future) {
  try {
    future.result();
    return "no error";
  } catch (const TaskTimedOut& error) {
    return error.what();
  }
}

TEST(ProcessTimeout, EndsTheTaskAndItsWorkerAndNobodyElse) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const pid_t first = pool.submit(&own_pid).result();
  const auto late = pool.submit({.timeout = std::chrono::milliseconds(20)}, &run_for_ever);
  const auto waiting = pool.submit(&own_pid);
  const std::string why = why_timed_out(late);
  EXPECT_NE(why.find("task 2 ran longer than 0.02 s"), std::string::npos) << why;
  EXPECT_NE(why.find(std::to_string(first)), std::string::npos) << why;
  EXPECT_NE(waiting.result(), first);
}

TEST(ProcessTimeout, OfThePoolHoldsForEveryTaskAndThatOfATaskGoesBefore) {
  ProcessPoolExecutor pool({.max_workers = 2, .task_timeout = std::chrono::milliseconds(20)});
  ProcessGate gate;
  const auto slow = pool.submit({.timeout = std::chrono::hours(1)}, &wait_at_gate, gate.path());
  const auto late = pool.submit(&run_for_ever);
  EXPECT_NE(why_timed_out(late), "no error");
  EXPECT_FALSE(slow.done());
  gate.wait_for_task();
  gate.open();
  EXPECT_GT(slow.result(), 0);
  EXPECT_GT(pool.submit(&own_pid).result(), 0);
}

TEST(ProcessTimeout, OfTheLongestDurationNeverRunsOut) {
  ProcessPoolExecutor pool({.max_workers = 1, .task_timeout = std::chrono::hours::max()});
  EXPECT_GT(pool.submit(&own_pid).result(), 0);
  EXPECT_GT(pool.submit({.timeout = std::chrono::minutes::max()}, &own_pid).result(), 0);
  EXPECT_GT(pool.submit({.timeout = std::chrono::duration<double>(1e300)}, &own_pid).result(), 0);
}

TEST(ProcessTimeout, IsNotThatOfAWaitWhichChangesNothing) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto held = pool.submit({.timeout = std::chrono::hours(1)}, &wait_at_gate, gate.path());
  gate.wait_for_task();
  EXPECT_THROW(held.result(std::chrono::milliseconds(1)), TimeoutError);
  EXPECT_TRUE(held.running());
  gate.open();
  EXPECT_GT(held.result(), 0);
}

TEST(ProcessTimeout, CountsFromTheStartOfTheTaskNotFromSubmit) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto held = pool.submit(&wait_at_gate, gate.path());
  const auto waiting = pool.submit({.timeout = std::chrono::seconds(20)}, &own_pid);
  const auto late = pool.submit({.timeout = std::chrono::nanoseconds(1)}, &run_for_ever);
  gate.wait_for_task();
  gate.open();
  EXPECT_GT(held.result(), 0);
  EXPECT_GT(waiting.result(), 0);
  EXPECT_NE(why_timed_out(late), "no error");
}

TEST(ProcessTimeout, IsNotRetriedAndBreaksNoPool) {
  using OnCrash = ProcessPoolExecutor::OnCrash;
  for (const OnCrash on_crash : {OnCrash::retry(3), OnCrash::break_pool()}) {
    ProcessPoolExecutor pool({.max_workers = 1, .on_crash = on_crash});
    const auto late = pool.submit({.timeout = std::chrono::milliseconds(5)}, &run_for_ever);
    EXPECT_NE(why_timed_out(late), "no error");
    EXPECT_FALSE(pool.terminate(late));
    EXPECT_GT(pool.submit(&own_pid).result(), 0);
  }
}

}  // namespace
}  // namespace overlap
