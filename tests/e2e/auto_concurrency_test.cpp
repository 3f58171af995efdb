// `overlap get -j auto`: the real program against an origin that says how many requests it had at once at most. Nothing
// is asserted of times: on a busy machine answers take longer, and a search that takes that for a queue is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "e2e/get_program.hpp"
#include "serve/origin.hpp"

namespace overlap {
namespace {

using serve::BackgroundOrigin;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing_support::json_of;
using testing_support::number;
using testing_support::overlap_program;
using testing_support::ProgramResult;

ProgramResult get(std::vector<std::string> flags, const BackgroundOrigin& origin, int count) {
  std::vector<std::string> arguments{"get", "-i", "-", "--to", "null"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::string list;
  for (int i = 0; i < count; ++i) list += origin.url("/bytes/100?" + std::to_string(i)) + "\n";
  return overlap_program(arguments, list);
}

TEST(AutoConcurrency, FindsThatAHostTakesMoreThanSix) {
  const BackgroundOrigin origin({.latency = milliseconds(20), .at_once = 64});
  const ProgramResult result = get({"-j", "auto", "--json"}, origin, 2000);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json_of(result);
  EXPECT_EQ(number(summary, "ok"), 2000);
  EXPECT_GT(origin.most_at_once(), 6U);
  EXPECT_GE(number(summary, "concurrency_most"), static_cast<std::int64_t>(origin.most_at_once()));
  EXPECT_GT(number(summary, "concurrency_found"), 0);
  EXPECT_TRUE(summary.as_object().contains("search_seconds"));
}

TEST(AutoConcurrency, ANumberThatIsGivenForHostsIsKept) {
  const BackgroundOrigin origin({.latency = milliseconds(10)});
  const ProgramResult result = get({"-j", "auto", "--json", "--max-per-host", "10"}, origin, 1000);
  EXPECT_EQ(number(json_of(result), "ok"), 1000);
  EXPECT_LE(origin.most_at_once(), 10U);
}

TEST(AutoConcurrency, AHostThatRefusesIsAskedForLessAndNothingIsLost) {
  const BackgroundOrigin origin({.latency = milliseconds(10), .refuse_above = 16});
  const ProgramResult result = get({"-j", "auto", "--json", "--retry-delay", "10ms"}, origin, 2000);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto summary = json_of(result);
  EXPECT_EQ(number(summary, "ok"), 2000);
  EXPECT_LE(number(summary, "concurrency_found"), 16);
  EXPECT_LT(number(summary, "retries"), 200);  // it was not asked for too much again and again
}

TEST(AutoConcurrency, AHostThatTakesOneAtATimeIsAskedForOneAtATimeInTheEnd) {
  const BackgroundOrigin origin({.latency = milliseconds(2), .refuse_above = 1});
  const ProgramResult result = get({"-j", "auto", "--json", "--retry-delay", "10ms"}, origin, 500);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "ok"), 500);
  EXPECT_LT(number(json_of(result), "retries"), 50);
}

TEST(AutoConcurrency, WorkersAreTheMostThatIsFoundWhereARequestOccupiesOne) {
  for (const char* const model : {"threads", "processes"}) {
    const BackgroundOrigin origin({.latency = milliseconds(5)});
    const ProgramResult result = get({"-j", "auto", "--json", "--model", model, "--workers", "8"}, origin, 500);
    EXPECT_EQ(number(json_of(result), "ok"), 500) << model << result.err;
    EXPECT_LE(origin.most_at_once(), 8U) << model;
    EXPECT_LE(number(json_of(result), "concurrency"), 8) << model;
  }
}

TEST(AutoConcurrency, TheInlineModelHasNothingToFind) {
  const BackgroundOrigin origin;
  const ProgramResult result = get({"-j", "auto", "--json", "--model", "inline"}, origin, 30);
  EXPECT_EQ(number(json_of(result), "ok"), 30) << result.err;
  EXPECT_EQ(origin.most_at_once(), 1U);
}

TEST(AutoConcurrency, WhatWasFoundIsSaidToPeopleToo) {
  const BackgroundOrigin origin({.latency = milliseconds(5), .at_once = 8});
  const ProgramResult result = get({"-j", "auto"}, origin, 500);
  EXPECT_THAT(result.out, HasSubstr("at a time were found")) << result.err;
}

TEST(AutoConcurrency, AListThatIsShorterThanTheLimitsFindsNothing) {
  const BackgroundOrigin origin;
  const ProgramResult result = get({"-j", "auto", "--json"}, origin, 3);
  const auto summary = json_of(result);
  EXPECT_FALSE(summary.as_object().contains("concurrency_found"));
  EXPECT_EQ(number(summary, "concurrency"), 64);
}

TEST(AutoConcurrency, WhatIsNeitherANumberNorAutoIsNamed) {
  const ProgramResult result = overlap_program({"get", "-j", "many", "http://127.0.0.1:1/"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--max-concurrent: 'many' is neither a number nor auto"));
}

TEST(AutoConcurrency, WithoutItNothingIsFound) {
  const BackgroundOrigin origin({.latency = milliseconds(5)});
  const ProgramResult result = get({"--json", "-j", "20"}, origin, 200);
  EXPECT_FALSE(json_of(result).as_object().contains("concurrency_found"));
  EXPECT_EQ(number(json_of(result), "concurrency"), 20);
  EXPECT_LE(origin.most_at_once(), 6U);
}

// ---- What bound the run (-v)

TEST(WhatBoundTheRun, IsSaidAtItsEndWithTheFlagThatHelps) {
  const BackgroundOrigin origin({.latency = milliseconds(20)});
  const ProgramResult result = get({"-v"}, origin, 120);
  EXPECT_THAT(result.out, HasSubstr("the limit of 6 requests a host. --max-per-host 12 or -j auto")) << result.err;
  EXPECT_THAT(result.out, MatchesRegex("(.|\n)*\nDownloaded 120 in [^\n]*\n"));  // still the last line
}

TEST(WhatBoundTheRun, IsNotSaidUnasked) {
  const BackgroundOrigin origin({.latency = milliseconds(20)});
  EXPECT_THAT(get({}, origin, 60).out, Not(HasSubstr("What bound")));
}

TEST(WhatBoundTheRun, IsInTheJsonByShare) {
  const BackgroundOrigin origin({.latency = milliseconds(20)});
  const auto bound_by = [&](std::vector<std::string> flags, const char* bound) {
    flags.emplace_back("--json");
    const auto summary = json_of(get(flags, origin, 120));
    const auto* const share = summary.at("bound").as_object().if_contains(bound);
    return share == nullptr ? 0 : share->to_number<double>();
  };
  EXPECT_GT(bound_by({}, "host"), 0.5);
  EXPECT_GT(bound_by({"-j", "4"}, "run"), 0.5);
  EXPECT_GT(bound_by({"--rate", "100/s"}, "rate"), 0.5);
  EXPECT_GT(bound_by({"--rate-per-host", "100/s"}, "host_rate"), 0.5);
}

TEST(WhatBoundTheRun, IsTheBandwidthWhereThatIsUsedUp) {
  const BackgroundOrigin origin;
  std::string list;
  for (int i = 0; i < 40; ++i) list += origin.url("/bytes/100000?" + std::to_string(i)) + "\n";
  const ProgramResult result = overlap_program({"get", "-i", "-", "--to", "null", "-v", "--limit-rate", "2M"}, list);
  EXPECT_THAT(result.out, HasSubstr("What bound: --limit-rate")) << result.err;
}

}  // namespace
}  // namespace overlap
