#include "compare/compare_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "compare/temporary_directory.hpp"

namespace overlap::compare {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kCpus = 3;

CompareOptions options_for(std::string workload) {
  CompareFlags flags;
  flags.workload = std::move(workload);
  return make_options(flags, kCpus).value();
}

std::string write_list(const TemporaryDirectory& directory, std::string_view text) {
  std::string name = directory.path() + "/urls.txt";
  std::ofstream(name) << text;
  return name;
}

TEST(CompareOptions, JobsThatWaitHaveFiveWorkersAndCpuJobsOneACpu) {
  EXPECT_EQ(options_for("pages").workers, 5U);
  EXPECT_EQ(options_for("sleep").workers, 5U);
  EXPECT_EQ(options_for("cpu").workers, kCpus);
}

TEST(CompareOptions, AllPagesAreUnderWayAtOnceOnTheLoop) { EXPECT_EQ(options_for("pages").max_concurrent, 160U); }

TEST(CompareOptions, LongJobsAreRunOnce) {
  EXPECT_EQ(options_for("pages").repeat, 5);
  EXPECT_EQ(options_for("pages").warmup, 1);
  EXPECT_EQ(options_for("sleep").repeat, 1);
  EXPECT_EQ(options_for("sleep").warmup, 0);
}

TEST(CompareOptions, FlagsGoBeforeDefaults) {
  CompareFlags flags;
  flags.workload = "sleep";
  flags.workers = 2;
  flags.max_concurrent = 3;
  flags.repeat = 4;
  flags.warmup = 5;
  const CompareOptions options = make_options(flags, kCpus).value();
  EXPECT_EQ(options.workers, 2U);
  EXPECT_EQ(options.max_concurrent, 3U);
  EXPECT_EQ(options.repeat, 4);
  EXPECT_EQ(options.warmup, 5);
}

TEST(CompareOptions, ModelsKeepTheirOrderAndCountOnce) {
  CompareFlags flags;
  flags.models = {"loop", "inline", "loop"};
  EXPECT_THAT(make_options(flags, kCpus)->models, ElementsAre(cli::Model::loop, cli::Model::inline_));
}

TEST(CompareOptions, UnknownModelIsAnError) {
  CompareFlags flags;
  flags.models = {"inline", "fibres"};
  EXPECT_THAT(make_options(flags, kCpus).error(), HasSubstr("'fibres'"));
}

TEST(CompareOptions, UnknownWorkloadIsAnErrorThatListsTheKnownOnes) {
  CompareFlags flags;
  flags.workload = "no-such-thing";
  EXPECT_THAT(make_options(flags, kCpus).error(), HasSubstr("pages, images, api, cpu, sleep, race"));
}

TEST(CompareOptions, ListIsNoNameOfAWorkload) {
  CompareFlags flags;
  flags.workload = "list";
  EXPECT_FALSE(make_options(flags, kCpus));
}

TEST(CompareOptions, FileIsAListAndNoHostIsAskedForMoreThanSixAtOnce) {
  const TemporaryDirectory directory;
  const std::string name = write_list(directory, "# three\nhttp://a/1\nhttp://b/\nhttp://a/2\n");
  EXPECT_EQ(options_for(name).list_file, name);
  EXPECT_EQ(options_for(name).max_concurrent, 12U);
}

TEST(CompareOptions, ListWithABadLineIsAnErrorThatNamesIt) {
  const TemporaryDirectory directory;
  CompareFlags flags;
  flags.workload = write_list(directory, "http://a/\nftp://b/\n");
  EXPECT_THAT(make_options(flags, kCpus).error(), HasSubstr("urls.txt, line 2: "));
}

TEST(CompareOptions, ListWithoutAUrlIsAnError) {
  const TemporaryDirectory directory;
  CompareFlags flags;
  flags.workload = write_list(directory, "# nothing\n\n");
  EXPECT_THAT(make_options(flags, kCpus).error(), HasSubstr("has no URL"));
}

TEST(CompareOptions, WhatIsNoRegularFileIsRefusedAsAList) {
  CompareFlags flags;
  flags.workload = "/dev/null";
  EXPECT_THAT(make_options(flags, kCpus).error(), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace overlap::compare
