#include <overlap/core/detail/node_memory.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include <overlap/executors/inline_executor.hpp>

#include "support/sanitizers.hpp"

namespace overlap::test {
namespace {

using detail::NodeMemory;

TEST(NodeMemory, WhatWasFreedServesTheNextOfItsSize) {
  if (kSanitized) GTEST_SKIP() << "nothing is kept, so that a use after the end is seen";
  void* const first = NodeMemory::allocate(100);
  NodeMemory::release(first, 100);
  void* const second = NodeMemory::allocate(110);  // up to 128 bytes they are of one size
  EXPECT_EQ(second, first);
  NodeMemory::release(second, 110);
}

TEST(NodeMemory, PiecesInUseAreDifferentAndAligned) {
  std::set<void*> pieces;
  std::vector<std::pair<void*, std::size_t>> in_use;
  for (int round = 0; round < 300; ++round) {
    for (const std::size_t size : {8, 32, 33, 96, 200, 256, 257, 5000}) {
      void* const piece = NodeMemory::allocate(size);
      EXPECT_TRUE(pieces.insert(piece).second);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece) % alignof(std::max_align_t), 0U);
      in_use.emplace_back(piece, size);
    }
  }
  for (const auto& [piece, size] : in_use) NodeMemory::release(piece, size);
}

TEST(NodeMemory, AnotherThreadMayFreeAndEnd) {
  std::array<void*, 200> pieces{};
  for (void*& piece : pieces) piece = NodeMemory::allocate(64);
  std::thread([&] {
    for (void* const piece : pieces) NodeMemory::release(piece, 64);
    NodeMemory::release(NodeMemory::allocate(64), 64);
  }).join();  // what it kept is given back: the leak detector would see it
}

/// Freed after the thread has given back what it kept.
struct LastOfAll {
  ~LastOfAll() { NodeMemory::release(piece, 64); }
  void* piece = nullptr;
};

TEST(NodeMemory, AThreadThatIsEndingKeepsNothingAnyMore) {
  std::thread([] {
    static thread_local LastOfAll last;  // destroyed after what was made later
    last.piece = NodeMemory::allocate(64);
    NodeMemory::release(NodeMemory::allocate(64), 64);
  }).join();
}

TEST(NodeMemory, ACallableMayAskForMoreAlignmentThanIsUsual) {
  struct alignas(128) Wide {
    std::array<char, 128> bytes{};
  };
  InlineExecutor executor;
  const auto address = executor.submit([wide = Wide()] { return reinterpret_cast<std::uintptr_t>(&wide); }).result();
  EXPECT_EQ(address % 128, 0U);
}

}  // namespace
}  // namespace overlap::test
