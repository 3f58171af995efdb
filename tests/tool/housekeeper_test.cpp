#include "manifest/housekeeper.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace overlap::manifest {
namespace {

using namespace std::chrono_literals;

constexpr auto kNever = std::chrono::hours(1);

Housekeeper::Step counting(std::atomic<int>& count) {
  return [&count]() -> std::expected<void, std::string> {
    ++count;
    return {};
  };
}

TEST(Housekeeper, SyncsWhatIsLeftAtTheEnd) {
  std::atomic<int> syncs = 0;
  std::atomic<int> checkpoints = 0;
  Housekeeper keeper(
      {.sync = counting(syncs), .checkpoint = counting(checkpoints), .interval = kNever, .first_batch = 5});
  EXPECT_EQ(keeper.batch(), 5U);
  EXPECT_EQ(keeper.batch(), 5U);
  EXPECT_EQ(keeper.synced_through(), 0U);
  EXPECT_TRUE(keeper.finish().has_value());
  EXPECT_EQ(keeper.synced_through(), 5U);
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(checkpoints, 1);
}

TEST(Housekeeper, DoesNothingWithoutRows) {
  std::atomic<int> syncs = 0;
  Housekeeper keeper({.sync = counting(syncs), .checkpoint = counting(syncs), .interval = 0ms, .first_batch = 1});
  EXPECT_TRUE(keeper.finish().has_value());
  EXPECT_EQ(syncs, 0);
}

TEST(Housekeeper, LeavesTheRestWhenItIsDestroyed) {
  std::atomic<int> syncs = 0;
  {
    Housekeeper keeper({.sync = counting(syncs), .checkpoint = nullptr, .interval = kNever, .first_batch = 1});
    keeper.batch();
  }
  EXPECT_EQ(syncs, 0);
}

TEST(Housekeeper, RowsThatComeDuringASyncAreOfTheNextBatch) {
  std::atomic<bool> entered = false;
  std::atomic<bool> leave = false;
  Housekeeper keeper({.sync = [&]() -> std::expected<void, std::string> {
                        entered = true;
                        while (!leave) std::this_thread::yield();
                        return {};
                      },
                      .checkpoint = nullptr,
                      .interval = 0ms,
                      .first_batch = 1});
  EXPECT_EQ(keeper.batch(), 1U);
  while (!entered) std::this_thread::yield();
  EXPECT_EQ(keeper.batch(), 2U);
  EXPECT_EQ(keeper.synced_through(), 0U);
  leave = true;
  EXPECT_TRUE(keeper.finish().has_value());
  EXPECT_EQ(keeper.synced_through(), 2U);
}

TEST(Housekeeper, ASyncThatFailsIsTheLast) {
  std::atomic<int> syncs = 0;
  Housekeeper keeper({.sync = [&]() -> std::expected<void, std::string> {
                        ++syncs;
                        return std::unexpected("the disk failed");
                      },
                      .checkpoint = nullptr,
                      .interval = 0ms,
                      .first_batch = 1});
  keeper.batch();
  while (!keeper.error()) std::this_thread::yield();
  keeper.batch();
  EXPECT_EQ(keeper.finish().error(), "the disk failed");
  EXPECT_EQ(syncs, 1);
  EXPECT_EQ(keeper.synced_through(), 0U);
}

TEST(Housekeeper, WithoutSyncRowsHaveNoBatch) {
  std::atomic<int> checkpoints = 0;
  Housekeeper keeper({.sync = nullptr, .checkpoint = counting(checkpoints), .interval = kNever, .first_batch = 9});
  EXPECT_EQ(keeper.batch(), 0U);
  EXPECT_TRUE(keeper.finish().has_value());
  EXPECT_EQ(checkpoints, 1);
}

}  // namespace
}  // namespace overlap::manifest
