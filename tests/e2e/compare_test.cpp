// `overlap compare` as its users run it: the real program, its own origins, its own processes.
#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "e2e/origin.hpp"
#include "support/chrome_trace.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing_support::ChromeTraceRules;
using testing_support::Origin;
using testing_support::program;
using testing_support::Program;
using testing_support::ProgramInput;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

ProgramResult compare(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  arguments.insert(arguments.begin(), {program(), "compare"});
  return run_program(arguments, {.text = {}, .environment = std::move(environment), .directory = {}});
}

boost::json::value figures_of(const ProgramResult& result) {
  boost::system::error_code error;
  auto value = boost::json::parse(result.out, error);
  EXPECT_FALSE(error) << result.out << result.err;
  return value;
}

std::string read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The processes whose environment has this text: all that came from one call of the program.
std::vector<std::string> processes_with(const std::string& text) {
  std::vector<std::string> found;
  DIR* const processes = opendir("/proc");
  while (const dirent* const entry = readdir(processes)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_file("/proc/" + name + "/environ").find(text) != std::string::npos) found.push_back(name);
  }
  closedir(processes);
  return found;
}

bool all_end(const std::string& text) {
  for (int i = 0; i < 500; ++i) {
    if (processes_with(text).empty()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

TEST(Compare, PagesUnderEveryModelAreTheSame) {
  const ProgramResult result = compare({"--latency", "2ms", "--repeat", "1", "--warmup", "0"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const char* const model : {"inline ", "threads ", "loop ", "processes "}) {
    EXPECT_THAT(result.out, HasSubstr(std::string("\n") + model));
  }
  EXPECT_THAT(result.out, HasSubstr("checked: every run got the same 160 bodies"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(Compare, JsonOnStandardOutputIsAllThatIsThere) {
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "inline,threads", "--repeat", "2", "--warmup", "1", "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto figures = figures_of(result);
  EXPECT_EQ(figures.at("ok"), true);
  EXPECT_EQ(figures.at("models").as_array().size(), 2U);
  EXPECT_EQ(figures.at("models").at(0).at("runs").as_array().size(), 3U);
  EXPECT_THAT(result.err, HasSubstr("speed-up"));
}

TEST(Compare, JsonGoesToAFile) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "loop", "--repeat", "1", "--json", directory.file("figures.json")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("speed-up"));
  EXPECT_THAT(directory.read("figures.json"), HasSubstr("\"workload\":\"cpu\""));
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

TEST(Compare, AdviceOnALongListAsksForASampleSpreadOverIt) {
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

TEST(Compare, AdviceLeavesOutWhatFailsOneAfterTheOther) {
  const Origin origin(std::chrono::milliseconds(5));
  const TemporaryDirectory directory;
  directory.write("urls.txt", list_of(origin, 20, origin.url("/status/404") + "\n"));
  const ProgramResult result = compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n1 of 21 items fails: left out (" + origin.url("/status/404: status 404)")));
  EXPECT_THAT(result.out, HasSubstr("I/O-bound"));
}

TEST(Compare, AdviceOnNothingButDeadLinksNamesOne) {
  const Origin origin;
  const TemporaryDirectory directory;
  directory.write("urls.txt", origin.url("/status/404") + "\n");
  const ProgramResult result = compare({"--workload", directory.file("urls.txt"), "--advise", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("inline, run 1: " + origin.url("/status/404: status 404")));
}

TEST(Compare, AdviceFindsAndNamesTheMostThatHostsAccept) {
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

TEST(Compare, SampleIsForAdvice) {
  const ProgramResult result = compare({"--sample", "10"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--sample requires --advise"));
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

TEST(Compare, AdviceForWorkThatComputesIsNoLoop) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("CPU-bound: "));
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Use inline: no model is faster"), HasSubstr("Too noisy to tell")));
}

TEST(Compare, AdviceForWorkThatWaitsIsALoop) {
  const ProgramResult result = compare({"--advise", "--workload", "pages", "--latency", "10ms", "--models", "loop"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("I/O-bound: "));
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Use --model loop -j "), HasSubstr("Too noisy to tell")));
}

TEST(Compare, AdviceGoesWithNoOtherOutput) {
  EXPECT_EQ(compare({"--advise", "--workload", "cpu", "--json", "-"}).exit_code, 2);
}

TEST(Compare, AdviceFindsItsOwnNumbersAndRefusesOthers) {
  const std::vector<std::vector<std::string>> unused{
      {"-j", "9"}, {"--workers", "9"}, {"--repeat", "9"}, {"--warmup", "0"}};
  for (auto arguments : unused) {
    arguments.insert(arguments.begin(), {"--advise", "--workload", "cpu"});
    const ProgramResult result = compare(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.out;
    EXPECT_THAT(result.err, HasSubstr("it goes with none of -j, --workers, --repeat, --warmup"));
  }
}

TEST(Compare, SampleOfFewerThanNoneExitsWithTwo) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "inline", "--sample", "-1"});
  EXPECT_EQ(result.exit_code, 2) << result.out;
  EXPECT_THAT(result.err, HasSubstr("--sample"));
}

TEST(Compare, AdviceOnInlineAloneSaysThatNothingElseWasTried) {
  const ProgramResult result = compare({"--advise", "--workload", "cpu", "--models", "inline"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AnyOf(HasSubstr("Nothing but inline was tried"), HasSubstr("Too noisy to tell")));
}

TEST(Compare, TraceThatCannotBeWrittenCostsNoWaiting) {
  const ProgramResult result = compare({"--workload", "cpu", "--trace", "/no/such/place/trace.json"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write /no/such/place/trace.json"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Compare, APlaceForTemporaryFilesThatIsNoneIsNamed) {
  const ProgramResult result = compare({"--workload", "images", "--models", "inline"}, {"TMPDIR=/no/such/place"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no place for temporary files in /no/such/place: No such file or directory"));
}

TEST(Compare, InterruptLeavesEarlierResultsAsTheyWere) {
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

TEST(Compare, OutputIsNeitherTheListNorAnotherOutput) {
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

TEST(Compare, BaselineIsNotDrawnOver) {
  const TemporaryDirectory directory;
  directory.write("before.json", "{}");
  const std::string file = directory.file("before.json");
  const ProgramResult result = compare({"--baseline", file, "--html", file});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--html would overwrite what --baseline reads"));
}

TEST(Compare, FileWithoutANameIsAnErrorThatNamesTheFlag) {
  for (const std::string flag : {"--json", "--html", "--trace", "--baseline"}) {
    const ProgramResult result = compare({"--workload", "cpu", "--models", "inline", "--repeat", "1", flag, ""});
    EXPECT_EQ(result.exit_code, 2) << flag;
    EXPECT_THAT(result.err, HasSubstr(flag + ": the name of a file is missing"));
  }
  EXPECT_EQ(compare({"--workload", "cpu", "--repeat", "1", "--json="}).exit_code, 2);
}

TEST(Compare, OutputThatFailsDoesNotTakeTheOthersWithIt) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      compare({"--workload", "cpu", "--models", "inline", "--repeat", "1", "--json", "/dev/full", "--html",
               directory.file("page.html"), "--trace", directory.file("trace.json")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write /dev/full: No space left on device"));
  EXPECT_THAT(directory.read("page.html"), HasSubstr("</html>"));
  EXPECT_THAT(directory.read("trace.json"), HasSubstr("traceEvents"));
}

TEST(Compare, OutputMayBeTheFileThatStandardOutputIs) {
  const TemporaryDirectory directory;
  const std::string command = "'" + program() + "' compare --workload cpu --models inline --repeat 1 --json " +
                              "/dev/stdout >'" + directory.file("all") + "'";
  ASSERT_EQ(run_program({"/bin/sh", "-c", command}).exit_code, 0);
  const std::string all = directory.read("all");
  EXPECT_LT(all.find("checked: "), all.find("\"workload\":\"cpu\""));
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
