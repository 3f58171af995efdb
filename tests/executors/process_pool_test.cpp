#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <numeric>
#include <ranges>
#include <set>
#include <stdexcept>

#include <overlap/core/wait.hpp>
#include <overlap/executors/process_pool_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/hook_recorder.hpp"
#include "support/process_tools.hpp"

namespace overlap {
namespace {

using test::own_pid;
using test::ProcessGate;
using test::wait_at_gate;

int add(int a, int b) { return a + b; }

TEST(ProcessPool, SumsAcrossProcesses) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<Future<int>> futures;
  for (int i = 0; i < 100; ++i) futures.push_back(pool.submit(&add, i, 1));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), i + 1);
}

TEST(ProcessPool, TasksRunInProcessesOfTheirOwn) {
  ProcessPoolExecutor pool({.max_workers = 3});
  const std::vector<pid_t> pids = test::warm_up(pool, 3);
  EXPECT_EQ(std::set<pid_t>(pids.begin(), pids.end()).size(), 3u);
  EXPECT_EQ(std::ranges::count(pids, ::getpid()), 0);
}

TEST(ProcessPool, OneWorkerServesSubmitsInARow) {
  ProcessPoolExecutor pool({.max_workers = 4});
  const pid_t first = pool.submit(&own_pid).result();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(pool.submit(&own_pid).result(), first);
  EXPECT_EQ(pool.worker_pids(), std::vector<pid_t>{first});
}

TEST(ProcessPool, CaptureLessLambdasAndVoidCross) {
  ProcessPoolExecutor pool({.max_workers = 1});
  EXPECT_EQ(pool.submit([](const std::string& text,
                           std::vector<int> numbers) { return text + std::to_string(numbers.at(1)); },
                        std::string("number "), std::vector<int>{1, 2})
                .result(),
            "number 2");
  pool.submit([] {}).result();
}

TEST(ProcessPool, StopTokenIsThereAndSilent) {
  ProcessPoolExecutor pool({.max_workers = 1});
  EXPECT_EQ(pool.submit([](std::stop_token stop, int n) { return stop.stop_requested() ? -1 : n; }, 7).result(), 7);
}

TEST(ProcessPool, MapGivesResultsInOrder) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<int> inputs(1000);
  std::iota(inputs.begin(), inputs.end(), 0);
  int expected = 0;
  for (const int result : pool.map(&add, inputs, inputs)) EXPECT_EQ(result, 2 * expected++);
  EXPECT_EQ(expected, 1000);
}

TEST(ProcessPool, MapElementThatFailsSpoilsOnlyItself) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const std::vector<int> inputs = {0, 1, 2, 3};
  auto results = pool.map(
      {.chunk = 4},
      [](int n) {
        if (n == 2) throw std::out_of_range("two");
        return n;
      },
      inputs);
  auto it = results.begin();
  EXPECT_EQ(*it, 0);
  EXPECT_EQ(*++it, 1);
  ++it;
  EXPECT_THROW(*it, std::out_of_range);
  EXPECT_EQ(*++it, 3);
}

/// Cannot be written when its number is odd, and then has written half of itself.
struct Odd {
  int number = 0;
  template <class Archive>
  void save(Archive& out) const {
    out(number, bulk());
    if (number % 2 != 0) throw std::domain_error("odd: " + std::to_string(number));
    out(number);
  }
  template <class Archive>
  void load(Archive& in) {
    std::vector<double> received;
    int again = 0;
    in(number, received, again);
    if (again != number || received != bulk()) throw std::logic_error("not what was sent");
  }
  std::vector<double> bulk() const {  // goes through a file of shared memory
    return std::vector<double>(100'000 + static_cast<std::size_t>(number), number);
  }
};

Odd make_odd(int number) { return {.number = number}; }
int number_of(const Odd& odd) { return odd.number; }

std::vector<std::string> read_all(auto results, auto number) {
  std::vector<std::string> read;
  for (auto it = results.begin(); it != results.end(); ++it) {
    try {
      read.push_back(std::to_string(number(*it)));
    } catch (const std::domain_error& error) {
      read.push_back(error.what());
    }
  }
  return read;
}

TEST(ProcessPool, MapElementThatCannotCrossSpoilsOnlyItself) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const std::vector<std::string> expected = {"0", "odd: 1", "2", "odd: 3", "4"};
  EXPECT_EQ(read_all(pool.map({.chunk = 5}, &make_odd, std::views::iota(0, 5)), &number_of), expected);
  const auto inputs = std::views::iota(0, 5) | std::views::transform(&make_odd);
  EXPECT_EQ(read_all(pool.map({.chunk = 5}, &number_of, inputs), std::identity()), expected);
}

TEST(ProcessPool, FunctionPointersCanBeMappedInChunks) {
  ProcessPoolExecutor pool({.max_workers = 1});
  using Function = int (*)(int);
  const std::vector<Function> functions = {[](int n) { return n + 1; }, [](int n) { return n * 2; }};
  std::vector<int> results;
  const auto call = [](Function function, int n) { return function(n); };
  for (const int n : pool.map({.chunk = 2}, call, functions, std::vector{10, 20})) results.push_back(n);
  EXPECT_EQ(results, (std::vector{11, 40}));
}

TEST(ProcessPool, ChildThatATaskForksEndsWhereTheTaskDoes) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto fork_and_wait = [] {
    const pid_t child = ::fork();
    if (child == 0) return 0;  // out of the task, as its parent does
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 2;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.submit(fork_and_wait).result(), 1);
}

TEST(ProcessPool, ChunkFollowsTheSizeOfTheInput) {
  const ProcessPoolExecutor pool({.max_workers = 2});
  EXPECT_EQ(pool.concurrency(), 2u);
  EXPECT_EQ(pool.default_chunk(std::nullopt), 1u);
  EXPECT_EQ(pool.default_chunk(10), 1u);
  EXPECT_EQ(pool.default_chunk(6400), 100u);
  EXPECT_EQ(pool.default_chunk(std::size_t{1} << 40), 1024u);
}

TEST(ProcessPool, FuturesMixWithThoseOfThreads) {
  ProcessPoolExecutor processes({.max_workers = 1});
  ThreadPoolExecutor threads;
  const std::vector<Future<int>> futures = {processes.submit(&add, 1, 2), threads.submit(&add, 3, 4)};
  int sum = 0;
  for (const Future<int>& future : as_completed(futures)) sum += future.result();
  EXPECT_EQ(sum, 10);
}

TEST(ProcessPool, QueuedTaskIsPendingAndCancelled) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  auto queued = pool.submit(&own_pid);
  gate.wait_for_task();
  EXPECT_TRUE(running.running());
  EXPECT_FALSE(queued.running());
  EXPECT_TRUE(queued.cancel());
  EXPECT_TRUE(queued.done());
  EXPECT_FALSE(Future<pid_t>(running).cancel());
  gate.open();
  EXPECT_GT(running.result(), 0);
  EXPECT_THROW(queued.result(), CancelledError);
}

// Callbacks.

TEST(ProcessPoolCallbacks, MaySubmitAndShutDown) {
  ProcessPoolExecutor pool({.max_workers = 1});
  std::promise<int> second;
  pool.submit(&add, 1, 1).add_done_callback([&](const Future<int>& first) {
    pool.submit(&add, first.result(), 1).add_done_callback([&](const Future<int>& next) {
      pool.shutdown({.wait = false});
      second.set_value(next.result());
    });
  });
  EXPECT_EQ(second.get_future().get(), 3);
  EXPECT_THROW(pool.submit(&add, 1, 1), BrokenExecutor);
}

TEST(ProcessPoolCallbacks, ThatWaitsForItsOwnPoolIsRefused) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto blocked = pool.submit(&wait_at_gate, gate.path());
  const auto queued = pool.submit(&own_pid);
  gate.wait_for_task();
  auto other = pool.submit(&own_pid);
  std::promise<std::string> waits;
  std::promise<std::string> shuts_down;
  blocked.add_done_callback([&](const Future<pid_t>&) {
    try {
      other.result();
      waits.set_value("did not throw");
    } catch (const WouldDeadlock&) {
      waits.set_value("refused");
    }
    try {
      pool.shutdown();
      shuts_down.set_value("did not throw");
    } catch (const WouldDeadlock&) {
      shuts_down.set_value("refused");
    }
  });
  gate.open();
  EXPECT_EQ(waits.get_future().get(), "refused");
  EXPECT_EQ(shuts_down.get_future().get(), "refused");
  EXPECT_EQ(queued.result(), other.result());
}

// Shutdown.

TEST(ProcessPoolShutdown, SubmitAfterItThrowsAndItMayBeCalledAgain) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const auto future = pool.submit(&add, 1, 2);
  pool.shutdown();
  EXPECT_TRUE(future.done());
  EXPECT_EQ(future.result(), 3);
  EXPECT_THROW(pool.submit(&add, 1, 2), BrokenExecutor);
  pool.shutdown();
  pool.shutdown({.wait = false, .cancel_pending = true});
}

TEST(ProcessPoolShutdown, WithoutWaitReturnsWhileWorkGoesOn) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  const auto queued = pool.submit(&add, 20, 22);
  gate.wait_for_task();
  pool.shutdown({.wait = false});
  EXPECT_FALSE(running.done());
  gate.open();
  EXPECT_EQ(queued.result(), 42);
}

TEST(ProcessPoolShutdown, CancelsWhatHasNotStarted) {
  ProcessPoolExecutor pool({.max_workers = 1});
  ProcessGate gate;
  const auto running = pool.submit(&wait_at_gate, gate.path());
  std::vector<Future<int>> queued;
  for (int i = 0; i < 10; ++i) queued.push_back(pool.submit(&add, i, i));
  gate.wait_for_task();
  pool.shutdown({.wait = false, .cancel_pending = true});
  for (const auto& future : queued) EXPECT_TRUE(future.cancelled());
  gate.open();
  pool.shutdown();
  EXPECT_GT(running.result(), 0);
}

TEST(ProcessPoolShutdown, DestructorFinishesWhatWasAccepted) {
  std::vector<Future<int>> futures;
  {
    ProcessPoolExecutor pool({.max_workers = 2});
    for (int i = 0; i < 50; ++i) futures.push_back(pool.submit(&add, i, 0));
  }
  for (const auto& future : futures) EXPECT_TRUE(future.done());
  EXPECT_EQ(futures.back().result(), 49);
}

TEST(ProcessPoolShutdown, FromManyThreadsAtOnce) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<Future<int>> futures;
  for (int i = 0; i < 20; ++i) futures.push_back(pool.submit(&add, i, 0));
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { pool.shutdown(); });
  threads.clear();
  for (const auto& future : futures) EXPECT_TRUE(future.done());
}

TEST(ProcessPoolShutdown, ManyThreadsSubmitUntilIt) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::atomic<int> refused{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      try {
        for (int n = 0;; ++n) EXPECT_EQ(pool.submit(&add, n, 1).result(), n + 1);
      } catch (const BrokenExecutor&) {
        ++refused;
      }
    });
  }
  pool.submit(&add, 1, 1).result();
  pool.shutdown();
  threads.clear();
  EXPECT_EQ(refused, 4);
}

TEST(ProcessPoolShutdown, OfAnIdlePoolAndOfOneNeverUsed) {
  {
    ProcessPoolExecutor never_used;
  }
  ProcessPoolExecutor idle({.max_workers = 2});
  idle.submit(&add, 1, 1).result();
}

TEST(ProcessPoolShutdown, DestroyedInACallbackOfItsOwnItFinishesWhatWasAccepted) {
  const test::HookRecorder hook;
  auto pool = std::make_unique<ProcessPoolExecutor>(ProcessPoolExecutor::Options{.max_workers = 1});
  const auto first = pool->submit(&add, 1, 1);
  const auto accepted = pool->submit(&add, 2, 2);
  first.add_done_callback([&](const auto&) { pool.reset(); });
  EXPECT_EQ(accepted.result(), 4);
  if (hook.reports().empty()) pool.reset();  // the first was done before, and the callback ran on this thread
}

}  // namespace
}  // namespace overlap
