// Memory runs out at each allocation in turn of the thread that submits: submit() throws, or the future has a result.
// Nothing hangs, nothing is half submitted.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <ranges>
#include <string>
#include <vector>

#include <overlap/async/sleep.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

namespace {

constexpr long kNever = -1;
thread_local long allocations_left = kNever;

void* allocate(std::size_t size) {
  if (allocations_left != kNever && allocations_left-- == 0) throw std::bad_alloc();
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace overlap {
namespace {

/// Fails one allocation of this thread: that after `after` others.
class FailingNew {
 public:
  explicit FailingNew(long after) noexcept { allocations_left = after; }
  ~FailingNew() { allocations_left = kNever; }
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  bool has_failed() const noexcept { return allocations_left == kNever; }
};

/// Makes the first allocation of `attempt` fail, then the second, until no more is reached. Gives how many failed.
template <class Attempt>
int fail_each_allocation(Attempt attempt) {
  for (int n = 0;; ++n) {
    bool failed = false;
    try {
      FailingNew failing(n);
      attempt();
      failed = failing.has_failed();
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    if (!failed) return n;
  }
}

Task<int> add_later(int a, int b) {
  co_await sleep_for(Duration(1));
  co_return a + b;
}

class OutOfMemory : public testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Executor> make() {
    if (GetParam() == "inline") return std::make_unique<InlineExecutor>();
    if (GetParam() == "loop") return std::make_unique<EventLoopExecutor>();
    return std::make_unique<ThreadPoolExecutor>();
  }
};

int add(int a, int b) { return a + b; }

TEST_P(OutOfMemory, SubmitThrowsOrTheFutureIsDone) {
  const auto executor = make();
  EXPECT_EQ(executor->submit(&add, 1, 2).result(), 3);
  const int failures = fail_each_allocation([&] { EXPECT_EQ(executor->submit(&add, 3, 4).result(), 7); });
  EXPECT_GT(failures, 0);
  EXPECT_EQ(executor->submit(&add, 5, 6).result(), 11);
}

TEST_P(OutOfMemory, TaskIsSubmittedAndRunsOrIsNot) {
  const auto executor = make();
  EXPECT_EQ(executor->submit(&add_later, 1, 2).result(), 3);
  const int failures = fail_each_allocation([&] { EXPECT_EQ(executor->submit(&add_later, 3, 4).result(), 7); });
  EXPECT_GT(failures, 0);
  EXPECT_EQ(executor->submit(&add_later, 5, 6).result(), 11);
}

TEST_P(OutOfMemory, FirstSubmitOfAnExecutorMayFailAndTheNextWorks) {
  for (int n = 0; n < 40; ++n) {
    const auto executor = make();
    try {
      FailingNew failing(n);
      EXPECT_EQ(executor->submit(&add, 3, 4).result(), 7);
    } catch (const std::bad_alloc&) {
    } catch (const BrokenExecutor&) {  // its thread could not be made
      continue;
    }
    EXPECT_EQ(executor->submit(&add, 5, 6).result(), 11) << n;
  }
}

TEST_P(OutOfMemory, WaitAndAsCompletedThrowAndLeaveTheFuturesAlone) {
  const auto executor = make();
  std::vector<Future<int>> futures;
  for (int i = 0; i < 4; ++i) futures.push_back(executor->submit(&add, i, 1));
  fail_each_allocation([&] { EXPECT_EQ(wait(futures).done.size(), 4U); });
  fail_each_allocation([&] {
    int sum = 0;
    for (const auto& future : as_completed(futures)) sum += future.result();
    EXPECT_EQ(sum, 10);
  });
  for (int i = 0; i < 4; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].result(), i + 1);
}

TEST_P(OutOfMemory, MapThrowsAndLeavesTheExecutorUsable) {
  const auto executor = make();
  EXPECT_EQ(executor->submit(&add, 1, 2).result(), 3);
  const std::vector<int> ones(6, 1);
  fail_each_allocation([&] {
    int sum = 0;
    for (const int value : executor->map({.buffer = 3}, &add, std::views::iota(0, 6), std::views::all(ones))) {
      sum += value;
    }
    EXPECT_EQ(sum, 21);
  });
  EXPECT_EQ(executor->submit(&add, 5, 6).result(), 11);
}

INSTANTIATE_TEST_SUITE_P(Models, OutOfMemory, testing::Values("inline", "threads", "loop"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace overlap
