// What the program shows on a terminal: how wide, in which characters and colours, and what goes on meanwhile.
#include "support/terminal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "e2e/origin.hpp"

namespace overlap {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing_support::Origin;
using testing_support::program;
using testing_support::run_on_terminal;
using testing_support::Screen;
using testing_support::TerminalOptions;
using testing_support::TerminalResult;

const std::string kUtf8 = "LC_ALL=C.UTF-8";

TerminalResult compare(const TerminalOptions& options, const std::vector<std::string>& flags = {"--workload", "cpu"}) {
  std::vector<std::string> arguments{program(), "compare", "--repeat", "2", "--warmup", "0"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return run_on_terminal(arguments, options);
}

class CompareOnATerminal : public testing::TestWithParam<unsigned short> {};

TEST_P(CompareOnATerminal, HasNoLineThatIsWider) {
  const std::vector<std::vector<std::string>> kinds{
      {"--workload", "cpu"},
      {"--workload", "race"},
      // In an order that no machine changes, however busy: a complaint would be a line of its own.
      {"--workload", "sleep", "--sleep-unit", "1ms", "--models", "inline,loop"},
  };
  for (const auto& flags : kinds) {
    const TerminalResult run = compare({.columns = GetParam(), .environment = {kUtf8}}, flags);
    EXPECT_EQ(run.exit_code, 0) << run.raw;
    const Screen screen(run.raw, GetParam());
    EXPECT_FALSE(screen.has_wrapped()) << screen.text();
    EXPECT_THAT(screen.text(), AllOf(HasSubstr("inline"), HasSubstr("loop"), HasSubstr("checked:")));
  }
}

TEST_P(CompareOnATerminal, ShowsEveryColumn) {
  const Screen screen(compare({.columns = GetParam(), .environment = {kUtf8}}).raw, GetParam());
  for (const char* const column : {"workers", "seconds", "min - max", "items/s", "speed-up", "efficiency", "memory"}) {
    EXPECT_THAT(screen.text(), HasSubstr(column));
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, CompareOnATerminal, testing::Values(40, 80, 200));

TEST(CompareOnATerminal, ThatIsWideEnoughHasOneTable) {
  const Screen screen(compare({.columns = 120}).raw, 120);
  const auto is_whole = [](const std::string& line) {
    return line.starts_with("model") && line.find("memory") != std::string::npos;
  };
  EXPECT_EQ(std::ranges::count_if(screen.lines(), is_whole), 1) << screen.text();
}

TEST(CompareOnATerminal, SaysWhatIsGoingOnAndLeavesNothingOfIt) {
  const TerminalResult run = compare({});
  EXPECT_THAT(run.raw, AllOf(HasSubstr("\r\x1b[Kcpu: run 1 of 2: inline; 0 of 8 runs done"),
                             HasSubstr("\r\x1b[Kcpu: run 2 of 2: processes; 7 of 8 runs done, about ")));
  EXPECT_THAT(Screen(run.raw, 80).text(), Not(HasSubstr("runs done")));
}

TEST(CompareOnATerminal, HasBlocksAndAColourWhereTheyAreUnderstood) {
  const TerminalResult run = compare({.environment = {kUtf8}});
  EXPECT_THAT(run.raw, AllOf(HasSubstr("█"), HasSubstr("\x1b[32m"), Not(HasSubstr("#"))));
}

TEST(CompareOnATerminal, IsWithoutColourWhereNoColorIsSet) {
  const TerminalResult run = compare({.environment = {kUtf8, "NO_COLOR=1"}});
  EXPECT_THAT(run.raw, AllOf(HasSubstr("█"), Not(HasSubstr("\x1b[32m")), Not(HasSubstr("\x1b[0m"))));
}

TEST(CompareOnATerminal, WritesAsciiWhereTheLocaleIsNotUtf8) {
  for (const char* const locale : {"LANG=C", "LC_ALL=de_DE.ISO-8859-1"}) {
    const TerminalResult run = compare({.environment = {locale}});
    EXPECT_THAT(run.raw, HasSubstr("###"));
    EXPECT_TRUE(std::ranges::all_of(run.raw, [](char c) { return static_cast<unsigned char>(c) < 0x80; })) << run.raw;
  }
}

TEST(CompareOnATerminal, ThatIsDumbGetsPlainLines) {
  const TerminalResult run = compare({.environment = {kUtf8, "TERM=dumb"}});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.raw,
              AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("█")), Not(HasSubstr("runs done")), HasSubstr("###")));
}

/// Twenty requests one after the other, each of which takes a while: far longer than progress waits.
TerminalResult get(const Origin& origin, TerminalOptions options, std::vector<std::string> flags = {}) {
  std::vector<std::string> arguments{program(), "get", "--to", "null", "--max-per-host", "1"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  for (int i = 0; i < 20; ++i) arguments.push_back(origin.url("/bytes/1000?" + std::to_string(i)));
  options.environment.push_back("HOME=/nonexistent");
  return run_on_terminal(arguments, options);
}

/// What was written over and over on one line, each without the escape sequence at its end.
std::vector<std::string> progress_of(const std::string& raw) {
  std::vector<std::string> shown;
  for (std::size_t at = raw.find('\r'); at != std::string::npos; at = raw.find('\r', at + 1)) {
    const std::size_t end = raw.find("\x1b[K", at);
    if (end == std::string::npos) break;
    const std::string text = raw.substr(at + 1, end - at - 1);
    if (!text.empty() && text.find('\n') == std::string::npos) shown.push_back(text);
  }
  return shown;
}

class GetOnATerminal : public testing::TestWithParam<unsigned short> {};

TEST_P(GetOnATerminal, ShowsProgressOnOneLineThatFits) {
  const Origin origin(std::chrono::milliseconds(40));
  const TerminalResult run = get(origin, {.columns = GetParam()});
  EXPECT_EQ(run.exit_code, 0) << run.raw;
  const auto shown = progress_of(run.raw);
  ASSERT_FALSE(shown.empty()) << run.raw;
  for (const std::string& line : shown) {
    EXPECT_LT(line.size(), GetParam()) << line;
    EXPECT_THAT(line, HasSubstr(" of 20"));
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, GetOnATerminal, testing::Values(20, 40, 80, 200));

TEST(GetOnATerminal, LeavesTheSummaryAndNoProgress) {
  const Origin origin(std::chrono::milliseconds(40));
  const TerminalResult run = get(origin, {.columns = 120});
  const Screen screen(run.raw, 120);
  EXPECT_THAT(screen.text(), AllOf(HasSubstr("Downloaded 20 in "), Not(HasSubstr(" running, "))));
}

TEST(GetOnATerminal, ThatIsDumbOrAskedToBeQuietGetsNoProgress) {
  const Origin origin(std::chrono::milliseconds(10));
  for (const auto& run : {get(origin, {.environment = {"TERM=dumb"}}), get(origin, {}, {"--progress", "none"})}) {
    EXPECT_THAT(run.raw, AllOf(Not(HasSubstr("\x1b")), HasSubstr("Downloaded 20 in ")));
  }
}

}  // namespace
}  // namespace overlap
