// How `overlap get` treats hosts: the real program, real sockets.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <overlap/core/time.hpp>

#include "e2e/get_program.hpp"
#include "serve/origin.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using serve::BackgroundOrigin;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::RawConnection;
using test::RawServer;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::Program;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

using Times = std::vector<Clock::time_point>;

ProgramResult get(std::vector<std::string> flags, const std::string& list) {
  std::vector<std::string> arguments{"get", "-i", "-", "--json"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return overlap_program(arguments, list);
}

/// Begins with `first`, then says 200 to everything; keeps when each request came.
class Server {
 public:
  explicit Server(std::vector<std::string> first = {})
      : first_(std::move(first)), server_([this](RawConnection& connection) { serve(connection); }) {}

  std::string url() const { return server_.url("/0"); }
  std::string list(int count) const {
    std::string urls;
    for (int i = 0; i < count; ++i) urls += server_.url("/" + std::to_string(i)) + "\n";
    return urls;
  }
  Times times() const {
    const std::lock_guard lock(mutex_);
    return times_;
  }
  /// From a moment before the program began: however late a busy machine lets the first request through, the last one
  /// cannot come before its time.
  Duration last_after(TimePoint begin) const { return times().back() - begin; }
  Duration between(std::size_t one, std::size_t other) const { return times().at(other) - times().at(one); }

 private:
  void serve(RawConnection& connection) {
    while (connection.read_request()) {
      std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
      {
        const std::lock_guard lock(mutex_);
        if (times_.size() < first_.size()) answer = first_[times_.size()];
        times_.push_back(Clock::now());
      }
      if (!connection.send(answer)) return;
    }
  }

  const std::vector<std::string> first_;
  mutable std::mutex mutex_;
  Times times_;
  RawServer server_;
};

std::string busy(const std::string& fields, int status = 429) {
  return "HTTP/1.1 " + std::to_string(status) + " Busy\r\nContent-Length: 0\r\n" + fields + "\r\n";
}

class PacingUnder : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, PacingUnder, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& param) { return param.param; });

// ---- Rates

TEST_P(PacingUnder, TheRateIsKept) {
  const Server server;
  const TimePoint begin = Clock::now();
  const ProgramResult result = get({"--to", "null", "--model", GetParam(), "--rate", "20/s"}, server.list(10));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_EQ(server.times().size(), 10U);
  EXPECT_GE(server.last_after(begin), milliseconds(9 * 50 - 100)) << "a tenth of a second may be caught up";
}

TEST_P(PacingUnder, TheRatePerHostIsKeptForEachHost) {
  const Server one;
  const Server other;
  const TimePoint begin = Clock::now();
  const ProgramResult result =
      get({"--to", "null", "--model", GetParam(), "--rate-per-host", "10/s"}, one.list(4) + other.list(4));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const Server* server : {&one, &other}) {
    ASSERT_EQ(server->times().size(), 4U);
    EXPECT_GE(server->last_after(begin), milliseconds(3 * 100 - 100));
  }
}

TEST_P(PacingUnder, ARateInMinutesSpacesTheFirstTwoToo) {
  const Server server;
  const TimePoint begin = Clock::now();
  const ProgramResult result = get({"--to", "null", "--model", GetParam(), "--rate", "120/m"}, server.list(2));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_EQ(server.times().size(), 2U);
  EXPECT_GE(server.last_after(begin), milliseconds(400));
}

TEST_P(PacingUnder, TheBandwidthIsThatOfTheWholeRun) {
  const Origin origin;
  std::string list;
  for (int i = 0; i < 8; ++i) list += origin.url("/bytes/100000?" + std::to_string(i)) + "\n";
  const ProgramResult result = get({"--to", "null", "--model", GetParam(), "--limit-rate", "400000"}, list);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "bytes"), 800'000);
  EXPECT_GE(json_of(result).at("seconds").to_number<double>(), 1.8);
}

TEST_P(PacingUnder, TheBandwidthHoldsForSmallFilesToo) {
  const Origin origin;
  std::string list;
  for (int i = 0; i < 200; ++i) list += origin.url("/bytes/1000?" + std::to_string(i)) + "\n";
  const ProgramResult result = get({"--to", "null", "--model", GetParam(), "--limit-rate", "100000"}, list);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(json_of(result).at("seconds").to_number<double>(), 1.8);
}

TEST_P(PacingUnder, TheBandwidthHoldsWithinOneFile) {
  const Origin origin;
  const ProgramResult result =
      get({"--to", "null", "--model", GetParam(), "--limit-rate", "1M"}, origin.url("/bytes/1500000") + "\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(json_of(result).at("seconds").to_number<double>(), 1.2);
}

TEST(Pacing, TheBandwidthHoldsOverTlsToo) {
  const BackgroundOrigin origin({.tls = serve::TlsOptions{}});
  const TemporaryDirectory out;
  out.write("ca.pem", origin.ca_pem());
  for (const int files : {1, 5, 300}) {
    std::string list;
    for (int i = 0; i < files; ++i)
      list += origin.url("/bytes/" + std::to_string(1'500'000 / files) + "?" + std::to_string(i)) + "\n";
    const ProgramResult result = get({"--to", "null", "--cacert", out.file("ca.pem"), "--limit-rate", "1M"}, list);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_GE(json_of(result).at("seconds").to_number<double>(), 1.2);
  }
}

// ---- What a host asks for

TEST_P(PacingUnder, RetryAfterHoldsTheWholeHost) {
  const Server server({busy("Retry-After: 1\r\n")});
  const ProgramResult result =
      get({"--to", "null", "--model", GetParam(), "--retry-delay", "1ms", "--max-per-host", "1"}, server.list(5));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  ASSERT_EQ(server.times().size(), 6U);
  EXPECT_GE(server.between(0, 1), milliseconds(990)) << "any page of it, not only the one that was refused";
  EXPECT_EQ(number(json_of(result), "holds"), 1);
  EXPECT_NE(result.err.find("nothing is asked of it for 1s"), std::string::npos) << result.err;
}

TEST(Pacing, AWaitThatTheServerAskedForIsNotPutDownToRetryDelay) {
  const Server server({busy("Retry-After: 1\r\n")});
  const ProgramResult result = run_program({program(), "get", server.url(), "--to", "null", "-v"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("hosts that asked to be left alone"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("--retry-delay"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("hosts were left alone 1 time, for "), std::string::npos) << result.out;
}

TEST(Pacing, AWaitThatTheRunDidNotMakeIsNotCounted) {
  const Server server({busy("Retry-After: 30\r\n")});
  const ProgramResult result = run_program({program(), "get", server.url(), "--to", "null", "--retry", "0"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out.find("for 30s"), std::string::npos) << result.out;
}

TEST(Pacing, ProgressSaysWhichHostIsWaitedFor) {
  const Server server({busy("Retry-After: 2\r\n")});
  Program running({program(), "get", server.url(), "--to", "null"});
  ASSERT_TRUE(running.wait_for_error("nothing is asked of it"));
  running.signal(SIGUSR1);
  EXPECT_TRUE(running.wait_for_error("0 running, 0B, 0/s; waiting 2s: http://127.0.0.1"));
  EXPECT_EQ(running.wait().exit_code, 0);
}

TEST(Pacing, RetryAfterMayBeADate) {
  const auto then = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + seconds(3));
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&then));
  const Server server({busy("Retry-After: " + std::string(text) + "\r\n", 503)});
  const ProgramResult result = get({"--to", "null", "--retry-delay", "1ms"}, server.list(1));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(server.between(0, 1), seconds(1)) << "the date has no fractions, and the program took its time to start";
}

TEST(Pacing, AnAbsurdRetryAfterIsCutToMaxRetryWait) {
  const Server server(
      {busy("Retry-After: 99999999999999999999\r\n"), busy("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n")});
  const ProgramResult result =
      get({"--to", "null", "--retry-delay", "1ms", "--max-retry-wait", "300ms"}, server.list(1));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_GE(server.between(0, 1), milliseconds(290));
  EXPECT_GE(server.between(1, 2), milliseconds(290));
}

TEST(Pacing, ANegativeOrUnreadableRetryAfterIsNone) {
  const Server server({busy("Retry-After: -100\r\n"), busy("Retry-After: soon\r\n"), busy("Retry-After: 1.5\r\n")});
  const ProgramResult result = get({"--to", "null", "--retry-delay", "1ms"}, server.list(1));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(server.times().size(), 4U);
}

TEST_P(PacingUnder, AHostThatSaysTooManyWithoutATimeIsLeftAloneToo) {
  const Server server({busy(""), busy(""), busy("")});
  const ProgramResult result = get(
      {"--to", "null", "--model", GetParam(), "--retry-delay", "20ms", "--max-per-host", "1", "-v"}, server.list(5));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(server.times().size(), 8U);
  EXPECT_GE(number(json_of(result), "holds"), 1);
  EXPECT_NE(result.err.find("HTTP status 429: nothing is asked of it"), std::string::npos) << result.err;
}

TEST(Pacing, OneHostsHoldIsNotAnothers) {
  const Server held({busy("Retry-After: 2\r\n")});
  const Server other;
  const ProgramResult result =
      get({"--to", "null", "--retry-delay", "1ms", "--max-per-host", "1"}, held.list(2) + other.list(50));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_LT(other.times().back(), held.times().at(1)) << "all of the other host, before the first one was asked again";
}

// ---- What is tried again

TEST(Pacing, NothingIsTriedAgainAfterRetryMaxTime) {
  const Origin origin;
  const ProgramResult result =
      get({"--to", "null", "--retry", "1000000", "--retry-delay", "1ms", "--retry-max-time", "300ms"},
          origin.url("/status/500") + "\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_GT(number(json_of(result), "retries"), 0);
}

TEST(Pacing, AFewFailuresAreForgivenBelowMaxFailRate) {
  const Origin origin;
  std::string list = origin.url("/status/404") + "\n";
  for (int i = 0; i < 9; ++i) list += origin.url("/page-" + std::to_string(i)) + "\n";
  EXPECT_EQ(get({"--to", "null"}, list).exit_code, 1);
  EXPECT_EQ(get({"--to", "null", "--max-fail-rate", "0.1"}, list).exit_code, 1) << "at the rate is not below it";
  EXPECT_EQ(get({"--to", "null", "--max-fail-rate", "0.11"}, list).exit_code, 0);
}

TEST(Pacing, WithTooLittleFreeSpaceIntakeStopsAsOnAFullDisk) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({"-P", out.path(), "--min-free-space", "8191P"}, origin.url("/page.html") + "\n");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("--min-free-space"), std::string::npos) << result.err;
  EXPECT_EQ(out.files(), std::vector<std::string>{});
  EXPECT_EQ(get({"-P", out.path(), "--min-free-space", "1"}, origin.url("/page.html") + "\n").exit_code, 0);
}

}  // namespace
}  // namespace overlap
