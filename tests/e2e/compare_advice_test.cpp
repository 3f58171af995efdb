// `overlap compare --advise`: what it says of work whose nature is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "e2e/compare_program.hpp"

namespace overlap {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing_support::compare;
using testing_support::Origin;
using testing_support::ProgramResult;
using testing_support::TemporaryDirectory;

TEST(CompareAdvice, AdviceOnALongListAsksForASampleSpreadOverIt) {
  const Origin origin;
  const TemporaryDirectory directory;
  std::string list;
  for (int i = 0; i < 1000; ++i) list += origin.url(i < 500 ? "/bytes/10?" : "/bytes/20?") + std::to_string(i) + "\n";
  directory.write("urls.txt", list);
  const ProgramResult result =
      compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "loop", "--sample", "10"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("urls.txt: of 1000 URLs, spread evenly: 10 URLs of 1 host"));
  EXPECT_LT(origin.requests(), 1000U);
  EXPECT_EQ(origin.requests() % 10, 0U);
}

/// A list of so many URLs of the origin, and what else stands in it.
std::string list_of(const Origin& origin, int urls, const std::string& more = {}) {
  std::string list;
  for (int i = 0; i < urls; ++i) list += origin.url("/bytes/10?") + std::to_string(i) + "\n";
  return list + more;
}

TEST(CompareAdvice, AdviceLeavesOutWhatFailsOneAfterTheOther) {
  const Origin origin(std::chrono::milliseconds(5));
  const TemporaryDirectory directory;
  directory.write("urls.txt", list_of(origin, 20, origin.url("/status/404") + "\n"));
  const ProgramResult result = compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n1 of 21 items fails: left out (" + origin.url("/status/404: status 404)")));
  EXPECT_THAT(result.out, HasSubstr("% of the time is spent computing"));
}

TEST(CompareAdvice, AdviceOnNothingButDeadLinksNamesOne) {
  const Origin origin;
  const TemporaryDirectory directory;
  directory.write("urls.txt", origin.url("/status/404") + "\n");
  const ProgramResult result = compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("inline, run 1: " + origin.url("/status/404: status 404")));
}

TEST(CompareAdvice, AdviceFindsAndNamesTheMostThatHostsAccept) {
  const Origin origin(std::chrono::milliseconds(20), 3);
  const TemporaryDirectory directory;
  directory.write("urls.txt", list_of(origin, 40));
  const ProgramResult result =
      compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "threads,loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Use --model loop -j 3: "), HasSubstr("Use --model threads --workers 3: "),
                                HasSubstr("Too noisy to tell")));
  EXPECT_THAT(result.out, AnyOf(HasSubstr("The hosts refuse more than 3 at once."), HasSubstr("Too noisy to tell")));
}

TEST(CompareAdvice, SampleIsForAdvice) {
  const ProgramResult result = compare({"--sample", "10"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--sample requires --advise"));
}

TEST(CompareAdvice, AdviceForWorkThatComputesIsNoLoop) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("CPU-bound: "));
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Use inline: no model is faster"), HasSubstr("Too noisy to tell")));
}

TEST(CompareAdvice, AdviceForWorkThatWaitsIsALoop) {
  const ProgramResult result = compare({"--advise", "--workload", "pages", "--latency", "10ms", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("I/O-bound: "));
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Use --model loop -j "), HasSubstr("Too noisy to tell")));
}

TEST(CompareAdvice, AdviceGoesWithNoOtherOutput) {
  EXPECT_EQ(compare({"--advise", "--workload", "cpu", "--json", "-"}).exit_code, 2);
}

TEST(CompareAdvice, AdviceFindsItsOwnNumbersAndRefusesOthers) {
  const std::vector<std::vector<std::string>> unused{
      {"-j", "9"}, {"--workers", "9"}, {"--repeat", "9"}, {"--warmup", "0"}};
  for (auto arguments : unused) {
    arguments.insert(arguments.begin(), {"--advise", "--workload", "cpu"});
    const ProgramResult result = compare(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr("it goes with none of -j, --workers, --repeat, --warmup"));
  }
}

TEST(CompareAdvice, SampleOfFewerThanNoneExitsWithTwo) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "inline", "--sample", "-1"});
  EXPECT_EQ(result.exit_code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("--sample"));
}

TEST(CompareAdvice, AdviceOnInlineAloneSaysThatNothingElseWasTried) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "inline"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Nothing but inline was tried"), HasSubstr("Too noisy to tell")));
}

}  // namespace
}  // namespace overlap
