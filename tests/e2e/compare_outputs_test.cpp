// What `overlap compare` writes, and that it costs nothing that was there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "e2e/compare_program.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::compare;
using testing_support::figures_of;
using testing_support::processes_with;
using testing_support::program;
using testing_support::Program;
using testing_support::ProgramInput;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

TEST(CompareOutputs, JsonOnStandardOutputIsAllThatIsThere) {
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "inline,threads", "--repeat", "2", "--warmup", "1", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto figures = figures_of(result);
  EXPECT_EQ(figures.at("ok"), true);
  EXPECT_EQ(figures.at("models").as_array().size(), 2U);
  EXPECT_EQ(figures.at("models").at(0).at("runs").as_array().size(), 3U);
  EXPECT_THAT(result.err, HasSubstr("speed-up"));
}

TEST(CompareOutputs, JsonGoesToAFile) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "loop", "--repeat", "1", "--json", directory.file("figures.json")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("speed-up"));
  EXPECT_THAT(directory.read("figures.json"), HasSubstr("\"workload\":\"cpu\""));
}

TEST(CompareOutputs, TraceThatCannotBeWrittenCostsNoWaiting) {
  const ProgramResult result = compare({"--workload", "cpu", "--trace", "/no/such/place/trace.json"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write /no/such/place/trace.json"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(CompareOutputs, APlaceForTemporaryFilesThatIsNoneIsNamed) {
  const ProgramResult result = compare({"--workload", "images", "--models", "inline"}, {"TMPDIR=/no/such/place"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no place for temporary files in /no/such/place: No such file or directory"));
}

TEST(CompareOutputs, InterruptLeavesEarlierResultsAsTheyWere) {
  const TemporaryDirectory directory;
  const std::vector<std::string> work{program(), "compare", "--models", "threads", "--repeat", "1", "--warmup", "0"};
  const std::string json = directory.file("figures.json");
  auto before = work;
  before.insert(before.end(), {"--latency", "0", "--json", json});
  ASSERT_EQ(run_program(before).exit_code, 0);
  const std::string earlier = directory.read("figures.json");
  directory.write("page.html", "earlier");

  const std::string mark = "OVERLAP_COMPARE_TEST=outputs-" + std::to_string(getpid());
  auto now = work;
  now.insert(now.end(), {"--latency", "1s", "--baseline", json, "--json", json, "--html", directory.file("page.html"),
                         "--trace", directory.file("trace.json")});
  Program comparison(now, ProgramInput{.text = {}, .environment = {mark}, .directory = {}});
  while (processes_with(mark).size() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  comparison.signal(SIGTERM);
  EXPECT_EQ(comparison.wait().exit_code, 143);
  EXPECT_EQ(directory.read("figures.json"), earlier);
  EXPECT_EQ(directory.read("page.html"), "earlier");
  EXPECT_THAT(directory.files(), ElementsAre("figures.json", "page.html"));
}

TEST(CompareOutputs, OutputIsNeitherTheListNorAnotherOutput) {
  const TemporaryDirectory directory;
  const std::string list = directory.file("urls.txt");
  directory.write("urls.txt", "http://127.0.0.1:1/\n");
  const ProgramResult on_list = compare({"--workload", list, "--json", directory.path() + "/./urls.txt"});
  EXPECT_EQ(on_list.exit_code, 2);
  EXPECT_THAT(on_list.err, HasSubstr("--json would overwrite what --workload reads"));
  EXPECT_EQ(directory.read("urls.txt"), "http://127.0.0.1:1/\n");
  const ProgramResult twice = compare({"--html", directory.file("x"), "--trace", directory.path() + "/./x"});
  EXPECT_EQ(twice.exit_code, 2);
  EXPECT_THAT(twice.err, HasSubstr("--html and --trace would overwrite each other"));
}

TEST(CompareOutputs, BaselineIsNotDrawnOver) {
  const TemporaryDirectory directory;
  directory.write("before.json", "{}");
  const std::string file = directory.file("before.json");
  const ProgramResult result = compare({"--baseline", file, "--html", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--html would overwrite what --baseline reads"));
}

TEST(CompareOutputs, FileWithoutANameIsAnErrorThatNamesTheFlag) {
  for (const std::string flag : {"--json", "--html", "--trace", "--baseline"}) {
    const ProgramResult result = compare({"--workload", "cpu", "--models", "inline", "--repeat", "1", flag, ""});
    EXPECT_EQ(result.exit_code, 2) << flag;
    EXPECT_THAT(result.err, HasSubstr(flag + ": the name of a file is missing"));
  }
  EXPECT_EQ(compare({"--workload", "cpu", "--repeat", "1", "--json="}).exit_code, 2);
}

TEST(CompareOutputs, OutputThatFailsDoesNotTakeTheOthersWithIt) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "inline", "--repeat", "1", "--json", "/dev/full", "--html",
               directory.file("page.html"), "--trace", directory.file("trace.json")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write /dev/full: No space left on device"));
  EXPECT_THAT(directory.read("page.html"), HasSubstr("</html>"));
  EXPECT_THAT(directory.read("trace.json"), HasSubstr("traceEvents"));
}

TEST(CompareOutputs, OutputMayBeTheFileThatStandardOutputIs) {
  const TemporaryDirectory directory;
  const std::string command = "'" + program() + "' compare --workload cpu --models inline --repeat 1 --json " +
                              "/dev/stdout >'" + directory.file("all") + "'";
  ASSERT_EQ(run_program({"/bin/sh", "-c", command}).exit_code, 0);
  const std::string all = directory.read("all");
  EXPECT_LT(all.find("checked: "), all.find("\"workload\":\"cpu\""));
}

TEST(CompareOutputs, AListWhoseNameIsNoTextIsRefused) {
  const TemporaryDirectory directory;
  directory.write("bad\xff.txt", "http://127.0.0.1:1/\n");
  const ProgramResult result = compare({"--workload", directory.file("bad\xff.txt")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("bad\\xff.txt is not UTF-8"));
}

}  // namespace
}  // namespace overlap
