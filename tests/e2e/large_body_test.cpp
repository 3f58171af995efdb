// Large bodies, whose digest another thread works out while the rest comes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

class LargeBodyUnder : public testing::TestWithParam<std::string> {
 protected:
  ProgramResult get(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"get", "--model", GetParam(), "--retry-delay", "1ms", "-P", out_.path()});
    return overlap_program(std::move(arguments));
  }

  const Origin origin_;
  const TemporaryDirectory out_;
};

INSTANTIATE_TEST_SUITE_P(Models, LargeBodyUnder, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& test) { return test.param; });

TEST_P(LargeBodyUnder, DigestsAreThoseOfTheBodies) {
  std::vector<std::string> arguments{"-o", "{index}"};
  const std::vector<std::string> paths{"/bytes/8388607", "/bytes/8388608", "/bytes/8388609", "/bytes/30M",
                                       "/bytes/25M"};
  for (const std::string& path : paths) arguments.push_back(origin_.url(path));
  const ProgramResult result = get(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = rows_of(out_.path());
  ASSERT_EQ(rows.size(), paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_EQ(rows[i].sha256, cli::sha256(Origin::body_of(paths[i])).hex()) << paths[i];
  }
  EXPECT_EQ(overlap_program({"verify", out_.path()}).exit_code, 0);
}

TEST_P(LargeBodyUnder, ThatWasCutGoesOnWithTheDigestOfAllOfIt) {
  constexpr std::uint64_t kSize = 40 << 20;
  const ProgramResult result = get({"-o", "body", origin_.url("/fault/resume/good/" + std::to_string(kSize))});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto rows = rows_of(out_.path());
  EXPECT_EQ(rows.at(0).tries, 2);
  EXPECT_EQ(rows.at(0).sha256, serve::Content::of_bytes(kSize, Origin::seed()).sha256());
  EXPECT_EQ(origin_.requests(), 2U);
}

TEST_P(LargeBodyUnder, OfAnotherDigestThanWasWantedIsNotSaved) {
  out_.write("list.csv", "url,sha\n" + origin_.url("/bytes/20M") + "," + std::string(64, '0') + "\n");
  const ProgramResult result = get({"-i", out_.file("list.csv"), "--hash-col", "sha"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(rows_of(out_.path()).at(0).error_class, "digest") << result.err;
  EXPECT_FALSE(out_.has("20M"));
  EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(out_.path()) / ".overlap" / "tmp"));
}

#ifndef OVERLAP_SANITIZED
/// Of the program's threads that one cannot be started.
ProgramResult get_without_thread(int number, std::vector<std::string> arguments) {
  testing_support::ProgramInput input;
  input.environment = {std::string("LD_PRELOAD=") + OVERLAP_DISK_FAULTS, "THREAD_FAULT_AT=" + std::to_string(number)};
  arguments.insert(arguments.begin(), {testing_support::program(), "get", "--retry", "0"});
  return testing_support::run_program(arguments, input);
}

TEST(WithoutThreads, DigestsOfLargeBodiesAreMadeByTheLoop) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result =
      get_without_thread(3, {origin.url("/bytes/20M"), origin.url("/bytes/21M"), "-P", out.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(rows_of(out.path()).at(0).sha256, cli::sha256(Origin::body_of("/bytes/20M")).hex());
  EXPECT_EQ(rows_of(out.path()).at(1).sha256, cli::sha256(Origin::body_of("/bytes/21M")).hex());
}

TEST(WithoutThreads, AResumedRunLooksForItsFilesAllTheSame) {
  const Origin origin;
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 2600; ++i) list += origin.url("/bytes/1?") + std::to_string(i) + "\n";
  out.write("urls", list);
  const std::vector<std::string> arguments{"-i", out.file("urls"), "-o", "{index}", "-P", out.file("saved")};
  ASSERT_EQ(get_without_thread(0, arguments).exit_code, 0);
  const std::uint64_t asked = origin.requests();
  std::filesystem::remove(out.file("saved/1500"));
  const ProgramResult again = get_without_thread(2, arguments);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(origin.requests(), asked + 1);
}
#endif

}  // namespace
}  // namespace overlap
