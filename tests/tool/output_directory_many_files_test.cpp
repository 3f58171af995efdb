// Thousands of files, from several threads, and under any name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "get/safe_name.hpp"
#include "tool/output_directory.hpp"

namespace overlap::get {
namespace {

using testing::IsEmpty;
using testing::StartsWith;

/// What stores thousands of files does so in memory where it can: a busy disk makes that minutes.
class OutputDirectoryManyFilesTest : public OutputDirectoryTest {
 protected:
  OutputDirectoryManyFilesTest()
      : OutputDirectoryTest(access("/dev/shm", W_OK) == 0 ? fs::path("/dev/shm") : fs::temp_directory_path()) {}
};

INSTANTIATE_TEST_SUITE_P(Resolvers, OutputDirectoryManyFilesTest, kResolvers(), kResolverName);

TEST_P(OutputDirectoryManyFilesTest, ManyDirectoriesNeedFewDescriptors) {
  const OutputDirectory directory = open();
  const auto count_open = [] { return std::distance(fs::directory_iterator("/proc/self/fd"), {}); };
  const auto before = count_open();
  for (int i = 0; i < 300; ++i) ASSERT_EQ(store(directory, "d" + std::to_string(i) + "/x", "x"), std::nullopt);
  EXPECT_LE(count_open(), before + 4);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(store(directory, "d" + std::to_string(i) + "/y", "y"), std::nullopt);
  EXPECT_EQ(content_of(root_ / "d299/y"), "y");
}

TEST_P(OutputDirectoryManyFilesTest, ThreadsMayStoreAtOnce) {
  const OutputDirectory directory = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&directory, t] {
        for (int i = 0; i < 100; ++i) {
          const std::string path = "d" + std::to_string(i % 10) + "/" + std::to_string(t) + "-" + std::to_string(i);
          EXPECT_EQ(store(directory, path, path), std::nullopt);
          EXPECT_EQ(store(directory, "one/name", path), std::nullopt);
        }
      });
    }
  }
  for (int i = 0; i < 100; ++i) {
    const std::string path = "d" + std::to_string(i % 10) + "/3-" + std::to_string(i);
    EXPECT_EQ(content_of(root_ / path), path);
  }
  EXPECT_THAT(parts_left(), IsEmpty());
}

TEST_P(OutputDirectoryManyFilesTest, WhateverTheNameNothingLeavesTheDirectory) {
  const std::array<std::string, 20> pieces{
      "/",    "/", "..", "../", "./",    ".",        "-",       "\\",     std::string("\0", 1), "\n", "%2f",
      "\xff", "é", "a",  "b",   "c.jpg", ".overlap", "outside", "victim", std::string(140, 'x')};
  const OutputDirectory directory = open();
  fs::create_directory_symlink(outside_, root_ / "b");
  std::mt19937 random(20261120);
  int stored = 0;
  for (int round = 0; round < 4000; ++round) {
    std::string raw;
    for (auto count = random() % 12; count > 0; --count) raw += pieces.at(random() % pieces.size());
    const std::string path = random() % 4 == 0 ? raw : make_safe_path(raw);
    const auto failed = store(directory, path, raw);
    if (failed) {
      ASSERT_TRUE(*failed == DiskErrorCode::unsafe_name || *failed == DiskErrorCode::is_directory ||
                  *failed == DiskErrorCode::not_directory)
          << path;
      continue;
    }
    ++stored;
    ASSERT_EQ(content_of(root_ / path), raw);
    ASSERT_THAT(fs::canonical(root_ / path).string(), StartsWith(fs::canonical(root_).string() + "/"));
  }
  EXPECT_GT(stored, 1000);
  EXPECT_THAT(parts_left(), IsEmpty());
  EXPECT_EQ(std::distance(fs::directory_iterator(base_), {}), 2) << "out and outside";
  expect_outside_untouched();
}

}  // namespace
}  // namespace overlap::get
