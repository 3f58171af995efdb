// The example programs, run as a reader would run them, under every model.
#include <gtest/gtest.h>

#include <string>

#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing_support::Origin;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

std::string example(const std::string& name) { return std::string(OVERLAP_EXAMPLES) + "/" + name; }

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, PagesDownloadsAll160) {
  const Origin site;
  const Origin other;
  const ProgramResult result = run_program({example("pages"), GetParam(), site.url() + "/a", other.url() + "/b"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Downloaded 160 in "), std::string::npos) << result.out;
}

TEST_P(Example, ImagesSavesWhatTheServerHolds) {
  const Origin origin;
  const TemporaryDirectory directory;
  const ProgramResult result = run_program(
      {example("images"), GetParam(), directory.path(), origin.url() + "/image/1.jpg", origin.url() + "/image/2.jpg"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const std::string name : {"1.jpg", "2.jpg"}) {
    EXPECT_EQ(directory.read(name), origin.body_of("/image/" + name)) << name;
  }
}

TEST_P(Example, ApiReadsAThousandRecords) {
  const Origin origin;
  const ProgramResult result = run_program({example("api"), GetParam(), origin.url()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("the ids sum up to 499500"), std::string::npos) << result.out;
}

TEST_P(Example, CpuAddsUpTheSame) {
  const ProgramResult result = run_program({example("cpu"), GetParam()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("8.333378e+20 in all"), std::string::npos) << result.out;
}

TEST_P(Example, SleepYieldsInTheOrdersThatItNames) {
  const ProgramResult result = run_program({example("sleep"), GetParam(), "60"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string order = GetParam() == "inline" ? " 5 4 3 2 1" : " 1 2 3 4 5";
  EXPECT_NE(result.out.find("as completed:" + order), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("by map:       5 4 3 2 1"), std::string::npos) << result.out;
}

INSTANTIATE_TEST_SUITE_P(Models, Example, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& param) { return param.param; });

TEST(RaceExample, TheCuresLoseNothing) {
  for (const std::string way : {"atomic", "mutex", "sums"}) {
    const ProgramResult result = run_program({example("race"), way});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("got 1600000, lost 0"), std::string::npos) << result.out;
  }
}

TEST(RaceExample, TheUnprotectedCounterLosesUpdatesOrIsReportedByTheThreadSanitizer) {
  const ProgramResult result = run_program({example("race"), "unprotected"});
#if defined(__SANITIZE_THREAD__)
  EXPECT_NE(result.exit_code, 0);
  EXPECT_NE(result.err.find("data race"), std::string::npos) << result.err;
#else
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.find("lost 0\n"), std::string::npos) << result.out;
#endif
}

}  // namespace
}  // namespace overlap
