// Two or three threads at the same node at the same moment, thousands of times. What they must agree on is checked
// after each round; what they must not touch is for the sanitizers to see.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include <overlap/core/executor.hpp>
#include <overlap/core/wait.hpp>

#include "core/race.hpp"
#include "support/sanitizers.hpp"

namespace overlap {
namespace {

using detail::Continuation;
using detail::RunMode;
using detail::TaskNode;
using detail::TaskPtr;
using test::race;
using namespace std::chrono_literals;

constexpr int kRounds = test::repetitions(5'000);

/// A task in the hands of two parties: the one that runs it and the one that has its future.
template <class F>
struct Task {
  explicit Task(F function) {
    using Node = detail::CallNode<F>;
    auto made = detail::NodePtr<Node>::adopt(new Node(std::in_place, std::move(function)));
    future = detail::FutureAccess::make(
        detail::NodePtr<detail::ResultNode<typename Future<std::invoke_result_t<F>>::value_type>>::share(made.get()));
    node = TaskPtr::adopt(made.leak());
  }
  /// As an engine does.
  void run() {
    const TaskPtr mine = std::move(node);
    if (mine->try_start()) mine->run(RunMode::to_completion);
  }
  TaskPtr node;
  Future<std::invoke_result_t<F>> future;
};

TEST(TaskNodeRace, ExactlyOneOfStartAndCancelWins) {
  std::atomic<int> runs{0};
  const auto counted = std::make_shared<int>(0);
  const auto function = [&runs, counted] { return ++runs; };
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  bool cancelled = false;
  race(
      kRounds,
      [&] {
        runs = 0;
        task.emplace(function);
      },
      {[&] { task->run(); }, [&] { cancelled = task->future.cancel(); }},
      [&] {
        ASSERT_TRUE(task->future.done());
        ASSERT_EQ(cancelled, task->future.cancelled());
        ASSERT_EQ(runs.load(), cancelled ? 0 : 1);
        ASSERT_EQ(counted.use_count(), 2);  // the call of the task is gone, once
      });
}

TEST(TaskNodeRace, EveryCancellerOfACancelledTaskIsToldSo) {
  const auto function = [] {};
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  std::atomic<int> told{0};
  const auto cancel = [&] { told += task->future.cancel() ? 1 : 0; };
  race(
      kRounds,
      [&] {
        told = 0;
        task.emplace(function);
      },
      {cancel, cancel, [&] { task->node->try_fail(std::make_exception_ptr(BrokenExecutor("x"))); }},
      [&] { ASSERT_EQ(told.load(), task->future.cancelled() ? 2 : 0); });
}

TEST(TaskNodeRace, CallbackAddedAtTheEndRunsOnce) {
  const auto function = [] { return 5; };
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  std::atomic<int> calls{0};
  const auto add = [&] {
    for (int i = 0; i < 3; ++i) {
      task->future.add_done_callback([&](const Future<int>& future) {
        EXPECT_EQ(future.result(), 5);
        ++calls;
      });
    }
  };
  race(
      kRounds,
      [&] {
        calls = 0;
        task.emplace(function);
      },
      {[&] { task->run(); }, add}, [&] { ASSERT_EQ(calls.load(), 3); });
}

TEST(TaskNodeRace, ContinuationIsFiredOrRemovedButNotBoth) {
  struct Flag final : Continuation {
    Flag() : Continuation(Kind::waiter) {}
    void fire(TaskNode&) noexcept override { fired = true; }
    std::atomic<bool> fired = false;
  };
  const auto function = [] {};
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  std::vector<std::unique_ptr<Flag>> flags;
  std::vector<bool> removed;
  race(
      kRounds,
      [&] {
        task.emplace(function);
        flags.clear();
        removed.assign(4, false);
        for (int i = 0; i < 4; ++i) {
          flags.push_back(std::make_unique<Flag>());
          ASSERT_TRUE(detail::FutureAccess::node(task->future).add(*flags.back()));
        }
      },
      {[&] { task->run(); },
       [&] {
         for (const std::size_t i : {2U, 0U, 3U, 1U}) {
           removed[i] = detail::FutureAccess::node(task->future).remove(*flags[i]);
         }
       }},
      [&] {
        for (std::size_t i = 0; i < flags.size(); ++i) ASSERT_NE(flags[i]->fired.load(), removed[i]);
      });
}

TEST(TaskNodeRace, WaiterMayDropTheLastHandleAtOnce) {
  const auto function = [] { return std::make_unique<int>(3); };
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  race(
      kRounds, [&] { task.emplace(function); },
      {[&] { task->run(); },
       [&] {
         EXPECT_EQ(*task->future.result(), 3);
         task->future = {};
       }},
      [] {});
}

TEST(TaskNodeRace, CallbackMayHoldTheLastHandle) {
  const auto function = [] { return std::make_unique<int>(3); };
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  std::atomic<int> sum{0};
  race(
      kRounds,
      [&] {
        sum = 0;
        task.emplace(function);
      },
      {[&] { task->run(); },
       [&] {
         auto mine = std::exchange(task->future, {});
         mine.add_done_callback([&, mine](const auto& done) { sum += *done.result() + *mine.result(); });
       }},
      [&] { ASSERT_EQ(sum.load(), 6); });
}

TEST(TaskNodeRace, WaitThatRunsOutMissesNothingAndHoldsNothing) {
  const auto function = [] { return 1; };
  std::optional<Task<std::remove_const_t<decltype(function)>>> task;
  int got = 0;
  const auto wait = [&] {
    try {
      got = task->future.result(10us);
    } catch (const TimeoutError&) {
      got = 0;
    }
  };
  race(
      kRounds, [&] { task.emplace(function); }, {[&] { task->run(); }, wait},
      [&] {
        ASSERT_EQ(task->future.result(0s), 1);
        ASSERT_TRUE(got == 0 || got == 1);
      });
}

TEST(TaskNodeRace, WaiterOfManyMayLeaveWhileTheyFinish) {
  const auto function = [] { return 1; };
  using Made = Task<std::remove_const_t<decltype(function)>>;
  std::vector<Made> tasks;
  const auto leave_early = [&] {
    std::vector<Future<int>> futures;
    for (const Made& task : tasks) futures.push_back(task.future);
    int seen = 0;
    try {
      for (auto future : as_completed(futures, Duration(20us))) {
        seen += future.result();
        if (seen == 3) break;
      }
    } catch (const TimeoutError&) {
    }
    EXPECT_LE(seen, 3);
  };
  race(
      kRounds,
      [&] {
        tasks.clear();
        for (int i = 0; i < 4; ++i) tasks.emplace_back(function);
      },
      {[&] {
         for (const std::size_t i : {0U, 1U}) tasks[i].run();
       },
       [&] {
         for (const std::size_t i : {3U, 2U}) tasks[i].run();
       },
       leave_early},
      [&] {
        for (const Made& task : tasks) ASSERT_TRUE(task.future.done());
      });
}

TEST(TaskNodeRace, EveryWaiterOfManyFuturesSeesEachOnce) {
  const auto function = [] { return 1; };
  using Made = Task<std::remove_const_t<decltype(function)>>;
  std::vector<Made> tasks;
  const auto collect = [&] {
    std::vector<Future<int>> futures;
    for (const Made& task : tasks) futures.push_back(task.future);
    futures.push_back(futures.front());
    int seen = 0;
    for (auto future : as_completed(futures)) seen += future.result();
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(wait(futures).done.size(), 3U);
  };
  race(
      kRounds,
      [&] {
        tasks.clear();
        for (int i = 0; i < 3; ++i) tasks.emplace_back(function);
      },
      {[&] {
         for (Made& task : tasks) task.run();
       },
       collect, collect},
      [] {});
}

TEST(TaskNodeRace, StopMayBeAskedForAtTheEnd) {
  std::optional<Future<int>> future;
  TaskPtr node;
  race(
      kRounds,
      [&] {
        const auto function = [](std::stop_token token) {
          if (token.stop_requested()) throw CancelledError();
          return 1;
        };
        using Node = detail::CallNode<std::remove_const_t<decltype(function)>>;
        auto made = detail::NodePtr<Node>::adopt(new Node(std::in_place, function));
        future = detail::FutureAccess::make(detail::NodePtr<detail::ResultNode<int>>::share(made.get()));
        node = TaskPtr::adopt(made.leak());
        ASSERT_TRUE(node->try_start());
      },
      {[&] { std::exchange(node, {})->run(RunMode::to_completion); }, [&] { future->request_stop(); },
       [&] { future->request_stop(); }},
      [&] {
        ASSERT_TRUE(future->done());
        ASSERT_TRUE(future->cancelled() || future->result() == 1);
      });
}

}  // namespace
}  // namespace overlap
