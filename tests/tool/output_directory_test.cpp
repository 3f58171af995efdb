// What goes into an output directory, and what does not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tool/output_directory.hpp"

namespace overlap::get {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

INSTANTIATE_TEST_SUITE_P(Resolvers, OutputDirectoryTest, kResolvers(), kResolverName);

TEST_P(OutputDirectoryTest, StoresABodyUnderItsName) {
  const OutputDirectory directory = open();
  EXPECT_EQ(store(directory, "page.html", "body"), std::nullopt);
  EXPECT_EQ(store(directory, "a/b/c.jpg", "deep"), std::nullopt);
  EXPECT_EQ(store(directory, "a/b/d.jpg", "", {.sync = Sync::each}), std::nullopt);
  EXPECT_EQ(store(directory, "e/f/g/h.jpg", "x", {.sync = Sync::each}), std::nullopt);
  EXPECT_EQ(content_of(root_ / "page.html"), "body");
  EXPECT_EQ(content_of(root_ / "a/b/c.jpg"), "deep");
  EXPECT_EQ(content_of(root_ / "a/b/d.jpg"), "");
  EXPECT_EQ(content_of(root_ / "e/f/g/h.jpg"), "x");
  EXPECT_THAT(parts_left(), IsEmpty());
  EXPECT_TRUE(directory.sync_all().has_value());
}

TEST_P(OutputDirectoryTest, CreatesTheDirectoryAndItsParents) {
  root_ = base_ / "x/y/z";
  EXPECT_EQ(store(open(), "a", "1"), std::nullopt);
  EXPECT_EQ(content_of(base_ / "x/y/z/a"), "1");
}

TEST_P(OutputDirectoryTest, NoNameExistsBeforeCommit) {
  const OutputDirectory directory = open();
  PartFile part = part_with(directory, "half");
  EXPECT_EQ(part.size(), 4U);
  EXPECT_THAT(parts_left(), testing::SizeIs(1));
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1) << "only .overlap";
  ASSERT_TRUE(part.write(bytes_of(" whole")).has_value());
  ASSERT_TRUE(part.commit("a").has_value());
  EXPECT_EQ(content_of(root_ / "a"), "half whole");
}

TEST_P(OutputDirectoryTest, AnUncommittedPartGoesAway) {
  const OutputDirectory directory = open();
  {
    PartFile part = part_with(directory, "x");
    PartFile moved = std::move(part);
    PartFile assigned = part_with(directory, "y");
    assigned = std::move(moved);
    EXPECT_THAT(parts_left(), testing::SizeIs(1));
  }
  EXPECT_THAT(parts_left(), IsEmpty());
}

TEST_P(OutputDirectoryTest, APartOutlivesTheHandle) {
  std::optional<PartFile> part;
  {
    const OutputDirectory directory = open();
    part.emplace(part_with(directory, "x"));
  }
  EXPECT_TRUE(part->commit("a/b").has_value());
  EXPECT_EQ(content_of(root_ / "a/b"), "x");
}

TEST_P(OutputDirectoryTest, RestartBeginsAgain) {
  const OutputDirectory directory = open();
  PartFile part = part_with(directory, "wrong and long");
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{.rlim_cur = 20, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  EXPECT_FALSE(part.write(bytes_of("and too much")).has_value());
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(part.restart().has_value());
  EXPECT_EQ(part.size(), 0U);
  ASSERT_TRUE(part.write(bytes_of("right")).has_value());
  ASSERT_TRUE(part.commit("a").has_value());
  EXPECT_EQ(content_of(root_ / "a"), "right");
}

TEST_P(OutputDirectoryTest, ReplacesOrKeepsWhatHasTheName) {
  const OutputDirectory directory = open();
  store(directory, "a", "old");
  EXPECT_EQ(directory.size_at("a"), 3);
  EXPECT_EQ(directory.size_at("b"), std::nullopt);
  EXPECT_EQ(directory.size_at("no/such"), std::nullopt);
  EXPECT_EQ(store(directory, "a", "new", {.clobber = Clobber::keep}), DiskErrorCode::exists);
  EXPECT_EQ(content_of(root_ / "a"), "old");
  EXPECT_EQ(store(directory, "a", "new"), std::nullopt);
  EXPECT_EQ(content_of(root_ / "a"), "new");
  EXPECT_EQ(store(directory, "b", "x", {.clobber = Clobber::keep}), std::nullopt);
  EXPECT_EQ(content_of(root_ / "b"), "x");
  EXPECT_THAT(parts_left(), IsEmpty());
}

TEST_P(OutputDirectoryTest, ARefusedPartMayTakeAnotherName) {
  const OutputDirectory directory = open();
  store(directory, "a", "old");
  PartFile part = part_with(directory, "new");
  EXPECT_FALSE(part.commit("a", {.clobber = Clobber::keep}).has_value());
  EXPECT_TRUE(part.commit("a-2", {.clobber = Clobber::keep}).has_value());
  EXPECT_EQ(content_of(root_ / "a-2"), "new");
}

TEST_P(OutputDirectoryTest, ALinkAtTheNameIsReplacedAndNotFollowed) {
  const OutputDirectory directory = open();
  for (const auto clobber : {Clobber::keep, Clobber::replace}) {
    fs::remove(root_ / "link");
    fs::create_symlink(outside_ / "victim", root_ / "link");
    fs::remove(root_ / "dangling");
    fs::create_symlink(outside_ / "new", root_ / "dangling");
    const auto expected = clobber == Clobber::keep ? std::optional(DiskErrorCode::exists) : std::nullopt;
    EXPECT_TRUE(directory.size_at("dangling")->has_value());
    EXPECT_EQ(store(directory, "link", "body", {.clobber = clobber}), expected);
    EXPECT_EQ(store(directory, "dangling", "body", {.clobber = clobber}), expected);
    EXPECT_EQ(fs::is_symlink(root_ / "link"), clobber == Clobber::keep);
  }
  EXPECT_EQ(content_of(root_ / "link"), "body");
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, AHardLinkAtTheNameIsReplacedAndNotWrittenThrough) {
  const OutputDirectory directory = open();
  fs::create_hard_link(outside_ / "victim", root_ / "a");
  EXPECT_EQ(store(directory, "a", "body"), std::nullopt);
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, AFifoAtTheNameIsReplacedAndNotOpened) {
  const OutputDirectory directory = open();
  ASSERT_EQ(mkfifo((root_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(store(directory, "fifo", "body", {.clobber = Clobber::keep}), DiskErrorCode::exists);
  EXPECT_EQ(store(directory, "fifo", "body"), std::nullopt);
  EXPECT_EQ(content_of(root_ / "fifo"), "body");
}

TEST_P(OutputDirectoryTest, ADirectoryAtTheNameIsAnError) {
  const OutputDirectory directory = open();
  fs::create_directory(root_ / "d");
  EXPECT_EQ(store(directory, "d", "body"), DiskErrorCode::is_directory);
  EXPECT_EQ(store(directory, "d", "body", {.clobber = Clobber::keep}), DiskErrorCode::is_directory);
  EXPECT_EQ(directory.size_at("d").error().code, DiskErrorCode::is_directory);
  EXPECT_TRUE(fs::is_empty(root_ / "d"));
}

TEST_P(OutputDirectoryTest, NoLinkOnTheWayIsFollowed) {
  const OutputDirectory directory = open();
  fs::create_directory_symlink(outside_, root_ / "away");
  fs::create_directory_symlink(".", root_ / "here");
  fs::create_directory(root_ / "real");
  fs::create_directory_symlink("../../outside", root_ / "real/up");
  for (const auto* path : {"away/victim", "away/new", "away/sub/new", "here/new", "real/up/victim", "real/up/a/b"}) {
    EXPECT_EQ(store(directory, path, "body"), DiskErrorCode::not_directory) << path;
    EXPECT_EQ(directory.size_at(path).error().code, DiskErrorCode::not_directory) << path;
  }
  EXPECT_THAT(parts_left(), IsEmpty());
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, AFileOnTheWayIsAnError) {
  const OutputDirectory directory = open();
  store(directory, "a", "file");
  const auto done = part_with(directory, "x").commit("a/b");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, DiskErrorCode::not_directory);
  EXPECT_EQ(done.error().message,
            "cannot store " + (root_ / "a/b").string() + ": a file or a link stands where a directory should be");
}

TEST_P(OutputDirectoryTest, PathsThatAreNotSafeAreRefused) {
  const OutputDirectory directory = open();
  for (const auto* path : {"../victim", "a/../../outside/victim", "/tmp/x", "", ".overlap/lock", "a//b", "a/", "-rf"}) {
    EXPECT_EQ(store(directory, path, "x"), DiskErrorCode::unsafe_name) << path;
    EXPECT_EQ(directory.size_at(path).error().code, DiskErrorCode::unsafe_name) << path;
  }
  EXPECT_EQ(store(directory, std::string("a\0b", 3), "x"), DiskErrorCode::unsafe_name);
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, PlantedMetadataLeadsNowhere) {
  fs::create_directory(root_);
  fs::create_directory_symlink(outside_, root_ / ".overlap");
  EXPECT_FALSE(OutputDirectory::open(root_.string(), {.resolver = GetParam()}).has_value());
  fs::remove(root_ / ".overlap");
  fs::create_directory(root_ / ".overlap");
  fs::create_directory_symlink(outside_, root_ / ".overlap/tmp");
  EXPECT_FALSE(OutputDirectory::open(root_.string(), {.resolver = GetParam()}).has_value());
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, APlantedLockDamagesNothing) {
  const OutputDirectory directory = open();
  const fs::path lock = root_ / ".overlap/lock";
  fs::create_symlink(outside_ / "victim", lock);
  EXPECT_THAT(directory.lock().error().message, HasSubstr("not a file of ours"));
  fs::remove(lock);
  fs::create_hard_link(outside_ / "victim", lock);
  EXPECT_THAT(directory.lock().error().message, HasSubstr("not a file of ours"));
  fs::remove(lock);
  ASSERT_EQ(mkfifo(lock.c_str(), 0600), 0);
  EXPECT_THAT(directory.lock().error().message, HasSubstr("not a file of ours"));
  fs::remove(lock);
  fs::create_directory(lock);
  EXPECT_FALSE(directory.lock().has_value());
  expect_outside_untouched();
}

TEST_P(OutputDirectoryTest, ASecondRunIsToldWhoHasTheDirectory) {
  const OutputDirectory first = open();
  {
    const auto lock = first.lock();
    ASSERT_TRUE(lock.has_value());
    const auto refused = open().lock();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, DiskErrorCode::locked);
    EXPECT_EQ(refused.error().message,
              "another run (process " + std::to_string(getpid()) + ") is writing to " + root_.string());
  }
  EXPECT_TRUE(open().lock().has_value()) << "the lock ends with its owner";
}

TEST_P(OutputDirectoryTest, TheLockOfAKilledRunIsFreeAndItsPartsAreRemoved) {
  const OutputDirectory directory = open();
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = open().lock();
    const PartFile part = part_with(directory, "half");
    const bool is_told = ::write(ready[1], "x", 1) == 1;
    while (lock && is_told) pause();
    _exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(directory.lock().error().code, DiskErrorCode::locked);
  EXPECT_THAT(directory.lock().error().message, HasSubstr(std::to_string(child)));
  EXPECT_THAT(parts_left(), testing::SizeIs(1));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  std::ofstream(root_ / ".overlap/tmp/notes.txt") << "not a part";
  ASSERT_TRUE(directory.lock().has_value());
  EXPECT_THAT(parts_left(), ElementsAre("notes.txt"));
  close(ready[0]);
  close(ready[1]);
}

TEST_P(OutputDirectoryTest, ADirectoryRemovedMeanwhileIsMadeAgain) {
  const OutputDirectory directory = open();
  store(directory, "a/b/c", "1");
  fs::remove_all(root_ / "a");
  EXPECT_EQ(directory.size_at("a/b/c"), std::nullopt);
  EXPECT_EQ(store(directory, "a/b/c", "2"), std::nullopt);
  EXPECT_EQ(content_of(root_ / "a/b/c"), "2");
}

TEST_P(OutputDirectoryTest, RunningOutOfDescriptorsIsAnErrorOfItsOwn) {
#if defined(__SANITIZE_ADDRESS__)
  // The vptr check of the undefined behaviour sanitizer opens a pipe to see whether memory can be read, and takes it
  // for unreadable when no descriptor is left: it would report a fault in whatever virtual call comes next.
  GTEST_SKIP() << "the sanitizer itself needs descriptors";
#endif
  const OutputDirectory directory = open();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit tight{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  const auto part = directory.create_part();
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(part.has_value());
  EXPECT_EQ(part.error().code, DiskErrorCode::too_many_files);
}

TEST_P(OutputDirectoryTest, AWriteCutShortIsAnErrorAndLeavesNothing) {
  const OutputDirectory directory = open();
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit tight{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  {
    auto part = directory.create_part();
    const auto written = part->write(bytes_of(std::string(1500, 'x')));  // takes 1000 bytes, then fails
    setrlimit(RLIMIT_FSIZE, &before);
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().os_error, EFBIG);
    EXPECT_FALSE(part->write(bytes_of("more")).has_value());
    EXPECT_EQ(part->commit("a").error().os_error, EFBIG) << "half a body never gets a name";
    EXPECT_FALSE(fs::exists(root_ / "a"));
  }
  EXPECT_THAT(parts_left(), IsEmpty());
}

TEST(OutputDirectoryErrors, NameTheDirectoryAndTheReason) {
  const auto file = OutputDirectory::open("/dev/null");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code, DiskErrorCode::not_directory);
  EXPECT_THAT(file.error().message, StartsWith("cannot write to /dev/null: "));
  EXPECT_FALSE(OutputDirectory::open("").has_value());
  EXPECT_THAT(OutputDirectory::open("/proc/no\x1bne/x").error().message,
              StartsWith("cannot write to /proc/no\\x1bne/x: "));
}

}  // namespace
}  // namespace overlap::get
