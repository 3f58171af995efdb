// `overlap get` as its users run it: the real program, real sockets, real files.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>
#include <vector>

#include <overlap/core/time.hpp>

#include "e2e/origin.hpp"
#include "support/program.hpp"

namespace overlap {
namespace {

using testing_support::Origin;
using testing_support::program;
using testing_support::Program;
using testing_support::ProgramResult;
using testing_support::run_program;
using testing_support::TemporaryDirectory;

ProgramResult get(std::vector<std::string> arguments, const std::string& input = "") {
  arguments.insert(arguments.begin(), {program(), "get"});
  return run_program(arguments, {.text = input, .environment = {}, .directory = {}});
}

boost::json::value summary_of(const ProgramResult& result) {
  boost::system::error_code error;
  auto value = boost::json::parse(result.out, error);
  EXPECT_FALSE(error) << result.out << result.err;
  return value;
}

std::int64_t number(const boost::json::value& summary, const char* name) {
  return summary.at(name).to_number<std::int64_t>();
}

// A port on which nobody listens: bound, never listened on, and kept until the end of the test.
class DeadPort {
 public:
  DeadPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~DeadPort() { close(socket_); }
  DeadPort(const DeadPort&) = delete;
  DeadPort& operator=(const DeadPort&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

 private:
  int socket_;
  int port_ = 0;
};

class GetUnder : public testing::TestWithParam<std::string> {};

TEST_P(GetUnder, SavesEveryBodyAsTheServerHoldsIt) {
  const Origin origin;
  const TemporaryDirectory out;
  std::string list;
  for (int i = 0; i < 160; ++i) list += origin.url("/site/page-" + std::to_string(i) + ".html") + "\n";
  out.write("urls", list);
  const ProgramResult result = get({"-i", out.file("urls"), "-P", out.file("saved"), "--model", GetParam()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Downloaded 160 in "), std::string::npos) << result.out;
  for (int i = 0; i < 160; ++i) {
    const std::string name = "page-" + std::to_string(i) + ".html";
    EXPECT_EQ(out.read("saved/" + name), Origin::body_of("/site/" + name));
  }
}

TEST_P(GetUnder, AnEmptyBodyIsAnEmptyFile) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/bytes/0"), "-P", out.path(), "--model", GetParam()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(out.has("0"));
  EXPECT_EQ(out.read("0"), "");
}

TEST_P(GetUnder, WhatFailsIsCountedByClassAndTheRestGoesOn) {
  const Origin origin;
  const DeadPort dead;
  const TemporaryDirectory out;
  const std::string list = origin.url("/a.html") + "\n# a comment\n\nnot a url\n" + origin.url("/status/404") + "\n" +
                           dead.url() + "\n" + origin.url("/b.html") + "\nftp://example.com/x\n";
  const ProgramResult result =
      get({"-i", "-", "-P", out.path(), "--model", GetParam(), "--retry", "0", "--json"}, list);
  EXPECT_EQ(result.exit_code, 1);
  const auto summary = summary_of(result);
  EXPECT_EQ(number(summary, "items"), 6);
  EXPECT_EQ(number(summary, "ok"), 2);
  EXPECT_EQ(number(summary, "failed"), 2);
  EXPECT_EQ(number(summary, "bad_input"), 2);
  EXPECT_EQ(number(summary, "skipped"), 0);
  EXPECT_EQ(number(summary.at("errors"), "http"), 1);
  EXPECT_EQ(number(summary.at("errors"), "connect"), 1);
  EXPECT_EQ(summary.at("model").as_string(), GetParam());
  EXPECT_NE(result.err.find("line 4"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("line 8"), std::string::npos) << result.err;
  EXPECT_EQ(out.files(), (std::vector<std::string>{"a.html", "b.html"}));
}

TEST_P(GetUnder, ABodyCutShortLeavesNoFile) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get(
      {origin.url("/fault/truncate"), "-P", out.path(), "--model", GetParam(), "--retry", "1", "--retry-delay", "1ms"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.err.find("truncated"), std::string::npos) << result.err;
  EXPECT_EQ(out.files(), std::vector<std::string>{});
}

TEST_P(GetUnder, AServerThatRecoversIsAskedAgain) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/fault/flaky/2/" + GetParam()), "-P", out.path(), "--model", GetParam(),
                                    "--retry-delay", "1ms", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(summary_of(result), "retries"), 2);
}

TEST_P(GetUnder, RedirectsAreFollowed) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/redirect/3"), "-P", out.path(), "--model", GetParam(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(summary_of(result), "ok"), 1);
}

TEST_P(GetUnder, TooManyRedirectsAreAnError) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result =
      get({origin.url("/redirect/3"), "-P", out.path(), "--model", GetParam(), "--max-redirs", "2", "--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(number(summary_of(result).at("errors"), "redirect"), 1);
}

INSTANTIATE_TEST_SUITE_P(Models, GetUnder, testing::Values("inline", "threads", "loop", "processes"),
                         [](const auto& param) { return param.param; });

TEST(Get, WithoutAListSaysWhatToGive) {
  const ProgramResult result = get({});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("-i FILE"), std::string::npos) << result.err;
}

TEST(Get, AnEmptyListIsAnError) {
  const TemporaryDirectory out;
  const ProgramResult result = get({"-i", "-", "-P", out.path()}, "# nothing\n\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("empty"), std::string::npos) << result.err;
}

TEST(Get, AMissingListIsNamed) {
  const ProgramResult result = get({"-i", "/nonexistent/list"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("/nonexistent/list"), std::string::npos) << result.err;
}

TEST(Get, ADirectoryIsNoList) {
  const ProgramResult result = get({"-i", "/tmp"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("/tmp"), std::string::npos) << result.err;
}

TEST(Get, BadFlagsAreNamedWithWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--model", "fibers"}, "fibers"},
      {{"--workers", "0"}, "--workers"},
      {{"-j", "-3"}, "--max-concurrent"},
      {{"--max-per-host", "0"}, "--max-per-host"},
      {{"--retry-delay", "soon"}, "soon"},
      {{"--max-filesize", "10 apples"}, "10 apples"},
      {{"-H", "no colon"}, "no colon"},
      {{"-o", "{nope}"}, "nope"},
      {{"--nonsense"}, "--nonsense"},
      {{"--retry-on", "200,x"}, "x"},
      {{"--http1.1", "--http2"}, "--http2"},
      {{"--retry", "-1"}, "--retry"},
      {{"-H", "A: b\r\nEvil: 1"}, "line break"},
      {{"--to", "tape"}, "tape"},
      {{"-c", "-"}, "-c: '-' is standard output"},
      {{"--trace", "-"}, "--trace: '-' is standard output"},
  };
  for (const auto& [flags, named] : cases) {
    std::vector<std::string> arguments = flags;
    arguments.push_back("http://127.0.0.1:1/");
    const ProgramResult result = get(arguments);
    EXPECT_EQ(result.exit_code, 2) << flags.front();
    EXPECT_NE(result.err.find(named), std::string::npos) << flags.front() << ": " << result.err;
  }
}

TEST(Get, ADirectoryThatCannotBeMadeIsALocalDiskError) {
  const TemporaryDirectory out;
  out.write("file", "in the way");
  const ProgramResult result = get({"http://127.0.0.1:1/", "-P", out.file("file/below")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.err.find("file"), std::string::npos) << result.err;
}

TEST(Get, TwoUrlsWithOneNameGetANameEach) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/a/page.html"), origin.url("/b/page.html"), "-P", out.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(out.read("page.html"), Origin::body_of("/a/page.html"));
  EXPECT_EQ(out.read("page-2.html"), Origin::body_of("/b/page.html"));
}

TEST(Get, TheTemplateNamesTheFiles) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/a/page.html"), "-P", out.path(), "-o", "{host}/{index:04}-{name}"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(out.files(), (std::vector<std::string>{"127.0.0.1/0001-page.html"}));
}

TEST(Get, NoClobberLeavesAFileAlone) {
  const Origin origin;
  const TemporaryDirectory out;
  out.write("page.html", "mine");
  const ProgramResult result = get({origin.url("/page.html"), "-P", out.path(), "-nc", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(summary_of(result), "skipped"), 1);
  EXPECT_EQ(out.read("page.html"), "mine");
}

TEST(Get, APlantedLinkIsReplacedNotFollowed) {
  const Origin origin;
  const TemporaryDirectory out;
  out.write("victim", "untouched");
  mkdir(out.file("saved").c_str(), 0755);
  ASSERT_EQ(symlink(out.file("victim").c_str(), out.file("saved/page.html").c_str()), 0);
  const ProgramResult result = get({origin.url("/page.html"), "-P", out.file("saved")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(out.read("victim"), "untouched");
  EXPECT_EQ(out.read("saved/page.html"), Origin::body_of("/page.html"));
}

TEST(Get, BodiesCanBeDropped) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = run_program({program(), "get", origin.url("/page.html"), "--to", "null", "--json"},
                                           {.text = "", .environment = {}, .directory = out.path()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(number(summary_of(result), "ok"), 1);
  EXPECT_EQ(number(summary_of(result), "bytes"), static_cast<std::int64_t>(Origin::body_of("/page.html").size()));
  EXPECT_EQ(out.files(), std::vector<std::string>{});
}

TEST(Get, ASecondRunOnTheSameDirectorySaysSoAndStops) {
  const Origin origin;
  const TemporaryDirectory out;
  Program first({program(), "get", origin.url("/fault/hang"), "-P", out.path(), "--progress", "json"});
  origin.wait_for_requests(1);  // so it has the lock
  const ProgramResult second = get({origin.url("/page.html"), "-P", out.path()});
  EXPECT_EQ(second.exit_code, 3);
  EXPECT_NE(second.err.find(out.path()), std::string::npos) << second.err;
  first.signal(SIGINT);
  EXPECT_TRUE(first.wait_for_error("stopping"));
  first.signal(SIGINT);
  EXPECT_EQ(first.wait().exit_code, 130);
}

TEST(Get, ASignalStopsItResumablyAndASecondOneAtOnce) {
  for (const std::string model : {"threads", "loop", "processes"}) {
    const Origin origin;
    const TemporaryDirectory out;
    Program running({program(), "get", origin.url("/fault/hang"), origin.url("/fault/hang?2"), "-P", out.path(),
                     "--model", model, "--json"});
    origin.wait_for_requests(2);
    running.signal(SIGTERM);
    EXPECT_TRUE(running.wait_for_error("stopping"));
    running.signal(SIGTERM);
    const ProgramResult result = running.wait();
    EXPECT_EQ(result.exit_code, 143) << model << result.err;
    EXPECT_EQ(number(summary_of(result).at("errors"), "interrupted"), 2) << model;
    EXPECT_EQ(out.files(), std::vector<std::string>{}) << model;
  }
}

// The request runs on the thread that is to hear of the signals.
TEST(Get, InlineASecondSignalStopsWhatRunsAtOnce) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Origin origin;
    const TemporaryDirectory out;
    Program running({program(), "get", origin.url("/fault/hang"), origin.url("/fault/hang?2"), "-P", out.path(),
                     "--model", "inline", "--max-time", "60s", "--json"});
    origin.wait_for_requests(1);
    running.signal(signal);
    EXPECT_TRUE(running.wait_for_error("waiting for 1 running request "));
    const TimePoint asked = Clock::now();
    running.signal(signal);
    const ProgramResult result = running.wait();
    EXPECT_EQ(result.exit_code, 128 + signal) << result.err;
    EXPECT_LT(Clock::now() - asked, std::chrono::seconds(8))
        << "the request had 60 seconds, and the first signal has a grace of 10";
    EXPECT_EQ(number(summary_of(result).at("errors"), "interrupted"), 1);
    EXPECT_EQ(out.files(), std::vector<std::string>{});
  }
}

TEST(Get, InlineTheFirstSignalLetsWhatRunsFinishAndStartsNothing) {
  const Origin origin(std::chrono::milliseconds(500));
  const TemporaryDirectory out;
  Program running({program(), "get", origin.url("/page-1"), origin.url("/page-2"), origin.url("/page-3"), "-P",
                   out.path(), "--model", "inline", "--json"});
  origin.wait_for_requests(1);
  running.signal(SIGINT);
  const ProgramResult result = running.wait();
  EXPECT_EQ(result.exit_code, 130) << result.err;
  EXPECT_EQ(number(summary_of(result), "ok"), 1) << result.err;
  EXPECT_EQ(origin.requests(), 1);
}

TEST(Get, UrlsAfterAListAreFetchedToo) {
  const Origin origin;
  const TemporaryDirectory out;
  out.write("urls", origin.url("/listed.html") + "\n");
  const ProgramResult result = get({"-P", out.file("saved"), "-i", out.file("urls"), origin.url("/given.html"), "-H",
                                    "X-A: b", origin.url("/more.html")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("Downloaded 3 in "), std::string::npos) << result.out;
}

TEST(Get, FailEarlyStopsAtTheFirstFailure) {
  const Origin origin;
  const TemporaryDirectory out;
  std::string list = origin.url("/status/404") + "\n";
  for (int i = 0; i < 50; ++i) list += origin.url("/page-" + std::to_string(i)) + "\n";
  const ProgramResult result = get({"-i", "-", "-P", out.path(), "--model", "inline", "--fail-early", "--json"}, list);
  EXPECT_EQ(result.exit_code, 1);
  const auto summary = summary_of(result);
  EXPECT_LT(number(summary, "ok"), 50);
  EXPECT_EQ(number(summary, "ok") + number(summary, "failed"), number(summary, "items"));
}

TEST(Get, MaxFilesizeRefusesALargerBody) {
  const Origin origin;
  const TemporaryDirectory out;
  const ProgramResult result = get({origin.url("/bytes/5000"), "-P", out.path(), "--max-filesize", "4096", "--json"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(number(summary_of(result).at("errors"), "too_large"), 1);
  EXPECT_EQ(out.files(), std::vector<std::string>{});
}

TEST(Get, WhatAServerSendsDoesNotReachTheTerminalUnescaped) {
  const ProgramResult result = get({"http://127.0.0.1:1/\x1b[31mred", "--to", "null"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err.find('\x1b'), std::string::npos);
}

TEST(Get, AnsweringVersionIsSuccess) {
  const ProgramResult version = run_program({program(), "--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_EQ(version.out, "overlap " OVERLAP_VERSION "\n");
}

}  // namespace
}  // namespace overlap
