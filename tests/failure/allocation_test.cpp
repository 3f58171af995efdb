// Memory runs out at each allocation in turn of the thread that submits: submit() throws, or the future has a result.
// Nothing hangs, nothing is half submitted. The same for the other threads of a process pool, which serve all of its
// tasks: there the future has a result or an error.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <overlap/async/sleep.hpp>
#include <overlap/core/detail/node_memory.hpp>
#include <overlap/core/wait.hpp>
#include <overlap/executors/event_loop_executor.hpp>
#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/process_pool_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/process_tools.hpp"

namespace {

constexpr long kNever = -1;
thread_local long allocations_left = kNever;
thread_local bool is_spared = false;                   // from the next
std::atomic<long> allocations_left_elsewhere{kNever};  // of all threads that are not spared

bool runs_out() noexcept {
  if (allocations_left != kNever && allocations_left-- == 0) return true;
  if (is_spared || allocations_left_elsewhere.load() < 0) return false;
  return allocations_left_elsewhere.fetch_sub(1) == 0;
}

void* allocate(std::size_t size) {
  if (runs_out()) throw std::bad_alloc();
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

/// Takes all memory that this thread keeps for nodes, so that those of the attempt must be allocated.
class NothingKept {
 public:
  NothingKept() {
    for (std::size_t size = kStep; size <= kLargest; size += kStep) {
      for (int i = 0; i < kMost; ++i) pieces_.emplace_back(detail::NodeMemory::allocate(size), size);
    }
  }
  ~NothingKept() {
    for (const auto& [piece, size] : pieces_) detail::NodeMemory::release(piece, size);
  }
  NothingKept(const NothingKept&) = delete;
  NothingKept& operator=(const NothingKept&) = delete;

 private:
  static constexpr std::size_t kStep = 32;
  static constexpr std::size_t kLargest = 256;
  static constexpr int kMost = 64;
  std::vector<std::pair<void*, std::size_t>> pieces_;
};

/// Makes the first allocation of `attempt` fail, then the second, until no more is reached. Gives how many failed.
template <class Attempt>
int fail_each_allocation(Attempt attempt) {
  for (int n = 0;; ++n) {
    bool failed = false;
    try {
      const NothingKept nothing_kept;
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
    if (GetParam() == "processes") return std::make_unique<ProcessPoolExecutor>();
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
      const NothingKept nothing_kept;
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

INSTANTIATE_TEST_SUITE_P(Models, OutOfMemory, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& test) { return test.param; });

/// Fails one allocation of all threads but this one: that after `after` others.
class FailingNewElsewhere {
 public:
  explicit FailingNewElsewhere(long after) noexcept {
    is_spared = true;
    allocations_left_elsewhere = after;
  }
  ~FailingNewElsewhere() { allocations_left_elsewhere = kNever; }
  FailingNewElsewhere(const FailingNewElsewhere&) = delete;
  FailingNewElsewhere& operator=(const FailingNewElsewhere&) = delete;

  bool has_failed() const noexcept { return allocations_left_elsewhere < 0; }
};

/// As long as there are more allocations that can fail. A future that is never done hangs here.
template <class Attempt>
int fail_each_allocation_elsewhere(Attempt attempt) {
  for (int n = 0;; ++n) {
    FailingNewElsewhere failing(n);
    attempt();
    if (!failing.has_failed()) return n;
  }
}

std::vector<std::string> texts(std::vector<std::string> all) { return all; }

TEST(ProcessPoolOutOfMemory, InItsThreadsFailsATaskAndLosesNone) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const std::vector<std::string> given(3, std::string(100, 'x'));
  EXPECT_EQ(pool.submit(&texts, given).result(), given);
  const int failures = fail_each_allocation_elsewhere([&] {
    try {
      EXPECT_EQ(pool.submit(&texts, given).result(), given);
    } catch (const std::bad_alloc&) {
    }
  });
  EXPECT_GT(failures, 0);
  EXPECT_EQ(pool.submit(&texts, given).result(), given);
}

TEST(ProcessPoolOutOfMemory, WhileAWorkerDiesFailsItsTaskAndNoOther) {
  for (int n = 0;; ++n) {
    ProcessPoolExecutor pool({.max_workers = 2});
    test::warm_up(pool, 2);
    FailingNewElsewhere failing(n);
    const auto dying = pool.submit([] { std::_Exit(1); });
    const auto waiting = pool.submit(&add, 3, 4);
    EXPECT_ANY_THROW(dying.result());  // WorkerCrashed, or std::bad_alloc when that could not be made
    try {
      EXPECT_EQ(waiting.result(), 7);
      EXPECT_EQ(pool.submit(&add, 5, 6).result(), 11);
    } catch (const std::bad_alloc&) {  // for a result
    }
    if (!failing.has_failed()) break;
  }
}

}  // namespace
}  // namespace overlap
