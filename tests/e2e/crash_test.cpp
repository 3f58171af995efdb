// `overlap get` killed at any moment, or with any of its calls to the disk failing: what is there must be whole and
// true, and the same command again must finish the job.
//
// The normal suite takes samples. OVERLAP_CRASH_ROUNDS=300 kills that many runs and lets every single call fail:
// script/crash-test does that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "manifest/sqlite.hpp"

namespace overlap {
namespace {

using manifest::ItemRow;
using manifest::State;
using testing::AnyOf;
using testing::HasSubstr;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::Program;
using testing_support::program;
using testing_support::ProgramInput;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

int rounds_asked_for() {
  const char* const rounds = std::getenv("OVERLAP_CRASH_ROUNDS");
  return rounds == nullptr ? 0 : std::atoi(rounds);
}

/// A list of pages, and the directory they go to.
class Job {
 public:
  Job(const Origin& origin, int pages, std::string directory) : directory_(std::move(directory)) {
    for (int i = 1; i <= pages; ++i) {
      const std::string name = "page-" + std::to_string(i) + ".html";
      text_ += origin.url("/" + name) + "\n";
      bodies_.emplace(name, Origin::body_of("/" + name));
    }
    scratch_.write("urls", text_);
  }

  const std::string& directory() const { return directory_; }
  std::size_t size() const { return bodies_.size(); }

  std::vector<std::string> command(std::vector<std::string> flags = {}) const {
    flags.insert(flags.begin(), {program(), "get", "-i", scratch_.file("urls"), "-P", directory_, "--json", "--retry",
                                 "0", "--max-per-host", "64"});
    return flags;
  }

  /// Whatever has a name is whole, and what the manifest says is true.
  void expect_true() const {
    namespace fs = std::filesystem;
    if (!fs::exists(directory_)) return;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (!entry.is_regular_file()) continue;
      const std::string name = entry.path().filename();
      EXPECT_TRUE(bodies_.contains(name)) << "nobody asked for " << name;
      EXPECT_EQ(read(name), bodies_.at(name)) << name << " is not what the server holds";
    }
    std::size_t ok = 0;
    for (const ItemRow& row : rows()) {
      if (row.state != State::ok) continue;
      ++ok;
      EXPECT_TRUE(fs::exists(fs::path(directory_) / row.path)) << row.path << " is missing";
      EXPECT_EQ(row.sha256, cli::sha256(bodies_.at(row.path)).hex());
    }
    EXPECT_LE(ok, bodies_.size());
  }

  /// Every entry has its file and one outcome.
  void expect_done() const {
    expect_true();
    const auto all = rows();
    EXPECT_EQ(all.size(), bodies_.size());
    for (const ItemRow& row : all) EXPECT_EQ(row.state, State::ok) << row.url << ": " << row.message;
  }

  std::vector<ItemRow> rows() const {
    auto reader = manifest::Reader::open(directory_);
    const bool is_none = !reader && reader.error().code == manifest::ManifestErrorCode::missing;
    return is_none ? std::vector<ItemRow>() : rows_of(directory_);
  }

 private:
  std::string read(const std::string& name) const {
    std::ifstream stream(directory_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  std::string directory_;
  std::string text_;
  std::map<std::string, std::string> bodies_;
  TemporaryDirectory scratch_;
};

/// Until so many requests were made, or the program has ended without making them.
void wait_for_requests(const Origin& origin, std::uint64_t count, const Program& running) {
  siginfo_t ended{};
  while (origin.requests() < count && ended.si_pid == 0) {
    waitid(P_PID, static_cast<id_t>(running.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
  }
}

TEST(Crash, AKilledRunLosesNoMoreThanWasInFlight) {
  constexpr int kPages = 250;
  constexpr std::uint64_t kInFlight = 64;
  const int rounds = std::max(rounds_asked_for(), 8);
  std::mt19937 random(20261127);
  for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const Origin origin;
    const TemporaryDirectory out;
    const std::vector<std::string> models = {"loop", "threads", "processes", "loop"};
    const std::string& model = models[static_cast<std::size_t>(round) % models.size()];
    const Job job(origin, kPages, out.file("saved"));
    std::uint64_t kills = 0;
    for (; kills < 3; ++kills) {
      Program running(job.command({"--model", model}));
      const std::uint64_t more = std::uniform_int_distribution<std::uint64_t>(1, kPages / 3)(random);
      wait_for_requests(origin, origin.requests() + more, running);
      running.signal(SIGKILL);
      EXPECT_THAT(running.wait().exit_code, AnyOf(0, 128 + SIGKILL));
      job.expect_true();
    }
    const ProgramResult end = run_program(job.command());
    EXPECT_EQ(end.exit_code, 0) << end.err;
    job.expect_done();
    EXPECT_LE(origin.requests(), kPages + kills * kInFlight) << "more was fetched again than was in flight";
  }
}

#ifndef OVERLAP_SANITIZED
constexpr bool kSanitized = false;
#else
constexpr bool kSanitized = true;
#endif

/// Runs with one call to the disk failing.
class DiskFault : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (kSanitized) GTEST_SKIP() << "a sanitizer's runtime must be loaded first, so nothing can be preloaded";
  }

  static ProgramResult run(const Job& job, long at, const std::string& kind, const std::string& count_file,
                           std::vector<std::string> flags) {
    ProgramInput input;
    input.environment = {std::string("LD_PRELOAD=") + OVERLAP_DISK_FAULTS, "DISK_FAULTS_BELOW=" + job.directory(),
                         "DISK_FAULTS_AT=" + std::to_string(at), "DISK_FAULTS_KIND=" + kind,
                         "DISK_FAULTS_COUNT=" + count_file};
    return run_program(job.command(std::move(flags)), input);
  }

  static long count_calls(const Job& job, const TemporaryDirectory& out, const std::vector<std::string>& flags) {
    const ProgramResult whole = run(job, 0, "none", out.file("count"), flags);
    EXPECT_EQ(whole.exit_code, 0) << whole.err;
    return std::atol(out.read("count").c_str());
  }
};

TEST_P(DiskFault, AtAnyCallLeavesWhatIsTrueAndResumable) {
  for (const std::string fsync : {"batch", "each"}) {
    const Origin origin;
    const TemporaryDirectory out;
    const std::vector<std::string> flags = {"--model", "inline", "--fsync", fsync};
    const long calls = count_calls(Job(origin, 5, out.file("whole")), out, flags);
    ASSERT_GT(calls, 40) << "the calls of the program are not seen";
    const long step = rounds_asked_for() > 0 ? 1 : 11;
    for (long at = 1; at <= calls && !testing::Test::HasFailure(); at += step) {
      SCOPED_TRACE(GetParam() + " at call " + std::to_string(at) + " of " + std::to_string(calls) + ", " + fsync);
      const Job job(origin, 5, out.file("at-" + std::to_string(at)));
      const ProgramResult failed = run(job, at, GetParam(), "", flags);
      EXPECT_THAT(failed.exit_code, AnyOf(0, 1, 3, 128 + SIGKILL)) << failed.err;
      job.expect_true();
      if (failed.exit_code == 0) job.expect_done();
      if (failed.exit_code == 1 || failed.exit_code == 3) {
        EXPECT_NE(failed.err, "") << "nothing said why";
      }
      const ProgramResult resumed = run_program(job.command(flags));
      EXPECT_EQ(resumed.exit_code, 0) << failed.err << resumed.err;
      job.expect_done();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DiskFault, testing::Values("EIO", "ENOSPC", "full", "kill"),
                         [](const auto& param) { return param.param; });

TEST(Crash, WhatWasNotSyncedBeforeACrashIsReadBeforeItIsBelieved) {
  const Origin origin;
  const TemporaryDirectory out;
  const Job job(origin, 4, out.file("saved"));
  EXPECT_EQ(run_program(job.command()).exit_code, 0);
  // As after a power failure: the rows are there, the sync was not done, and a file has its size but not its content.
  manifest::Database(job.directory() + "/.overlap/manifest.sqlite", 2)
      .execute("INSERT INTO unsynced SELECT DISTINCT batch FROM items");
  std::fstream(job.directory() + "/page-2.html", std::ios::in | std::ios::out).seekp(100) << std::string(50, '\0');
  const ProgramResult resumed = run_program(job.command());
  EXPECT_EQ(number(json_of(resumed), "ok"), 1);
  EXPECT_EQ(number(json_of(resumed), "skipped"), 3);
  job.expect_done();
  EXPECT_EQ(
      manifest::Database(job.directory() + "/.overlap/manifest.sqlite", 1).integer("SELECT count(*) FROM unsynced"), 0);
}

/// A file system of its own, of a given size.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& directory) : directory_(directory) {
    std::filesystem::create_directory(directory);
    is_mounted_ = ::mount("tmpfs", directory.c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!is_mounted_) why_not_ = std::strerror(errno);
  }
  ~SmallDisk() {
    if (is_mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_mounted() const { return is_mounted_; }
  const std::string& why_not() const { return why_not_; }
  bool remount(unsigned long flags, const char* options) const {
    return ::mount("tmpfs", directory_.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
  }

 private:
  std::string directory_;
  bool is_mounted_ = false;
  std::string why_not_;
};

TEST(SmallDiskTest, AFullDiskStopsTheRunAndWithMoreSpaceItGoesOn) {
  const TemporaryDirectory out;
  const SmallDisk disk(out.file("disk"));
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a small file system: " << disk.why_not();
  const Origin origin;
  const Job job(origin, 200, out.file("disk"));
  const ProgramResult full = run_program(job.command());
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_THAT(full.err, HasSubstr("No space left"));
  EXPECT_LT(number(json_of(full), "ok"), 200);
  EXPECT_GT(number(json_of(full), "ok"), 0);
  job.expect_true();
  ASSERT_TRUE(disk.remount(0, "size=64m"));
  const ProgramResult resumed = run_program(job.command());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_GT(number(json_of(resumed), "skipped"), 0);
  job.expect_done();
}

TEST(SmallDiskTest, ADirectoryThatIsReadOnlyIsNamedAndCanStillBeLookedAt) {
  const TemporaryDirectory out;
  const SmallDisk disk(out.file("disk"));
  if (!disk.is_mounted()) GTEST_SKIP() << "cannot mount a small file system: " << disk.why_not();
  const Origin origin;
  const Job job(origin, 3, out.file("disk"));
  EXPECT_EQ(run_program(job.command()).exit_code, 0);
  ASSERT_TRUE(disk.remount(MS_RDONLY, ""));
  const ProgramResult refused = run_program(job.command());
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr(out.file("disk")));
  EXPECT_EQ(overlap_program({"status", job.directory()}).exit_code, 0);
  EXPECT_EQ(overlap_program({"verify", job.directory()}).exit_code, 0);
}

}  // namespace
}  // namespace overlap
