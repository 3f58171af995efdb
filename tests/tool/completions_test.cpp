#include "get/completions.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include <overlap/executors/inline_executor.hpp>
#include <overlap/executors/thread_pool_executor.hpp>

#include "support/gate.hpp"

namespace overlap::get {
namespace {

using std::chrono::hours;

bool is_readable(const Completions& completions) {
  pollfd watched{completions.descriptor(), POLLIN, 0};
  return poll(&watched, 1, 0) == 1;
}

void end_one(Completions& completions, std::uint64_t id) {
  InlineExecutor executor;
  completions.watch(id, executor.submit([id] { return id; }));
}

TEST(Completions, TheDescriptorIsReadableWhileThereIsSomethingToTake) {
  Completions completions;
  EXPECT_FALSE(is_readable(completions));
  end_one(completions, 1);
  end_one(completions, 2);
  EXPECT_TRUE(is_readable(completions));
  EXPECT_EQ(completions.take().size(), 2U);
  EXPECT_FALSE(is_readable(completions));
  end_one(completions, 3);
  EXPECT_TRUE(is_readable(completions));
}

TEST(Completions, LingeringEndsAtOnceWhenEnoughHaveEnded) {
  Completions completions;
  end_one(completions, 1);
  completions.linger(1, Clock::now() + hours(1));
  EXPECT_EQ(completions.take().size(), 1U);
}

TEST(Completions, LingeringEndsInTimeWithFewer) {
  Completions completions;
  end_one(completions, 1);
  completions.linger(5, Clock::now());
  EXPECT_EQ(completions.take().size(), 1U);
  end_one(completions, 2);  // one is enough again
  EXPECT_TRUE(is_readable(completions));
}

TEST(Completions, LingeringWaitsForThoseThatAreStillToCome) {
  ThreadPoolExecutor pool({.max_workers = 1});
  test::Gate gate;
  Completions completions;
  end_one(completions, 1);
  completions.watch(2, pool.submit([pass = gate.pass()] { pass.wait(); }));
  std::thread opener([&gate] { gate.open(); });
  completions.linger(2, Clock::now() + hours(1));
  opener.join();
  EXPECT_EQ(completions.take().size(), 2U);
  pool.shutdown();
}

}  // namespace
}  // namespace overlap::get
