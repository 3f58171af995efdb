// Requests that would have one name: of several lists in one directory, and of one URL with different headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cli/digest.hpp"
#include "e2e/get_program.hpp"
#include "support/raw_server.hpp"

namespace overlap {
namespace {

using testing::HasSubstr;
using testing_support::json_of;
using testing_support::number;
using testing_support::overlap_program;
using testing_support::ProgramResult;
using testing_support::rows_of;
using testing_support::TemporaryDirectory;

/// Its bodies say which path was asked for, with which X-A and which credentials.
class SharedNames : public testing::Test {
 protected:
  ProgramResult get(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"get", "-P", saved(), "--json", "--retry", "0"});
    return overlap_program(arguments);
  }
  std::string saved() const { return out_.file("saved"); }
  std::string saved(const std::string& name) const { return out_.read("saved/" + name); }
  void expect_verified() const { EXPECT_EQ(overlap_program({"verify", saved()}).exit_code, 0); }

  const TemporaryDirectory out_;
  const test::RawServer server_{[](test::RawConnection& connection) {
    while (const auto request = connection.read_request()) {
      const auto line = [&request](const std::string& begin) {
        const std::size_t at = request->find("\r\n" + begin);
        return at == std::string::npos ? std::string() : request->substr(at + 2, request->find('\r', at + 2) - at - 2);
      };
      const std::string body = request->substr(4, request->find(' ', 4) - 4) + line("X-A") + line("Authorization");
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }};
};

TEST_F(SharedNames, OfOneCommandAfterTheOtherAreNotReplaced) {
  for (int round = 0; round < 2; ++round) {
    const int skipped = round;
    EXPECT_EQ(number(json_of(get({server_.url("/a/x"), server_.url("/c/y")})), "skipped"), 2 * skipped);
    EXPECT_EQ(number(json_of(get({server_.url("/b/x")})), "skipped"), skipped);
  }
  EXPECT_EQ(saved("x"), "/a/x");
  EXPECT_EQ(saved("x-2"), "/b/x");
  expect_verified();
}

TEST_F(SharedNames, AreSaidByADryRunToo) {
  get({server_.url("/a/x")});
  const ProgramResult dry = overlap_program({"get", "-n", "-P", saved(), server_.url("/b/x")});
  EXPECT_THAT(dry.out, HasSubstr("\tx-2\t"));
}

TEST_F(SharedNames, OfNumberedFilesAreNotReplacedEither) {
  get({server_.url("/a"), server_.url("/b"), "-o", "{index}"});
  get({server_.url("/c"), server_.url("/d"), "-o", "{index}"});
  EXPECT_EQ(saved("1"), "/a");
  EXPECT_EQ(saved("1-2"), "/c");
  EXPECT_EQ(saved("2-2"), "/d");
  EXPECT_EQ(number(json_of(get({server_.url("/c"), server_.url("/d"), "-o", "{index}"})), "skipped"), 2);
}

TEST_F(SharedNames, OfAListThatGoesOnAfterAnotherStayAsTheyWere) {
  out_.write("list", "nonsense\n" + server_.url("/b/x") + "\n" + server_.url("/c/x") + "\n");
  EXPECT_EQ(get({"-i", out_.file("list")}).exit_code, 1);
  get({server_.url("/d/x")});
  std::filesystem::remove(saved() + "/x");
  EXPECT_EQ(number(json_of(get({"-i", out_.file("list")})), "skipped"), 1);
  EXPECT_EQ(saved("x"), "/b/x");
  EXPECT_EQ(saved("x-2"), "/c/x");
  EXPECT_EQ(saved("x-3"), "/d/x");
  expect_verified();
}

TEST_F(SharedNames, AnotherListGetsNoneThatTheAnswersOfTheFirstHaveGiven) {
  get({server_.url("/a/x"), "--content-disposition"});
  get({server_.url("/b/x"), "--content-disposition"});
  EXPECT_EQ(saved("x"), "/a/x");
  EXPECT_EQ(saved("x-2"), "/b/x");
}

TEST_F(SharedNames, OneUrlWithOtherHeadersIsAnotherBody) {
  out_.write("list.csv", "url,h\n" + server_.url("/x") + ",X-A: 1\n" + server_.url("/x") + ",X-A: 2\n" +
                             server_.url("/x") + ",X-A: 1\n");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(get({"-i", out_.file("list.csv"), "--header-col", "h"}).exit_code, 0);
    EXPECT_EQ(saved("x"), "/xX-A: 1");
    EXPECT_EQ(saved("x-2"), "/xX-A: 2");
    expect_verified();
  }
  EXPECT_EQ(server_.requests().size(), 3U);
}

TEST_F(SharedNames, OneUrlWithOtherCredentialsIsAnotherBody) {
  out_.write("list", "http://u:p@" + server_.authority() + "/x\nhttp://v:q@" + server_.authority() + "/x\n");
  EXPECT_EQ(get({"-i", out_.file("list"), "--dedupe"}).exit_code, 0);
  EXPECT_EQ(saved("x"), "/xAuthorization: Basic dTpw");
  EXPECT_EQ(saved("x-2"), "/xAuthorization: Basic djpx");
}

TEST_F(SharedNames, HeadersOfAnEntryStandInForThoseOfAll) {
  out_.write("list.csv", "url,h\n" + server_.url("/x") + ",X-A: own\n" + server_.url("/y") + ",\n");
  EXPECT_EQ(get({"-i", out_.file("list.csv"), "--header-col", "h", "-H", "x-a: all"}).exit_code, 0);
  for (const std::string& request : server_.requests()) {
    EXPECT_EQ(request.contains("x-a: all"), request.starts_with("GET /y ")) << request;
  }
  EXPECT_EQ(saved("x"), "/xX-A: own");
}

TEST_F(SharedNames, AnEntryWithADigestIsNoRepeatOfOneWithAnother) {
  const std::string right = cli::sha256("/x").hex();
  const std::string wrong(64, '0');
  for (const auto& [first, second] : {std::pair{right, wrong}, std::pair{wrong, right}}) {
    const TemporaryDirectory fresh;
    fresh.write("list.csv", "url,sha\n" + server_.url("/x") + "," + first + "\n" + server_.url("/x") + "," + second +
                                "\n" + server_.url("/x") + "," + first + "\n");
    const ProgramResult result = overlap_program({"get", "-i", fresh.file("list.csv"), "--hash-col", "sha", "--dedupe",
                                                  "-P", fresh.file("saved"), "--retry", "0"});
    EXPECT_EQ(result.exit_code, 1);
    for (const auto& row : rows_of(fresh.file("saved"))) {
      const std::string& wanted = row.ordinal == 2 ? second : first;
      EXPECT_EQ(row.error_class, wanted == right ? "" : "digest") << row.ordinal;
    }
  }
}

TEST_F(SharedNames, TheListIsNotReplacedByABodyOfItsName) {
  const std::string list = server_.url("/urls.txt") + "\n";
  out_.write("urls.txt", list);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(overlap_program({"get", "-q", "-i", out_.file("urls.txt"), "-P", out_.path()}).exit_code, 0);
    EXPECT_EQ(out_.read("urls.txt"), list);
    EXPECT_EQ(out_.read("urls-2.txt"), "/urls.txt");
  }
  EXPECT_EQ(server_.requests().size(), 1U);
}

}  // namespace
}  // namespace overlap
