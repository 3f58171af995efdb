// `overlap compare` as its users run it: the real program, its own origins, its own processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "e2e/compare_program.hpp"
#include "support/chrome_trace.hpp"

namespace overlap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing_support::all_end;
using testing_support::ChromeTraceRules;
using testing_support::compare;
using testing_support::Origin;
using testing_support::processes_with;
using testing_support::program;
using testing_support::Program;
using testing_support::ProgramInput;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

TEST(Compare, PagesUnderEveryModelAreTheSame) {
  const ProgramResult result = compare({"--latency", "2ms", "--repeat", "1", "--warmup", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* const model : {"inline ", "threads ", "loop ", "processes "}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("\n") + model));
  }
  EXPECT_THAT(result.out, HasSubstr("checked: every run got the same 160 bodies"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Compare, TraceOfEveryModelKeepsTheRulesOfTheFormat) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--latency", "2ms", "--repeat", "1", "--warmup", "0", "--trace", directory.file("trace.json")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto trace = boost::json::parse(directory.read("trace.json"));
  EXPECT_THAT(ChromeTraceRules::broken_by(trace), IsEmpty());
  std::map<std::string, int> waits;  // for a first byte, by model
  std::map<std::int64_t, std::string> models;
  for (const auto& value : trace.at("traceEvents").as_array()) {
    const auto& event = value.as_object();
    const auto process = event.at("pid").to_number<std::int64_t>();
    if (event.at("name") == "process_name") models[process] = event.at("args").at("name").as_string().c_str();
    const bool begins = event.at("ph") == "X" || event.at("ph") == "b";
    if (begins && event.at("name") == "waiting for the first byte") ++waits[models[process]];
  }
  EXPECT_THAT(waits, ElementsAre(Pair("inline, run 1", 160), Pair("loop, run 1", 160), Pair("processes, run 1", 160),
                                 Pair("threads, run 1", 160)));
}

TEST(Compare, PageHoldsEveryTaskOfEveryModel) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--latency", "2ms", "--repeat", "1", "--warmup", "0", "--html", directory.file("page.html")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string page = directory.read("page.html");
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(begin) + begin.size();
  const auto data = boost::json::parse(page.substr(from, page.find("</script>", from) - from));
  ASSERT_EQ(data.at("models").as_array().size(), 4U);
  for (const auto& model : data.at("models").as_array()) {
    EXPECT_EQ(model.at("timeline").at("tasks").as_array().size(), 160U);
  }
  EXPECT_THAT(page, Not(HasSubstr("https://")));
}

/// One short comparison in an environment of which these are set, and those that are about terminals are not.
std::string bars_in(std::vector<std::string> environment) {
  std::vector<std::string> arguments{"/usr/bin/env", "-u",       "LC_CTYPE", "-u",         "LANG",
                                     "-u",           "NO_COLOR", "-u",       "FORCE_COLOR"};
  arguments.insert(arguments.end(), environment.begin(), environment.end());
  arguments.insert(arguments.end(), {program(), "compare", "--workload", "cpu", "--models", "inline,threads",
                                     "--repeat", "1", "--warmup", "0"});
  return run_program(arguments, {}).out;
}

TEST(Compare, BarsFollowLocaleAndColourOfTheEnvironment) {
  const std::string ascii = bars_in({"LC_ALL=C", "TERM=xterm"});
  EXPECT_THAT(ascii, HasSubstr("\ninline   ####"));
  EXPECT_THAT(ascii, Not(HasSubstr("\x1b")));
  const std::string blocks = bars_in({"LC_ALL=C.UTF-8", "TERM=xterm", "FORCE_COLOR=1"});
  EXPECT_THAT(blocks, HasSubstr("█"));
  EXPECT_THAT(blocks, HasSubstr("\x1b[32m"));
  EXPECT_THAT(bars_in({"LC_ALL=C.UTF-8", "TERM=dumb"}), HasSubstr("\ninline   ####"));
  EXPECT_THAT(bars_in({"LC_ALL=C.UTF-8", "TERM=xterm", "FORCE_COLOR=1", "NO_COLOR=1"}), Not(HasSubstr("\x1b")));
}

TEST(Compare, BaselineSaysWhatHasChanged) {
  const TemporaryDirectory directory;
  const std::string file = directory.file("before.json");
  const std::vector<std::string> work{"--models", "threads", "--warmup", "0", "--repeat", "4"};
  auto before = work;
  before.insert(before.end(), {"--latency", "20ms", "--json", file});
  ASSERT_EQ(compare(before).exit_code, 0);
  auto now = work;
  now.insert(now.end(), {"--latency", "1ms", "--baseline", file});
  const ProgramResult result = compare(now);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("against the baseline:\n  threads: "));
  EXPECT_THAT(result.out, HasSubstr(": faster, "));
  EXPECT_THAT(result.out, HasSubstr("not alike: the options were"));
}

TEST(Compare, BaselineThatCannotBeReadExitsWithTwo) {
  const ProgramResult result = compare({"--workload", "cpu", "--baseline", "/no/such/file"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("cannot read /no/such/file"));
}

TEST(Compare, ProxyOfTheEnvironmentIsNotAskedForTheBuiltInOrigin) {
  const ProgramResult result =
      compare({"--workload", "api", "--models", "processes", "--latency", "0", "--repeat", "1"},
              {"http_proxy=http://127.0.0.1:1", "no_proxy="});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST(Compare, ListWhoseUrlsFailExitsWithOneAndNamesThem) {
  const Origin origin;
  const TemporaryDirectory directory;
  directory.write("urls.txt", origin.url() + "/page\n" + origin.url() + "/status/404\n");
  const ProgramResult result =
      compare({"--workload", directory.file("urls.txt"), "--models", "loop", "--repeat", "1", "--warmup", "0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("loop, run 1: " + origin.url() + "/status/404: status 404"));
  EXPECT_THAT(result.out, Not(HasSubstr("checked")));
}

TEST(Compare, WhatCannotBeComparedExitsWithTwo) {
  EXPECT_EQ(compare({"--workload", "no-such-thing"}).exit_code, 2);
  EXPECT_EQ(compare({"--models", "inline,fibres"}).exit_code, 2);
  EXPECT_EQ(compare({"--workers", "0"}).exit_code, 2);
  EXPECT_EQ(compare({"--repeat", "0"}).exit_code, 2);
  EXPECT_EQ(compare({"--latency", "soon"}).exit_code, 2);
  EXPECT_EQ(compare({"--trace", "-"}).exit_code, 2);
  EXPECT_EQ(compare({"--html", "-"}).exit_code, 2);
}

TEST(Compare, InterruptEndsEverythingThatWasStarted) {
  const std::string mark = "OVERLAP_COMPARE_TEST=interrupt-" + std::to_string(getpid());
  Program comparison({program(), "compare", "--latency", "1s", "--models", "processes", "-v"},
                     ProgramInput{.text = {}, .environment = {mark}, .directory = {}});
  while (processes_with(mark).size() < 4) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  comparison.signal(SIGINT);
  const ProgramResult result = comparison.wait();
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_THAT(result.err, HasSubstr("interrupted"));
  EXPECT_TRUE(all_end(mark));
}

TEST(Compare, ATerminalThatHangsUpLeavesNoTemporaryFiles) {
  const TemporaryDirectory place;
  const std::string mark = "OVERLAP_COMPARE_TEST=hangup-" + std::to_string(getpid());
  Program comparison({program(), "compare", "--workload", "images", "--models", "inline", "--repeat", "1000"},
                     ProgramInput{.text = {}, .environment = {mark, "TMPDIR=" + place.path()}, .directory = {}});
  while (place.files().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  comparison.signal(SIGHUP);
  EXPECT_EQ(comparison.wait().exit_code, 129);
  EXPECT_TRUE(all_end(mark));
  EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(Compare, KilledItLeavesNoProcessBehind) {
  const std::string mark = "OVERLAP_COMPARE_TEST=kill-" + std::to_string(getpid());
  Program comparison({program(), "compare", "--latency", "1s", "--models", "processes"},
                     ProgramInput{.text = {}, .environment = {mark}, .directory = {}});
  while (processes_with(mark).size() < 4) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  comparison.signal(SIGKILL);
  comparison.wait();
  EXPECT_TRUE(all_end(mark));
}

TEST(Compare, RunThatIsKilledIsReportedAndTheOtherModelsGoOn) {
  const std::string mark = "OVERLAP_COMPARE_TEST=crash-" + std::to_string(getpid());
  Program comparison({program(), "compare", "--workload", "sleep", "--sleep-unit", "200ms", "--models", "inline,loop"},
                     ProgramInput{.text = {}, .environment = {mark}, .directory = {}});
  // Two processes: the comparison and the run of the inline model, which takes several seconds.
  std::vector<std::string> processes;
  while (processes.size() < 2) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    processes = processes_with(mark);
  }
  for (const std::string& pid : processes) {
    if (std::stoi(pid) != comparison.pid()) kill(std::stoi(pid), SIGKILL);
  }
  const ProgramResult result = comparison.wait();
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("inline: its process was killed by signal 9"));
  EXPECT_THAT(result.out, HasSubstr("\nloop "));
}

TEST(Compare, RunByHandWithoutASpecificationSaysSo) {
  const ProgramResult result = run_program({program(), "compare-run"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the specification of the run cannot be read"));
}

}  // namespace
}  // namespace overlap
