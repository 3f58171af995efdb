// Large arguments and results.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <numeric>

#include <overlap/core/shared_array.hpp>
#include <overlap/executors/main_guard.hpp>
#include <overlap/executors/process_pool_executor.hpp>

#include "support/process_tools.hpp"

namespace overlap {
namespace {

using test::ProcessGate;

std::vector<std::uint64_t> reversed(std::vector<std::uint64_t> numbers) { return {numbers.rbegin(), numbers.rend()}; }

std::vector<std::uint64_t> count_up(std::size_t bytes) {
  std::vector<std::uint64_t> numbers(bytes / sizeof(std::uint64_t));
  std::iota(numbers.begin(), numbers.end(), std::uint64_t{0});
  return numbers;
}

TEST(ProcessPayload, CrossesBothWaysAtTheSameTime) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const std::vector<std::uint64_t> numbers = count_up(std::size_t{64} << 20);
  const auto one = pool.submit(&reversed, numbers);
  const auto two = pool.submit(&reversed, numbers);
  const auto three = pool.submit(&reversed, numbers);
  for (const auto* future : {&one, &two, &three}) {
    const auto& result = future->result();
    ASSERT_EQ(result.size(), numbers.size());
    EXPECT_TRUE(std::equal(result.begin(), result.end(), numbers.rbegin()));
  }
}

TEST(ProcessPayload, OfManySizesArrivesWhole) {
  ProcessPoolExecutor pool({.max_workers = 2});
  std::vector<std::string> texts;
  for (std::size_t size = 0; size < 300'000; size = size * 5 / 4 + 1) texts.emplace_back(size, 'a');
  std::size_t i = 0;
  for (const std::string& result : pool.map([](const std::string& text) { return text + "!"; }, texts)) {
    EXPECT_EQ(result, texts[i++] + "!");
  }
}

TEST(ProcessPayload, OfThreeGibibytesCrosses) {
  if (std::getenv("OVERLAP_TEST_HUGE") == nullptr) GTEST_SKIP() << "set OVERLAP_TEST_HUGE=1; needs 16 GiB of memory";
  ProcessPoolExecutor pool({.max_workers = 1});
  std::string text(std::size_t{3} << 30, 'x');
  text.back() = 'y';
  const auto back = pool.submit([](std::string huge) { return huge.size() * (huge.back() == 'y' ? 1 : 0); }, text);
  EXPECT_EQ(back.result(), text.size());
  const auto forth = pool.submit([] { return std::string(std::size_t{3} << 30, 'z'); });
  EXPECT_EQ(forth.result().size(), std::size_t{3} << 30);
  EXPECT_EQ(forth.result().back(), 'z');
}

/// Not a stretch of memory that could go aside, so it goes through the ring, which it fills many times over.
std::vector<std::string> lines(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::string(i % 1000, 'x') + std::to_string(i));
  return all;
}

TEST(ProcessPayload, ThatFillsTheRingManyTimesArrivesWhole) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const std::vector<std::string> many = lines(20'000);  // 10 MB
  const auto back_and_forth = [](std::vector<std::string> all) { return all; };
  const auto one = pool.submit(back_and_forth, many);
  const auto two = pool.submit(back_and_forth, many);
  EXPECT_EQ(one.result(), many);
  EXPECT_EQ(two.result(), many);
}

TEST(ProcessPayload, LargeAndSmallPartsOfOneCallKeepTheirPlaces) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const auto large = count_up(std::size_t{1} << 20);
  using All = std::tuple<std::string, std::vector<std::uint64_t>, int, std::vector<std::uint64_t>, std::string>;
  const All all("begin", large, 7, reversed(large), "end");
  EXPECT_EQ(pool.submit([](All same) { return same; }, all).result(), all);
}

TEST(ProcessPayload, OfMoreWaitingTasksThanThereAreDescriptorsCrosses) {
  const int before = test::count_descriptors();
  const auto large = count_up(std::size_t{512} << 10);
  {
    ProcessPoolExecutor pool({.max_workers = 1});
    ProcessGate gate;
    const auto held = pool.submit(&test::wait_at_gate, gate.path());
    std::vector<Future<std::uint64_t>> waiting;
    for (int i = 0; i < 200; ++i) {
      waiting.push_back(pool.submit([](std::vector<std::uint64_t> numbers) { return numbers.back(); }, large));
    }
    EXPECT_LT(test::count_descriptors(), before + 100);
    gate.wait_for_task();
    gate.open();
    for (const auto& future : waiting) EXPECT_EQ(future.result(), large.back());
  }
  EXPECT_EQ(test::count_descriptors(), before);
}

TEST(ProcessPayload, OfATaskThatIsRunAgainIsReadAgain) {
  test::TemporaryDirectory directory;
  ProcessPoolExecutor pool({.max_workers = 1, .on_crash = ProcessPoolExecutor::OnCrash::retry(1)});
  const auto crash_once = [](std::vector<std::uint64_t> numbers, std::string file) {
    if (!std::filesystem::exists(file)) {
      std::ofstream made(file);
      made.close();
      std::_Exit(3);
    }
    return numbers;
  };
  const auto large = count_up(std::size_t{1} << 20);
  EXPECT_EQ(pool.submit(crash_once, large, directory.file("ran")).result(), large);
}

// Arrays in shared memory.

SharedArray<double> halves(std::size_t count) {
  return SharedArray<double>::make(count, [](std::span<double> all) {
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<double>(i) / 2;
  });
}

double sum_of(std::span<const double> numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0.0); }

TEST(ProcessSharedArray, CrossesBothWaysAndIsTheSameMemory) {
  ProcessPoolExecutor pool({.max_workers = 2});
  const SharedArray<double> numbers = halves(100'000);
  EXPECT_EQ(pool.submit([](SharedArray<double> array) { return sum_of(array); }, numbers).result(), sum_of(numbers));
  const auto made = pool.submit(&halves, std::size_t{1000}).result();
  ASSERT_EQ(made.size(), 1000u);
  EXPECT_EQ(made[999], 499.5);
  const auto same = pool.submit([](SharedArray<double> array) { return array; }, numbers).result();
  EXPECT_TRUE(std::equal(same.begin(), same.end(), numbers.begin(), numbers.end()));
}

TEST(ProcessSharedArray, MayBeAMemberAndThereTwice) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const SharedArray<double> numbers = halves(1000);
  const auto sum = [](std::vector<SharedArray<double>> arrays) {
    double all = 0;
    for (const auto& array : arrays) all += sum_of(array);
    return all;
  };
  const std::vector<SharedArray<double>> arrays = {numbers, SharedArray<double>(), numbers};
  EXPECT_EQ(pool.submit(sum, arrays).result(), 2 * sum_of(numbers));
}

TEST(ProcessSharedArray, CannotBeWrittenToByTheOtherProcess) {
  ProcessPoolExecutor pool({.max_workers = 1});
  const SharedArray<int> numbers(std::vector<int>(1000, 7));
  const auto write = [](SharedArray<int> array) {
    ::prctl(PR_SET_DUMPABLE, 0);
    std::signal(SIGSEGV, SIG_DFL);
    *const_cast<volatile int*>(array.data()) = 8;
  };
  EXPECT_THROW(pool.submit(write, numbers).result(), WorkerCrashed);
  EXPECT_EQ(numbers[0], 7);
}

TEST(ProcessSharedArray, MoreThanCanCrossInOneCallFailTheFuture) {
  ProcessPoolExecutor pool({.max_workers = 1});
  std::vector<SharedArray<int>> arrays;
  for (int i = 0; i < 201; ++i) arrays.emplace_back(std::vector<int>(1, i));
  const auto count = [](std::vector<SharedArray<int>> all) { return all.size(); };
  EXPECT_THROW(pool.submit(count, arrays).result(), NotShippable);
  arrays.pop_back();
  EXPECT_EQ(pool.submit(count, arrays).result(), 200u);
}

TEST(ProcessSharedArray, LeavesNoDescriptorBehind) {
  const int before = test::count_descriptors();
  {
    ProcessPoolExecutor pool({.max_workers = 1});
    for (int i = 0; i < 20; ++i) {
      const auto count = [](SharedArray<double> array) {
        static_cast<void>(array);
        return test::count_descriptors();
      };
      EXPECT_LT(pool.submit(count, halves(1000)).result(), 10);
    }
  }
  EXPECT_EQ(test::count_descriptors(), before);
}

}  // namespace
}  // namespace overlap
