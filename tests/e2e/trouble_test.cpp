// The trouble of hosts, networks and this machine, and what it does to the rest of a run: the real program, real
// sockets.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "e2e/get_program.hpp"
#include "serve/origin.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using manifest::State;
using serve::BackgroundOrigin;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing_support::json_of;
using testing_support::number;
using testing_support::Origin;
using testing_support::overlap_program;
using testing_support::Program;
using testing_support::program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

ProgramResult get(std::vector<std::string> flags, const std::string& list) {
  std::vector<std::string> arguments{"get", "-i", "-", "--json"};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return overlap_program(arguments, list);
}

/// A port on which nobody listens, until somebody does.
class Port {
 public:
  Port() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    number_ = ntohs(address.sin_port);
  }
  ~Port() { release(); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  void release() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }
  std::uint16_t number() const { return number_; }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(number_) + path; }

 private:
  int socket_;
  std::uint16_t number_ = 0;
};

class TroubleUnder : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Models, TroubleUnder, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& param) { return param.param; });

// ---- A dead host

TEST_P(TroubleUnder, ADeadHostFailsFastAndTheNextRunFetchesIt) {
  const Origin origin;
  Port dead;
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 1000; ++i) list += dead.url("/dead-" + std::to_string(i)) + "\n";
  for (int i = 0; i < 50; ++i) list += origin.url("/page-" + std::to_string(i)) + "\n";
  const std::vector<std::string> flags{"-P",      out.path(), "--model",       GetParam(),
                                       "--retry", "3",        "--retry-delay", "10ms"};
  const ProgramResult result = get(flags, list);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(number(json_of(result), "ok"), 50);
  EXPECT_EQ(number(json_of(result).at("errors"), "connect"), 1000);
  EXPECT_EQ(number(json_of(result), "outages"), 0);
  int asked = 0;
  for (const auto& row : rows_of(out.path())) {
    if (row.state == State::ok) continue;
    asked += row.tries;
    EXPECT_TRUE(row.may_pass);
    EXPECT_EQ(row.error_class, "connect");
  }
  EXPECT_LE(asked, 20) << "five failures, three probes, and what was under way";
  EXPECT_NE(result.err.find(" is down ("), std::string::npos) << result.err;

  dead.release();
  const BackgroundOrigin risen({.port = dead.number()});
  const ProgramResult again = get(flags, list);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(number(json_of(again), "ok"), 1000);
  EXPECT_EQ(number(json_of(again), "skipped"), 50);
}

// ---- A dead network

TEST_P(TroubleUnder, WhenNoHostCanBeReachedTheRunWaitsAndGoesOnWhenOneCan) {
  std::vector<std::unique_ptr<BackgroundOrigin>> origins;
  std::vector<serve::OriginOptions> options;
  for (int i = 0; i < 4; ++i) {
    origins.push_back(std::make_unique<BackgroundOrigin>(serve::OriginOptions{.latency = milliseconds(20)}));
    options.push_back({.port = origins.back()->port()});
  }
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 400; ++i)
    list += origins[static_cast<std::size_t>(i % 4)]->url("/page-" + std::to_string(i)) + "\n";
  out.write("urls", list);
  Program running({program(), "get", "-i", out.file("urls"), "-P", out.file("saved"), "--model", GetParam(), "--retry",
                   "3", "--retry-delay", "50ms", "--json"});
  for (const auto& origin : origins) {
    while (origin->requests() < 2) std::this_thread::yield();
  }
  origins.clear();
  ASSERT_TRUE(running.wait_for_error("waiting for the network"));
  for (const auto& one : options) origins.push_back(std::make_unique<BackgroundOrigin>(one));
  const ProgramResult result = running.wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "ok"), 400);
  EXPECT_EQ(number(json_of(result), "outages"), 1);
  EXPECT_NE(result.err.find("the network is back after"), std::string::npos) << result.err;
}

TEST(Trouble, HostsThatAreDeadAreNoDeadNetworkWhileAnotherCanBeReached) {
  const Origin origin;
  std::vector<std::unique_ptr<Port>> dead;
  std::string list = origin.url("/page") + "\n";
  for (int host = 0; host < 20; ++host) {
    dead.push_back(std::make_unique<Port>());
    for (int i = 0; i < 10; ++i) list += dead.back()->url("/" + std::to_string(i)) + "\n";
  }
  const ProgramResult result = get({"--to", "null", "--retry", "2", "--retry-delay", "10ms"}, list);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(number(json_of(result), "ok"), 1);
  EXPECT_EQ(number(json_of(result), "failed"), 200);
}

TEST(Trouble, AListOfDeadHostsEnds) {
  std::vector<std::unique_ptr<Port>> dead;
  std::string list;
  for (int host = 0; host < 30; ++host) {
    dead.push_back(std::make_unique<Port>());
    list += dead.back()->url("/") + "\n";
  }
  const ProgramResult result = get({"--to", "null", "--retry", "1", "--retry-delay", "10ms"}, list);
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(number(json_of(result), "failed"), 30);
}

// ---- Hosts that hang

/// Hosts of one server by their addresses, 127.0.BLOCK.1 and up.
std::string on_host(const BackgroundOrigin& origin, int block, int host, const std::string& path) {
  return "http://127.0." + std::to_string(block) + "." + std::to_string(host) + ":" + std::to_string(origin.port()) +
         path + "\n";
}

/// Waits until so many are done, while what hangs still hangs, and then ends the program.
void expect_done_meanwhile(Program& running, int done) {
  EXPECT_TRUE(running.wait_for_error("\"ok\":" + std::to_string(done) + ","));
  running.signal(SIGINT);
  EXPECT_TRUE(running.wait_for_error("stopping"));
  running.signal(SIGINT);
  const ProgramResult result = running.wait();
  EXPECT_EQ(result.exit_code, 130) << result.err;
}

class HangingUnder : public testing::TestWithParam<std::string> {};
// Not under inline, which does one thing after the other; not under processes, where what hangs keeps its worker.
INSTANTIATE_TEST_SUITE_P(Models, HangingUnder, testing::Values("threads", "loop"),
                         [](const auto& param) { return param.param; });

TEST_P(HangingUnder, HostsThatHangDoNotKeepTheOthersFromBeingFetched) {
  const BackgroundOrigin origin({.bind = "0.0.0.0"});
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 5; ++i) {
    for (int host = 1; host <= 12; ++host) list += on_host(origin, 1, host, "/fault/hang?" + std::to_string(i));
    for (int host = 1; host <= 100; ++host) list += on_host(origin, 2, host, "/page-" + std::to_string(i));
  }
  out.write("urls", list);
  Program running({program(), "get", "-i", out.file("urls"), "--to", "null", "--model", GetParam(), "--workers", "8",
                   "-j", "8", "--progress", "json"});
  expect_done_meanwhile(running, 500);  // 12 hosts hang, with 60 requests; there are 8 places
}

TEST(Trouble, AListThatIsSortedByHostIsReadFarEnoughToFindOthers) {
  const BackgroundOrigin origin({.bind = "0.0.0.0"});
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 30'000; ++i) list += on_host(origin, 1, 1, "/fault/hang?" + std::to_string(i));
  for (int host = 1; host <= 50; ++host) list += on_host(origin, 2, host, "/page");
  out.write("urls", list);
  Program running({program(), "get", "-i", out.file("urls"), "--to", "null", "--progress", "json"});
  expect_done_meanwhile(running, 50);
}

TEST(Trouble, WhatALimitOfTheBandwidthSlowsDownKeepsItsPlace) {
  std::atomic<int> connections{0};
  const test::RawServer server([&connections](test::RawConnection& connection) {
    ++connections;
    while (const auto request = connection.read_request()) {
      const std::string body(request->starts_with("GET /small") ? 1 : 40'000, 'x');
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  });
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 60; ++i) list += server.url("/small?") + std::to_string(i) + "\n";
  for (int i = 0; i < 12; ++i) list += server.url("/large?") + std::to_string(i) + "\n";
  out.write("urls", list);
  const ProgramResult result = run_program({program(), "get", "-i", out.file("urls"), "--to", "null", "-j", "8",
                                            "--max-per-host", "99", "--limit-rate", "100K"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_LE(connections, 8);
}

// ---- What this machine runs out of

TEST_P(TroubleUnder, WithFewDescriptorsFewerRunAtATimeAndNothingIsLost) {
#if defined(__SANITIZE_ADDRESS__)
  // The sanitizer of undefined behaviour, which comes with it, looks at an object's type by way of a pipe: with no
  // descriptor left it finds fault with all of them.
  if (GetParam() == "loop") GTEST_SKIP() << "the sanitizer needs descriptors too";
#endif
  const BackgroundOrigin origin({.latency = milliseconds(20)});
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 300; ++i) list += origin.url("/page-" + std::to_string(i)) + "\n";
  out.write("urls", list);
  // Threads have a loop each, whose own descriptors no shrinking gives back.
  const std::string limit = GetParam() == "loop" ? "64" : "128";
  const std::string command = "ulimit -n " + limit + "; exec " + program() + " get -i " + out.file("urls") + " -P " +
                              out.file("saved") + " --model " + GetParam() +
                              " -j 100 --max-per-host 100 --json --retry 0";
  const ProgramResult result = run_program({"/bin/sh", "-c", command});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(json_of(result), "ok"), 300);
  if (GetParam() == "loop") {
    EXPECT_NE(result.err.find("fewer requests at a time"), std::string::npos) << result.err;
  }
}

/// `get` of 30 pages in a directory each, where no more than so many descriptors may be open.
ProgramResult get_with_descriptors(int limit, const std::string& model, const TemporaryDirectory& out) {
  const BackgroundOrigin origin;
  std::string list;
  for (int i = 0; i < 30; ++i) {
    const std::string number = std::to_string(i);
    list += origin.url("/folder-" + number + "/page-" + number) + "\n";
  }
  out.write("urls", list);
  const std::string command = "ulimit -n " + std::to_string(limit) + "; exec timeout 30 " + program() + " get -i " +
                              out.file("urls") + " -P " + out.file("saved") + " -o '{path}' --model " + model +
                              " --max-per-host 60 --json --retry 0";
  return run_program({"/bin/sh", "-c", command});
}

TEST_P(TroubleUnder, WithTooFewDescriptorsForOneRequestItEndsAtOnceAndSaysHowManyItNeeds) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer needs descriptors too";
#endif
  const TemporaryDirectory out;
  const ProgramResult few = get_with_descriptors(16, GetParam(), out);
  EXPECT_EQ(few.exit_code, 2);
  const std::string only = "this process may have only 16 open files (ulimit -n): at least ";
  const std::size_t at = few.err.find(only);
  ASSERT_NE(at, std::string::npos) << few.err;
  const int needed = std::stoi(few.err.substr(at + only.size()));
  EXPECT_LE(needed, 32);

  const ProgramResult fewer = get_with_descriptors(needed - 1, GetParam(), out);
  EXPECT_EQ(fewer.exit_code, 2) << fewer.err;
  for (const int limit : {needed, needed + 1, needed + 4, needed + 20}) {
    const TemporaryDirectory fresh;
    const ProgramResult enough = get_with_descriptors(limit, GetParam(), fresh);
    EXPECT_EQ(enough.exit_code, 0) << limit << enough.err;
    EXPECT_EQ(number(json_of(enough), "ok"), 30) << limit;
  }
}

}  // namespace
}  // namespace overlap
