// Initializers, and workers that are replaced after a while.
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

}  // namespace
}  // namespace overlap
