// Tasks on loops: built at -O0 and at -O2, since GCC 12 miscompiles some co_await expressions.
#include <gtest/gtest.h>

#include <boost/system/system_error.hpp>
#include <memory>
#include <numeric>
#include <overlap/async/gather.hpp>
#include <overlap/async/sleep.hpp>
#include <overlap/async/task.hpp>
#include <overlap/async/with_timeout.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>
#include <string>
#include <vector>

#include "support/gate.hpp"

namespace overlap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Task<std::string> name_of(int number) {
  co_return "a name that is too long to be kept in place: " + std::to_string(number);
}

Task<int> after(Duration delay, int value) {
  co_await sleep_for(delay);
  co_return value;
}

Task<int> fail_after(Duration delay) {
  co_await sleep_for(delay);
  throw std::invalid_argument("as told");
}

Task<int> add_up(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await add_up(depth - 1);
  co_return below + 1;
}

struct NoDefault {
  explicit NoDefault(int number) : value(number) {}
  int value;
};

TEST(Run, GivesTheResult) { EXPECT_EQ(run(after(milliseconds(1), 42)), 42); }

TEST(Run, RethrowsWhatTheTaskThrew) { EXPECT_THROW(run(fail_after(milliseconds(0))), std::invalid_argument); }

TEST(Run, ResultsNeedNoDefaultConstructor) {
  const auto make = []() -> Task<NoDefault> { co_return NoDefault(7); };
  EXPECT_EQ(run(make()).value, 7);
}

TEST(Run, MayBeCalledInsideATask) {
  const auto outer = []() -> Task<int> { co_return run(after(milliseconds(1), 5)); };
  EXPECT_EQ(run(outer()), 5);
}

TEST(Run, AChainOfAwaitsMayBeDeep) { EXPECT_EQ(run(add_up(10'000)), 10'000); }

TEST(Run, TasksThatAreLeftAreCancelledAndAwaited) {
  auto ended = std::make_shared<bool>(false);
  const auto leave_behind = [](std::shared_ptr<bool> flag) -> Task<void> {
    struct AtEnd {
      std::shared_ptr<bool> flag;
      ~AtEnd() { *flag = true; }
    };
    const auto sleeper = [](std::shared_ptr<bool> inner) -> Task<void> {
      AtEnd at_end{std::move(inner)};
      co_await sleep_for(hours(1));
    };
    const auto failing = []() -> Task<void> {
      co_await sleep_for(milliseconds(1));
      throw std::runtime_error("first");
    };
    try {
      co_await gather(sleeper(std::move(flag)), failing());
    } catch (const std::runtime_error&) {  // the sleeper goes on
    }
  };
  run(leave_behind(ended));
  EXPECT_TRUE(*ended);
}

TEST(SleepFor, LastsAtLeastThatLong) {
  const TimePoint begin = Clock::now();
  run(sleep_for(milliseconds(20)));
  EXPECT_GE(Clock::now() - begin, milliseconds(20));
}

TEST(SleepFor, ZeroAndNegativeComeBack) {
  run(sleep_for(Duration::zero()));
  run(sleep_for(Duration::min()));
}

TEST(SleepFor, TakesADurationOfAnyUnit) {
  const TimePoint begin = Clock::now();
  run(sleep_for(std::chrono::duration<double>(0.002)));
  EXPECT_GE(Clock::now() - begin, milliseconds(2));
}

TEST(SleepFor, TheLongestDurationOfAnyUnitDoesNotOverflow) {
  EXPECT_THROW(run(with_timeout(milliseconds(2), sleep_for(Duration::max()))), TimeoutError);
  EXPECT_THROW(run(with_timeout(milliseconds(2), sleep_for(hours::max()))), TimeoutError);
  EXPECT_THROW(run(with_timeout(milliseconds(2), sleep_for(std::chrono::duration<double>(1e300)))), TimeoutError);
}

TEST(Gather, GivesResultsInTheOrderOfTheArguments) {
  const auto all = []() -> Task<std::string> {
    auto [first, second, nothing] = co_await gather(after(milliseconds(10), 1), name_of(2), sleep_for(milliseconds(1)));
    (void)nothing;
    co_return std::to_string(first) + second;
  };
  EXPECT_EQ(run(all()), "1a name that is too long to be kept in place: 2");
}

TEST(Gather, OfAVectorWaitsForAllAtOnce) {
  const auto all = []() -> Task<int> {
    std::vector<Task<int>> tasks;
    for (int i = 0; i < 100; ++i) tasks.push_back(after(milliseconds(10), i));
    const std::vector<int> results = co_await gather(std::move(tasks));
    co_return std::accumulate(results.begin(), results.end(), 0);
  };
  EXPECT_EQ(run(all()), 4950);
}

TEST(Gather, OfNothingIsEmpty) {
  const auto none = []() -> Task<std::size_t> {
    const auto results = co_await gather(std::vector<Task<int>>{});
    co_return results.size();
  };
  EXPECT_EQ(run(none()), 0U);
}

TEST(Gather, ThrowsTheFirstError) {
  const auto all = []() -> Task<void> { co_await gather(after(hours(1), 1), fail_after(milliseconds(1))); };
  EXPECT_THROW(run(all()), std::invalid_argument);
}

TEST(Gather, ReturnsErrorsWhereAsked) {
  const auto all = []() -> Task<bool> {
    auto [value, error] = co_await gather(return_exceptions, after(milliseconds(1), 3), fail_after(milliseconds(1)));
    co_return value.has_value() && *value == 3 && !error.has_value();
  };
  EXPECT_TRUE(run(all()));
}

TEST(Gather, CancellingItCancelsTheChildren) {
  const auto all = []() -> Task<void> { co_await gather(after(hours(1), 1), after(hours(1), 2)); };
  const auto limited = [&all]() -> Task<void> { return with_timeout(milliseconds(5), all()); };
  EXPECT_THROW(run(limited()), TimeoutError);
}

TEST(WithTimeout, GivesAResultThatIsThereInTime) {
  EXPECT_EQ(run(with_timeout(hours(1), after(milliseconds(1), 9))), 9);
}

TEST(WithTimeout, ThrowsWhenTimeIsUp) {
  EXPECT_THROW(run(with_timeout(milliseconds(5), after(hours(1), 1))), TimeoutError);
}

TEST(WithTimeout, OfNoTimeThrowsAtOnce) {
  EXPECT_THROW(run(with_timeout(Duration::zero(), after(hours(1), 1))), TimeoutError);
}

TEST(WithTimeout, TakesADurationOfAnyUnitAndTheLongestDoesNotOverflow) {
  EXPECT_EQ(run(with_timeout(hours::max(), after(milliseconds(1), 9))), 9);
  EXPECT_EQ(run(with_timeout(Duration::max(), after(milliseconds(1), 9))), 9);
  EXPECT_THROW(run(with_timeout(std::chrono::duration<double>(0.002), after(hours(1), 1))), TimeoutError);
}

TEST(WithTimeout, AnErrorOfTheTaskIsThatError) {
  EXPECT_THROW(run(with_timeout(hours(1), fail_after(milliseconds(1)))), std::invalid_argument);
}

TEST(WithTimeout, OfTwoTheOneThatRanOutThrows) {
  const auto outer_runs_out = []() -> Task<std::string> {
    try {
      co_await with_timeout(milliseconds(5), with_timeout(hours(1), after(hours(2), 1)));
    } catch (const TimeoutError&) {
      co_return "outer";
    }
    co_return "none";
  };
  EXPECT_EQ(run(outer_runs_out()), "outer");
}

TEST(WithTimeout, AResultThatTheTaskGivesAllTheSameIsKept) {
  const auto stubborn = []() -> Task<int> {
    try {
      co_await sleep_for(hours(1));
    } catch (const boost::system::system_error&) {  // asked to end, and ends with a result
    }
    co_return 11;
  };
  EXPECT_EQ(run(with_timeout(milliseconds(5), stubborn())), 11);
}

class AwaitFuture : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Executor> make() const {
    if (GetParam() == "inline") return std::make_unique<InlineExecutor>();
    if (GetParam() == "threads")
      return std::make_unique<ThreadPoolExecutor>(ThreadPoolExecutor::Options{.max_workers = 1});
    return std::make_unique<EventLoopExecutor>();
  }
};

Task<std::string> await_name(Executor* executor) {
  auto future = executor->submit(name_of, 1);
  std::string first = co_await future;  // a named one is copied
  std::string second = co_await std::move(future);
  std::string third = co_await executor->submit(name_of, 3);
  co_return first == second ? third : "not the same";
}

TEST_P(AwaitFuture, OfItsOwnExecutorAlsoWhenThatIsFull) {
  const auto executor = make();
  EXPECT_EQ(executor->submit(await_name, executor.get()).result(), "a name that is too long to be kept in place: 3");
}

TEST_P(AwaitFuture, OfAnotherExecutor) {
  ThreadPoolExecutor other({.max_workers = 1});
  const auto executor = make();
  EXPECT_EQ(executor->submit(await_name, &other).result(), "a name that is too long to be kept in place: 3");
}

TEST_P(AwaitFuture, ThrowsWhatItsTaskThrew) {
  ThreadPoolExecutor other({.max_workers = 1});
  const auto executor = make();
  const auto await_failure = [](Executor* pool) -> Task<bool> {
    try {
      co_await pool->submit(fail_after, milliseconds(1));
    } catch (const std::invalid_argument&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(executor->submit(await_failure, &other).result());
}

TEST_P(AwaitFuture, TheTaskThatWaitsMayBeCancelledAndTheFutureGoesOn) {
  ThreadPoolExecutor other({.max_workers = 1});
  const auto executor = make();
  test::Gate gate;
  const auto give_when_open = [](test::Gate::Pass pass) {
    pass.wait();
    return 1;
  };
  auto future = other.submit(give_when_open, gate.pass());
  const auto wait_a_little = [](Future<int> awaited) -> Task<bool> {
    const auto wait_for_it = [](Future<int> inner) -> Task<int> { co_return co_await inner; };
    try {
      co_await with_timeout(milliseconds(1), wait_for_it(std::move(awaited)));
    } catch (const TimeoutError&) {
      co_return true;
    }
    co_return false;
  };
  EXPECT_TRUE(executor->submit(wait_a_little, future).result());
  gate.open();
  EXPECT_EQ(future.result(), 1);
}

TEST_P(AwaitFuture, ManyOnesFromAnotherThreadAllArrive) {
  ThreadPoolExecutor other({.max_workers = 2});
  const auto executor = make();
  const auto sum_of_many = [](Executor* pool) -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 500; ++i) sum += co_await pool->submit([](int value) { return value; }, i);
    co_return sum;
  };
  EXPECT_EQ(executor->submit(sum_of_many, &other).result(), 124'750);
}

INSTANTIATE_TEST_SUITE_P(Models, AwaitFuture, testing::Values("inline", "threads", "loop"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace overlap
