// A run that a person, or a program, can watch: the log, the line of status, the summary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <sstream>

#include "e2e/get_program.hpp"
#include "support/chrome_trace.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::Program;
using testing_support::program;
using testing_support::TemporaryDirectory;

std::vector<boost::json::object> log_lines(const std::string& text) {
  std::vector<boost::json::object> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(boost::json::parse(line).as_object());
  return lines;
}

TEST(Watch, TheLogHasALineForEveryOutcomeAndRetry) {
  const Origin origin;
  const TemporaryDirectory directory;
  const std::string list = origin.url("/bytes/100?a") + "\n" + origin.url("/fault/flaky/1/k") + "\n" +
                           origin.url("/fault/status/404") + "\nnonsense\n";
  const auto result = overlap_program(
      {"get", "-q", "-i", "-", "-P", directory.file("out"), "--retry-delay", "1ms", "--log", directory.file("log")},
      list);
  EXPECT_EQ(result.exit_code, 1) << result.err;
  std::map<std::string, int> events;
  for (const auto& line : log_lines(directory.read("log"))) {
    const std::string event(line.at("event").as_string());
    ++events[event];
    EXPECT_TRUE(line.contains("time"));
    EXPECT_EQ(line.at("ordinal").to_number<std::uint64_t>(), line.at("line").to_number<std::uint64_t>());
    if (event == "ok") {
      EXPECT_EQ(line.at("sha256").as_string().size(), 64U);
    }
    if (event == "failed") {
      EXPECT_EQ(line.at("class"), "http");
      EXPECT_EQ(line.at("http_status"), 404);
    }
  }
  EXPECT_EQ(events, (std::map<std::string, int>{{"ok", 2}, {"retry", 1}, {"failed", 1}, {"bad_input", 1}}));
}

TEST(Watch, TheLogOfASecondRunIsAppended) {
  const Origin origin;
  const TemporaryDirectory directory;
  for (const char* const path : {"/bytes/1", "/bytes/2"}) {
    overlap_program({"get", "-q", origin.url(path), "--to", "null", "--log", directory.file("log")});
  }
  EXPECT_EQ(log_lines(directory.read("log")).size(), 2U);
}

TEST(Watch, ALogThatCannotBeWrittenIsAnError) {
  const Origin origin;
  const auto closed = overlap_program({"get", origin.url("/bytes/1"), "--to", "null", "--log", "/nonexistent/log"});
  EXPECT_EQ(closed.exit_code, 3);
  EXPECT_THAT(closed.err, HasSubstr("--log: cannot write to /nonexistent/log: No such file or directory"));
  const auto full = overlap_program({"get", origin.url("/bytes/1"), "--to", "null", "--log", "/dev/full"});
  EXPECT_EQ(full.exit_code, 3);
  EXPECT_THAT(full.err, HasSubstr("--log: cannot write to /dev/full: No space left on device"));
}

TEST(Watch, ASecretOfAUrlIsNotLogged) {
  const Origin origin;
  const TemporaryDirectory directory;
  std::string url = origin.url("/bytes/1");
  url.insert(url.find("://") + 3, "me:secret@");
  overlap_program({"get", "-q", url, "--to", "null", "--log", directory.file("log")});
  EXPECT_THAT(directory.read("log"), HasSubstr("/bytes/1"));
  EXPECT_THAT(directory.read("log"), Not(HasSubstr("secret")));
}

TEST(Watch, TheSummaryGroupsWhatWentWrongWithExamplesAndAdvice) {
  const Origin origin;
  std::string list;
  for (int i = 0; i < 5; ++i) list += origin.url("/fault/status/404?" + std::to_string(i)) + "\n";
  list += origin.url("/fault/status/410") + "\n" + origin.url("/bytes/10") + "\n";
  const auto text = overlap_program({"get", "-i", "-", "--to", "null"}, list);
  EXPECT_THAT(text.out, HasSubstr("       5  http: HTTP status 404\n"));
  EXPECT_THAT(text.out, HasSubstr("              and 2 more\n"));
  EXPECT_THAT(text.out,
              HasSubstr("       1  http: HTTP status 410\n              line 6: " + origin.url("/fault/status/410")));
  EXPECT_THAT(text.out, HasSubstr("-> --retry-failed asks for them again"));
  EXPECT_THAT(text.out, HasSubstr("\nDownloaded 1 in "));

  const auto json = json_of(overlap_program({"get", "-q", "--json", "-i", "-", "--to", "null"}, list));
  const auto& groups = json.at("failures").as_array();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(number(groups[0], "count"), 5);
  EXPECT_EQ(groups[0].at("examples").as_array().size(), 3U);
}

std::map<std::string, int> counted_names(const boost::json::value& trace) {
  std::map<std::string, int> names;
  for (const auto& event : trace.at("traceEvents").as_array()) {
    if (event.at("ph") == "X") ++names[std::string(event.at("name").as_string())];
  }
  return names;
}

TEST(Watch, TheTraceHasEveryRequestAndItsPhasesUnderEveryModel) {
  const Origin origin;
  const TemporaryDirectory directory;
  const std::string list = origin.url("/bytes/100") + "\n" + origin.url("/fault/status/404") + "\n";
  for (const char* const model : {"inline", "threads", "loop", "processes"}) {
    const std::string file = directory.file(std::string(model) + ".json");
    overlap_program({"get", "-q", "-i", "-", "--to", "null", "--model", model, "--trace", file}, list);
    const auto trace = boost::json::parse(directory.read(std::string(model) + ".json"));
    EXPECT_EQ(testing_support::ChromeTraceRules::broken_by(trace), std::vector<std::string>()) << model;
    auto names = counted_names(trace);
    EXPECT_EQ(names[origin.url("/bytes/100")], 1) << model;
    EXPECT_EQ(names[origin.url("/fault/status/404")], 1) << model;
    EXPECT_EQ(names["waiting for the first byte"], 2) << model;
  }
}

TEST(Watch, ATraceIsNotWrittenOverAListThatIsRead) {
  const TemporaryDirectory directory;
  directory.write("urls.txt", "http://127.0.0.1:1/\n");
  const std::string list = directory.file("urls.txt");
  const auto result = overlap_program({"get", "-i", list, "--to", "null", "--trace", list});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--trace would overwrite what -i reads"));
  EXPECT_EQ(directory.read("urls.txt"), "http://127.0.0.1:1/\n");
}

TEST(Watch, ATraceThatCannotBeWrittenIsAnError) {
  const Origin origin;
  const auto result = overlap_program({"get", origin.url("/bytes/1"), "--to", "null", "--trace", "/nonexistent/trace"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("--trace: cannot write /nonexistent/trace: No such file or directory"));
  EXPECT_EQ(origin.requests(), 0U);
}

TEST(Watch, ATraceOrLogWithoutANameIsAnError) {
  for (const std::string flag : {"--trace", "--log"}) {
    const auto result = overlap_program({"get", "http://127.0.0.1:1/", "--to", "null", "--retry", "0", flag, ""});
    EXPECT_EQ(result.exit_code, 2) << flag;
    EXPECT_THAT(result.err, HasSubstr(flag + ": the name of a file is missing"));
  }
}

TEST(Watch, Usr1PrintsALineOfStatusAndTheRunGoesOn) {
  const Origin origin;
  Program running({program(), "get", origin.url("/fault/hang"), origin.url("/bytes/10"), "--to", "null", "--retry", "0",
                   "--max-time", "20s", "--log", "-"},
                  {});
  EXPECT_TRUE(running.wait_for_error("\"event\":\"ok\""));  // so one is done, and the other hangs
  running.signal(SIGUSR1);
  EXPECT_TRUE(running.wait_for_error("1 of 2, 1 running"));
  running.signal(SIGINT);
  EXPECT_TRUE(running.wait_for_error("stopping"));  // two signals at once may count as one
  running.signal(SIGINT);
  EXPECT_EQ(running.wait().exit_code, 130);
}

}  // namespace
}  // namespace overlap
